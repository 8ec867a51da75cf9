//! GitHub, as a release tool needs it: looking at a repository and filling one draft.
//!
//! It never deletes or changes what is published, and never sends `target_commitish`.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use octocrab::repos::RepoHandler;
use octocrab::{FromResponse, Octocrab};
use reqwest::Request;
use serde::de::DeserializeOwned;
use url::Url;

mod contents;
mod draft;
mod error;
mod models;
mod mutations;
mod notes;
mod queries;
mod rate_limit;
mod service;
mod submission;

pub use draft::second_to;
pub use submission::Submitter;

use crate::error::Failure;
use crate::net::address::Endpoint;
use crate::net::client::{Client, Streamed};
use crate::net::retry::{AttemptError, Retry, RetryPolicy};
use crate::net::secret;
use crate::token::Token;
use error::is_status;
use floe_core::model::{Repo, Tag};
use floe_core::parallel::lock;
use floe_core::world::{Budget, RemoteAsset};
use rate_limit::RateLimiter;
use service::Service;

/// The number of parallel uploads, each over its own connection.
pub const ASSETS_AT_ONCE: usize = 6;
/// Enough pages for a hundred thousand releases.
const PAGES_LIMIT: usize = 1000;
/// The limit of a list, however many entries a page has.
const ITEMS_LIMIT: usize = 100_000;

/// A repository on GitHub and the right to talk to it.
pub struct GitHub {
    crab: Octocrab,
    service: Service,
    /// Its web address, for hints.
    site: String,
    repo: Repo,
    limiter: RateLimiter,
    notes: Mutex<Option<GeneratedNotes>>,
}

/// A tag, the tag before it, and the notes that GitHub generated when it was asked whether the token may write. The draft
/// uses them.
type GeneratedNotes = (Tag, Option<Tag>, String);

impl GitHub {
    /// Makes the client; nothing is sent yet. `site` is the web address that belongs to the API's.
    pub fn connect(
        client: Client,
        (api, site): (&str, String),
        repo: Repo,
        token: Option<Token>,
    ) -> anyhow::Result<Self> {
        let api = Endpoint::given("GitHub", api)?;
        let limiter = RateLimiter::new(client.retry.clone());
        let service = Service {
            client,
            uploads: uploads_of(&api.url),
            api,
            authorization: token.map(|token| authorization(&token)).transpose()?,
            budget: Arc::default(),
        };
        Ok(GitHub { crab: service.octocrab(), service, site, repo, limiter, notes: Mutex::default() })
    }

