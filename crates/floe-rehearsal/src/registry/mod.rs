//! The embedded registry: the OCI distribution-spec 1.1 (push, pull, content discovery) over HTTP, with the
//! manners of GHCR where GHCR differs from the specification, and its state in a plain folder.
//!
//! It never opens a connection and never reads or writes outside its folder: every name, tag, digest and
//! upload id is parsed before it becomes a path.
//!
//! In reading order: `route` (which request is this), `access` and `token` (who may), `store` (the folder),
//! `blobs`, `uploads` and `session` (bytes out and in), `manifests`, `check`, `tags`, `referrers`, and `refusal`
//! (every "no").

mod access;
mod blobs;
mod check;
mod error;
mod manifests;
mod quirks;
mod referrers;
mod route;
mod session;
mod store;
mod tags;
mod token;
mod uploads;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};
use http_body_util::BodyExt;

use access::AccessControl;
use error::RegistryError;
pub use quirks::Held;
use route::{Name, Route};
use session::Sessions;
use store::Store;

/// The longest chunk GHCR takes with a `Content-Range`, in bytes.
pub const GHCR_PATCH_LIMIT: u64 = 4 * 1024 * 1024;

/// As much of a refused body is read before the answer, in bytes, so that a client which sends first and reads
/// later sees the answer and not a broken pipe.
const DRAIN_LIMIT: usize = 64 * 1024 * 1024;

/// Makes the registry's router: see [`EmbeddedRegistry::open`], for which this is the short form where nobody wants to
/// change anything while it runs.
///
/// # Errors
///
/// As [`EmbeddedRegistry::open`].
pub fn router(options: RegistryOptions) -> anyhow::Result<Router> {
    Ok(EmbeddedRegistry::open(options)?.router())
}

/// How a registry behaves.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The folder that holds the state; it is made if it is not there.
    pub root: PathBuf,
    /// Who may log in. Every account may pull everything: they are members of one organisation.
    pub accounts: Vec<RegistryAccount>,
    /// What may be pulled without an account.
    pub visibility: Visibility,
    /// Whether Bearer tokens are asked for. Without them everybody may pull and push everything, and
    /// `accounts` and `visibility` mean nothing.
    pub token_auth: bool,
    /// The longest `PATCH` with a `Content-Range`, in bytes; a longer one is answered with 416. A `PATCH`
    /// without `Content-Range` may have any length, as with GHCR.
    pub patch_limit: Option<u64>,
    /// Whether a blob may be mounted from another repository; where not, a mount begins an upload (202).
    pub mounts: bool,
    /// Whether there is a referrers API (distribution-spec, "Listing Referrers"); GHCR has none.
    pub referrers: bool,
}

impl RegistryOptions {
    /// As GHCR behaves: tokens asked for, all private, chunks up to 4 MiB, mounts, no referrers API; nobody may
    /// log in yet.
    pub fn ghcr(root: impl Into<PathBuf>) -> Self {
        RegistryOptions {
            root: root.into(),
            accounts: Vec::new(),
            visibility: Visibility::default(),
            token_auth: true,
            patch_limit: Some(GHCR_PATCH_LIMIT),
            mounts: true,
            referrers: false,
        }
    }
}

/// Somebody who may log in. Its `Debug` form hides the token.
#[derive(Clone)]
pub struct RegistryAccount {
    /// The name before the colon.
    pub user: String,
    /// The secret after it.
    pub token: String,
    /// The repositories it may push to, such as `acme/floe`; `*` stands for all.
    pub push: Vec<String>,
}

impl fmt::Debug for RegistryAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryAccount")
            .field("user", &self.user)
            .field("push", &self.push)
            .finish_non_exhaustive()
    }
}

/// What may be pulled without an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// These repositories; all others are private.
    Listed(Vec<String>),
    /// Every repository.
    Everything,
}

impl Default for Visibility {
    /// Everything is private, as a new package of GHCR is.
    fn default() -> Self {
        Visibility::Listed(Vec::new())
    }
}

/// A running registry's handle: it serves through its router and can be changed meanwhile. Cloning it is cheap;
/// all clones are the same registry.
#[derive(Clone)]
pub struct EmbeddedRegistry(Arc<Shared>);

struct Shared {
    store: Store,
    access: AccessControl,
    sessions: Sessions,
    quirks: quirks::RegistryQuirks,
    referrers: bool,
}

impl EmbeddedRegistry {
    /// Opens the folder `options.root`, as an earlier registry left it or new.
    ///
    /// # Errors
    ///
    /// The folder cannot be made, or a repository named in `options` is not a valid name.
    pub fn open(options: RegistryOptions) -> anyhow::Result<Self> {
        let store = Store::open(&options.root)?;
        let access = AccessControl::new(options.token_auth, options.accounts, options.visibility)?;
        Ok(EmbeddedRegistry(Arc::new(Shared {
            store,
            access,
            sessions: Sessions::default(),
            quirks: quirks::RegistryQuirks::new(options.patch_limit, options.mounts),
            referrers: options.referrers,
        })))
    }

