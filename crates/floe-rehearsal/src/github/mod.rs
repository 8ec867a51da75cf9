//! The embedded GitHub: the parts of its REST API (version 2022-11-28) that a release uses, and its downloads.
//!
//! It behaves as github.com was observed to, also where that is unhelpful, so that other clients work on it. It opens no
//! connection and keeps all state in its folder.

mod access;
mod admin;
mod assets;
mod body;
mod contents;
mod git;
mod graphql;
mod objects;
mod publish;
mod pulls;
mod quirks;
mod releases;
mod response;
mod site;
mod state;
mod view;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, patch, post};
use floe_core::model::Repo;

use access::{Window, change, read};
use quirks::Quirks;
pub(crate) use quirks::UploadQuirk;
use response::ApiError;
use state::StoredState;
pub use state::{StoredAsset, StoredPull, StoredRef, StoredRelease, StoredRepo};

use crate::store::Store;

/// The largest body of a JSON request, in bytes. Uploads have their own limit.
const JSON_LIMIT: usize = 4 << 20;

/// The configuration of an [`EmbeddedGitHub`].
#[derive(Debug, Clone)]
pub struct GitHubOptions {
    /// The folder with the state.
    pub root: PathBuf,
    /// All accounts.
    pub tokens: Vec<GitHubAccount>,
    /// Whether releases become immutable when they are published.
    pub immutable: bool,
    /// The number of requests per hour and account.
    pub rate_limit: u64,
    /// Whether all tokens have expired.
    pub expired: bool,
}

impl GitHubOptions {
    /// No accounts yet.
    pub fn new(root: PathBuf) -> Self {
        GitHubOptions { root, tokens: Vec::new(), immutable: false, rate_limit: 5000, expired: false }
    }
}

/// An account of the embedded GitHub.
#[derive(Debug, Clone)]
pub struct GitHubAccount {
    /// The token. One that starts with `ghs_` is an app's.
    pub token: String,
    /// The name shown to others.
    pub login: String,
    /// The repositories whose contents it may write.
    pub can_push: Vec<Repo>,
    /// Whether it may read the settings of those repositories.
    pub admin: bool,
    /// The value of the header `github-authentication-token-expiration`, such as `2026-11-03 12:00:00 UTC`. It is sent,
    /// not enforced.
    pub expires: Option<String>,
}

impl GitHubAccount {
    /// Whether it is an app, which has no user.
    fn is_app(&self) -> bool {
        self.token.starts_with("ghs_")
    }
}

/// An embedded GitHub. Clones share its state, so it can be changed while its router serves.
#[derive(Clone)]
pub struct EmbeddedGitHub {
    store: Arc<Store<StoredState>>,
    options: Arc<Mutex<GitHubOptions>>,
    windows: Arc<Mutex<HashMap<String, Window>>>,
    quirks: Arc<Mutex<Quirks>>,
    /// The key that storage addresses are signed with, for the life of the process.
    secret: Arc<str>,
}

impl EmbeddedGitHub {
    /// Opens the folder `options.root`, new or with the state of an earlier one.
    ///
    /// # Errors
    /// The folder cannot be written, or holds something else.
    pub fn open(options: GitHubOptions) -> anyhow::Result<Self> {
        Ok(EmbeddedGitHub {
            store: Arc::new(Store::open(&options.root, &["assets"])?),
            options: Arc::new(Mutex::new(options)),
            windows: Arc::default(),
            quirks: Arc::default(),
            secret: crate::random_hex(16)?.into(),
        })
    }

