//! The embedded registry: OCI distribution-spec 1.1 (pull, push, content discovery, content management) over HTTP, with
//! GHCR's behaviour where that differs, and its state in a plain folder.
//!
//! Every name, tag, digest and upload id is parsed before it becomes a path, so nothing outside the folder is read or
//! written.
//!
//! In reading order: `route` (paths), `access` and `token` (authorisation), `store` (the folder), `blobs` and `session`
//! (blobs out and in), `manifests`, `check`, `listings`, `error` and `admin`.

mod access;
mod admin;
mod blobs;
mod check;
mod error;
mod listings;
mod manifests;

mod route;
mod session;
mod store;
mod token;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};

use access::AccessControl;
pub use admin::Held;
use error::RegistryError;
use route::{Name, Route};
use session::Sessions;
use store::Store;

/// The longest chunk with a `Content-Range` that GHCR accepts, in bytes.
const GHCR_PATCH_LIMIT: u64 = 4 * 1024 * 1024;

/// The configuration of an [`EmbeddedRegistry`].
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The folder with the state, created if missing.
    pub root: PathBuf,
    /// All accounts. Each may pull every repository, like the members of one organisation.
    pub accounts: Vec<RegistryAccount>,
    /// The repositories that can be pulled without an account.
    pub visibility: Visibility,
    /// Whether requests need a Bearer token. If not, everything is allowed and `accounts` and `visibility` are ignored.
    pub token_auth: bool,
    /// The longest `PATCH` with a `Content-Range`, in bytes; a longer one gets 416. A `PATCH` without `Content-Range`
    /// may have any length, as with GHCR.
    pub patch_limit: Option<u64>,
    /// Whether blobs can be mounted from another repository. If not, a mount starts an upload (202).
    pub mounts: bool,
    /// Whether there is a referrers API (distribution-spec, "Listing Referrers"). GHCR has none, and clients then keep a
    /// list of referrers under a tag.
    pub referrers: bool,
}

impl RegistryOptions {
    /// GHCR's behaviour and the referrers API, with no accounts yet.
    pub fn ghcr(root: impl Into<PathBuf>) -> Self {
        RegistryOptions {
            root: root.into(),
            accounts: Vec::new(),
            visibility: Visibility::default(),
            token_auth: true,
            patch_limit: Some(GHCR_PATCH_LIMIT),
            mounts: true,
            referrers: true,
        }
    }
}

/// An account of the registry. Its `Debug` form hides the token.
#[derive(Clone)]
pub struct RegistryAccount {
    /// The user name of Basic authentication.
    pub user: String,
    /// The password of Basic authentication.
    pub token: String,
    /// The repositories it may push to, such as `acme/floe`, or `*` for all.
    pub push: Vec<String>,
}

impl fmt::Debug for RegistryAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RegistryAccount");
        shown.field("user", &self.user).field("push", &self.push).finish_non_exhaustive()
    }
}

/// The repositories that can be pulled without an account. By default none, as GHCR creates packages private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// These repositories are public.
    Listed(Vec<String>),
    /// Every repository is public.
    Everything,
}

impl Default for Visibility {
    fn default() -> Self {
        Visibility::Listed(Vec::new())
    }
}

/// An embedded registry. Clones share its state, so it can be changed while its router serves.
#[derive(Clone)]
pub struct EmbeddedRegistry(Arc<Shared>);

struct Shared {
    store: Store,
    access: AccessControl,
    sessions: Sessions,
    patch_limit: Option<u64>,
    mounts: bool,
    referrers: AtomicBool,
}

impl Shared {
    fn has_referrers(&self) -> bool {
        self.referrers.load(Ordering::Relaxed)
    }
}

impl EmbeddedRegistry {
    /// Opens the folder `options.root`, new or with the state of an earlier registry.
    ///
    /// # Errors
    /// The folder cannot be created, or `options` has an invalid repository name.
    pub fn open(options: RegistryOptions) -> anyhow::Result<Self> {
        Ok(EmbeddedRegistry(Arc::new(Shared {
            store: Store::open(&options.root)?,
            access: AccessControl::new(options.token_auth, options.accounts, options.visibility)?,
            sessions: Sessions::default(),
            patch_limit: options.patch_limit,
            mounts: options.mounts,
            referrers: AtomicBool::new(options.referrers),
        })))
    }

