//! GitHub, as a release tool needs it: looking at a repository and filling one draft.
//!
//! It never deletes or changes what is published, and never sends `target_commitish`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::{Body, Request};
use serde::de::DeserializeOwned;
use url::Url;

mod draft;
mod models;
mod mutations;
mod permissions;
mod queries;
mod rate_limit;

pub use draft::second_to;
pub use rate_limit::AT_ONCE as ASSETS_AT_ONCE;

use crate::error::Failure;
use crate::net::address;
use crate::net::client::{Answer, Client};
use crate::net::retry::{AttemptError, Retry};
use crate::token::Token;
use floe_core::model::Repo;
use floe_core::world::Budget;

/// The version of the REST API that floe was written against.
const API_VERSION: &str = "2022-11-28";
/// No answer floe asks for is larger; a hundred releases with a thousand assets each fit.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// No list has more pages: a hundred thousand releases are on these.
const PAGES_LIMIT: usize = 1000;
/// No list has more entries, whatever fits on a page.
const ITEMS_LIMIT: usize = 100_000;

/// A repository on GitHub and the right to talk to it.
#[derive(Clone)]
pub struct GitHub {
    client: Client,
    repo: Repo,
    retry: Retry,
    api: Url,
    uploads: Url,
    /// What tells GitHub who we are, if it is told.
    authorization: Option<HeaderValue>,
    requests: Arc<AtomicU64>,
    budget: Arc<Mutex<Option<Budget>>>,
    /// Notes that GitHub wrote when it was asked whether we may write, and for what question.
    notes: Arc<Mutex<Option<(serde_json::Value, String)>>>,
    limiter: rate_limit::RateLimiter,
}

impl GitHub {
    /// Makes the client; nothing is sent yet.
    ///
    /// # Errors
    /// The API's address is not one that may be used, or the token is none.
    pub fn connect(
        (client, api): (Client, &str),
        repo: Repo,
        token: Option<Token>,
        retry: Retry,
    ) -> anyhow::Result<Self> {
        let api = address::server(api)?;
        let uploads = uploads_of(&api);
        let authorization = token.map(|token| authorization(&token)).transpose()?;
        let (requests, budget, notes) = (Arc::default(), Arc::default(), Arc::default());
        let limiter = rate_limit::RateLimiter::new(&retry);
        Ok(GitHub { client, repo, retry, api, uploads, authorization, requests, budget, notes, limiter })
    }

    /// The same client as that of a run that has not begun.
    pub fn fresh(&self) -> Self {
        let (requests, budget, notes) = (Arc::default(), Arc::default(), Arc::default());
        GitHub { requests, budget, notes, limiter: rate_limit::RateLimiter::new(&self.retry), ..self.clone() }
    }