    /// Everything under `/v2/` and `/token`; any other path is answered with 404.
    pub fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
    }

    /// Sets the repositories `user` may push to, from the next request on.
    ///
    /// # Errors
    ///
    /// There is no such account, or one of the names is not valid.
    pub fn set_push(&self, user: &str, repositories: Vec<String>) -> anyhow::Result<()> {
        self.0.access.set_push(user, repositories)
    }

    /// Sets what may be pulled without an account, from the next request on.
    ///
    /// # Errors
    ///
    /// One of the names is not valid.
    pub fn set_visibility(&self, visibility: Visibility) -> anyhow::Result<()> {
        self.0.access.set_visibility(visibility)
    }

    /// Every token that was issued and not forgotten: for looking whether one of them turns up where it should not.
    pub fn issued(&self) -> Vec<String> {
        self.0.access.issued()
    }

    /// Forgets every token that was issued: whoever uses one is answered with 401 and has to ask again.
    pub fn revoke_tokens(&self) {
        self.0.access.revoke_tokens();
    }
}

/// What a handler answers.
type HandlerResult = Result<Response, RegistryError>;

/// One request on its way through the handlers.
struct Call {
    parts: Parts,
    body: Body,
}

impl Call {
    /// A header as text; one that is not text counts as absent.
    fn header(&self, name: HeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The first query parameter of that name.
    fn query(&self, name: &str) -> Option<String> {
        self.queries(name).next()
    }

    /// Every query parameter of that name.
    fn queries(&self, name: &str) -> impl Iterator<Item = String> {
        let query = self.parts.uri.query().unwrap_or_default().as_bytes();
        url::form_urlencoded::parse(query)
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The host the client thinks it talks to; a text that could break out of a quoted header value is not one.
    fn host(&self) -> &str {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        self.header(http::header::HOST).filter(|host| host.bytes().all(plain)).unwrap_or("localhost")
    }
}

/// Answers one request in a task of its own: a connection that is cut while it is being answered would otherwise
/// stop the handler between two steps, and a half-received upload would stay behind.
async fn serve(State(registry): State<EmbeddedRegistry>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let call = Call { parts, body };
    let mut response = match tokio::spawn(registry.answer(call)).await {
        Ok(response) => response,
        Err(error) => RegistryError::from(anyhow::Error::from(error)).into_response(),
    };
    let version = HeaderValue::from_static("registry/2.0");
    response.headers_mut().insert(HeaderName::from_static("docker-distribution-api-version"), version);
    response
}

impl EmbeddedRegistry {
    async fn answer(self, mut call: Call) -> Response {
        match self.0.dispatch(&mut call).await {
            Ok(response) => response,
            Err(refusal) => {
                drain(call.body).await;
                refusal.into_response()
            }
        }
    }
}

impl Shared {
    async fn dispatch(&self, call: &mut Call) -> HandlerResult {
        let route = Route::parse(call.parts.uri.path())?;
        let method = call.parts.method.clone();
        match (&method, route) {
            (&Method::GET | &Method::POST, Route::Token) => token::issue(self, call).await,
            (&Method::GET | &Method::HEAD, Route::Base) => {
                self.access.login(call)?;
                Ok(axum::Json(serde_json::json!({})).into_response())
            }
            (&Method::GET | &Method::HEAD, Route::Blob(name, digest)) => {
                self.pull(call, &name)?;
                blobs::get(self, &call.parts, &name, &digest).await
            }
            (&Method::POST, Route::StartUpload(name)) => {
                self.push(call, &name)?;
                uploads::start(self, call, &name).await
            }
            (_, Route::Upload(name, id)) => {
                self.push(call, &name)?;
                uploads::upload(self, call, &name, id).await
            }
            (&Method::GET | &Method::HEAD, Route::Manifest(name, reference)) => {
                self.pull(call, &name)?;
                manifests::get(self, &name, &reference)
            }
            (&Method::PUT, Route::Manifest(name, reference)) => {
                self.push(call, &name)?;
                manifests::put(self, call, &name, &reference).await
            }
            (&Method::DELETE, Route::Manifest(name, reference)) => {
                self.push(call, &name)?;
                manifests::delete(self, &name, &reference)
            }
            (&Method::GET, Route::Tags(name)) => {
                self.pull(call, &name)?;
                tags::list(self, call, &name)
            }
            (&Method::GET, Route::Referrers(name, digest)) => {
                self.pull(call, &name)?;
                referrers::list(self, call, &name, &digest)
            }
            _ => Err(RegistryError::method(&method)),
        }
    }

    /// Refuses who may not pull, then a repository that nothing was ever pushed to: in this order, so that a
    /// stranger does not learn which private repositories exist.
    fn pull(&self, call: &Call, name: &Name) -> Result<(), RegistryError> {
        self.access.pull(call, name)?;
        if self.store.exists(name) { Ok(()) } else { Err(RegistryError::name_unknown(name)) }
    }

    fn push(&self, call: &Call, name: &Name) -> Result<(), RegistryError> {
        self.access.push(call, name)
    }
}

/// Reads what is left of a refused request's body, up to a limit, and throws it away.
async fn drain(mut body: Body) {
    let mut left = DRAIN_LIMIT;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, bytes::Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Random bytes as lower-case hexadecimal digits, from the system's own source.
fn random_hex(bytes: usize) -> anyhow::Result<String> {
    let mut buffer = vec![0; bytes];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut buffer).ok().context("the system gave no random bytes")?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Locks; what a panic left behind is still whole, because nothing in here panics between two writes.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
