//! The effect of each fault on a client, on the server and on the log.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use floe_rehearsal::interceptor::{Fault, LoggedRequest, Server, What, serve};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client;

/// A server that records how each request body ended, and responds with ten bytes.
async fn recorder() -> (Server, Arc<Mutex<Vec<String>>>) {
    let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = bodies.clone();
    let handler = move |body: Body| async move {
        let end = match body.collect().await {
            Ok(whole) => format!("whole {}", whole.to_bytes().len()),
            Err(error) => format!("broken: {error}"),
        };
        kept.lock().unwrap().push(end);
        "0123456789"
    };
    let router = Router::new().route("/", post(handler.clone()).get(handler));
    (serve(router).await.unwrap(), bodies)
}

#[tokio::test]
async fn an_undisturbed_request_is_logged_without_its_secrets() {
    let (server, _) = recorder().await;
    let url = format!("{}/?token=s3cret", server.url());
    let answer = client().post(url).body("hello").send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "0123456789");
    client().get(server.url()).send().await.unwrap().bytes().await.unwrap();
    let interceptor = &server.interceptor;
    interceptor.quiet().await;
    let entry = |n, method: &str, path: &str| LoggedRequest {
        n,
        method: method.to_owned(),
        path: path.to_owned(),
        status: 200,
    };
    assert_eq!(interceptor.log(), [entry(1, "POST", "/?token=REDACTED"), entry(2, "GET", "/")]);
}

#[tokio::test]
async fn a_dropped_connection_gives_no_response() {
    let (server, bodies) = recorder().await;
    let killed = Arc::new(Mutex::new(Vec::new()));
    let kill = {
        let killed = killed.clone();
        Arc::new(move |head: &floe_rehearsal::interceptor::LoggedRequest| killed.lock().unwrap().push(head.n))
    };
    for (name, what) in [
        ("refuse", What::Refuse),
        ("kill", What::Kill(kill.clone())),
        ("do, then kill", What::DoThenKill(kill)),
        ("cut in the body", What::CutRequest { after: 3 }),
        ("cut after the body", What::CutRequest { after: 100 }),
    ] {
        server.interceptor.inject(Fault::next("POST", "/", what));
        let answer = client().post(server.url()).body("hello").send().await;
        assert!(answer.is_err(), "{name} got a response: {answer:?}");
    }
    assert_eq!(
        *bodies.lock().unwrap(),
        ["whole 5", "broken: the body of the request broke off after 3 bytes", "whole 5"]
    );
    assert_eq!(*killed.lock().unwrap(), [2, 3]);
    let statuses: Vec<u16> = server.interceptor.log().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [0; 5]);
}

#[tokio::test]
async fn nothing_is_sent_on_a_refused_connection() {
    let (server, _) = recorder().await;
    server.interceptor.inject(Fault::nth(1, What::Refuse));
    let mut stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", server.addr);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"");
}

#[tokio::test]
async fn a_cut_response_has_its_head_and_the_first_bytes() {
    let (server, bodies) = recorder().await;
    for after in [0, 4] {
        server.interceptor.inject(Fault::next("GET", "/", What::CutAnswer { after }));
        let mut answer = client().get(server.url()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.content_length()), (200, Some(10)));
        let mut arrived = Vec::new();
        let end = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => arrived.extend_from_slice(&chunk),
                end => break end,
            }
        };
        assert!(end.is_err(), "the response looks complete");
        assert_eq!(arrived, b"0123456789"[..after as usize]);
    }
    assert_eq!(bodies.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_invented_response_does_nothing_and_a_late_one_everything() {
    let (server, bodies) = recorder().await;
    let limited = What::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
        body: "{}".to_owned(),
    };
    server.interceptor.inject(Fault::next("POST", "/", limited));
    let big = vec![7; 3 << 20];
    let answer = client().post(server.url()).body(big.clone()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert!(bodies.lock().unwrap().is_empty());

    let bad_gateway = What::DoThenAnswer { status: 502, body: "{}".to_owned() };
    server.interceptor.inject(Fault::next("POST", "/", bad_gateway));
    assert_eq!(client().post(server.url()).body(big).send().await.unwrap().status(), 502);
    assert_eq!(*bodies.lock().unwrap(), ["whole 3145728"]);

    server.interceptor.inject(Fault::next("GET", "/", What::Late(Duration::from_millis(20))));
    let began = std::time::Instant::now();
    assert_eq!(client().get(server.url()).send().await.unwrap().status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn callbacks_see_every_request_before_and_after() {
    let (server, _) = recorder().await;
    let calls: Arc<Mutex<Vec<String>>> = Arc::default();
    let (before, after) = (calls.clone(), calls.clone());
    server
        .interceptor
        .before_each(move |head, _, _| before.lock().unwrap().push(format!("before {}", head.n)));
    server
        .interceptor
        .after_each(move |seen| after.lock().unwrap().push(format!("after {} {}", seen.n, seen.status)));
    server.interceptor.inject(Fault::nth(2, What::Refuse));
    for _ in 0..2 {
        let _ = client().get(server.url()).send().await;
    }
    server.interceptor.quiet().await;
    assert_eq!(*calls.lock().unwrap(), ["before 1", "after 1 200", "before 2", "after 2 0"]);
}

/// Sends a request head and returns the status and the body of the response.
async fn raw(server: &Server, head: &str) -> (String, String) {
    let mut stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

#[tokio::test]
async fn a_request_for_another_host_is_misdirected() {
    let (server, bodies) = recorder().await;
    let (own, port) = (server.addr.to_string(), server.addr.port());
    server.interceptor.inject(Fault::route("GET", "/", 0, 100, What::answer(500, "a fault")));
    for wrong in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        "localhost".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.1.evil.example:{port}"),
        format!("evil.localhost:{port}"),
        "github.localhost".to_owned(),
        format!("{own}@evil.example"),
        String::new(),
    ] {
        let (status, body) = raw(&server, &format!("GET / HTTP/1.1\r\nhost: {wrong}")).await;
        assert_eq!(status, "421", "{wrong}");
        assert!(body.contains(&format!("this server is `{own}`")), "{body}");
    }
    for wrong in
        ["GET / HTTP/1.1\r\nx: y".to_owned(), format!("GET / HTTP/1.1\r\nhost: {own}\r\nhost: evil.example")]
    {
        assert_eq!(raw(&server, &wrong).await.0, "400", "{wrong}");
    }
    for (target, host) in [
        ("http://evil.example/", "evil.example"),
        ("http://evil.example/", &own),
        ("http://github.localhost/", "evil.example"),
    ] {
        let (status, _) = raw(&server, &format!("GET {target} HTTP/1.1\r\nhost: {host}")).await;
        assert_eq!(status, "421", "{target} {host}");
    }
    assert!(bodies.lock().unwrap().is_empty());

    // Faults are for requests that are for this server.
    for right in [own.clone(), format!("LOCALHOST:{port}")] {
        let (status, _) = raw(&server, &format!("GET / HTTP/1.1\r\nhost: {right}")).await;
        assert_eq!(status, "500", "{right}");
    }
    let proxied =
        "POST http://api.github.localhost/ HTTP/1.1\r\nhost: api.github.localhost\r\ncontent-length: 0";
    assert_eq!(raw(&server, proxied).await, ("200".to_owned(), "0123456789".to_owned()));
}
