//! The transport against servers that redirect, refuse early, or fall silent.

use std::sync::Mutex;

use http::HeaderValue;
use http_body_util::Full;
use reqwest::Body;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::net::address;
use crate::net::retry::RetryPolicy;
use crate::release::session::install_tls;
use crate::report::{Report, Verbosity};
use floe_core::clock::Clock;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// A transport that tries once.
pub(crate) fn client() -> Client {
    install_tls();
    let report = Report::new(Verbosity::Quiet);
    Client::new(Retry::new(1, Duration::ZERO, Clock::skipping(), report))
}

/// A server that answers each request with these header lines, and the heads of the requests that it got.
pub(crate) async fn server(
    answer: impl Fn(&str) -> String + Send + 'static,
) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = heads.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap() > 0 {}
            let answer = format!("HTTP/1.1 {}content-length: 0\r\nconnection: close\r\n\r\n", answer(&head));
            seen.lock().unwrap().push(head.to_lowercase());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url(&format!("http://{address}")), heads)
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let (other, elsewhere) = server(|_| "200 OK\r\n".to_owned()).await;
    let to = other.clone();
    let answer = move |head: &str| match head {
        _ if head.starts_with("GET /away") => format!("302 X\r\nlocation: {to}\r\n"),
        _ if head.starts_with("GET /here") => "302 X\r\nlocation: /there\r\n".to_owned(),
        _ => "200 OK\r\n".to_owned(),
    };
    let (here, heads) = server(answer).await;
    for path in ["/away", "/here"] {
        let mut request = Request::new(Method::GET, here.join(path).unwrap());
        request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let endpoint = Endpoint::given("GitHub", here.as_str()).unwrap();
        assert_eq!(client().exchange(&endpoint, request, 0).await.unwrap().status, 200);
    }
    assert!(heads.lock().unwrap().iter().all(|head| head.contains("bearer x")));
    assert_eq!((heads.lock().unwrap().len(), elsewhere.lock().unwrap().len()), (3, 1));
    assert!(!elsewhere.lock().unwrap()[0].contains("bearer"));
}

#[tokio::test]
async fn a_public_server_leads_a_request_nowhere_nearer() {
    let (inside, seen) = server(|_| "200 OK\r\n".to_owned()).await;
    for to in address::tests::refused_from_public().chain([inside.to_string()]) {
        let location = to.clone();
        let (public, _) = server(move |_| format!("307 X\r\nlocation: {location}\r\n")).await;
        let endpoint = Endpoint::public_at("the registry", public);
        let request = Request::new(Method::GET, endpoint.url.clone());
        let error = client().exchange(&endpoint, request, 0).await.err().unwrap().error;
        assert_eq!(error.to_string(), "it was redirected to an address that is not used", "{to}");
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn plain_http_is_sent_to_loopback_only() {
    let clients = connect::Clients::default();
    let here = Endpoint::given("GitHub", "http://127.0.0.1:1").unwrap();
    assert!(clients.of(&here).await.is_ok());
    assert!(clients.of(&Endpoint { url: url("http://example.org"), ..here }).await.is_err());
}

/// A server that reads no body, answers 422 with this of the two bytes that it promises, and closes its connections
/// if `closes`. Otherwise it says that no request may follow: Windows takes a large body at once, so a client sees no
/// difference to one that was read.
async fn refuse_early(closes: bool, body: &'static str) -> Url {
    let last = if closes { "" } else { "connection: close\r\n" };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap() > 0 {}
            let answer = format!("HTTP/1.1 422 No\r\n{last}content-length: 2\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            if !closes {
                open.push(stream);
            }
        }
    });
    url(&format!("http://{address}"))
}

#[tokio::test]
async fn an_upload_may_be_answered_before_its_end() {
    let (server, client) = (refuse_early(false, "{}").await, client());
    let endpoint = Endpoint::given("GitHub", server.as_str()).unwrap();
    for _ in 0..3 {
        let request = large(&server);
        let answer = client.exchange(&endpoint, request, 100).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (422, &b"{}"[..]));
    }
}

/// A server that closes with unread bytes resets the connection, and some systems (Windows) then drop the answer that
/// they have received: the attempt is ambiguous.
#[tokio::test]
async fn an_upload_that_is_cut_off_may_be_tried_again() {
    let (server, client) = (refuse_early(true, "{}").await, client());
    let endpoint = Endpoint::given("GitHub", server.as_str()).unwrap();
    for _ in 0..10 {
        match client.exchange(&endpoint, large(&server), 100).await {
            Ok(answer) => assert_eq!(answer.status, 422),
            Err(failed) => assert_eq!(failed.retry, RetryPolicy::Later, "{:#}", failed.error),
        }
    }
}

fn large(server: &Url) -> Request {
    let mut request = Request::new(Method::POST, server.clone());
    *request.body_mut() = Some(Body::wrap(Full::new(Bytes::from(vec![7; 16 << 20]))));
    request
}

#[tokio::test]
async fn a_large_upload_has_more_time_and_a_silent_server_has_not() {
    let client = Client { silence: Duration::ZERO, ..client() };
    let (half, deaf) = (refuse_early(false, "{").await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let deaf = url(&format!("http://{}", deaf.local_addr().unwrap()));
    let stream = async |server: &Url, request: Request| {
        client.stream(&Endpoint::given("GitHub", server.as_str()).unwrap(), request).await
    };
    // The answer comes in time, but its end does not.
    let half = stream(&half, large(&half)).await.unwrap();
    assert_eq!(half.status(), 422);
    let failed =
        [half.read(100).await.err(), stream(&deaf, Request::new(Method::GET, deaf.clone())).await.err()];
    for failed in failed.map(Option::unwrap) {
        let text = failed.error.to_string();
        assert!(failed.retry == RetryPolicy::Later && text.ends_with(" within 0.0 s"), "{text}");
    }
}
