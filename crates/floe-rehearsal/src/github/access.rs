//! Authentication, rights and rate limits.
//!
//! A private repository is answered with 404 where the caller may not see it, like one that does not exist.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use serde_json::json;

use super::response::{ApiError, ApiResult, json_response};
use super::state::{StoredRepo, StoredState, key};
use super::{EmbeddedGitHub, GitHubAccount, view};
use crate::lock::lock;

/// The sender of a request.
#[derive(Clone)]
pub(super) struct Caller {
    /// The address that the client knows this server by: `http://` and the `Host` header.
    pub base: String,
    /// `None` for a request without a token.
    pub account: Option<GitHubAccount>,
}

impl Caller {
    /// Whether the caller may write the contents of a repository.
    pub(super) fn can_push(&self, repo: &StoredRepo) -> bool {
        let wanted = key(repo.repo.owner(), repo.repo.name());
        self.account.as_ref().is_some_and(|account| {
            account.can_push.iter().any(|repo| key(repo.owner(), repo.name()) == wanted)
        })
    }

    /// Whether the caller may read the settings of a repository.
    pub(super) fn is_admin(&self, repo: &StoredRepo) -> bool {
        self.can_push(repo) && self.account.as_ref().is_some_and(|account| account.admin)
    }

    pub(super) fn login(&self) -> &str {
        self.account.as_ref().map_or("ghost", |account| &account.login)
    }
}

impl FromRequestParts<EmbeddedGitHub> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, github: &EmbeddedGitHub) -> Result<Self, ApiError> {
        github.caller(&parts.headers)
    }
}

/// A request about the repository `{owner}/{name}` of its path.
pub(super) struct RepoRequest {
    pub github: EmbeddedGitHub,
    pub caller: Caller,
    pub uri: Uri,
    pub headers: HeaderMap,
    owner: String,
    name: String,
    /// The path parameter after the name: an id, a tag, a ref or a file.
    pub parameter: String,
}

impl FromRequestParts<EmbeddedGitHub> for RepoRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, github: &EmbeddedGitHub) -> Result<Self, ApiError> {
        let path = Path::<Vec<String>>::from_request_parts(parts, github).await;
        let mut path = path.map_err(|_| ApiError::not_found())?.0.into_iter();
        let mut next = || path.next().unwrap_or_default();
        Ok(RepoRequest {
            github: github.clone(),
            caller: github.caller(&parts.headers)?,
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            owner: next(),
            name: next(),
            parameter: next(),
        })
    }
}

impl RepoRequest {
    /// The id in the path. Anything else names nothing.
    pub(super) fn id(&self) -> Result<u64, ApiError> {
        self.parameter.parse().map_err(|_| ApiError::not_found())
    }

    pub(super) fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Looks at the repository, if the caller may see it.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&StoredRepo) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.github.store.read(|stored| look(self.readable(stored)?))
    }

    /// Changes the repository, if the caller may write it. `change` gets an unused id.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut StoredRepo, u64) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.github.store.change(|stored| {
            let id = stored.next_id();
            change(self.writable(stored)?, id)
        })
    }

    fn readable<'a>(&self, stored: &'a StoredState) -> Result<&'a StoredRepo, ApiError> {
        let repo = stored.repos.get(&key(&self.owner, &self.name)).ok_or_else(ApiError::not_found)?;
        if repo.private && self.caller.account.is_none() {
            return Err(ApiError::not_found());
        }
        Ok(repo)
    }

    pub(super) fn writable<'a>(&self, stored: &'a mut StoredState) -> Result<&'a mut StoredRepo, ApiError> {
        let can_push = self.caller.can_push(self.readable(stored)?);
        if self.caller.account.is_none() {
            return Err(ApiError::anonymous());
        }
        if !can_push {
            return Err(ApiError::no_push());
        }
        stored.repos.get_mut(&key(&self.owner, &self.name)).ok_or_else(ApiError::not_found)
    }
}

