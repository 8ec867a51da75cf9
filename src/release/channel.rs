//! The client of a channel: GitHub, once for a repository that is written to, and twice for one that takes pull requests;
//! or a feed of packages.

use anyhow::Context as _;

use crate::feed::FeedClient;
use crate::github::{GitHub, Submitter};
use floe_core::model::places::{Feed, Home};
use floe_core::model::{ChannelPlace, Repo};
use floe_core::plan::Standing;
use floe_core::plan::channel::Own;
use floe_core::world::{Access, Held, RemoteChannel, RemoteFile, RemotePackage};

/// The client of a channel.
#[derive(Clone)]
pub enum Channel {
    /// A repository whose file is written.
    File(Box<GitHub>),
    /// A fork, and the repository that it sends pull requests to.
    Submission(Box<Submitter>),
    /// A feed of packages.
    Feed(Box<FeedClient>),
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
            Home::Upstream(submission) => Channel::Submission(Box::new(Submitter {
                fork: github(&submission.fork)?,
                upstream: github(&submission.upstream)?,
            })),
            Home::Feed(package) => Channel::Feed(Box::new(feed(package)?)),
        })
    }

    /// The same clients as at the start of a run.
    pub fn fresh(&self) -> Self {
        match self {
            Channel::File(github) => Channel::File(Box::new(github.fresh())),
            Channel::Submission(submitter) => Channel::Submission(Box::new(submitter.fresh())),
            Channel::Feed(feed) => Channel::Feed(Box::new(feed.fresh())),
        }
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        match self {
            Channel::File(github) => github.requests(),
            Channel::Submission(submitter) => submitter.requests(),
            Channel::Feed(feed) => feed.requests(),
        }
    }

    /// The content of the channel, and the rights of the token.
    pub async fn look(&self, place: &ChannelPlace) -> anyhow::Result<RemoteChannel> {
        let access = async {
            match self {
                Channel::File(github) => github.access().await,
                Channel::Submission(submitter) => submitter.fork.access().await,
                Channel::Feed(_) => Ok(Access::default()),
            }
        };
        // Whether the repository can be seen is the better error.
        let (access, held) = tokio::join!(access, self.held(place));
        let access = access?;
        Ok(RemoteChannel { access, held: held? })
    }

    /// The content of the channel.
    pub async fn held(&self, place: &ChannelPlace) -> anyhow::Result<Held> {
        match (self, &place.home) {
            (Channel::Submission(submitter), Home::Upstream(submission)) => {
                Ok(Held::Submission(submitter.look(submission, &place.paths).await?))
            }
            (Channel::File(github), Home::Repo(_)) => Ok(Held::File(github.file(&place.path()).await?)),
            (Channel::Feed(feed), Home::Feed(package)) => Ok(Held::Package(feed.package(package).await?)),
            _ => anyhow::bail!("the client of {place} is that of another channel"),
        }
    }

    /// Puts the files of a release there. `decide` says whether that is to be done; it is asked about what was `seen`, and
    /// after an ambiguous or refused attempt about what is there then.
    pub async fn put(
        &self,
        place: &ChannelPlace,
        own: &Own<'_>,
        seen: Option<&RemoteChannel>,
        decide: impl Fn(Standing) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        match (self, &place.home) {
            (Channel::File(github), Home::Repo(_)) => {
                let file = own.files.as_ref().and_then(|files| files.first());
                let file = file.context("the plan moves a channel that the release lacks")?;
                let message = format!("{} {}", own.name, own.version);
                let seen = seen.and_then(|seen| match &seen.held {
                    Held::File(file) => Some(file.as_ref()),
                    _ => None,
                });
                let decide =
                    |there: Option<&RemoteFile>| decide(Standing::of(own, &Held::File(there.cloned())));
                github.write_file((&file.path, &file.bytes), &message, seen, decide).await
            }
            (Channel::Submission(submitter), Home::Upstream(submission)) => {
                let looked;
                let access: &Access = match seen {
                    Some(seen) => &seen.access,
                    None => {
                        looked = submitter.fork.access().await?;
                        &looked
                    }
                };
                let seen = seen.and_then(|seen| match &seen.held {
                    Held::Submission(held) => Some(held),
                    _ => None,
                });
                let decide = |there: &_| decide(Standing::of(own, &Held::Submission(Clone::clone(there))));
                submitter.submit(submission, own, access, seen, decide).await
            }
            (Channel::Feed(feed), Home::Feed(package)) => {
                let file = own.files.as_ref().and_then(|files| files.first());
                let file = file.context("the plan moves a channel that the release lacks")?;
                let seen = seen.and_then(|seen| match &seen.held {
                    Held::Package(package) => Some(package.as_ref()),
                    _ => None,
                });
                let decide =
                    |there: Option<&RemotePackage>| decide(Standing::of(own, &Held::Package(there.cloned())));
                feed.push(package, &file.bytes, seen, decide).await
            }
            _ => anyhow::bail!("the client of {place} is that of another channel"),
        }
    }
}
