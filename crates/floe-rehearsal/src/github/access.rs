//! Authentication, rights and rate limits.
//!
//! A private repository is answered with 404 where the caller may not see it, like one that does not exist.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use floe_core::parallel::lock;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::body::JsonBody;
use super::response::{ApiError, ApiResult, json_response, ok};
use super::state::{StoredRelease, StoredRepo, StoredState};
use super::{EmbeddedGitHub, GitHubAccount, view};

/// The sender of a request.
#[derive(Clone)]
pub(super) struct Caller {
    /// The address that the client knows the API by: `http://` and the `Host` header.
    pub base: String,
    /// `None` for a request without a token.
    pub account: Option<GitHubAccount>,
}

impl Caller {
    /// Whether the caller may write the contents of a repository.
    pub(super) fn can_push(&self, repo: &StoredRepo) -> bool {
        self.account.as_ref().is_some_and(|account| account.can_push.iter().any(|may| may.is(&repo.repo)))
    }

    /// Fails if the caller may not write the contents of a repository.
    pub(super) fn check_push(&self, repo: &StoredRepo) -> ApiResult<()> {
        match &self.account {
            None => Err(ApiError::anonymous()),
            Some(_) if !self.can_push(repo) => Err(ApiError::no_push()),
            Some(_) => Ok(()),
        }
    }

    /// Whether the caller may read the settings of a repository.
    pub(super) fn is_admin(&self, repo: &StoredRepo) -> bool {
        self.can_push(repo) && self.account.as_ref().is_some_and(|account| account.admin)
    }

    /// Whether the caller may see a release: drafts need the right to push.
    pub(super) fn sees(&self, repo: &StoredRepo, release: &StoredRelease) -> bool {
        !release.draft || self.can_push(repo)
    }

    /// The address of a repository in the API.
    pub(super) fn api(&self, repo: &StoredRepo) -> String {
        format!("{}/repos/{}", self.base, repo.repo)
    }

    /// The address of a repository's page. Behind a proxy the API has a host of its own, as `api.github.com` is.
    pub(super) fn page(&self, repo: &StoredRepo) -> String {
        format!("{}/{}", self.site(), repo.repo)
    }

    /// The address of the site.
    pub(super) fn site(&self) -> String {
        self.base.replacen("//api.", "//", 1)
    }

    pub(super) fn login(&self) -> &str {
        self.account.as_ref().map_or("ghost", |account| &account.login)
    }
}

impl FromRequestParts<EmbeddedGitHub> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, github: &EmbeddedGitHub) -> ApiResult<Self> {
        github.caller(&parts.headers)
    }
}

/// A request about the repository `{owner}/{name}` of its path.
pub(super) struct RepoRequest {
    pub github: EmbeddedGitHub,
    pub caller: Caller,
    pub parts: Parts,
    /// The id of the repository.
    repo: u64,
    /// The path parameter after the name: an id, a tag, a ref or a file.
    pub parameter: String,
}

impl FromRequestParts<EmbeddedGitHub> for RepoRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, github: &EmbeddedGitHub) -> ApiResult<Self> {
        let path = Path::<Vec<String>>::from_request_parts(parts, github).await;
        let mut path = path.map_err(|_| ApiError::not_found())?.0.into_iter();
        let mut next = || path.next().unwrap_or_default();
        let caller = github.caller(&parts.headers)?;
        // The redirect of a renamed repository leads to its number.
        let repo = match parts.uri.path().starts_with("/repositories/") {
            true => next().parse().ok(),
            false => {
                let name = format!("{}/{}", next(), next());
                github.store.read(|stored| stored.repo(&name).map(|repo| repo.id))
            }
        };
        let repo = repo.ok_or_else(ApiError::not_found)?;
        Ok(RepoRequest { github: github.clone(), caller, parts: parts.clone(), repo, parameter: next() })
    }
}

impl RepoRequest {
    /// The id in the path. Anything else names nothing.
    pub(super) fn id(&self) -> ApiResult<u64> {
        self.parameter.parse().map_err(|_| ApiError::not_found())
    }

