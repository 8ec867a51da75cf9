//! The HTTP transport for GitHub, the registry and downloads: HTTP/1.1 over several connections at once.
//!
//! One connection of HTTP/2 is limited by its window per round trip; several of HTTP/1.1 are not. The transport repeats
//! no request that may have arrived: `retry` decides that. It judges the address of every request and redirect by
//! [`Endpoint::lead`], and credentials go to the origin of their request only.

mod broken;
mod connect;
mod proxy;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body::Body as _;
use reqwest::{Request, Response};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::time::timeout;
use url::Url;

use crate::net::address::Endpoint;
use crate::net::retry::{AttemptError, Retry};
use floe_core::units::{seconds, size};
use floe_core::untrusted::bounded::ByteLimit;

const REDIRECTS_LIMIT: usize = 5;
/// How long a server may send nothing, and how long the body of an answer may take that is read whole.
const SILENCE: Duration = Duration::from_secs(60);
/// The slowest transfer of a file that is waited for, in bytes a second.
const SLOWEST: u64 = 64 * 1024;
/// How much of a download is gathered before it is written, in bytes.
const PIECE: usize = 256 * 1024;
/// The limit of a body that describes an error, in bytes. It is truncated there; any other body is refused.
const ERROR_LIMIT: usize = 256 * 1024;

/// The transport of a run: connections to any number of servers, and the rule by which requests are repeated. Clones share
/// the connections, and count their requests together.
#[derive(Clone)]
pub struct Client {
    /// How often a request is tried, by which clock, and where that is reported.
    pub retry: Retry,
    clients: Arc<connect::Clients>,
    requests: Arc<AtomicU64>,
    silence: Duration,
}

/// An answer that was read whole.
pub(crate) struct HttpResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer whose body is still to be read.
pub(crate) struct Streamed {
    response: Response,
    server: Endpoint,
    silence: Duration,
}

/// The body of an answer is larger than its limit.
pub(crate) struct TooLarge;

/// Checks that a proxy that the environment names can be used.
pub fn check_proxy() -> anyhow::Result<()> {
    proxy::Proxy::from_env().map(drop)
}

impl Client {
    /// A transport without connections.
    pub fn new(retry: Retry) -> Self {
        Client { retry, clients: Arc::default(), requests: Arc::default(), silence: SILENCE }
    }

    /// The same connections for another run, with a count of its own.
    pub fn of_another_run(&self) -> Self {
        Client { requests: Arc::default(), ..self.clone() }
    }

    /// How many requests were made, without redirects.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a request to a server, or to where it leads, and reads the answer whole, up to `limit` bytes.
    pub(crate) async fn exchange(
        &self,
        server: &Endpoint,
        request: Request,
        limit: usize,
    ) -> Result<HttpResponse, AttemptError> {
        self.stream(server, request).await?.read(limit).await
    }

    /// The same, but the body of the answer is left to the caller, who limits its size.
    pub(crate) async fn stream(&self, server: &Endpoint, request: Request) -> Result<Streamed, AttemptError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let line = format!("{} {}", request.method(), request.url().path());
        let patience = self.silence + transfer(length(&request));
        // On the heap: this future is at the bottom of every step, and many steps run at once.
        let answer = within(patience, "there was no answer", Box::pin(self.follow(server, request))).await?;
        let server = server.label.trim_start_matches("the ");
        self.retry.report.trace(server, format!("{line} {}", answer.status().as_u16()));
        Ok(answer)
    }

    /// Begins to open connections to a server, for requests that follow soon.
    pub(crate) async fn open(&self, server: &Endpoint, count: usize) {
        self.clients.open(server, count).await;
    }

    /// The server at an address that another server has named.
    pub(crate) async fn led(&self, by: &Endpoint, to: &Url) -> anyhow::Result<Endpoint> {
        match by.url.origin() == to.origin() {
            true => Ok(Endpoint { url: to.clone(), ..by.clone() }),
            false => by.lead(self.clients.network(by).await, to),
        }
    }

    /// Follows redirects of a request that changes nothing; any other request gets the redirect as its answer.
    async fn follow(&self, server: &Endpoint, mut request: Request) -> Result<Streamed, AttemptError> {
        let mut server = self.led(server, request.url()).await?;
        for _ in 0..=REDIRECTS_LIMIT {
            let again = request.try_clone().filter(|_| is_read_only(request.method()));
            let answer = self.send(&server, request).await?;
            let Some((mut again, to)) = again.zip(answer.location()) else { return Ok(answer) };
            let to = again.url().join(to).map_err(|_| anyhow!("it was redirected to an invalid URL"))?;
            server =
                self.led(&server, &to).await.context("it was redirected to an address that is not used")?;
            if to.origin() != again.url().origin() {
                again.headers_mut().remove(header::AUTHORIZATION);
            }
            *again.url_mut() = to;
            request = again;
        }
        Err(AttemptError::fatal(anyhow!("it was redirected too often")))
    }

    async fn send(&self, server: &Endpoint, mut request: Request) -> Result<Streamed, AttemptError> {
        let length = length(&request);
        if !is_read_only(request.method()) {
            request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        }
        let client = self.clients.of(server).await?;
        let response = client.execute(request).await.map_err(|error| broken::broken(&server.url, error))?;
        Ok(Streamed { response, server: server.clone(), silence: self.silence })
    }
}

