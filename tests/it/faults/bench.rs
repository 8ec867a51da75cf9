//! A bench: two servers and one publisher in this process, set up afresh for each case without a new port or client.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use floe::cli::RemoteArgs;
use floe::net::client::Client;
use floe::net::retry::Retry;
use floe::registry::Credentials;
use floe::rehearse::disturbed::{Attempt, Ending, until_done};
use floe::release::session::{Secrets, install_tls};
use floe::release::{assemble, dist};
use floe::report::{Report, Verbosity};
use floe::token::Token;
use floe_core::clock::Clock;
use floe_core::model::config::{Homebrew, Scoop};
use floe_core::model::notes::NotesSource;
use floe_core::model::{Attestation, Channels, Destination, Release, Subject, Tag, Target};
use floe_core::plan::Plan;
use floe_core::receipt::Receipt;
use floe_core::verify::{Depth, Expect};
use floe_rehearsal::faults::{Invariants, Schedule, Side, Testbed};
use floe_rehearsal::feed::EmbeddedFeed;
use floe_rehearsal::interceptor::{Server, serve};
use floe_rehearsal::registry::{EmbeddedRegistry, RegistryAccount, RegistryOptions};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tempfile::TempDir;

use super::state::state;
use crate::support::leaks::Leaks;
use crate::support::scenario::{COMMIT, TOKEN, make_described_dist, servers};

/// The key of the feed.
const FEED_KEY: &str = "key-of-the-feed";
/// Unlike GitHub's token, so that a token that goes to the wrong server is detected.
const REGISTRY_TOKEN: &str = "secret-of-the-registry";
/// `tester:` and the token in Basic authentication (RFC 7617).
const REGISTRY_BASIC: &str = "dGVzdGVyOnNlY3JldC1vZi10aGUtcmVnaXN0cnk=";

/// A release on disk.
pub struct Made {
    pub release: Release,
    _folder: TempDir,
}

/// Makes a release of these targets, whose bytes depend on the seed.
pub fn made(seed: &str, version: &str, targets: &[Target]) -> Made {
    made_with(seed, version, targets, &tables())
}

/// The same with the files of some channels.
pub fn made_with(seed: &str, version: &str, targets: &[Target], tables: &Channels) -> Made {
    assembled((seed, version, targets), tables, false, Attestation::default())
}

/// The same with one file that is attached to the image, its attestation. No session here verifies it, so any bytes will do.
pub fn attaching() -> Made {
    let targets = ["x86_64-musl".parse().unwrap()];
    let attestation = Attestation { promised: true, bundle: Some(b"{ }".to_vec()) };
    assembled(("one", "1.4.0", &targets), &tables(), true, attestation)
}

fn assembled(
    (seed, version, targets): (&str, &str, &[Target]),
    tables: &Channels,
    attach: bool,
    attestation: Attestation,
) -> Made {
    let folder = folder();
    let path = folder.path().join("dist");
    make_described_dist(seed, &path, version, targets);
    let expect = Expect {
        name: Some("tool".to_owned()),
        targets: targets.to_vec(),
        platforms: targets.iter().filter_map(|target| target.platform).collect(),
        image: targets.iter().any(|target| target.platform.is_some()),
        ..Expect::default()
    };
    let verified = dist::verify(dist::read(&[path], Depth::Whole).unwrap(), &expect).unwrap();
    let destination = Destination {
        repo: "acme/tool".parse().unwrap(),
        page: "https://github.com/acme/tool".to_owned(),
        tag: Tag::of(&version.parse().unwrap()),
        commit: COMMIT.parse().unwrap(),
        image: "ghcr.io/acme/tool".parse().unwrap(),
        may_be_latest: true,
        attach,
        built_on: None,
    };
    let (what, report) = ((destination, NotesSource::Generated), Report::new(Verbosity::Quiet));
    let release = assemble::assemble(verified, what, attestation, tables, &report).unwrap();
    Made { release, _folder: folder }
}

/// A tap and a bucket, and no installers.
pub fn tables() -> Channels {
    let tap = "acme/homebrew-tap".parse().unwrap();
    let bucket = "acme/scoop-bucket".parse().unwrap();
    Channels {
        homebrew: Some(Homebrew { tap, formula: None, caveats: None, adopt: false }),
        scoop: Some(Scoop { bucket, manifest: None, adopt: false }),
        ..Channels::NONE
    }
}

/// A folder in memory where the system has one, for thousands of small files.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// A router that can be replaced while it serves.
#[derive(Clone, Default)]
struct Current(Arc<Mutex<Router>>);

impl Current {
    fn router(&self) -> Router {
        let current = self.0.clone();
        Router::new().fallback(move |request: axum::extract::Request| {
            let router = current.lock().unwrap().clone();
            async move {
                match TowerToHyperService::new(router).call(request).await {
                    Ok(answer) => answer,
                    Err(never) => match never {},
                }
            }
        })
    }

    fn set(&self, router: Router) {
        *self.0.lock().unwrap() = router;
    }
}

/// The two servers' addresses and the publisher's clients. The state of the servers is new for each case.
pub struct Bench {
    github: Current,
    registry: Current,
    feed: Current,
    github_server: Server,
    registry_server: Server,
    feed_server: Server,
    servers: RemoteArgs,
    secrets: Secrets,
    client: Client,
    leaks: Leaks,
}