    /// The first query parameter of that name.
    pub(super) fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        let query = self.parts.uri.query().unwrap_or_default().as_bytes();
        Some(url::form_urlencoded::parse(query).find(|(key, _)| key == name)?.1)
    }

    pub(super) fn header(&self, name: HeaderName) -> &str {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Looks at the repository, if the caller may see it.
    pub(super) fn read<T>(&self, look: impl FnOnce(&StoredRepo) -> ApiResult<T>) -> ApiResult<T> {
        self.github.store.read(|stored| look(self.readable(stored)?))
    }

    /// Changes the repository, if the caller may write it. `change` gets an unused id.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut StoredRepo, u64) -> ApiResult<T>,
    ) -> ApiResult<T> {
        self.github.store.change(|stored| {
            let id = stored.next_id();
            change(self.writable(stored)?, id)
        })
    }

    /// The repository in the state, if the caller may see it.
    pub(super) fn readable<'a>(&self, stored: &'a StoredState) -> ApiResult<&'a StoredRepo> {
        let seen = |repo: &&StoredRepo| !repo.private || self.caller.account.is_some();
        let repo = stored.repos.iter().find(|repo| repo.id == self.repo).filter(seen);
        repo.ok_or_else(ApiError::not_found)
    }

    /// The repository in the state, if the caller may write it.
    pub(super) fn writable<'a>(&self, stored: &'a mut StoredState) -> ApiResult<&'a mut StoredRepo> {
        self.caller.check_push(self.readable(stored)?)?;
        let repo = stored.repos.iter_mut().find(|repo| repo.id == self.repo);
        let repo = repo.ok_or_else(ApiError::not_found)?;
        if repo.archived {
            let message = "Repository was archived so is read-only.";
            return Err(ApiError::new(StatusCode::FORBIDDEN, message));
        }
        Ok(repo)
    }
}

/// The handler of a request that looks at a repository.
pub(super) fn read(
    look: fn(&RepoRequest, &StoredRepo) -> ApiResult,
) -> impl Fn(RepoRequest) -> Ready<ApiResult> + Clone {
    move |request| ready(request.read(|repo| look(&request, repo)))
}

/// The handler of a request that changes a repository as its body, a JSON object, says.
pub(super) fn change(
    change: fn(&RepoRequest, &mut StoredRepo, &JsonBody) -> ApiResult,
) -> impl Fn(RepoRequest, Bytes) -> Ready<ApiResult> + Clone {
    move |request, body| ready(request.change(|repo, _| change(&request, repo, &JsonBody::parse(&body)?)))
}

impl EmbeddedGitHub {
    /// The redirect of a request that names a renamed repository by its former name; GitHub's names it by its number.
    fn moved(&self, request: &Request, caller: &Caller) -> Option<Response> {
        let mut parts = request.uri().path().strip_prefix("/repos/")?.split('/');
        let name = format!("{}/{}", parts.next()?, parts.next()?);
        let was = |repo: &&StoredRepo| repo.former.iter().any(|former| former.is_called(&name));
        let id = self.store.read(|stored| match stored.repo(&name) {
            Some(_) => None,
            None => stored.repos.iter().find(was).map(|repo| repo.id),
        })?;
        let rest = request.uri().path_and_query()?.as_str().strip_prefix(&format!("/repos/{name}"))?;
        let url = format!("{}/repositories/{id}{rest}", caller.base);
        let (status, message) = match *request.method() {
            Method::GET | Method::HEAD => (StatusCode::MOVED_PERMANENTLY, "Moved Permanently"),
            _ => (StatusCode::TEMPORARY_REDIRECT, "Temporary Redirect"),
        };
        let body = json_response(status, &json!({ "message": message, "url": url }));
        Some(([(header::LOCATION, url)], body).into_response())
    }

    fn caller(&self, headers: &HeaderMap) -> ApiResult<Caller> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let base = format!("http://{}", text(header::HOST).unwrap_or("localhost"));
        let Some(authorization) = text(header::AUTHORIZATION) else {
            return Ok(Caller { base, account: None });
        };
        let token = authorization
            .split_once(' ')
            .filter(|(scheme, _)| ["bearer", "token"].contains(&scheme.to_ascii_lowercase().as_str()))
            .map(|(_, token)| token.trim());
        let options = self.options();
        let account = options.tokens.iter().find(|account| Some(account.token.as_str()) == token).cloned();
        let account = account.filter(|_| !options.expired);
        let account = account.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, "Bad credentials"))?;
        Ok(Caller { base, account: Some(account) })
    }
}

