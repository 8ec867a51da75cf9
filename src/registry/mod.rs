//! A client for registries: looking up, pushing and pulling (OCI distribution-spec 1.1).
//!
//! Every blob is one monolithic PUT over its own HTTP/1.1 connection; manifests are pushed by digest, tags last.
//! It never deletes and never overwrites a digest.

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::Request;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

mod auth;
mod pull;
mod push;
mod referrers;

pub use auth::{Challenge, Credentials};
pub use pull::{WrongContent, wrong_or_failed};
pub use referrers::Referrers;

use crate::error::{Failure, Refusal, refusal_of};
use crate::net::address::Endpoint;
use crate::net::client::{Client, HttpResponse, Streamed};
use crate::net::retry::{AttemptError, RetryPolicy};
use crate::net::words;
use floe_core::model::{Digest, ImageName};

/// The name of the server in messages.
pub const SERVER: &str = "the registry";
/// The limit of an answer that is read whole (OCI distribution-spec: registries take manifests of 4 MiB).
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
/// The media types of manifests, for registries that evaluate `Accept`.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";

/// A repository in a registry and the right to talk to it.
#[derive(Clone)]
pub struct Registry {
    client: Client,
    base: Endpoint,
    name: ImageName,
    credentials: Option<Credentials>,
    /// Whether its tokens may only pull.
    pull_only: bool,
    state: Arc<State>,
}

/// The state of one run. Clones share it.
#[derive(Default)]
struct State {
    authenticated: OnceCell<()>,
    /// The header with the token, or with the credentials themselves.
    token: Mutex<Option<HeaderValue>>,
    /// An upload session that was opened to ask for the right to push; the first blob takes it.
    session: Mutex<Option<Url>>,
}

impl Registry {
    /// Makes the client; nothing is sent yet. `base` is where the registry is reached, with or without the `/v2/` that
    /// every path of its API begins with.
    pub fn connect(
        client: Client,
        mut base: Endpoint,
        name: ImageName,
        credentials: Option<Credentials>,
    ) -> Self {
        let root = base.url.path().trim_end_matches('/').strip_suffix("/v2").map(str::to_owned);
        if let Some(root) = root {
            base.url.set_path(&root);
        }
        Registry { client, base, name, credentials, pull_only: false, state: Arc::default() }
    }

    /// Whether there are credentials for this registry.
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Opens connections for requests that follow; nothing is sent over them.
    pub async fn open_connections(&self, count: usize) {
        self.client.open(&self.base, count).await;
    }

    /// The digest of the manifest with a tag or digest; `None` if the registry has none.
    pub async fn manifest(&self, reference: &str) -> anyhow::Result<Option<Digest>> {
        let found = self.look(Method::HEAD, &format!("manifests/{reference}")).await;
        let found = found.with_context(|| format!("failed to look for {}", self.shown(reference)))?;
        let Some(HttpResponse { headers, .. }) = found else { return Ok(None) };
        let header = headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
        match (header.map(str::parse), reference.parse()) {
            (Some(Ok(digest)), _) | (None, Ok(digest)) => Ok(Some(digest)),
            _ => bail!("the registry does not say the digest of {}", self.shown(reference)),
        }
    }

    /// Whether the registry has a blob.
    pub async fn has_blob(&self, digest: &Digest) -> anyhow::Result<bool> {
        let found = self.look(Method::HEAD, &format!("blobs/{digest}")).await;
        let context = || format!("failed to look for blob {} of `{}`", digest.short(), self.name);
        Ok(found.with_context(context)?.is_some())
    }

