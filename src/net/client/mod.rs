//! The HTTP transport for GitHub, the registry and downloads: HTTP/1.1 over several connections at once.
//!
//! One connection of HTTP/2 is limited by its window per round trip; several of HTTP/1.1 are not. The transport repeats
//! no request that may have arrived: `retry` decides that. Credentials go to the origin of their request only.

mod connect;

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use reqwest::{Body, Request, Response};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::sync::oneshot;
use tokio::time::timeout;
use url::Url;

use crate::net::address;
use crate::net::answer::Gathered;
use crate::net::retry::{self, AttemptError};
use floe_core::units::seconds;
use floe_core::untrusted::bounded::ByteLimit;

const REDIRECTS_LIMIT: usize = 5;
/// How long a download may deliver nothing.
const SILENCE: Duration = Duration::from_secs(60);
/// How much of a download is gathered before it is written, in bytes.
const PIECE: usize = 256 * 1024;

/// Connections to any number of servers. Clones share them.
#[derive(Clone, Default)]
pub struct Client {
    clients: Arc<connect::Clients>,
}

/// An answer that was read whole.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer whose body is still to be read.
pub(crate) struct Streamed {
    response: Response,
    server: Url,
    /// The upload ends when this is dropped.
    _upload: Option<oneshot::Sender<()>>,
}

/// The body of an answer is larger than its limit.
pub(crate) struct TooLarge;

/// The line of a request in a trace: the method and the path.
pub(crate) fn line(request: &Request) -> String {
    format!("{} {}", request.method(), request.url().path())
}

impl Client {
    /// Sends a request and reads its answer whole, up to `limit` bytes. `server` names the sender in messages.
    pub(crate) async fn exchange(
        &self,
        server: &'static str,
        request: Request,
        limit: usize,
    ) -> Result<Answer, AttemptError> {
        let patience = retry::patience(length(&request));
        // On the heap: this future is at the bottom of every step, and many steps run at once.
        let exchange = Box::pin(async { self.follow(request).await?.read(server, limit).await });
        let late = |_| AttemptError::connection(anyhow!("no answer within {}", seconds(patience)));
        timeout(patience, exchange).await.map_err(late)?
    }

    /// Sends a request and leaves the body of its answer to the caller, who limits its size.
    pub(crate) async fn stream(&self, request: Request) -> Result<Streamed, AttemptError> {
        timeout(SILENCE, Box::pin(self.follow(request))).await.map_err(silent)?
    }

    /// Follows redirects of a request that changes nothing; any other request gets the redirect as its answer.
    async fn follow(&self, mut request: Request) -> Result<Streamed, AttemptError> {
        for _ in 0..=REDIRECTS_LIMIT {
            let again = request.try_clone().filter(|_| is_read_only(request.method()));
            let answer = self.send(request).await?;
            request = match again.zip(answer.location()) {
                Some((again, to)) => redirect(again, to)?,
                None => return Ok(answer),
            };
        }
        Err(AttemptError::fatal(anyhow!("it was redirected too often")))
    }

    async fn send(&self, mut request: Request) -> Result<Streamed, AttemptError> {
        let server = root(request.url());
        let length = length(&request);
        if !is_read_only(request.method()) {
            request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        }
        let upload = request.body_mut().as_mut().filter(|body| body.as_bytes().is_none()).map(until_answered);
        let client = self.clients.of(&server).await?;
        let response = client.execute(request).await.map_err(|error| connect::broken(&server, error))?;
        Ok(Streamed { response, server, _upload: upload })
    }
}

impl Streamed {
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, AttemptError> {
        timeout(SILENCE, self.chunk()).await.map_err(silent)?
    }

