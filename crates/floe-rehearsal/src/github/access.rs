//! Who asks, what they may do, and how often.
//!
//! A repository that somebody may not see is answered like one that does not exist.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::response::{ApiError, json_answer};
use super::state::{StoredRepo, StoredState, key};
use super::{EmbeddedGitHub, GitHubAccount, view};

/// Who asks, and under which address they know this server.
#[derive(Clone)]
pub(super) struct Caller {
    /// `http://host:port`, from the request's `Host`.
    pub base: String,
    /// Nobody if the request had no token.
    pub account: Option<GitHubAccount>,
}

impl Caller {
    /// Whether they may write the contents of this repository.
    pub(super) fn can_push(&self, repo: &StoredRepo) -> bool {
        let wanted = key(repo.repo.owner(), repo.repo.name());
        self.account.as_ref().is_some_and(|account| {
            account.can_push.iter().any(|repo| key(repo.owner(), repo.name()) == wanted)
        })
    }

    /// Whether they may read the settings of this repository.
    pub(super) fn is_admin(&self, repo: &StoredRepo) -> bool {
        self.can_push(repo) && self.account.as_ref().is_some_and(|account| account.admin)
    }

    /// The name others see; those without a token never get to where it is shown.
    pub(super) fn login(&self) -> &str {
        self.account.as_ref().map_or("ghost", |account| &account.login)
    }

    /// The repository, if they may see it.
    pub(super) fn readable<'a>(
        &self,
        stored: &'a StoredState,
        owner: &str,
        name: &str,
    ) -> Result<&'a StoredRepo, ApiError> {
        let repo = stored.repos.get(&key(owner, name)).ok_or_else(ApiError::not_found)?;
        if repo.private && self.account.is_none() {
            return Err(ApiError::not_found());
        }
        Ok(repo)
    }

    /// The repository, if they may write its contents.
    pub(super) fn writable<'a>(
        &self,
        stored: &'a mut StoredState,
        owner: &str,
        name: &str,
    ) -> Result<&'a mut StoredRepo, ApiError> {
        let can_push = self.can_push(self.readable(stored, owner, name)?);
        if self.account.is_none() {
            return Err(ApiError::anonymous());
        }
        if !can_push {
            return Err(ApiError::no_push());
        }
        stored.repos.get_mut(&key(owner, name)).ok_or_else(ApiError::not_found)
    }
}

impl FromRequestParts<EmbeddedGitHub> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, github: &EmbeddedGitHub) -> Result<Self, ApiError> {
        github.caller(&parts.headers)
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
        let account = account.filter(|_| !self.quirks.is_expired()).ok_or_else(ApiError::bad_credentials)?;
        let rights = self.rights.read().unwrap_or_else(PoisonError::into_inner);
        let mut account = account.clone();
        if let Some(can_push) = rights.get(&account.login) {
            account.can_push.clone_from(can_push);
        }
        Ok(Caller { base, account: Some(account) })
    }
}

/// What every request to the API goes through: who it is, and whether they have asked too often.
pub(super) async fn front(State(github): State<EmbeddedGitHub>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(header::USER_AGENT) {
        let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent \
                    header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let version = request.headers().get("x-github-api-version").cloned();
    let caller = match github.caller(request.headers()) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    let free = request.uri().path() == "/rate_limit";
    let window = github.limits.count(&caller, !free);
    let mut response = match window.is_over() {
        true if !free => ApiError::rate_limited(caller.login()).into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    window.show(headers);
    let version = version.unwrap_or(HeaderValue::from_static("2022-11-28"));
    headers.insert("x-github-api-version-selected", version);
    let expires = caller.account.and_then(|account| account.expires);
    if let Some(expires) = expires.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert("github-authentication-token-expiration", expires);
    }
    response
}

/// How many requests each account has made in its hour.
pub(super) struct RateLimits {
    limit: u32,
    windows: Mutex<HashMap<String, Window>>,
}

/// An account's hour.
#[derive(Clone, Copy)]
struct Window {
    limit: u32,
    used: u32,
    reset: u64,
}

impl RateLimits {
    pub(super) fn new(limit: u32) -> Self {
        RateLimits { limit, windows: Mutex::default() }
    }

    /// The caller's hour after this request, which is free unless it `counts`.
    fn count(&self, caller: &Caller, counts: bool) -> Window {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let who = caller.account.as_ref().map_or("", |account| &account.token).to_owned();
        let fresh = Window { limit: self.limit, used: 0, reset: now + 3600 };
        let mut windows: MutexGuard<_> = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(who).or_insert(fresh);
        if window.reset <= now {
            *window = fresh;
        }
        window.used = window.used.saturating_add(u32::from(counts));
        *window
    }
}

impl Window {
    fn is_over(&self) -> bool {
        self.used > self.limit
    }

    fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    fn used(&self) -> u32 {
        self.used.min(self.limit)
    }

    fn show(&self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", self.limit.into());
        headers.insert("x-ratelimit-remaining", self.remaining().into());
        headers.insert("x-ratelimit-used", self.used().into());
        headers.insert("x-ratelimit-reset", self.reset.into());
        headers.insert("x-ratelimit-resource", HeaderValue::from_static("core"));
    }
}

/// `GET /rate_limit`
pub(super) async fn rate_limit(State(github): State<EmbeddedGitHub>, caller: Caller) -> Response {
    let window = github.limits.count(&caller, false);
    let rate = json!({
        "limit": window.limit,
        "remaining": window.remaining(),
        "used": window.used(),
        "reset": window.reset,
    });
    // Nothing can be searched for here, so that none of it is ever used; clients insist on being told.
    let search = json!({ "limit": 30, "remaining": 30, "used": 0, "reset": window.reset });
    json_answer(StatusCode::OK, &json!({ "resources": { "core": rate, "search": search }, "rate": rate }))
}

/// `GET /user`
pub(super) async fn user(caller: Caller) -> Result<Response, ApiError> {
    let account = caller.account.as_ref().ok_or_else(ApiError::anonymous)?;
    Ok(json_answer(StatusCode::OK, &view::user(&caller.base, &account.login)))
}

/// `GET /repos/{owner}/{name}`
pub(super) async fn repository(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        Ok(json_answer(StatusCode::OK, &view::repository(repo, &caller)))
    })
}

/// `GET /repos/{owner}/{name}/immutable-releases`
pub(super) async fn immutable_releases(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        // Whoever may not ask gets the same answer as whoever asks where it is off.
        if !caller.is_admin(repo) || !github.is_immutable() {
            return Err(ApiError::not_found());
        }
        let answer = json!({ "enabled": true, "enforced_by_owner": false });
        Ok(json_answer(StatusCode::OK, &answer))
    })
}
