//! The embedded registry: OCI distribution-spec 1.1 (pull, push, content discovery, content management) over HTTP, with
//! GHCR's behaviour where that differs, and its state in a plain folder.
//!
//! Nothing of a request becomes a path but a digest that was parsed, so nothing outside the folder is read or written.
//!
//! In reading order: `route` (paths), `access` (authorisation and tokens), `store` (the folder), `blobs` and `session`
//! (blobs out and in), `manifests`, `check`, `error` and `admin`.

mod access;
mod admin;
mod blobs;
mod check;
mod error;
mod manifests;
mod route;
mod session;
mod store;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};

use access::Grant;
use error::RegistryError;
use route::Route;
use session::Sessions;
pub use store::{StoredRegistry, StoredRepository};

use crate::store::Store;

/// The longest chunk with a `Content-Range` that GHCR accepts, in bytes.
const GHCR_PATCH_LIMIT: u64 = 4 << 20;

/// The configuration of an [`EmbeddedRegistry`].
#[derive(Clone)]
pub struct RegistryOptions {
    /// The folder with the state, created if missing.
    pub root: PathBuf,
    /// All accounts. Each may pull every repository, like the members of one organisation.
    pub accounts: Vec<RegistryAccount>,
    /// The repositories that can be pulled without an account, or `*` for all. By default none, as GHCR creates packages
    /// private.
    pub public: Vec<String>,
    /// The longest `PATCH` with a `Content-Range`, in bytes; a longer one gets 416. A `PATCH` without `Content-Range`
    /// may have any length, as with GHCR.
    pub patch_limit: u64,
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
            public: Vec::new(),
            patch_limit: GHCR_PATCH_LIMIT,
            mounts: true,
            referrers: true,
        }
    }
}

/// An account of the registry.
#[derive(Clone)]
pub struct RegistryAccount {
    /// The user whose token it is. As at GHCR, any user name is accepted with it.
    pub user: String,
    /// The password of Basic authentication.
    pub token: String,
    /// The repositories it may push to, such as `acme/floe`, or `*` for all.
    pub push: Vec<String>,
}

/// An embedded registry. Clones share its state, so it can be changed while its router serves.
#[derive(Clone)]
pub struct EmbeddedRegistry(Arc<Shared>);

struct Shared {
    store: Store<StoredRegistry>,
    sessions: Mutex<Sessions>,
    options: Mutex<RegistryOptions>,
    tokens: Mutex<HashMap<String, Grant>>,
}

impl EmbeddedRegistry {
    /// Opens the folder `options.root`, new or with the state of an earlier registry.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn open(options: RegistryOptions) -> anyhow::Result<Self> {
        Ok(EmbeddedRegistry(Arc::new(Shared {
            store: Store::open_registry(&options.root)?,
            sessions: Mutex::default(),
            options: Mutex::new(options),
            tokens: Mutex::default(),
        })))
    }

    /// The routes below `/v2/`, and `/token`.
    pub fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
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
}

/// The interceptor handles a request to its end if the connection is cut, and reads the rest of a refused body.
async fn serve(State(registry): State<EmbeddedRegistry>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = registry.0.dispatch(Call { parts, body }).await;
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    let version = HeaderValue::from_static("registry/2.0");
    response.headers_mut().insert(HeaderName::from_static("docker-distribution-api-version"), version);
    response
}

impl Shared {
    async fn dispatch(&self, call: Call) -> HandlerResult {
        let method = call.parts.method.clone();
        let is_read = method == Method::GET || method == Method::HEAD;
        let (name, endpoint) = match call.parts.uri.path() {
            "/token" if method == Method::GET => return access::token(self, &call),
            "/v2" | "/v2/" if is_read => {
                self.login(&call)?;
                return Ok(axum::Json(serde_json::json!({})).into_response());
            }
            "/token" | "/v2" | "/v2/" => return Err(RegistryError::method(&method)),
            path => route::parse(path)?,
        };
        self.check(&call, &name, !is_read || matches!(endpoint, Route::Upload(_)))?;
        // After the right to pull, so that anonymous clients cannot find out which private repositories exist.
        let may_be_new = matches!(endpoint, Route::Upload(_) | Route::Referrers(_));
        if is_read && !may_be_new && self.store.of(&name, |_| ()).is_none() {
            let message = format!("there is no repository `{name}`");
            return Err(RegistryError::unknown("NAME_UNKNOWN", message));
        }
        match (&method, endpoint) {
            (_, Route::Blob(digest)) if is_read => blobs::get(self, call, &name, &digest).await,
            (&Method::POST, Route::StartUpload) => blobs::start(self, &call, &name),
            (_, Route::Upload(id)) => blobs::upload(self, call, &name, &id).await,
            (_, Route::Manifest(reference)) if is_read => manifests::get(self, &name, &reference),
            (&Method::PUT, Route::Manifest(reference)) => manifests::put(self, call, &name, &reference).await,
            (&Method::DELETE, Route::Manifest(reference)) => manifests::delete(self, &name, &reference),
            (&Method::GET, Route::Tags) => manifests::tags(self, &call, &name),
            (&Method::GET, Route::Referrers(digest)) => manifests::referrers(self, &call, &name, &digest),
            _ => Err(RegistryError::method(&method)),
        }
    }
}
