//! The servers of a rehearsal, started for one release. They listen on this machine only, and their token is valid nowhere
//! else.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::DateTime;

use crate::cli::RemoteArgs;
use crate::registry::Credentials;
use crate::release::session::Secrets;
use crate::token::Token;
use floe_core::clock::Clock;
use floe_core::model::places::Home;
use floe_core::model::{ChannelPlace, Destination, Release, Repo, Subject};
use floe_rehearsal::faults::Testbed;
use floe_rehearsal::feed::EmbeddedFeed;
use floe_rehearsal::github::{EmbeddedGitHub, GitHubAccount, GitHubOptions, SeedRepo, SeedTag};
use floe_rehearsal::interceptor::{Server, serve};
use floe_rehearsal::registry::{EmbeddedRegistry, RegistryAccount, RegistryOptions};

/// The user name at both servers.
pub const USER: &str = "rehearsal";

/// A GitHub, a registry and a feed of packages on this machine.
pub struct Servers {
    pub github: Server,
    /// GitHub's state, to read without a request.
    pub held: EmbeddedGitHub,
    pub registry: Server,
    /// The registry's state, to read without a request.
    pub stored: EmbeddedRegistry,
    pub feed: Server,
    /// The feed's state, to read without a request.
    pub packages: EmbeddedFeed,
    /// The token at both servers.
    pub token: Token,
    /// The key of the feed.
    pub key: Token,
}

impl Servers {
    /// Starts them with their state in `folder`, which may be an earlier rehearsal's. A token that can be guessed lets other
    /// programs and web pages write.
    pub async fn start(
        folder: &Path,
        destination: &Destination,
        channels: &[ChannelPlace],
        token: Token,
    ) -> anyhow::Result<Self> {
        let seed = |repo: &Repo, branch: &str, tag: &str| SeedRepo {
            repo: repo.clone(),
            tags: vec![SeedTag {
                name: tag.to_owned(),
                commit: destination.commit.clone(),
                annotated: false,
            }],
            default_branch: branch.to_owned(),
        };
        // A tap or a bucket has a commit, its README.
        let channel = |place: &ChannelPlace| match &place.home {
            Home::Repo(repo) => vec![seed(repo, "main", "first")],
            Home::Upstream(one) => {
                [&one.upstream, &one.fork].map(|repo| seed(repo, "master", "first")).into()
            }
            Home::Feed(_) => Vec::new(),
        };
        let own = seed(&destination.repo, "main", destination.tag.as_str());
        let writable = channels.iter().filter_map(ChannelPlace::writes).chain([&destination.repo]);
        let account = GitHubAccount {
            token: token.reveal().to_owned(),
            login: USER.to_owned(),
            can_push: writable.cloned().collect(),
            admin: false,
            expires: None,
        };
        let github = EmbeddedGitHub::open(GitHubOptions {
            repos: channels.iter().flat_map(channel).chain([own]).collect(),
            tokens: vec![account],
            immutable: true,
            ..GitHubOptions::new(folder.join("github"))
        })
        .context("failed to start the embedded GitHub")?;
        for place in channels {
            if let Home::Upstream(one) = &place.home {
                github.set_parent(&one.fork, &one.upstream)?;
            }
        }
        let account = RegistryAccount {
            user: USER.to_owned(),
            token: token.reveal().to_owned(),
            // Other clients may use the registry too, also with other repositories.
            push: vec!["*".to_owned()],
        };
        let registry = EmbeddedRegistry::open(RegistryOptions {
            accounts: vec![account],
            public: vec!["*".to_owned()],
            ..RegistryOptions::ghcr(folder.join("registry"))
        })
        .context("failed to start the embedded registry")?;
        let key = Token::from(floe_rehearsal::random_hex(20)?);
        let packages = EmbeddedFeed::open(folder.join("feed"), key.reveal())
            .context("failed to start the embedded feed")?;
        Ok(Servers {
            feed: serve(packages.router()).await?,
            packages,
            key,
            github: serve(github.router()).await?,
            registry: serve(registry.router()).await?,
            held: github,
            stored: registry,
            token,
        })
    }

    /// Sets the date of the release's commit, in seconds since 1970.
    pub fn set_commit_date(&self, destination: &Destination, epoch: u64) -> anyhow::Result<()> {
        let date = i64::try_from(epoch).ok().and_then(|epoch| DateTime::from_timestamp(epoch, 0));
        let date = date.unwrap_or_default();
        self.held.edit(&destination.repo, |stored| stored.add_commit(&destination.commit, Some(date)))
    }

    /// The arguments that send requests to these servers. Names stay the real ones.
    pub fn addresses(&self, destination: &Destination) -> RemoteArgs {
        RemoteArgs {
            repo: Some(destination.repo.clone()),
            server_url: None,
            api_url: Some(self.github.url()),
            registry_url: Some(self.registry.url()),
            feed_url: Some(self.feed.url()),
            tries: 3,
            first_wait: None,
        }
    }

    /// Access to the state of both servers, which then use `clock`.
    pub fn testbed(&self, release: &Release, clock: Clock) -> Testbed {
        let servers = [&self.github, &self.registry, &self.feed];
        for server in servers {
            server.interceptor.set_clock(clock.clone());
        }
        Testbed {
            github: self.held.clone(),
            registry: self.stored.clone(),
            feed: self.packages.clone(),
            interceptors: servers.map(|server| server.interceptor.clone()),
            home: release.destination.clone(),
            channels: Subject::from(release).channels().to_vec(),
            project: release.name.clone(),
            users: (USER.to_owned(), USER.to_owned()),
            clock,
            killed: Arc::default(),
        }
    }

    /// The rehearsal's own tokens. Those of the environment are not used.
    pub fn secrets(&self) -> Secrets {
        Secrets {
            github: Some(self.token.clone()),
            registry: Some(Credentials::new(USER, self.token.clone())),
            channels: None,
            channels_follow: false,
            feed: Some(self.key.clone()),
            feed_follows: false,
        }
    }
}