    /// The API's server.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.service.api
    }

    /// The transport.
    pub(crate) fn client(&self) -> &Client {
        &self.service.client
    }

    fn retry(&self) -> &Retry {
        &self.service.client.retry
    }

    /// Whether requests carry a token.
    pub fn has_token(&self) -> bool {
        self.service.authorization.is_some()
    }

    /// The requests left in GitHub's hour, by its last answer.
    pub fn budget(&self) -> Option<Budget> {
        *lock(&self.service.budget)
    }

    /// Opens connections for uploads that follow; nothing is sent over them.
    pub async fn open_connections(&self, uploads: usize) {
        let uploads = uploads.min(ASSETS_AT_ONCE);
        if let Ok(server) = self.service.client.led(&self.service.api, &self.service.uploads).await {
            self.service.client.open(&server, uploads).await;
        }
    }

    /// Begins to download an asset: from its public address, or with the token from the API.
    pub(crate) async fn download(
        &self,
        asset: &RemoteAsset,
        is_private: bool,
    ) -> Result<Streamed, AttemptError> {
        let url = match is_private {
            // A private asset has no public address; the redirect to storage drops the token.
            true => self.service.api.below(&self.path(&format!("/releases/assets/{}", asset.id)))?,
            false => Url::parse(&asset.url).with_context(|| format!("`{}` is not a URL", asset.url))?,
        };
        let mut request = Request::new(Method::GET, url);
        if is_private {
            let headers = request.headers_mut();
            headers.insert(header::ACCEPT, HeaderValue::from_static("application/octet-stream"));
            headers.extend(self.service.authorization.clone().map(|token| (header::AUTHORIZATION, token)));
        }
        let answer = self.service.client.stream(&self.service.api, request).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let failure = Failure::new(format!("the server answered {status}"));
        let refused = AttemptError::answer(status, answer.headers(), "", failure);
        // GitHub has just listed the asset, so its storage may lag behind.
        Err(match status {
            StatusCode::NOT_FOUND => AttemptError { retry: RetryPolicy::Later, ..refused },
            _ => refused,
        })
    }

    /// Reads a small asset into memory, with the token if there is one: that of a draft has no public address.
    pub async fn read_asset(&self, asset: &RemoteAsset, limit: u64) -> anyhow::Result<Bytes> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let attempt = async |_| Ok(self.download(asset, self.has_token()).await?.read(limit).await?.body);
        self.retry().run(attempt).await.with_context(|| format!("failed to read `{}`", asset.name))
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.repo)
    }

    /// Reads one thing, with retries; `None` for 404.
    async fn read<T>(
        &self,
        what: &str,
        mut ask: impl AsyncFnMut() -> octocrab::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        let attempt = async |_| match ask().await {
            answer if is_status(&answer, StatusCode::NOT_FOUND) => Ok(None),
            answer => answer.map(Some).map_err(|error| self.judge(error)),
        };
        self.retry().run(attempt).await.with_context(|| format!("failed to read {what} from GitHub"))
    }

    fn repos(&self) -> RepoHandler<'_> {
        self.crab.repos(self.repo.owner(), self.repo.name())
    }

    /// One answer with its headers, tried once.
    async fn fetch<T: FromResponse>(&self, address: &str) -> octocrab::Result<(T, HeaderMap)> {
        let answer = octocrab::map_github_error(self.crab._get(address).await?).await?;
        let headers = answer.headers().clone();
        Ok((T::from_response(answer).await?, headers))
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
                "GitHub's list of {what} does not end after {pages} pages with {} entries",
                all.len()
            );
            let page = async || {
                let (entries, headers) = self.fetch::<Vec<T>>(&address).await?;
                Ok((entries, next_page(&headers)))
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

    /// Makes one change, within GitHub's limits. The caller judges an answer of GitHub's own.
    async fn change<T>(
        &self,
        change: impl Future<Output = octocrab::Result<T>>,
    ) -> Result<octocrab::Result<T>, AttemptError> {
        let _permit = self.limiter.acquire().await?;
        Ok(change.await)
    }
}

/// The header that holds a token.
fn authorization(token: &Token) -> anyhow::Result<HeaderValue> {
    let wrong = || {
        let variables = "`GH_TOKEN`, `GITHUB_TOKEN` or `FLOE_CHANNEL_TOKEN`";
        Failure::new(format!("{variables} contains a line break or another character that no token has"))
            .hint("set it again, without line breaks and quotes")
    };
    Ok(secret(&format!("Bearer {}", token.reveal())).ok_or_else(wrong)?)
}

/// Where an API's uploads go: `uploads.` where the API is at `api.`, as at github.com and ghe.com; else the same server.
fn uploads_of(api: &Url) -> Url {
    let mut uploads = api.clone();
    if let Some(site) = api.host_str().and_then(|host| host.strip_prefix("api.")) {
        // Another first label keeps a host valid; if it did not, the service would refuse every upload.
        let _ = uploads.set_host(Some(&format!("uploads.{site}")));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_go_to_a_host_of_their_own_where_the_api_has_one() {
        for (api, uploads) in [
            ("https://api.github.com", "https://uploads.github.com/"),
            ("https://api.acme.ghe.com/", "https://uploads.acme.ghe.com/"),
            ("https://github.acme.example/api/v3", "https://github.acme.example/"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ] {
            assert_eq!(uploads_of(&Url::parse(api).unwrap()).as_str(), uploads);
        }
    }
}
