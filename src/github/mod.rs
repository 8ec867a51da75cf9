//! GitHub, as a release tool needs it: looking at a repository and filling one draft.
//!
//! It never deletes or changes what is published, and never sends `target_commitish`.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use octocrab::repos::RepoHandler;
use octocrab::{FromResponse, Octocrab};
use serde::de::DeserializeOwned;
use url::Url;

mod draft;
mod error;
mod models;
mod mutations;
mod permissions;
mod queries;
mod rate_limit;
mod service;

pub use draft::second_to;
pub use rate_limit::AT_ONCE as ASSETS_AT_ONCE;

use crate::error::Failure;
use crate::net::address;
use crate::net::client::Client;
use crate::net::retry::{AttemptError, Retry};
use crate::token::Token;
use error::{is_status, judge};
use floe_core::model::{Repo, Tag};
use rate_limit::RateLimiter;
use service::Service;

/// Enough pages for a hundred thousand releases.
const PAGES_LIMIT: usize = 1000;
/// The limit of a list, however many entries a page has.
const ITEMS_LIMIT: usize = 100_000;

/// A repository on GitHub and the right to talk to it.
#[derive(Clone)]
pub struct GitHub {
    crab: Octocrab,
    service: Service,
    repo: Repo,
    retry: Retry,
    limiter: RateLimiter,
    notes: Arc<Mutex<Option<Notes>>>,
}

/// The notes that GitHub generated when the write permission was checked; the draft uses them.
struct Notes {
    tag: Tag,
    previous: Option<Tag>,
    text: String,
}

impl GitHub {
    /// Makes the client; nothing is sent yet.
    pub fn connect(
        (client, api): (Client, &str),
        repo: Repo,
        token: Option<Token>,
        retry: Retry,
    ) -> anyhow::Result<Self> {
        let api = address::server(api)?;
        let service = Service {
            client,
            uploads: uploads_of(&api),
            api,
            authorization: token.map(|token| authorization(&token)).transpose()?,
            report: retry.report.clone(),
            counts: Arc::default(),
        };
        Ok(GitHub::over(service, repo, retry))
    }

    fn over(service: Service, repo: Repo, retry: Retry) -> Self {
        let (crab, limiter) = (service.octocrab(), RateLimiter::new(&retry));
        GitHub { crab, service, repo, retry, limiter, notes: Arc::default() }
    }

    /// The same client as at the start of a run.
    pub fn fresh(&self) -> Self {
        let service = Service { counts: Arc::default(), ..self.service.clone() };
        GitHub::over(service, self.repo.clone(), self.retry.clone())
    }

    /// The repository.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// Whether requests carry a token.
    pub fn has_token(&self) -> bool {
        self.service.authorization.is_some()
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        self.service.counts.requests()
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.repo)
    }

    /// Reads one thing, as often as it takes; `None` for 404.
    async fn read<T>(
        &self,
        what: &str,
        mut ask: impl AsyncFnMut() -> octocrab::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        let attempt = async |_| match ask().await {
            answer if is_status(&answer, StatusCode::NOT_FOUND) => Ok(None),
            answer => answer.map(Some).map_err(judge),
        };
        self.retry.run(attempt).await.with_context(|| format!("failed to read {what} from GitHub"))
    }

    fn repos(&self) -> RepoHandler<'_> {
        self.crab.repos(self.repo.owner(), self.repo.name())
    }

    async fn get<T: DeserializeOwned>(&self, what: &str, path: &str) -> anyhow::Result<Option<T>> {
        self.read(what, async || self.crab.get(path, None::<&()>).await).await
    }

    /// Reads every page of a list; without entries for 404. The number of pages is limited, whatever the answers say.
    ///
    /// Not octocrab's `Page`: it reads an answer into a tree first, which takes a multiple of a hostile answer's size.
    async fn list<T: DeserializeOwned>(&self, what: &str, path: &str) -> anyhow::Result<Vec<T>> {
        let mut all = Vec::new();
        let mut next = Some(format!("{path}?per_page=100"));
        let mut pages = 0;
        while let Some(address) = next {
            pages += 1;
            anyhow::ensure!(
                pages <= PAGES_LIMIT && all.len() <= ITEMS_LIMIT,
                "GitHub's list of {what} goes on behind {pages} pages with {} entries",
                all.len()
            );
            let page = async || {
                let answer = octocrab::map_github_error(self.crab._get(address.as_str()).await?).await?;
                let next = next_page(answer.headers());
                Ok((Vec::<T>::from_response(answer).await?, next))
            };
            let Some((entries, link)) = self.read(what, page).await? else {
                anyhow::ensure!(pages == 1, "page {pages} of GitHub's list of {what} is not there");
                break;
            };
            all.extend(entries);
            next = link.map(|link| self.service.own_url(&link)).transpose()?.map(String::from);
        }
        Ok(all)
    }

    /// Makes one change, within GitHub's rate limits. The caller judges any answer of GitHub.
    async fn change<T>(
        &self,
        change: impl Future<Output = octocrab::Result<T>>,
    ) -> Result<octocrab::Result<T>, AttemptError> {
        let _permit = self.limiter.acquire().await?;
        Ok(change.await)
    }

    /// Judges the answer to a change: after a rate limit, changes are made one after the other.
    fn judge(&self, error: octocrab::Error) -> AttemptError {
        let judged = judge(error);
        self.limiter.learn(&judged);
        judged
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
        // The host is a constant, so this cannot fail; if it did, the service would refuse every upload.
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
