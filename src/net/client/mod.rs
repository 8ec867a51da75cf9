//! The HTTP client of publishing: HTTP/1.1 over several connections, opened early, kept and used again.
//!
//! One connection of HTTP/2 is held to its window over the round trip, several of HTTP/1.1 are not. It repeats nothing
//! that may have arrived: what is tried again is for `retry` to say. The secret of a request is shown to no other
//! server than the request's own.

mod connect;
mod pool;

use anyhow::anyhow;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body as _, Incoming};
use url::Url;

use crate::error::Failure;
use crate::net::address;
use crate::net::answer::Gathered;
use crate::net::body::Upload;
use crate::net::retry::{self, Refused};
use floe_core::units::seconds;
use pool::{Connection, Pool};

/// What is sent: a few bytes or an upload.
pub(crate) type Body = Either<Full<Bytes>, Upload>;

/// Redirects are followed so often.
const REDIRECTS: usize = 5;
const USER_AGENT: &str = concat!("floe/", env!("CARGO_PKG_VERSION"));

/// Connections to any number of servers. Clones share them.
#[derive(Clone, Default)]
pub struct Client {
    pool: Pool,
}

/// What to do where a server is not believed, or nobody is.
const TRUST: &str = "let this machine know who vouches for it: install the CA certificates (Debian: `apt-get install \
                     ca-certificates`), or name a file with them in `SSL_CERT_FILE`";

/// Says that no certificate authority is known here, as in a container that has nothing but a program.
pub(crate) fn no_certificates(error: impl Into<anyhow::Error>) -> Failure {
    Failure::new("this machine has no CA certificates").because(error).hint(TRUST)
}

/// A request that has not been sent.
pub(crate) struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Body,
}

/// An answer that was read whole.
pub(crate) struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, url: Url) -> Self {
        let headers = HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_static(USER_AGENT))]);
        Request { method, url, headers, body: Either::Left(Full::default()) }
    }

    /// With a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With a body of this media type.
    pub fn body(mut self, kind: HeaderValue, body: Body) -> Self {
        self.body = body;
        self.header(header::CONTENT_TYPE, kind)
    }

    /// What its line says, for a trace: the method and the path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }

    /// The same request once more, if it only asks.
    fn again(&self) -> Option<Request> {
        let (method, url, headers) = (self.method.clone(), self.url.clone(), self.headers.clone());
        let asks = matches!(method, Method::GET | Method::HEAD);
        asks.then(|| Request { method, url, headers, body: Either::Left(Full::default()) })
    }

    /// As a server reads it (RFC 9112, section 3.2): the path alone, the host in a header.
    fn into_http(self) -> anyhow::Result<http::Request<Body>> {
        let length = self.length();
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = http::Request::builder().method(&self.method).uri(path).header(header::HOST, host);
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers);
            if !matches!(self.method, Method::GET | Method::HEAD) {
                headers.insert(header::CONTENT_LENGTH, length.into());
            }
        }
        Ok(request.body(self.body)?)
    }

    /// The bytes of its body.
    fn length(&self) -> u64 {
        self.body.size_hint().lower()
    }
}

impl Client {
    /// Opens connections to a server ahead of the requests, so many that there are `count`. Nothing is sent; one that
    /// cannot be opened is told by the request that finds none.
    pub fn open(&self, server: &Url, count: usize) {
        self.pool.open(server, count);
    }

    /// Sends a request and reads its answer whole, up to `limit` bytes. `server` is who answers, for the message.
    ///
    /// # Errors
    /// The connection broke or never came to be, the answer is too large, or it leads where nobody should go.
    pub(crate) async fn exchange(
        &self,
        server: &'static str,
        request: Request,
        limit: usize,
    ) -> Result<Answer, Refused> {
        let patience = retry::patience(request.length());
        // On the heap: this is at the bottom of every step, and many of them are under way at once.
        let exchange = Box::pin(self.follow(server, request, limit));
        tokio::time::timeout(patience, exchange)
            .await
            .map_err(|_| Refused::connection(anyhow!("no answer within {}", seconds(patience))))?
    }

