//! A client for registries: looking up, pushing and pulling (OCI distribution-spec 1.1).
//!
//! Every blob is one monolithic PUT over its own HTTP/1.1 connection; manifests are pushed by digest, tags last.
//! It never deletes and never overwrites a digest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, anyhow};
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::Request;
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

mod auth;
mod pull;
mod push;

pub use auth::{Credentials, may_know};
pub use pull::PullError;

use crate::error::Failure;
use crate::net::address;
use crate::net::answer::words;
use crate::net::client::{self, Answer, Client};
use crate::net::retry::{AttemptError, Retry};
use floe_core::model::{Digest, ImageName};

/// The name of the server in messages.
const SERVER: &str = "the registry";
/// No answer floe reads whole is larger (OCI distribution-spec: registries take manifests of 4 MiB).
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
/// The media types of manifests, for registries that evaluate `Accept`.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";

/// A repository in a registry and the right to talk to it.
#[derive(Clone)]
pub struct Registry {
    client: Client,
    base: Url,
    name: ImageName,
    credentials: Option<Credentials>,
    /// Whether its tokens may only pull.
    pull_only: bool,
    bearer: Arc<Mutex<Option<auth::Bearer>>>,
    /// Whether the first request has its answer, so that it is known whether a token is required.
    greeted: Arc<Mutex<bool>>,
    /// The upload session that checked the permission to push; the first blob uses it.
    session: Arc<Mutex<Option<Url>>>,
    retry: Retry,
    requests: Arc<AtomicU64>,
}

impl Registry {
    /// Makes the client; nothing is sent yet. `url` is where the registry is reached.
    pub fn connect(
        (client, url): (Client, &str),
        name: ImageName,
        credentials: Option<Credentials>,
        retry: Retry,
    ) -> anyhow::Result<Self> {
        let base = address::server(url)?;
        let (bearer, greeted) = (Arc::default(), Arc::default());
        let (session, requests) = (Arc::default(), Arc::default());
        let pull_only = false;
        Ok(Registry { client, base, name, credentials, pull_only, bearer, greeted, session, retry, requests })
    }

    /// The same client as at the start of a run.
    pub fn fresh(&self) -> Self {
        let (bearer, greeted) = (Arc::default(), Arc::default());
        let (session, requests) = (Arc::default(), Arc::default());
        Registry { bearer, greeted, session, requests, ..self.clone() }
    }

    /// The same client without credentials, with a single attempt for each request.
    pub fn anonymous(&self) -> Self {
        let mut retry = self.retry.clone();
        retry.tries = 1;
        Registry { credentials: None, retry, requests: self.requests.clone(), ..self.fresh() }
    }

    /// The image's name.
    pub fn name(&self) -> &ImageName {
        &self.name
    }

    /// Whether there are credentials for this registry.
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The digest of the manifest with this tag or digest; `None` if the registry has none.
    pub async fn manifest(&self, reference: &str) -> anyhow::Result<Option<Digest>> {
        let path = format!("manifests/{reference}");
        let ask = async |_| {
            let answer = self.send(Method::HEAD, &path, accept_manifests).await?;
            match answer.status {
                StatusCode::OK => self.digest_of(answer, reference).map(Some),
                // Registries hide what does not exist yet behind any of these, even with a token.
                StatusCode::NOT_FOUND => Ok(None),
                _ => Err(self.refused(&answer, "read")),
            }
        };
        let what = self.shown(reference);
        self.retry.run(ask).await.with_context(|| format!("failed to look for {what}"))
    }

    fn digest_of(&self, answer: Answer, reference: &str) -> Result<Digest, AttemptError> {
        let header = answer.headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
        match (header.map(str::parse), reference.parse()) {
            (Some(Ok(digest)), _) | (None, Ok(digest)) => Ok(digest),
            _ => {
                Err(AttemptError::fatal(anyhow!("the registry sent no digest of {}", self.shown(reference))))
            }
        }
    }

    /// Whether the registry has a blob.
    pub async fn has_blob(&self, digest: &Digest) -> anyhow::Result<bool> {
        let path = format!("blobs/{digest}");
        let ask = async |_| {
            let answer = self.send(Method::HEAD, &path, |_| {}).await?;
            match answer.status {
                StatusCode::OK => Ok(true),
                StatusCode::NOT_FOUND => Ok(false),
                _ => Err(self.refused(&answer, "read")),
            }
        };
        let what = format!("blob {} of `{}`", digest.short(), self.name);
        self.retry.run(ask).await.with_context(|| format!("failed to look for {what}"))
    }