    /// All routes: the API at `/`, uploads at `/uploads`, storage at `/storage`, and the pages and downloads of the site.
    pub fn router(&self) -> Router {
        let site = Router::new()
            .route("/{owner}/{name}/tar.gz/{*ref}", get(read(contents::tar_gz)))
            .route("/{owner}/{name}/zip/{*ref}", get(read(contents::zip)))
            .route("/{owner}/{name}/releases/latest", get(read(site::latest_page)))
            .route("/{owner}/{name}/releases/tag/{*tag}", get(read(site::page)))
            .route("/{owner}/{name}/releases/download/{*file}", get(read(site::download)))
            .route("/{owner}/{name}/releases/latest/download/{file}", get(read(site::download_latest)))
            .route("/storage/{asset}", get(site::bytes));
        self.api()
            .merge(site)
            .fallback(async || ApiError::not_found())
            .method_not_allowed_fallback(async || ApiError::not_found())
            .layer(DefaultBodyLimit::max(JSON_LIMIT))
            .with_state(self.clone())
    }

    fn api(&self) -> Router<EmbeddedGitHub> {
        Router::new()
            .route("/graphql", post(graphql::query))
            .route("/user", get(access::user))
            .route("/users/{owner}/attestations/{digest}", get(releases::no_attestations))
            .route("/orgs/{owner}/attestations/{digest}", get(releases::no_attestations))
            .route("/rate_limit", get(access::rate_limit))
            .route("/uploads/repos/{owner}/{name}/releases/{id}/assets", post(assets::upload))
            .merge(repository("/repos/{owner}/{name}"))
            .merge(repository("/repositories/{number}"))
            .layer(from_fn_with_state(self.clone(), access::middleware))
    }
}

/// The routes of a repository below a path.
fn repository(path: &str) -> Router<EmbeddedGitHub> {
    let repo = |rest: &str| format!("{path}{rest}");
    Router::new()
        .route(&repo("/attestations/{digest}"), get(read(releases::attestations)))
        .route(&repo(""), get(access::repository))
        .route(&repo("/immutable-releases"), get(read(access::immutable_releases)))
        .route(&repo("/tags"), get(read(git::tags)))
        .route(&repo("/git/ref/{*path}"), get(read(git::one_ref)))
        .route(&repo("/branches/{*path}"), get(read(git::branch)))
        .route(&repo("/git/refs"), post(change(git::create_ref)))
        .route(&repo("/git/refs/{*path}"), patch(change(git::update_ref)).delete(git::delete_ref))
        .route(&repo("/merge-upstream"), post(git::merge_upstream))
        .route(&repo("/pulls"), get(read(pulls::list)).post(pulls::create))
        .route(&repo("/git/matching-refs/{*path}"), get(read(git::matching_refs)))
        .route(&repo("/git/tags/{sha}"), get(read(git::tag_object)))
        .route(&repo("/git/commits/{sha}"), get(read(git::git_commit)))
        .route(&repo("/git/commits"), post(change(git::create_commit)))
        .route(&repo("/git/trees"), post(change(git::create_tree)))
        .route(&repo("/commits"), get(read(git::commits)))
        .route(&repo("/commits/{*path}"), get(read(git::commit)))
        .route(&repo("/compare/{*range}"), get(git::compare))
        .route(&repo("/readme"), get(read(contents::readme)))
        .route(&repo("/contents"), get(read(contents::contents)))
        .route(&repo("/contents/"), get(read(contents::contents)))
        .route(&repo("/contents/{*path}"), get(read(contents::contents)).put(change(contents::write)))
        .route(&repo("/tarball"), get(read(contents::tarball)))
        .route(&repo("/tarball/{*ref}"), get(read(contents::tarball)))
        .route(&repo("/zipball"), get(read(contents::zipball)))
        .route(&repo("/zipball/{*ref}"), get(read(contents::zipball)))
        .route(&repo("/releases"), get(read(releases::list)).post(releases::create))
        .route(&repo("/releases/generate-notes"), post(releases::generate_notes))
        .route(&repo("/releases/latest"), get(read(releases::latest)))
        .route(&repo("/releases/tags/{*tag}"), get(read(releases::by_tag)))
        .route(
            &repo("/releases/{id}"),
            get(read(releases::by_id)).patch(change(releases::update)).delete(releases::delete),
        )
        .route(&repo("/releases/{id}/assets"), get(read(assets::list)))
        .route(&repo("/releases/assets/{id}"), get(read(assets::by_id)).delete(assets::delete))
}
