//! The client of a channel: GitHub, once for a repository that is written to, and twice for one that takes pull requests;
//! or a feed of packages.

use anyhow::Context as _;

use crate::feed::FeedClient;
use crate::github::{GitHub, Submitter};
use floe_core::model::places::{Feed, Home, Submission};
use floe_core::model::{ChannelPlace, Repo};
use floe_core::plan::channel::Own;
use floe_core::world::{Access, Held, RemoteChannel, RemoteFile, RemotePackage};

/// The client of a channel.
#[derive(Clone)]
pub enum Channel {
    /// A repository whose file is written.
    File(Box<GitHub>),
    /// A fork, and the repository that it sends pull requests to.
    Submission(Box<Submitter>, Submission),
    /// A feed, and the package in it.
    Feed(Box<FeedClient>, Feed),
}

impl Channel {
    /// The client for a place; `github` makes that of a repository, `feed` that of a package.
    pub fn connect(
        place: &ChannelPlace,
        github: impl Fn(&Repo) -> anyhow::Result<GitHub>,
        feed: impl Fn(&Feed) -> anyhow::Result<FeedClient>,
    ) -> anyhow::Result<Self> {
        Ok(match &place.home {
            Home::Repo(repo) => Channel::File(Box::new(github(repo)?)),
            Home::Upstream(submission) => {
                let (fork, upstream) = (github(&submission.fork)?, github(&submission.upstream)?);
                Channel::Submission(Box::new(Submitter { fork, upstream }), submission.clone())
            }
            Home::Feed(package) => Channel::Feed(Box::new(feed(package)?), package.clone()),
        })
    }

    /// The content of the channel, and the rights of the token.
    pub async fn look(&self, place: &ChannelPlace) -> anyhow::Result<RemoteChannel> {
        // Whether the repository can be seen is the better error.
        let (access, held) = tokio::join!(self.access(), self.held(place));
        Ok(RemoteChannel { access: access?, held: held? })
    }

    async fn access(&self) -> anyhow::Result<Access> {
        match self {
            Channel::File(github) => github.access().await,
            Channel::Submission(submitter, _) => submitter.fork.access().await,
            Channel::Feed(..) => Ok(Access::default()),
        }
    }

    /// The content of the channel.
    pub async fn held(&self, place: &ChannelPlace) -> anyhow::Result<Held> {
        Ok(match self {
            Channel::File(github) => Held::File(github.file(&place.path()).await?),
            Channel::Submission(submitter, to) => Held::Submission(submitter.look(to, &place.paths).await?),
            Channel::Feed(feed, package) => Held::Package(feed.package(package).await?),
        })
    }

    /// Puts the files of a release there. `decide` says whether that is to be done; it is asked about what was `seen`, and
    /// after an ambiguous or refused attempt about what is there then.
    pub async fn put(
        &self,
        own: &Own<'_>,
        seen: Option<&RemoteChannel>,
        decide: impl Fn(Held) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let file = || {
            let first = own.files.as_ref().and_then(|files| files.first());
            first.context("the plan moves a channel that the release lacks")
        };
        let held = seen.map(|seen| &seen.held);
        match self {
            Channel::File(github) => {
                let (file, message) = (file()?, format!("{} {}", own.name, own.version));
                let seen = if let Some(Held::File(file)) = held { Some(file.as_ref()) } else { None };
                let decide = |there: Option<&RemoteFile>| decide(Held::File(there.cloned()));
                github.write_file((&file.path, &file.bytes), &message, seen, decide).await
            }
            Channel::Submission(submitter, to) => {
                let access = match seen {
                    Some(seen) => seen.access.clone(),
                    None => self.access().await?,
                };
                let seen = if let Some(Held::Submission(held)) = held { Some(held) } else { None };
                let decide = |there: &_| decide(Held::Submission(Clone::clone(there)));
                submitter.submit(to, own, &access, seen, decide).await
            }
            Channel::Feed(feed, package) => {
                let seen = if let Some(Held::Package(held)) = held { Some(held.as_ref()) } else { None };
                let decide = |there: Option<&RemotePackage>| decide(Held::Package(there.cloned()));
                feed.push(package, &file()?.bytes, seen, decide).await
            }
        }
    }
}
