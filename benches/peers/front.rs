//! HTTPS in front of the embedded GitHub, as GitHub has it: HTTP/2 for whoever asks for it, HTTP/1.1 otherwise.
//!
//! It also takes the path `/api/v3`, under which clients look for a GitHub that is not github.com. It changes nothing else
//! but the scheme of the addresses in answers.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response, Uri, header};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// No answer that holds addresses is longer, in bytes.
const ANSWER_LIMIT: usize = 64 << 20;
/// The windows of HTTP/2 for a stream and for a connection, in bytes: hyper's own. nginx takes less, Go the same.
const WINDOW: u32 = 1 << 20;

/// Starts to serve; it runs until the process ends.
///
/// # Errors
/// No port can be had.
pub async fn start(router: Router, tls: Arc<rustls::ServerConfig>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let acceptor = TlsAcceptor::from(tls);
    tokio::spawn(async move {
        // A connection that broke before it was accepted is of no interest.
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, acceptor.clone(), router.clone()));
        }
    });
    Ok(address)
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    // Where it fails it is only slow.
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    // An error here is a client that went away; its missing answer shows later.
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let _ = http2(stream, router).await;
    } else {
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let router = router.clone();
            async move { Ok::<_, std::convert::Infallible>(answer(request.map(Body::new), router).await) }
        });
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}

/// One connection of HTTP/2, each stream in a task of its own.
async fn http2(stream: TlsStream<TcpStream>, router: Router) -> Result<(), h2::Error> {
    let mut builder = h2::server::Builder::new();
    builder.initial_window_size(WINDOW).initial_connection_window_size(WINDOW).max_concurrent_streams(100);
    let mut connection = builder.handshake::<_, Bytes>(stream).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        tokio::spawn(exchange(request, respond, router.clone()));
    }
    Ok(())
}

async fn exchange(
    request: Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    router: Router,
) -> Result<(), h2::Error> {
    let (mut parts, body) = request.into_parts();
    // HTTP/2 has a pseudo-header where HTTP/1.1 has `Host`.
    if let Some(host) = parts.uri.authority().and_then(|host| host.as_str().parse().ok()) {
        parts.headers.insert(header::HOST, host);
    }
    let pieces = stream::unfold(body, |mut body| async move {
        let piece = body.data().await?;
        if let Ok(piece) = &piece {
            // It only fails for a stream that is over.
            let _ = body.flow_control().release_capacity(piece.len());
        }
        Some((piece, body))
    });
    let response = answer(Request::from_parts(parts, Body::from_stream(pieces)), router).await;
    let (parts, body) = response.into_parts();
    let mut send = respond.send_response(Response::from_parts(parts, ()), false)?;
    let mut body = body.into_data_stream();
    while let Some(Ok(piece)) = body.next().await {
        send.send_data(piece, false)?;
    }
    send.send_data(Bytes::new(), true)
}

/// The embedded GitHub's answer, with addresses as they are from outside.
async fn answer(mut request: Request<Body>, router: Router) -> Response<Body> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if let Ok(inside) = path.strip_prefix("/api/v3").unwrap_or(path).parse::<Uri>() {
        *request.uri_mut() = inside;
    }
    let service = TowerToHyperService::new(router);
    let Ok(response) = hyper::service::Service::call(&service, request).await;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    match host.filter(|_| kind.is_some_and(|kind| kind.starts_with("application/json"))) {
        Some(host) => with_scheme(response, &host).await,
        None => response,
    }
}

async fn with_scheme(response: Response<Body>, host: &str) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let (inside, outside) = (format!("http://{host}"), format!("https://{host}"));
    for name in [header::LOCATION, header::LINK] {
        let text = parts.headers.get(&name).and_then(|value| value.to_str().ok());
        if let Some(Ok(changed)) = text.map(|text| text.replace(&inside, &outside).parse()) {
            parts.headers.insert(name, changed);
        }
    }
    // The embedded GitHub's JSON is text, whole and shorter than that.
    let body = to_bytes(body, ANSWER_LIMIT).await.unwrap_or_default();
    let body = String::from_utf8_lossy(&body).replace(&inside, &outside);
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    Response::from_parts(parts, Body::from(body))
}
