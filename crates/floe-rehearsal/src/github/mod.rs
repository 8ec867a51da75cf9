//! The embedded GitHub: the part of its REST API (version 2022-11-28) that a release touches, and its downloads.
//!
//! It behaves as github.com was observed to, also where that is unhelpful, so that other people's clients work on
//! it. It never reaches out to anything, and it keeps no more than its folder holds.

mod access;
mod admin;
mod assets;
mod git;
mod latest;
mod notes;
mod page;
mod publish;
mod quirks;
mod release_params;
mod releases;
mod response;
mod site;
mod state;
mod storage;
mod store;
mod upload;
mod view;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use access::RateLimits;
use floe_core::model::{Commit, Repo};
use response::ApiError;
pub use state::{StoredAsset, StoredRelease};
use store::StateStore;

/// What an embedded GitHub begins with.
#[derive(Debug, Clone)]
pub struct GitHubOptions {
    /// The folder its state lives in. What is stored there stands above what is seeded here.
    pub root: PathBuf,
    /// The repositories there are. A tag that the stored repository does not have yet is added to it.
    pub repos: Vec<SeedRepo>,
    /// Who may come in.
    pub tokens: Vec<GitHubAccount>,
    /// Whether releases become immutable when they are published.
    pub immutable: bool,
    /// Requests an hour and account.
    pub rate_limit: u32,
}

/// A repository to begin with.
#[derive(Debug, Clone)]
pub struct SeedRepo {
    /// Its owner and name.
    pub repo: Repo,
    /// Whether only accounts can see it; every account can.
    pub private: bool,
    /// Its tags, oldest first. The default branch stands at the last one's commit.
    pub tags: Vec<SeedTag>,
    /// The name of the default branch.
    pub default_branch: String,
}

/// A tag to begin with.
#[derive(Debug, Clone)]
pub struct SeedTag {
    /// Its name, also with slashes.
    pub name: String,
    /// The commit it peels to.
    pub commit: Commit,
    /// Whether it is a tag object that names the commit, rather than the commit's own name.
    pub annotated: bool,
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct GitHubAccount {
    /// The token.
    pub token: String,
    /// The name shown to others.
    pub login: String,
    /// Repositories whose contents they may write.
    pub can_push: Vec<Repo>,
    /// Whether they may read the settings of those repositories.
    pub admin: bool,
    /// What the header `github-authentication-token-expiration` says, `2026-11-03 12:00:00 UTC`. It is only said,
    /// never enforced.
    pub expires: Option<String>,
}

/// An embedded GitHub. Clones are the same one.
///
/// Besides its [`router`](EmbeddedGitHub::router) it has what happens to a repository from elsewhere: tags that move,
/// releases that somebody else publishes.
#[derive(Clone)]
pub struct EmbeddedGitHub {
    store: Arc<StateStore>,
    accounts: Arc<Vec<GitHubAccount>>,
    limits: Arc<RateLimits>,
    immutable: Arc<AtomicBool>,
    quirks: Arc<quirks::GitHubQuirks>,
    /// By login, what somebody may push to where that is not what their account says.
    rights: Arc<RwLock<HashMap<String, Vec<Repo>>>>,
    /// What storage addresses are signed with; one is good as long as the process lives.
    secret: u64,
}

/// A router over an embedded GitHub that nobody needs a handle of.
///
/// # Errors
///
/// As [`EmbeddedGitHub::open`].
pub fn router(options: GitHubOptions) -> anyhow::Result<Router> {
    Ok(EmbeddedGitHub::open(options)?.router())
}

impl EmbeddedGitHub {
    /// Opens the state in `options.root`, or begins it there.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written, or what is in it was not written by an embedded GitHub.
    pub fn open(options: GitHubOptions) -> anyhow::Result<Self> {
        Ok(EmbeddedGitHub {
            store: Arc::new(StateStore::open(options.root, &options.repos)?),
            accounts: Arc::new(options.tokens),
            limits: Arc::new(RateLimits::new(options.rate_limit)),
            immutable: Arc::new(AtomicBool::new(options.immutable)),
            quirks: Arc::default(),
            rights: Arc::default(),
            secret: RandomState::new().build_hasher().finish(),
        })
    }

    /// Every route: the API at `/`, uploads at `/uploads`, storage at `/storage`, and the pages that people open.
    pub fn router(&self) -> Router {
        let site = Router::new()
            .route("/{owner}/{name}", get(site::list))
            .route("/{owner}/{name}/releases", get(site::list))
            .route("/{owner}/{name}/releases/latest", get(site::latest))
            .route("/{owner}/{name}/releases/tag/{*tag}", get(site::release))
            .route("/{owner}/{name}/releases/download/{*file}", get(storage::download))
            .route("/{owner}/{name}/releases/latest/download/{file}", get(storage::download_latest))
            .route("/storage/{asset}", get(storage::bytes));
        self.api()
            .merge(site)
            .fallback(async || ApiError::not_found())
            .method_not_allowed_fallback(async || ApiError::not_found())
            .layer(DefaultBodyLimit::max(JSON_LIMIT))
            .with_state(self.clone())
    }

    fn api(&self) -> Router<EmbeddedGitHub> {
        let repo = |rest: &str| format!("/repos/{{owner}}/{{name}}{rest}");
        Router::new()
            .route("/user", get(access::user))
            .route("/rate_limit", get(access::rate_limit))
            .route(&repo(""), get(access::repository))
            .route(&repo("/immutable-releases"), get(access::immutable_releases))
            .route(&repo("/tags"), get(git::tags))
            .route(&repo("/git/ref/{*path}"), get(git::one_ref))
            .route(&repo("/git/refs/tags"), get(git::tag_refs))
            .route(&repo("/git/matching-refs/{*path}"), get(git::matching_refs))
            .route(&repo("/git/tags/{sha}"), get(git::tag_object))
            .route(&repo("/commits/{*path}"), get(git::commit))
            .route(&repo("/releases"), get(releases::list).post(releases::create))
            .route(&repo("/releases/generate-notes"), post(notes::generate))
            .route(&repo("/releases/latest"), get(releases::latest))
            .route(&repo("/releases/tags/{*tag}"), get(releases::by_tag))
            .route(
                &repo("/releases/{id}"),
                get(releases::by_id).patch(releases::update).delete(releases::delete),
            )
            .route(&repo("/releases/{id}/assets"), get(assets::list))
            .route(
                &repo("/releases/assets/{id}"),
                get(assets::by_id).patch(assets::update).delete(assets::delete),
            )
            .route(&format!("/uploads{}", repo("/releases/{id}/assets")), post(upload::upload))
            .layer(from_fn_with_state(self.clone(), access::front))
    }

    /// Whether a release that is published now becomes immutable.
    fn is_immutable(&self) -> bool {
        self.immutable.load(Ordering::SeqCst)
    }
}

/// The most bytes of JSON that a request may hold; assets are not JSON and have their own limit.
const JSON_LIMIT: usize = 4 << 20;