    /// Writes the body to a new file at `path`, up to `limit` bytes, and shows each piece to `seen`.
    pub async fn save(
        &mut self,
        path: &Path,
        limit: u64,
        mut seen: impl FnMut(&[u8]),
    ) -> Result<Result<(), TooLarge>, AttemptError> {
        let writing = || format!("failed to write `{}`", path.display());
        let file = File::create(path).await.with_context(writing)?;
        let mut file = BufWriter::with_capacity(PIECE, file);
        let mut limit = ByteLimit::of_size(limit);
        while let Some(piece) = self.piece().await? {
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
        self.response.chunk().await.map_err(|error| connect::broken(&self.server, error))
    }

    /// Reads the rest whole, up to `limit` bytes. `server` names the sender in messages.
    pub async fn read(mut self, server: &'static str, limit: usize) -> Result<Answer, AttemptError> {
        let mut gathered = Gathered::new(server, self.status(), limit);
        while let Some(piece) = self.chunk().await? {
            if gathered.take(&piece)?.is_break() {
                break;
            }
        }
        let (status, headers) = (self.status(), self.headers().clone());
        Ok(Answer { status, headers, body: gathered.finish() })
    }

    fn location(&self) -> Option<&str> {
        let is_redirect = matches!(self.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        self.headers().get(header::LOCATION).filter(|_| is_redirect)?.to_str().ok()
    }
}

fn silent(_: tokio::time::error::Elapsed) -> AttemptError {
    AttemptError::connection(anyhow!("the server sent nothing for {}", seconds(SILENCE)))
}

fn is_read_only(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn length(request: &Request) -> u64 {
    request.body().map_or(0, |body| body.size_hint().lower())
}

/// A server's own address. The path and the query may be signed, so messages do not show them.
fn root(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("");
    root.set_query(None);
    root.set_fragment(None);
    root
}

/// The request at the address of a redirect, without its credentials if the origin changes.
fn redirect(mut request: Request, to: &str) -> anyhow::Result<Request> {
    let url = request.url().join(to).map_err(|_| anyhow!("it was redirected to an invalid URL"))?;
    anyhow::ensure!(
        address::redirect_allowed(request.url(), &url),
        "it was redirected to an address that is not used, at `{}://{}`",
        url.scheme(),
        url.host_str().unwrap_or_default()
    );
    if url.origin() != request.url().origin() {
        request.headers_mut().remove(header::AUTHORIZATION);
    }
    *request.url_mut() = url;
    Ok(request)
}

/// Lets a streamed body end as soon as its answer was read: the rest of an upload that was refused early would only
/// take bandwidth from the next attempt.
fn until_answered(body: &mut Body) -> oneshot::Sender<()> {
    let (answered, is_answered) = oneshot::channel();
    let inner = std::mem::take(body);
    *body = Body::wrap(UntilAnswered { inner, is_answered });
    answered
}

struct UntilAnswered {
    inner: Body,
    is_answered: oneshot::Receiver<()>,
}

impl HttpBody for UntilAnswered {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if Pin::new(&mut self.is_answered).poll(cx).is_ready() {
            return Poll::Ready(Some(Err("the answer came before the end of the upload".into())));
        }
        Pin::new(&mut self.inner).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http_body_util::{BodyExt as _, Full};
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let from = "https://registry.example.org/v2/a";
        let request = || {
            let mut request = Request::new(Method::GET, url(from));
            request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
            request
        };
        for (to, is_kept) in [
            ("/v2/b", true),
            ("https://registry.example.org:443/b", true),
            ("https://registry.example.org:8443/b", false),
            ("https://other.example.org/b", false),
        ] {
            let request = redirect(request(), to).unwrap();
            assert_eq!(request.headers().contains_key(header::AUTHORIZATION), is_kept, "{to}");
        }
        for to in ["http://registry.example.org/b", "https://127.0.0.1/b", "file:///b"] {
            assert!(redirect(request(), to).is_err(), "{to}");
        }
    }

    #[test]
    fn a_path_is_not_part_of_the_servers_address() {
        let signed = url("https://u.example.org:8443/v2/a?signature=s3cret#x");
        assert_eq!(root(&signed).as_str(), "https://u.example.org:8443/");
    }

    #[tokio::test]
    async fn plain_http_is_sent_to_loopback_only() {
        crate::release::session::install_tls();
        let clients = connect::Clients::default();
        assert!(clients.of(&url("http://127.0.0.1:1")).await.is_ok());
        assert!(clients.of(&url("http://example.org")).await.is_err());
    }

    /// A server that reads no body, answers 422 and leaves its connections open.
    async fn refuse_early() -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap() > 0 {}
                stream.write_all(b"HTTP/1.1 422 No\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
                open.push(stream);
            }
        });
        url(&format!("http://{address}"))
    }

    #[tokio::test]
    async fn an_upload_may_be_answered_before_its_end() {
        crate::release::session::install_tls();
        let (server, client) = (refuse_early().await, Client::default());
        for _ in 0..3 {
            let mut request = Request::new(Method::POST, server.clone());
            *request.body_mut() = Some(Body::wrap(Full::new(Bytes::from(vec![7; 16 << 20]))));
            let answer = client.exchange("GitHub", request, 100).await.unwrap();
            assert_eq!((answer.status.as_u16(), &answer.body[..]), (422, &b"{}"[..]));
        }
    }

    #[tokio::test]
    async fn an_upload_ends_with_its_answer() {
        let mut body = Body::wrap(Full::new(Bytes::from_static(b"bytes")));
        let answered = until_answered(&mut body);
        assert_eq!(body.size_hint().exact(), Some(5));
        drop(answered);
        assert!(body.collect().await.is_err());
    }
}