    /// The repository.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// Whether requests carry a token.
    pub fn has_token(&self) -> bool {
        self.authorization.is_some()
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.repo)
    }

    /// Reads one thing, as often as it takes; `None` if it is not there (404).
    async fn get<T: DeserializeOwned>(&self, what: &str, path: &str) -> anyhow::Result<Option<T>> {
        Ok(self.get_page(what, path).await?.map(|(value, _)| value))
    }

    /// Reads every page of a list. There are only so many pages, whatever the answers say.
    async fn get_all<T: DeserializeOwned>(&self, what: &str, path: &str) -> anyhow::Result<Option<Vec<T>>> {
        let mut all = Vec::new();
        let mut next = Some(format!("{path}?per_page=100"));
        let mut pages = 0;
        while let Some(path) = next {
            pages += 1;
            anyhow::ensure!(
                pages <= PAGES_LIMIT && all.len() <= ITEMS_LIMIT,
                "GitHub's list of {what} goes on behind {pages} pages with {} entries",
                all.len()
            );
            let Some((page, link)) = self.get_page::<Vec<T>>(what, &path).await? else { return Ok(None) };
            all.extend(page);
            next = link.map(|link| self.own_address(&link)).transpose()?;
        }
        Ok(Some(all))
    }

    async fn get_page<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
    ) -> anyhow::Result<Option<(T, Option<String>)>> {
        let Some(answer) = self.ask(what, path).await? else { return Ok(None) };
        let next = next_page(&answer.headers);
        let value =
            parse(&answer.body).with_context(|| format!("GitHub's answer about {what} is not understood"))?;
        Ok(Some((value, next)))
    }

    /// Asks as often as it takes; `None` if it is not there (404).
    async fn ask(&self, what: &str, path: &str) -> anyhow::Result<Option<Answer>> {
        let ask = async |_| {
            let answer = self.send(Method::GET, path, None).await?;
            match answer.status {
                StatusCode::NOT_FOUND => Ok(None),
                status if status.is_success() => Ok(Some(answer)),
                _ => Err(self.refused(answer)),
            }
        };
        self.retry.run(ask).await.with_context(|| format!("failed to read {what} from GitHub"))
    }

    /// One request that changes something, tried once.
    async fn change(
        &self,
        method: Method,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, AttemptError> {
        self.send(method, path, Some(("application/json", body.to_string().into()))).await
    }

    /// One request, tried once, with a body of a media type or without. Any answer is an answer; only a broken
    /// connection is refused.
    async fn send(
        &self,
        method: Method,
        address: &str,
        body: Option<(&'static str, Body)>,
    ) -> Result<Answer, AttemptError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let line = format!("{method} {address}");
        let mut request = Request::new(method, self.url_of(address)?);
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        headers.extend(self.authorization.clone().map(|token| (header::AUTHORIZATION, token)));
        if let Some((kind, body)) = body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            *request.body_mut() = Some(body);
        }
        let answer = self.client.exchange("GitHub", request, ANSWER_LIMIT).await?;
        self.retry.report.trace("GitHub", format!("{line} {}", answer.status.as_u16()));
        self.learn_budget(&answer.headers);
        Ok(answer)
    }

    /// A path of the API, or an address that [`GitHub::own_address`] has let pass.
    fn url_of(&self, address: &str) -> anyhow::Result<Url> {
        let whole = match address.starts_with('/') {
            true => format!("{}{address}", self.api.as_str().trim_end_matches('/')),
            false => address.to_owned(),
        };
        Url::parse(&whole).with_context(|| format!("`{address}` is no path of GitHub's API"))
    }

    /// Judges an answer that is not the wished-for one, in words a maintainer can act on.
    fn refused(&self, answer: Answer) -> AttemptError {
        let text = String::from_utf8_lossy(&answer.body);
        let message = models::message(&answer.body);
        let said = match &message {
            Some(message) => format!("GitHub answered {}: {message}", answer.status),
            None => format!("GitHub answered {}", answer.status),
        };
        let accepted =
            answer.headers.get("x-accepted-github-permissions").and_then(|value| value.to_str().ok());
        let failure = match answer.status {
            StatusCode::UNAUTHORIZED => Failure::new(said).hint(
                "the token is wrong or has expired: set GITHUB_TOKEN to one that is valid, for example `export GITHUB_TOKEN=$(gh auth token)`",
            ),
            StatusCode::FORBIDDEN if text.contains("not accessible by") => {
                Failure::new(said).hint(permissions::lacking(accepted))
            }
            StatusCode::FORBIDDEN if text.contains("SAML") => Failure::new(said).hint(
                "let the organization in: \"Configure SSO\" beside the token at https://github.com/settings/tokens",
            ),
            _ => Failure::new(said),
        };
        AttemptError::answer(answer.status, &answer.headers, &text, failure.into())
    }

    /// An address out of an answer, only if it is on a server the token may go to.
    fn own_address(&self, address: &str) -> anyhow::Result<String> {
        // Its query may be a signature, so only the part before is said.
        let shown = address.split('?').next().unwrap_or_default();
        let url =
            Url::parse(address).with_context(|| format!("GitHub sent `{shown}`, which is no address"))?;
        let same = |other: &Url| {
            (url.scheme(), url.host_str(), url.port_or_known_default())
                == (other.scheme(), other.host_str(), other.port_or_known_default())
        };
        anyhow::ensure!(
            same(&self.api) || same(&self.uploads),
            "GitHub sent an address on another server, `{}`; the token does not go there",
            url.host_str().unwrap_or_default()
        );
        Ok(url.into())
    }
}

/// The header that holds a token.
pub(crate) fn authorization(token: &Token) -> anyhow::Result<HeaderValue> {
    let header = HeaderValue::from_str(&format!("Bearer {}", token.reveal()));
    let mut header = header.map_err(|_| {
        Failure::new("the token for GitHub holds a line break or another letter that no token has")
            .hint("set GITHUB_TOKEN again, for example `export GITHUB_TOKEN=$(gh auth token)`")
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// Where an API's uploads go: `uploads.github.com` for GitHub itself, the same server everywhere else.
fn uploads_of(api: &Url) -> Url {
    let mut uploads = api.clone();
    if api.host_str() == Some("api.github.com") {
        // The host is a constant, so this cannot fail; if it did, uploads would be refused by `own_address`.
        let _ = uploads.set_host(Some("uploads.github.com"));
    }
    uploads.set_path("");
    uploads
}

/// The address of the next page (RFC 8288, `rel="next"`).
pub fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get(header::LINK)?.to_str().ok()?;
    links.split(',').find_map(|link| {
        let (address, parameters) = link.split_once(';')?;
        let next = parameters.split(';').any(|parameter| parameter.trim() == "rel=\"next\"");
        next.then(|| address.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    Ok(serde_json::from_slice(body)?)
}