impl Streamed {
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Writes the body to a new file at `path`, up to `limit` bytes, and shows each piece to `seen`.
    pub async fn save(
        &mut self,
        path: &Path,
        limit: u64,
        seen: impl FnMut(&[u8]),
    ) -> Result<Result<(), TooLarge>, AttemptError> {
        let patience = self.silence + transfer(limit);
        within(patience, "it was not complete", self.write(path, limit, seen)).await
    }

    async fn write(
        &mut self,
        path: &Path,
        limit: u64,
        mut seen: impl FnMut(&[u8]),
    ) -> Result<Result<(), TooLarge>, AttemptError> {
        let writing = || format!("failed to write `{}`", path.display());
        let file = File::create(path).await.with_context(writing)?;
        let mut file = BufWriter::with_capacity(PIECE, file);
        let mut limit = ByteLimit::of_size(limit);
        while let Some(piece) = self.chunk().await? {
            if limit.take(piece.len() as u64).is_err() {
                return Ok(Err(TooLarge));
            }
            file.write_all(&piece).await.with_context(writing)?;
            seen(&piece);
        }
        file.flush().await.with_context(writing)?;
        Ok(Ok(()))
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, AttemptError> {
        let broken = |error| broken::broken(&self.server.url, error);
        let chunk = async { self.response.chunk().await.map_err(broken) };
        within(self.silence, "the server sent nothing", chunk).await
    }

    /// Reads the rest whole, up to `limit` bytes.
    pub async fn read(self, limit: usize) -> Result<HttpResponse, AttemptError> {
        within(self.silence, "the answer was not complete", self.read_all(limit)).await
    }

    async fn read_all(mut self, limit: usize) -> Result<HttpResponse, AttemptError> {
        let is_error = !self.status().is_success();
        let limit = if is_error { limit.min(ERROR_LIMIT) } else { limit };
        let mut body = Vec::new();
        while let Some(piece) = self.chunk().await? {
            let room = limit - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                let text = format!("{}'s answer is larger than {}", self.server.label, size(limit as u64));
                if is_error { break } else { return Err(AttemptError::fatal(anyhow!(text))) }
            }
        }
        let (status, headers) = (self.status(), self.headers().clone());
        broken::refuse_page(&self.server, HttpResponse { status, headers, body: body.into() })
    }

    fn location(&self) -> Option<&str> {
        let is_redirect = matches!(self.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        self.headers().get(header::LOCATION).filter(|_| is_redirect)?.to_str().ok()
    }
}

/// Ends work that takes too long; another attempt may be faster.
async fn within<T>(
    time: Duration,
    late: &str,
    work: impl Future<Output = Result<T, AttemptError>>,
) -> Result<T, AttemptError> {
    let late = |_| AttemptError::later(anyhow!("{late} within {}", seconds(time)));
    timeout(time, work).await.map_err(late)?
}

/// The time that the transfer of a file may take.
fn transfer(bytes: u64) -> Duration {
    Duration::from_secs(bytes / SLOWEST)
}

fn is_read_only(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn length(request: &Request) -> u64 {
    request.body().map_or(0, |body| body.size_hint().lower())
}

#[cfg(test)]
pub(crate) mod tests;