impl EmbeddedGitHub {
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let base = format!("http://{}", text(header::HOST).unwrap_or("localhost"));
        let Some(authorization) = text(header::AUTHORIZATION) else {
            return Ok(Caller { base, account: None });
        };
        let token = authorization
            .split_once(' ')
            .filter(|(scheme, _)| ["bearer", "token"].contains(&scheme.to_ascii_lowercase().as_str()))
            .map(|(_, token)| token.trim());
        let account = self.accounts.iter().find(|account| Some(account.token.as_str()) == token);
        let account = account.filter(|_| !self.tokens_expired()).ok_or_else(ApiError::bad_credentials)?;
        let mut account = account.clone();
        if let Some(can_push) = lock(&self.rights).get(&account.login) {
            account.can_push.clone_from(can_push);
        }
        Ok(Caller { base, account: Some(account) })
    }
}

/// The middleware of every API request: the `User-Agent` rule, authentication, the rate limit and common headers.
pub(super) async fn middleware(
    State(github): State<EmbeddedGitHub>,
    request: Request,
    next: Next,
) -> Response {
    if !request.headers().contains_key(header::USER_AGENT) {
        let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent \
                    header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let version = request.headers().get("x-github-api-version").cloned();
    let caller = match github.caller(request.headers()) {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    let free = request.uri().path() == "/rate_limit";
    let window = github.limits.count(&caller, !free);
    let mut response = match window.used > window.limit && !free {
        true => ApiError::rate_limited(caller.login()).into_response(),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    window.write(headers);
    let version = version.unwrap_or(HeaderValue::from_static("2022-11-28"));
    headers.insert("x-github-api-version-selected", version);
    let expires = caller.account.and_then(|account| account.expires);
    if let Some(expires) = expires.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert("github-authentication-token-expiration", expires);
    }
    response
}

/// The requests of each account in its current hour.
pub(super) struct RateLimits {
    limit: u32,
    windows: Mutex<HashMap<String, Window>>,
}

/// The current hour of an account.
#[derive(Clone, Copy)]
struct Window {
    limit: u32,
    used: u32,
    /// Unix time in seconds.
    reset: u64,
}

impl RateLimits {
    pub(super) fn new(limit: u32) -> Self {
        RateLimits { limit, windows: Mutex::default() }
    }

    /// The caller's window after this request, which is free unless it `counts`.
    fn count(&self, caller: &Caller, counts: bool) -> Window {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let token = caller.account.as_ref().map_or("", |account| &account.token).to_owned();
        let fresh = Window { limit: self.limit, used: 0, reset: now + 3600 };
        let mut windows = lock(&self.windows);
        let window = windows.entry(token).or_insert(fresh);
        if window.reset <= now {
            *window = fresh;
        }
        window.used = window.used.saturating_add(u32::from(counts));
        *window
    }
}

impl Window {
    fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    fn write(&self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", self.limit.into());
        headers.insert("x-ratelimit-remaining", self.remaining().into());
        headers.insert("x-ratelimit-used", self.used.min(self.limit).into());
        headers.insert("x-ratelimit-reset", self.reset.into());
        headers.insert("x-ratelimit-resource", HeaderValue::from_static("core"));
    }
}

/// `GET /rate_limit`
pub(super) async fn rate_limit(State(github): State<EmbeddedGitHub>, caller: Caller) -> Response {
    let window = github.limits.count(&caller, false);
    let (limit, remaining, used) = (window.limit, window.remaining(), window.used.min(window.limit));
    let rate = json!({ "limit": limit, "remaining": remaining, "used": used, "reset": window.reset });
    // There is no search here, but clients require its limit.
    let search = json!({ "limit": 30, "remaining": 30, "used": 0, "reset": window.reset });
    json_response(StatusCode::OK, &json!({ "resources": { "core": rate, "search": search }, "rate": rate }))
}

/// `GET /user`
pub(super) async fn user(caller: Caller) -> ApiResult {
    let account = caller.account.as_ref().ok_or_else(ApiError::anonymous)?;
    Ok(json_response(StatusCode::OK, &view::user(&caller.base, &account.login)))
}

/// `GET /repos/{owner}/{name}`
pub(super) async fn repository(request: RepoRequest) -> ApiResult {
    request.read(|repo| Ok(json_response(StatusCode::OK, &view::repository(repo, &request.caller))))
}

/// `GET /repos/{owner}/{name}/immutable-releases`
pub(super) async fn immutable_releases(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        // Without the right to ask the response is the same as for a repository where it is off.
        if !request.caller.is_admin(repo) || !request.github.is_immutable() {
            return Err(ApiError::not_found());
        }
        Ok(json_response(StatusCode::OK, &json!({ "enabled": true, "enforced_by_owner": false })))
    })
}