    /// Follows redirects of a request that only asks; whoever changes something is told where else to do it.
    async fn follow(
        &self,
        server: &'static str,
        mut request: Request,
        limit: usize,
    ) -> Result<Answer, Refused> {
        for _ in 0..=REDIRECTS {
            let (again, place) = (request.again(), root(&request.url));
            let is_upload = request.length() > 0;
            let (response, connection) = self.send(&place, request).await?;
            request = match (again, location(&response)) {
                (Some(again), Some(to)) => led(again, to)?,
                _ => {
                    let answer = read(server, response, limit, &place).await?;
                    // Where an upload was answered before its end, the rest of it stands in the way.
                    if !is_upload || answer.status.is_success() {
                        self.pool.keep(connection);
                    }
                    return Ok(answer);
                }
            };
        }
        Err(Refused::no(anyhow!("it was redirected too often")))
    }

    /// Sends a request over a connection that is there, or over a new one. What an idle connection did not take
    /// because the server has closed it is sent over the next.
    async fn send(&self, place: &Url, request: Request) -> Result<(Response<Incoming>, Connection), Refused> {
        let mut request = request.into_http()?;
        loop {
            let mut connection = self.pool.take(place).await?;
            match connection.sender.try_send_request(request).await {
                Ok(response) => return Ok((response, connection)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if connection.was_idle => request = unsent,
                    _ => return Err(Refused::unreachable(place, &error.into_error())),
                },
            }
        }
    }
}

/// A server's own address, without what is asked of it: that may be signed, and is in no message.
fn root(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("");
    root.set_query(None);
    root.set_fragment(None);
    root
}

/// Where an answer leads, if it does.
fn location(response: &Response<Incoming>) -> Option<&str> {
    let status = response.status().as_u16();
    let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
    response.headers().get(header::LOCATION).filter(|_| is_redirect)?.to_str().ok()
}

/// The request at the address that an answer led to, without its secret if that is another server's.
fn led(request: Request, to: &str) -> anyhow::Result<Request> {
    let url = request.url.join(to).map_err(|_| anyhow!("it was redirected to what is no address"))?;
    anyhow::ensure!(
        address::may_lead(&request.url, &url),
        "it was redirected to an address that is not used, at `{}://{}`",
        url.scheme(),
        url.host_str().unwrap_or_default()
    );
    let mut headers = request.headers;
    if url.origin() != request.url.origin() {
        headers.remove(header::AUTHORIZATION);
    }
    Ok(Request { url, headers, ..request })
}

async fn read(
    server: &'static str,
    response: Response<Incoming>,
    limit: usize,
    place: &Url,
) -> Result<Answer, Refused> {
    let (parts, mut body) = response.into_parts();
    let mut gathered = Gathered::new(server, parts.status, limit);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refused::unreachable(place, &error))?;
        if let Some(piece) = frame.data_ref()
            && gathered.take(piece)?.is_break()
        {
            break;
        }
    }
    Ok(Answer { status: parts.status, headers: parts.headers, body: gathered.finish() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(url: &str) -> Request {
        let request = Request::new(Method::GET, Url::parse(url).unwrap());
        request.header(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"))
    }

    #[test]
    fn a_secret_stays_with_its_server() {
        let from = "https://registry.example.org/v2/a";
        for (to, is_kept) in [
            ("/v2/b", true),
            ("https://registry.example.org:443/b", true),
            ("https://registry.example.org:8443/b", false),
            ("https://other.example.org/b", false),
        ] {
            let led = led(secret(from), to).unwrap();
            assert_eq!(led.headers.contains_key(header::AUTHORIZATION), is_kept, "{to}");
        }
        for to in ["http://registry.example.org/b", "https://127.0.0.1/b", "file:///b"] {
            assert!(led(secret(from), to).is_err(), "{to}");
        }
    }

    #[test]
    fn what_is_asked_of_a_server_is_not_part_of_its_address() {
        let url = Url::parse("https://u.example.org:8443/v2/a?signature=s3cret#x").unwrap();
        assert_eq!(root(&url).as_str(), "https://u.example.org:8443/");
    }

    #[test]
    fn what_changes_something_is_not_sent_again_and_says_its_length() {
        let url = Url::parse("https://[::1]:8443/v2/a?b=c#d").unwrap();
        let request = Request::new(Method::POST, url);
        assert!(request.again().is_none());
        let request = request.into_http().unwrap();
        assert_eq!(request.uri(), "/v2/a?b=c");
        assert_eq!(request.headers()[header::HOST], "[::1]:8443");
        assert_eq!(request.headers()[header::CONTENT_LENGTH], "0");
    }
}