/// The outcome of one case, with the state of the servers, violated invariants, and the requests of both servers.
pub struct Came {
    pub ending: Ending,
    pub state: String,
    pub broken: Vec<String>,
    pub requests: u64,
    pub seen: [Vec<(String, String)>; 2],
}

impl Bench {
    pub async fn new() -> Self {
        install_tls();
        let (github, registry, feed) = (Current::default(), Current::default(), Current::default());
        let github_server = serve(github.router()).await.unwrap();
        let registry_server = serve(registry.router()).await.unwrap();
        let feed_server = serve(feed.router()).await.unwrap();
        let servers = RemoteArgs {
            repo: None,
            server_url: None,
            api_url: Some(github_server.url()),
            registry_url: Some(registry_server.url()),
            feed_url: Some(feed_server.url()),
            tries: 5,
            first_wait: None,
        };
        let token = |text: &str| Token::from(text.to_owned());
        let secrets = Secrets {
            github: Some(token(TOKEN)),
            registry: Some(Credentials::new("tester", token(REGISTRY_TOKEN))),
            channels: None,
            channels_follow: false,
            feed: Some(token(FEED_KEY)),
            feed_follows: false,
        };
        let retry = Retry::new(5, Duration::from_secs(1), Clock::skipping(), Report::new(Verbosity::Quiet));
        let client = Client::new(retry);
        Bench {
            github,
            registry,
            feed,
            github_server,
            registry_server,
            feed_server,
            servers,
            secrets,
            client,
            leaks: Leaks::default(),
        }
    }

    /// Servers that hold nothing but the tag of a release.
    pub async fn fresh(&self, release: &Release, folder: &Path) -> Testbed {
        let home = release.destination.clone();
        let github = servers::open_github(folder, &release.manifest.version.to_string());
        let registry = EmbeddedRegistry::open(RegistryOptions {
            accounts: vec![RegistryAccount {
                user: "tester".to_owned(),
                token: REGISTRY_TOKEN.to_owned(),
                push: vec![home.image.repository().to_owned()],
            }],
            public: vec!["*".to_owned()],
            ..RegistryOptions::ghcr(folder.join("registry"))
        })
        .unwrap();
        self.github.set(github.router());
        self.registry.set(registry.router());
        let feed = EmbeddedFeed::open(folder.join("feed"), FEED_KEY).unwrap();
        self.feed.set(feed.router());
        let testbed = Testbed {
            github,
            registry,
            feed,
            interceptors: [&self.github_server, &self.registry_server, &self.feed_server]
                .map(|server| server.interceptor.clone()),
            home,
            channels: Subject::from(release).channels().to_vec(),
            project: release.manifest.name.clone(),
            users: ("maintainer".to_owned(), "tester".to_owned()),
            killed: Arc::default(),
        };
        for interceptor in &testbed.interceptors {
            interceptor.quiet().await;
            interceptor.reset();
        }
        testbed.set_clock(&self.client.retry.clock);
        let registry = || vec![REGISTRY_TOKEN.to_owned(), REGISTRY_BASIC.to_owned()];
        let (token, key) = (|| TOKEN.to_owned(), || FEED_KEY.to_owned());
        self.leaks.reset();
        self.leaks.forbid(testbed.interceptor(Side::GitHub), [registry(), vec![key()]].concat());
        self.leaks.forbid(testbed.interceptor(Side::Registry), vec![token(), key()]);
        self.leaks.forbid(testbed.interceptor(Side::Feed), [registry(), vec![token()]].concat());
        testbed
    }

    /// One run of a publisher of its own, with clients that share nothing with another's.
    pub async fn run(&self, release: &Release, receipt: &Path) -> anyhow::Result<(Plan, Receipt)> {
        self.attempt(release, receipt).run().await
    }

    /// A publisher of a release at this bench.
    fn attempt<'a>(&'a self, release: &'a Release, receipt: &'a Path) -> Attempt<'a> {
        let Bench { servers, secrets, client, .. } = self;
        Attempt { release, servers, secrets, client, receipt }
    }

    /// Publishes a release under a schedule, from nothing.
    pub async fn publish(&self, release: &Release, schedule: &Schedule) -> Came {
        let folder = folder();
        let testbed = self.fresh(release, folder.path()).await;
        let invariants = Invariants::new(&testbed, &[release]);
        self.publish_at(release, schedule, &invariants, &folder.path().join("receipt.json")).await
    }

    /// The same on servers that are not empty.
    pub async fn publish_at(
        &self,
        release: &Release,
        schedule: &Schedule,
        invariants: &Invariants,
        receipt: &Path,
    ) -> Came {
        let testbed = &invariants.testbed;
        invariants.attach();
        schedule.arm(invariants);
        let ending = until_done(self.attempt(release, receipt), invariants).await;
        testbed.quiet().await;
        let mut broken = invariants.violations();
        let leaks = self.leaks.count();
        if leaks > 0 {
            broken.push(format!("{leaks} requests carried a token that belongs elsewhere"));
        }
        let seen = [testbed.interceptor(Side::GitHub), testbed.interceptor(Side::Registry)]
            .map(|interceptor| interceptor.log().into_iter().map(|seen| (seen.method, seen.path)).collect());
        let requests = testbed.interceptors.iter().map(|interceptor| interceptor.log().len() as u64).sum();
        Came { ending, state: state(testbed), broken, requests, seen }
    }
}