/// The middleware of every API request: the `User-Agent` rule, authentication, the rate limit, `ETag` and common headers.
pub(super) async fn middleware(
    State(github): State<EmbeddedGitHub>,
    request: Request,
    next: Next,
) -> ApiResult {
    if !request.headers().contains_key(header::USER_AGENT) {
        let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent \
                    header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).";
        return Ok((StatusCode::FORBIDDEN, text).into_response());
    }
    let version = request.headers().get("x-github-api-version").cloned();
    let caller = github.caller(request.headers())?;
    let free = request.uri().path() == "/rate_limit";
    let mut window = github.count(&caller, i64::from(!free));
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let is_get = request.method() == Method::GET || request.method() == Method::HEAD;
    let mut response = if window.used > window.limit && !free {
        let message = format!("API rate limit exceeded for {}.", caller.login());
        ApiError::new(StatusCode::FORBIDDEN, message).into_response()
    } else if let Some(moved) = github.moved(&request, &caller) {
        moved
    } else {
        next.run(request).await
    };
    let etag = response.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok());
    let is_known = |tags: &HeaderValue| {
        tags.to_str().is_ok_and(|tags| tags == "*" || etag.is_some_and(|etag| tags.contains(etag)))
    };
    if is_get && etag.is_some() && known.iter().any(is_known) {
        // The client has this body (RFC 9110, section 13.1.2).
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        if caller.account.is_some() {
            // GitHub does not count it.
            window = github.count(&caller, -1);
        }
    }
    let headers = response.headers_mut();
    for (name, value) in window.headers() {
        headers.insert(name, value.into());
    }
    headers.insert("x-ratelimit-resource", HeaderValue::from_static("core"));
    let version = version.unwrap_or(HeaderValue::from_static("2022-11-28"));
    headers.insert("x-github-api-version-selected", version);
    let expires = caller.account.and_then(|account| account.expires);
    if let Some(expires) = expires.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert("github-authentication-token-expiration", expires);
    }
    Ok(response)
}

/// The current hour of an account.
#[derive(Clone, Copy)]
pub(super) struct Window {
    limit: u64,
    used: u64,
    /// Unix time in seconds.
    reset: u64,
}

impl EmbeddedGitHub {
    /// The caller's window with `requests` more.
    fn count(&self, caller: &Caller, requests: i64) -> Window {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let token = caller.account.as_ref().map_or("", |account| &account.token).to_owned();
        let fresh = Window { limit: self.options().rate_limit, used: 0, reset: now + 3600 };
        let mut windows = lock(&self.windows);
        let window = windows.entry(token).or_insert(fresh);
        if window.reset <= now {
            *window = fresh;
        }
        window.used = window.used.saturating_add_signed(requests);
        *window
    }
}

impl Window {
    /// The headers that show it.
    fn headers(&self) -> [(&'static str, u64); 4] {
        [
            ("x-ratelimit-limit", self.limit),
            ("x-ratelimit-remaining", self.limit.saturating_sub(self.used)),
            ("x-ratelimit-used", self.used.min(self.limit)),
            ("x-ratelimit-reset", self.reset),
        ]
    }
}

/// `GET /rate_limit`
pub(super) async fn rate_limit(State(github): State<EmbeddedGitHub>, caller: Caller) -> Response {
    let window = github.count(&caller, 0);
    let field = |(name, value): (&'static str, u64)| (name.trim_start_matches("x-ratelimit-"), value);
    let rate: Value = window.headers().into_iter().map(field).collect();
    // There is no search here, but clients require its limit.
    let search = json!({ "limit": 30, "remaining": 30, "used": 0, "reset": window.reset });
    json_response(StatusCode::OK, &json!({ "resources": { "core": rate, "search": search }, "rate": rate }))
}

/// `GET /user`, which an app's token may not ask
pub(super) async fn user(caller: Caller) -> ApiResult {
    let account = caller.account.as_ref().ok_or_else(ApiError::anonymous)?;
    if account.is_app() {
        return Err(ApiError::no_push());
    }
    ok(&view::public_user(&caller, &account.login))
}

/// `GET /repos/{owner}/{name}`
pub(super) async fn repository(request: RepoRequest) -> ApiResult {
    let caller = &request.caller;
    request.github.store.read(|stored| ok(&view::repository(stored, request.readable(stored)?, caller)))
}

/// `GET /repos/{owner}/{name}/immutable-releases`
pub(super) fn immutable_releases(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    // Without the right to ask the response is the same as for a repository where it is off.
    if !request.caller.is_admin(repo) || !request.github.options().immutable {
        return Err(ApiError::not_found());
    }
    ok(&json!({ "enabled": true, "enforced_by_owner": false }))
}