    /// The routes below `/v2/`, and `/token`.
    pub fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
    }

    /// Replaces the repositories that `user` may push to.
    ///
    /// # Errors
    /// There is no such account, or a name is invalid.
    pub fn set_push(&self, user: &str, repositories: Vec<String>) -> anyhow::Result<()> {
        self.0.access.set_push(user, repositories)
    }

    /// Replaces the set of public repositories.
    ///
    /// # Errors
    /// A name is invalid.
    pub fn set_visibility(&self, visibility: Visibility) -> anyhow::Result<()> {
        self.0.access.set_visibility(visibility)
    }

    /// Every token that was issued and not revoked, for tests that search for leaked tokens.
    pub fn issued(&self) -> Vec<String> {
        self.0.access.issued()
    }

    /// Revokes all tokens. A request with one gets 401.
    pub fn revoke_tokens(&self) {
        self.0.access.revoke_tokens();
    }
}

type HandlerResult = Result<Response, RegistryError>;

/// A request on its way through the handlers.
struct Call {
    parts: Parts,
    body: Body,
}

impl Call {
    /// A header as text; `None` also if it is not text.
    fn header(&self, name: HeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The first query parameter of that name.
    fn query(&self, name: &str) -> Option<String> {
        self.queries(name).next()
    }

    fn queries(&self, name: &str) -> impl Iterator<Item = String> {
        let query = self.parts.uri.query().unwrap_or_default().as_bytes();
        url::form_urlencoded::parse(query)
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The `Host` header, which the interceptor has checked.
    fn host(&self) -> &str {
        self.header(http::header::HOST).unwrap_or("localhost")
    }

    fn take_body(&mut self) -> Body {
        std::mem::replace(&mut self.body, Body::empty())
    }
}

/// The interceptor handles a request to its end if the connection is cut, and reads the rest of a refused body.
async fn serve(State(registry): State<EmbeddedRegistry>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = registry.0.dispatch(&mut Call { parts, body }).await;
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    let version = HeaderValue::from_static("registry/2.0");
    response.headers_mut().insert(HeaderName::from_static("docker-distribution-api-version"), version);
    response
}

impl Shared {
    async fn dispatch(&self, call: &mut Call) -> HandlerResult {
        let route = Route::parse(call.parts.uri.path())?;
        let method = call.parts.method.clone();
        match (&method, route) {
            (&Method::GET, Route::Token) => token::issue(self, call),
            (&Method::GET | &Method::HEAD, Route::Base) => {
                self.access.login(call)?;
                Ok(axum::Json(serde_json::json!({})).into_response())
            }
            (&Method::GET | &Method::HEAD, Route::Blob(name, digest)) => {
                self.pull(call, &name)?;
                blobs::get(self, &call.parts, &name, &digest).await
            }
            (&Method::POST, Route::StartUpload(name)) => {
                self.access.push(call, &name)?;
                blobs::start(self, call, &name).await
            }
            (_, Route::Upload(name, id)) => {
                self.access.push(call, &name)?;
                blobs::upload(self, call, &name, &id).await
            }
            (&Method::GET | &Method::HEAD, Route::Manifest(name, reference)) => {
                self.pull(call, &name)?;
                manifests::get(self, &name, &reference)
            }
            (&Method::PUT, Route::Manifest(name, reference)) => {
                self.access.push(call, &name)?;
                manifests::put(self, call, &name, &reference).await
            }
            (&Method::DELETE, Route::Manifest(name, reference)) => {
                self.access.push(call, &name)?;
                manifests::delete(self, &name, &reference)
            }
            (&Method::GET, Route::Tags(name)) => {
                self.pull(call, &name)?;
                listings::tags(self, call, &name)
            }
            (&Method::GET, Route::Referrers(name, digest)) => {
                self.access.pull(call, &name)?;
                listings::referrers(self, call, &name, &digest)
            }
            _ => Err(RegistryError::method(&method)),
        }
    }

    /// Checks the right to pull before the existence of the repository, so that anonymous clients cannot find out which
    /// private repositories exist.
    fn pull(&self, call: &Call, name: &Name) -> Result<(), RegistryError> {
        self.access.pull(call, name)?;
        match self.store.exists(name) {
            true => Ok(()),
            false => Err(RegistryError::unknown("NAME_UNKNOWN", format!("there is no repository `{name}`"))),
        }
    }
}