    /// One request below the repository, tried once; a refused token is renewed once.
    async fn send(
        &self,
        method: Method,
        path: &str,
        build: impl Fn(&mut Request),
    ) -> Result<Answer, AttemptError> {
        let url = self.address(path)?;
        let mut greeting = self.greet().await;
        let token = self.bearer.lock().await.clone();
        let request = || {
            let mut request = Request::new(method.clone(), url.clone());
            build(&mut request);
            request
        };
        let mut answer = self.exchange(request(), token.as_ref()).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let token = self.renew(&answer, token.as_ref()).await?;
            over(greeting.take());
            answer = self.exchange(request(), Some(&token)).await?;
        }
        over(greeting);
        Ok(answer)
    }

    /// With credentials, the registry probably requires a token: the first request fetches it, and the others wait for
    /// that instead of being refused as well. Without credentials, no request waits.
    async fn greet(&self) -> Option<MutexGuard<'_, bool>> {
        self.credentials.as_ref()?;
        let greeted = self.greeted.lock().await;
        (!*greeted).then_some(greeted)
    }

    /// Sends a request and reads its answer whole.
    async fn exchange(
        &self,
        mut request: Request,
        token: Option<&auth::Bearer>,
    ) -> Result<Answer, AttemptError> {
        self.count();
        if let Some(token) = token {
            request.headers_mut().insert(header::AUTHORIZATION, token.header()?);
        }
        let line = client::line(&request);
        let answer = self.client.exchange(SERVER, request, ANSWER_LIMIT).await?;
        self.trace(&line, answer.status);
        Ok(answer)
    }

    fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn trace(&self, line: &str, status: StatusCode) {
        self.retry.report.trace("registry", format!("{line} {}", status.as_u16()));
    }

    /// A manifest of this repository as people write it: `name:tag` or `name@digest`.
    fn shown(&self, reference: &str) -> String {
        let separator = if reference.contains(':') { '@' } else { ':' };
        format!("`{}{separator}{reference}`", self.name)
    }

    fn address(&self, path: &str) -> anyhow::Result<Url> {
        let path = format!("/v2/{}/{path}", self.name.repository());
        self.base.join(&path).with_context(|| format!("`{path}` is not a valid path on a registry"))
    }

    /// The error for an unexpected response, with a hint for maintainers.
    fn refused(&self, answer: &Answer, right: &str) -> AttemptError {
        let text = String::from_utf8_lossy(&answer.body);
        let said = said(answer);
        let name = &self.name;
        let failure = match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.pull_only => {
                self.pull_denied(message(&answer.body))
            }
            StatusCode::UNAUTHORIZED => Failure::new(said).hint(format!(
                "`{name}` wants a token that may {right} it: set GITHUB_TOKEN, or FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN for another registry"
            )),
            StatusCode::FORBIDDEN => Failure::new(said).hint(self.permission_hint(right)),
            _ => Failure::new(said),
        };
        AttemptError::answer(answer.status, &answer.headers, &text, failure.into())
    }

    fn permission_hint(&self, right: &str) -> String {
        let name = &self.name;
        match name.settings() {
            Some(settings) => format!(
                "in a workflow give the job `permissions: packages: write`; a token of your own must be a classic one with \
                 `write:packages`. If the package was first pushed by hand, add the repository under \"Manage Actions access\" \
                 at {settings}"
            ),
            None => format!(
                "the token may not {right} `{name}`: give its account that right at {}",
                name.registry()
            ),
        }
    }
}

fn accept_manifests(request: &mut Request) {
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(MANIFESTS));
}

/// The first request has its answer: the requests that waited for it continue.
fn over(greeting: Option<MutexGuard<'_, bool>>) {
    if let Some(mut greeted) = greeting {
        *greeted = true;
    }
}

/// The registry's answer in one line.
fn said(answer: &Answer) -> String {
    match message(&answer.body) {
        Some(message) => format!("the registry answered {}: {message}", answer.status),
        None => format!("the registry answered {}", answer.status),
    }
}

/// The message of the registry (OCI distribution-spec, "Error Codes").
pub fn message(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let error = body.get("errors")?.get(0)?;
    let part = |key: &str| error.get(key).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    match (part("code"), part("message")) {
        (Some(code), Some(message)) => Some(words(&format!("{message} ({code})"))),
        (Some(one), None) | (None, Some(one)) => Some(words(one)),
        (None, None) => None,
    }
}