    /// Whether a manifest can be pulled without credentials. Only an answer that denies it counts as a no.
    pub async fn is_public(&self, digest: &Digest) -> anyhow::Result<bool> {
        let anonymous = Registry { credentials: None, state: Arc::default(), ..self.clone() };
        match anonymous.manifest(&digest.to_string()).await {
            Ok(found) => Ok(found == Some(*digest)),
            Err(error) if refusal_of(&error) == Some(Refusal::Denied) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks for something below the repository; `None` if it is not there.
    async fn look(&self, method: Method, path: &str) -> anyhow::Result<Option<HttpResponse>> {
        let may_be_empty = method == Method::HEAD || path.starts_with("blobs/");
        let ask = async |_| {
            let mut request = self.request(method.clone(), path)?;
            request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(MANIFESTS));
            let answer = self.send(request).await?;
            match answer.status {
                StatusCode::OK if answer.body.is_empty() && !may_be_empty => {
                    Err(AttemptError::later(anyhow!("the registry answered without content")))
                }
                StatusCode::OK => Ok(Some(answer)),
                // Registries hide what does not exist yet behind any of these, even with a token.
                StatusCode::NOT_FOUND => Ok(None),
                _ => Err(self.refused(&answer, "read")),
            }
        };
        self.client.retry.run(ask).await
    }

    /// A request below the repository.
    fn request(&self, method: Method, path: &str) -> anyhow::Result<Request> {
        let url = self.base.below(&format!("/v2/{}/{path}", self.name.repository()))?;
        Ok(Request::new(method, url))
    }

    /// Sends a request once and reads its answer whole.
    async fn send(&self, request: Request) -> Result<HttpResponse, AttemptError> {
        self.open(request).await?.read(ANSWER_LIMIT).await
    }

    /// Sends a request with the token, and leaves the body of the answer to the caller. A refused token is renewed once.
    ///
    /// Some registries take uploads on another host: the address then holds what that host needs to know, and the token
    /// does not go there.
    async fn open(&self, request: Request) -> Result<Streamed, AttemptError> {
        if request.url().origin() != self.base.url.origin() {
            return self.stream(request, None).await;
        }
        self.authenticate_once().await?;
        let token = self.state.token.lock().await.clone();
        let again = request.try_clone();
        let answer = self.stream(request, token.as_ref()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let refused = answer.read(ANSWER_LIMIT).await?;
        let token = self.renew(&refused, token.as_ref()).await?;
        match again {
            Some(again) => self.stream(again, Some(&token)).await,
            // The body of an upload is gone; the next try sends it with the new token.
            None => Err(AttemptError { retry: RetryPolicy::Now, ..self.refused(&refused, "push to") }),
        }
    }

    /// Where there are credentials, a token is likely to be wanted: one request finds out, and all others wait until there is
    /// a token, so that they are not refused as well.
    async fn authenticate_once(&self) -> Result<(), AttemptError> {
        if self.credentials.is_none() {
            return Ok(());
        }
        let ask = || async {
            let request = Request::new(Method::GET, self.base.below("/v2/")?);
            let answer = self.stream(request, None).await?.read(ANSWER_LIMIT).await?;
            if answer.status == StatusCode::UNAUTHORIZED {
                self.renew(&answer, None).await?;
            }
            Ok(())
        };
        self.state.authenticated.get_or_try_init(ask).await.copied()
    }

    async fn stream(
        &self,
        mut request: Request,
        token: Option<&HeaderValue>,
    ) -> Result<Streamed, AttemptError> {
        request.headers_mut().extend(token.map(|token| (header::AUTHORIZATION, token.clone())));
        self.client.stream(&self.base, request).await
    }

    /// A manifest of this repository as people write it: `name:tag` or `name@digest`.
    fn shown(&self, reference: &str) -> String {
        let separator = if reference.contains(':') { '@' } else { ':' };
        format!("`{}{separator}{reference}`", self.name)
    }

    /// Judges an answer that is not a success.
    fn refused(&self, answer: &HttpResponse, right: &str) -> AttemptError {
        let message = message(&answer.body);
        let said = message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        let failure = Failure::new(format!("the registry answered {}{said}", answer.status));
        let text = String::from_utf8_lossy(&answer.body);
        let judged = AttemptError::answer(answer.status, &answer.headers, &text, failure);
        if judged.retry != RetryPolicy::Never || !matches!(answer.status.as_u16(), 401 | 403) {
            return judged;
        }
        match self.pull_only {
            true => AttemptError::fatal(self.pull_denied(message).refused(Refusal::Denied)),
            false => judged.hint(self.push_hint(right)),
        }
    }

    fn push_hint(&self, right: &str) -> String {
        let (name, host) = (&self.name, self.name.registry());
        let Some(sent) = self.credentials.as_ref().map(Credentials::sent) else {
            return format!(
                "no token was sent: set FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN to those of an account at `{host}` that may \
                 {right} `{name}`; GITHUB_TOKEN is sent to ghcr.io alone, and only if the API is github.com's"
            );
        };
        match name.settings() {
            Some(settings) => format!(
                "{sent}: it must be valid, and a classic token with `write:packages`, or in a workflow the GITHUB_TOKEN of a job \
                 with `permissions: packages: write`. If the package was first pushed by hand, add the repository under \
                 \"Manage Actions access\" at {settings}"
            ),
            None => format!(
                "{sent}: both must be right, and the account must have the right to {right} `{name}` at {host}"
            ),
        }
    }
}

/// The registry's own words (OCI distribution-spec, "Error Codes").
pub fn message(body: &[u8]) -> Option<String> {
    let said = match ["code", "message"].map(|key| error_part(body, key)) {
        [Some(code), Some(message)] => format!("{message} ({code})"),
        [code, message] => code.or(message)?,
    };
    Some(words(&said))
}

/// A field of the first error in an answer.
fn error_part(body: &[u8], key: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let part = body.get("errors")?.get(0)?.get(key)?.as_str()?;
    Some(part.to_owned()).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests;
