//! The service below octocrab: it resolves each request's address, adds the token, sends the request over floe's own
//! transport and keeps what GitHub says about the rate limit.
//!
//! The token is added here and only here, after the address has passed the rule of [`Service::url`].

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderValue, Uri, header};
use http_body::Body as _;
use http_body_util::Full;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use reqwest::{Body, Request};
use url::Url;

use crate::net::address::Endpoint;
use crate::net::client::Client;
use crate::net::retry::AttemptError;
use floe_core::parallel::lock;
use floe_core::world::Budget;

const API_VERSION: &str = "2022-11-28";
/// A hundred releases with a thousand assets each fit.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// The settings that all requests to GitHub's API share.
#[derive(Clone)]
pub(super) struct Service {
    pub client: Client,
    pub api: Endpoint,
    /// Another host than the API's at github.com itself.
    pub uploads: Url,
    pub authorization: Option<HeaderValue>,
    /// The requests left in GitHub's hour, by its last answer.
    pub budget: Arc<Mutex<Option<Budget>>>,
}

/// An [`AttemptError`] on its way through octocrab.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.error)]
pub(super) struct Passed(pub AttemptError);

impl Service {
    /// An octocrab that sends its requests through this service. It needs a running tokio runtime.
    pub fn octocrab(&self) -> Octocrab {
        let service = self.clone();
        let send = move |request| {
            let service = service.clone();
            async move { service.send(request).await.map_err(Passed) }
        };
        let builder = OctocrabBuilder::new_empty().with_service(tower::service_fn(send));
        let Ok(octocrab) = builder.with_auth(AuthState::None).build();
        octocrab
    }

    async fn send(
        &self,
        request: http::Request<OctoBody>,
    ) -> Result<http::Response<Full<Bytes>>, AttemptError> {
        let (parts, body) = request.into_parts();
        let mut request = Request::new(parts.method, self.url(&parts.uri)?);
        *request.headers_mut() = parts.headers;
        let headers = request.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        headers.extend(self.authorization.clone().map(|token| (header::AUTHORIZATION, token)));
        if !body.is_end_stream() {
            *request.body_mut() = Some(Body::wrap(body));
        }
        let answer = self.client.exchange(&self.api, request, ANSWER_LIMIT).await?;
        let number = |name: &str| answer.headers.get(name)?.to_str().ok()?.parse().ok();
        if let Some((remaining, reset)) = number("x-ratelimit-remaining").zip(number("x-ratelimit-reset")) {
            *lock(&self.budget) = Some(Budget { remaining, reset });
        }
        let mut response = http::Response::new(Full::new(answer.body));
        (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
        Ok(response)
    }

    /// A path of the API, or an address on one of GitHub's own two servers.
    fn url(&self, uri: &Uri) -> anyhow::Result<Url> {
        let address = uri.to_string();
        match address.starts_with('/') {
            true => self.api.below(&address),
            false => self.own_url(&address),
        }
    }

    /// An address that GitHub sent, if it is on a server that may see the token.
    pub fn own_url(&self, address: &str) -> anyhow::Result<Url> {
        // The query may be a signature, so messages show only the part before it.
        let shown = address.split('?').next().unwrap_or_default();
        let url =
            Url::parse(address).with_context(|| format!("GitHub sent `{shown}`, which is not a URL"))?;
        anyhow::ensure!(
            url.origin() == self.api.url.origin() || url.origin() == self.uploads.origin(),
            "GitHub sent an address on another server, `{}`; the token does not go there",
            url.host_str().unwrap_or_default()
        );
        Ok(url)
    }
}
