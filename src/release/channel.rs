//! The clients of channels: GitHub, once for a repository that is written to, and twice for one that takes pull requests;
//! or a feed of packages.

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use tokio::sync::OnceCell;

use crate::channels;
use crate::cli::RemoteArgs;
use crate::error::{Failure, invalid};
use crate::feed::FeedClient;
use crate::github::{GitHub, Submitter};
use crate::net::client::Client as Connections;
use crate::net::retry::{AttemptError, Retry};
use crate::release::{published, session};
use crate::report::Report;
use crate::token::Token;
use floe_core::model::places::{Feed, Home};
use floe_core::model::{ChannelKind, ChannelPlace, Manifest, Release, Repo};
use floe_core::plan::channel::{Own, stays};
use floe_core::plan::{Conflict, Standing};
use floe_core::world::{Access, Held, RemoteChannel, World};

/// The client of a channel.
pub struct Channel {
    /// Where its files go.
    pub place: ChannelPlace,
    client: Client,
}

enum Client {
    /// A repository whose file is written.
    File(Box<GitHub>),
    /// A fork, and the repository that it sends pull requests to.
    Submission(Box<Submitter>),
    /// A feed.
    Feed(Box<FeedClient>),
}

impl Channel {
    /// The client for a place; `github` makes that of a repository, `feed` that of a package.
    pub fn connect(
        place: &ChannelPlace,
        github: impl Fn(&Repo) -> anyhow::Result<GitHub>,
        feed: impl Fn(&Feed) -> anyhow::Result<FeedClient>,
    ) -> anyhow::Result<Self> {
        let client = match &place.home {
            Home::Repo(repo) => Client::File(Box::new(github(repo)?)),
            Home::Upstream(to) => Client::Submission(Box::new(Submitter {
                fork: github(&to.fork)?,
                upstream: github(&to.upstream)?,
                to: to.clone(),
            })),
            Home::Feed(package) => Client::Feed(Box::new(feed(package)?)),
        };
        Ok(Channel { place: place.clone(), client })
    }

    /// The content of the channel, and the rights of the token.
    pub async fn look(&self) -> anyhow::Result<RemoteChannel> {
        // Whether the repository can be seen is the better error.
        let (access, held) = tokio::join!(self.access(), self.held());
        let (access, held) = (access?, held?);
        if let (Client::File(github), Held::File(None)) = (&self.client, &held) {
            github.check_root(&self.place.path()).await?;
        }
        Ok(RemoteChannel { access, held })
    }

    async fn access(&self) -> anyhow::Result<Access> {
        match &self.client {
            Client::File(github) => github.access().await,
            Client::Submission(submitter) => submitter.fork.access().await,
            Client::Feed(_) => Ok(Access::default()),
        }
    }

    /// The content of the channel.
    async fn held(&self) -> anyhow::Result<Held> {
        Ok(match &self.client {
            Client::File(github) => Held::File(github.file(&self.place.path(), None).await?),
            Client::Submission(submitter) => Held::Submission(submitter.look(&self.place.paths).await?),
            Client::Feed(feed) => Held::Package(feed.package().await?),
        })
    }

    /// Puts the files of a release there, unless the channel holds its version or a higher one. That is decided by what was
    /// `seen`, and after an ambiguous or refused attempt by what is there then.
    pub async fn put(
        &self,
        release: &Release,
        seen: Option<&RemoteChannel>,
        retry: &Retry,
    ) -> anyhow::Result<()> {
        let own = Own::of(&release.manifest, &self.place);
        let files = release.files_of(&self.place);
        let first = files.first().context("the plan updates a channel that the release lacks")?;
        let seen = match seen {
            Some(seen) => seen.clone(),
            None => self.look().await?,
        };
        let attempt = async |number: u32| {
            let held = if number == 1 { seen.held.clone() } else { self.held().await? };
            match Standing::of(&own, &held) {
                Standing::Conflict(why) => {
                    return Err(AttemptError::fatal(Failure::of_conflicts(&[Conflict::Channel(why)])));
                }
                standing if standing.is_done() => return Ok(()),
                _ => {}
            }
            match (&self.client, held) {
                (Client::File(github), Held::File(file)) => {
                    let message = format!("{} {}", own.name, own.version);
                    github.write_file(first, &message, file.map(|file| file.sha)).await
                }
                (Client::Submission(submitter), Held::Submission(held)) => {
                    submitter.submit(&files, &own, &seen.access, held).await
                }
                (Client::Feed(feed), Held::Package(_)) => feed.push(&first.bytes).await,
                _ => Err(anyhow!("{} was seen as a channel of another kind", self.place).into()),
            }
        };
        retry.run(attempt).await
    }
}

/// A channel that shows the release, or a later one.
#[derive(Debug, Serialize)]
pub struct Followed {
    kind: ChannelKind,
    repository: String,
    path: String,
    state: String,
}

/// Looks at each channel that the manifest of a published release lists, without a token, as users do. One that is behind,
/// differs or is missing is an error, with exit code 3, unless the release updates no channel: one that is below a
/// published one, or was marked as a pre-release. The token is for the releases of a private repository.
pub async fn follow(
    manifest: &Manifest,
    token: Option<Token>,
    args: &RemoteArgs,
    report: &Report,
) -> anyhow::Result<Vec<Followed>> {
    let (mut followed, mut problems) = (Vec::new(), Vec::new());
    let connections = Connections::new(session::retry(args, report).reading());
    let github = |repo: &Repo| session::github(args, repo.clone(), None, &connections);
    let reason = OnceCell::new();
    for place in channels::places_of(manifest, &channels::settings(manifest)) {
        let own = Own::of(manifest, &place);
        if own.files.is_empty() {
            // The manifest promises no such file.
            continue;
        }
        let channel = Channel::connect(&place, github, |feed| {
            FeedClient::connect(connections.clone(), feed, args.feed_url.as_deref(), None)
        })?;
        let standing = Standing::of(&own, &channel.held().await?);
        let find = async || {
            let repo = Repo::from_url(&manifest.repository).context("the manifest names no repository")?;
            let (github, _) = published::connect(&repo, token.clone(), args, &connections).await?;
            let world = World { releases: github.releases().await?, ..World::default() };
            let tag = &manifest.tag;
            anyhow::Ok(stays(&world.own_version(tag), &world.other_versions(tag)))
        };
        let why = if standing.is_without() { reason.get_or_try_init(find).await?.clone() } else { None };
        if why.is_none() && !standing.is_good() {
            problems.push(format!("{place}: {}", standing.state()));
        }
        let state = why.unwrap_or_else(|| standing.state());
        report.step("Checked", format!("{place}: {state}"));
        let (repository, path) = (place.home.to_string(), place.path());
        followed.push(Followed { kind: place.kind, repository, path, state });
    }
    invalid(format!("channels do not have `{}`", manifest.tag))
        .hint("publish the same dist again: `floe publish` writes what is missing, and nothing else")
        .if_any(problems)?;
    Ok(followed)
}
