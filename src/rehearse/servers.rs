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
use floe_core::model::places::Home;
use floe_core::model::{ChannelPlace, Release, Repo, Subject};
use floe_rehearsal::faults::Testbed;
use floe_rehearsal::feed::EmbeddedFeed;
use floe_rehearsal::github::{EmbeddedGitHub, GitHubAccount, GitHubOptions, StoredRef};
use floe_rehearsal::interceptor::{Server, serve};
use floe_rehearsal::registry::{EmbeddedRegistry, RegistryAccount, RegistryOptions};

/// The user name at both servers.
pub const USER: &str = "rehearsal";

/// A GitHub, a registry and a feed of packages on this machine.
pub struct Servers {
    /// In the order of [`Side::ALL`](floe_rehearsal::faults::Side::ALL).
    pub running: [Server; 3],
    /// Access to their state without a request.
    pub testbed: Testbed,
    /// The arguments that send requests to them. Names stay the real ones.
    pub addresses: RemoteArgs,
    /// The token at GitHub and at the registry.
    pub token: Token,
    /// The rehearsal's own. Those of the environment are not used.
    pub secrets: Secrets,
}

impl Servers {
    /// Starts them for a release whose commit is of a time in seconds since 1970, with their state in `folder`, which may be an
    /// earlier rehearsal's. A token that can be guessed lets other programs and web pages write.
    pub async fn start(folder: &Path, release: &Release, epoch: u64, token: Token) -> anyhow::Result<Self> {
        let key = Token::from(floe_rehearsal::random_hex(20)?);
        let subject = Subject::from(release);
        let (destination, channels) = (&subject.destination, subject.channels());
        let writable = channels.iter().filter_map(ChannelPlace::writes).chain([&destination.repo]);
        let account = GitHubAccount {
            token: token.reveal().to_owned(),
            login: USER.to_owned(),
            can_push: writable.cloned().collect(),
            admin: false,
            expires: None,
        };
        let options = GitHubOptions::new(folder.join("github"));
        let github =
            EmbeddedGitHub::open(GitHubOptions { tokens: vec![account], immutable: true, ..options })
                .context("failed to start the embedded GitHub")?;
        // A repository has a commit, its README, and in an earlier rehearsal's state perhaps other tags.
        let add = |repo: &Repo, branch: &str, tag: &str| {
            github.add_repo(repo, branch, None)?;
            let to = StoredRef { commit: destination.commit.clone(), annotated: false };
            if github.tag(repo, tag).is_none() { github.push_tag(repo, tag, to) } else { Ok(()) }
        };
        for place in channels {
            match &place.home {
                Home::Repo(repo) => add(repo, "main", "first")?,
                Home::Upstream(one) => {
                    add(&one.upstream, "master", "first")?;
                    github.add_repo(&one.fork, "master", Some(&one.upstream))?;
                }
                Home::Feed(_) => {}
            }
        }
        add(&destination.repo, "main", destination.tag.as_str())?;
        let date = i64::try_from(epoch).ok().and_then(|epoch| DateTime::from_timestamp(epoch, 0));
        let date = date.unwrap_or_default();
        github.edit(&destination.repo, |stored| stored.set_date(&destination.commit, date))?;
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
        let feed = EmbeddedFeed::open(folder.join("feed"), key.reveal())
            .context("failed to start the embedded feed")?;
        let running =
            [serve(github.router()).await?, serve(registry.router()).await?, serve(feed.router()).await?];
        let [api_url, registry_url, feed_url] = running.each_ref().map(|server| Some(server.url()));
        let repo = Some(destination.repo.clone());
        let addresses =
            RemoteArgs { repo, api_url, registry_url, feed_url, tries: 3, ..RemoteArgs::default() };
        let testbed = Testbed {
            github,
            registry,
            feed,
            interceptors: running.each_ref().map(|server| server.interceptor.clone()),
            home: destination.clone(),
            channels: channels.to_vec(),
            project: release.manifest.name.clone(),
            users: (USER.to_owned(), USER.to_owned()),
            killed: Arc::default(),
        };
        let secrets = Secrets {
            github: Some(token.clone()),
            registry: Some(Credentials::new(USER, token.clone())),
            channels: None,
            channels_follow: false,
            feed: Some(key),
            feed_follows: false,
        };
        Ok(Servers { running, testbed, addresses, token, secrets })
    }
}
