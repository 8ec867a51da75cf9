//! Blobs: every way to push one, every way to fail, and pulling.

use std::time::Duration;

use floe_core::model::Digest;
use floe_rehearsal::registry::RegistryOptions;
use futures_util::stream;
use reqwest::{Body, Method, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Server, files, header, location, no, options, refusal};

const BYTES: &[u8] = b"twenty bytes of data";

async fn patch(server: &Server, at: &str, range: Option<&str>, body: impl Into<Body>) -> Response {
    let request = server.request(Method::PATCH, at).body(body);
    let request = match range {
        Some(range) => request.header("content-range", range),
        None => request,
    };
    request.send().await.unwrap()
}

async fn finish(server: &Server, at: &str, digest: &Digest, body: &'static [u8]) -> Response {
    server.request(Method::PUT, &format!("{at}&digest={digest}")).body(body).send().await.unwrap()
}

#[tokio::test]
async fn a_blob_sent_in_one_piece_is_stored_in_its_repository_only() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let digest = Digest::of(BYTES);
    let path = format!("/v2/acme/floe/blobs/{digest}");
    assert_eq!(refusal(server.get(&path).await).await, no(404, "NAME_UNKNOWN"));

    let begun = server.send(Method::POST, "/v2/acme/floe/blobs/uploads/").await;
    assert_eq!(begun.status(), 202);
    assert_eq!(header(begun.headers(), "range"), "0-0");
    assert!(location(&begun).contains(&header(begun.headers(), "docker-upload-uuid")));
    let done = finish(&server, &location(&begun), &digest, BYTES).await;
    assert_eq!((done.status().as_u16(), location(&done)), (201, path.clone()));
    assert_eq!(header(done.headers(), "docker-content-digest"), digest.to_string());
    assert_eq!(server.read(&digest).await, BYTES);

    let head = server.send(Method::HEAD, &path).await;
    assert_eq!((head.status().as_u16(), header(head.headers(), "content-length")), (200, "20".to_owned()));
    assert_eq!(header(head.headers(), "etag"), format!("\"{digest}\""));

    let stored = root.path().join("blobs/sha256").join(digest.hex());
    assert_eq!(files(root.path()), std::slice::from_ref(&stored));
    assert_eq!(std::fs::read(stored).unwrap(), BYTES);

    let other = Digest::of(b"other");
    let response = server.get(&format!("/v2/acme/floe/blobs/{other}")).await;
    assert_eq!(refusal(response).await, no(404, "BLOB_UNKNOWN"));
}

#[tokio::test]
async fn a_blob_can_be_sent_in_chunks_or_as_a_stream_and_not_with_the_first_request() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let single = format!("/v2/acme/floe/blobs/uploads/?digest={}", Digest::of(BYTES));
    let begun = server.request(Method::POST, &single).body(BYTES).send().await.unwrap();
    assert_eq!((begun.status().as_u16(), header(begun.headers(), "range")), (202, "0-0".to_owned()));

    let digest = Digest::of(BYTES);
    let first = patch(&server, &server.begin().await, Some("0-7"), &BYTES[..8]).await;
    assert_eq!((first.status().as_u16(), header(first.headers(), "range")), (202, "0-7".to_owned()));
    let second = patch(&server, &location(&first), Some("8-11"), &BYTES[8..12]).await;
    assert_eq!(header(second.headers(), "range"), "0-11");
    assert_eq!(finish(&server, &location(&second), &digest, &BYTES[12..]).await.status(), 201);
    assert_eq!(server.read(&digest).await, BYTES);

    let pieces = (0..64_u8).map(|piece| vec![piece; 10_000]);
    let whole: Vec<u8> = pieces.clone().flatten().collect();
    let body = Body::wrap_stream(stream::iter(pieces.map(std::io::Result::Ok)));
    let sent = patch(&server, &server.begin().await, None, body).await;
    assert_eq!(header(sent.headers(), "range"), "0-639999");
    assert_eq!(finish(&server, &location(&sent), &Digest::of(&whole), b"").await.status(), 201);
    assert!(server.read(&Digest::of(&whole)).await == whole);
}

#[tokio::test]
async fn a_chunk_out_of_order_is_refused_and_the_upload_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let at = location(&patch(&server, &server.begin().await, Some("0-7"), &BYTES[..8]).await);
    for wrong in ["9-19", "0-7", "7-19", "19-8", "8", "x-y"] {
        let response = patch(&server, &at, Some(wrong), &BYTES[8..]).await;
        assert_eq!(header(response.headers(), "range"), "0-7");
        assert_eq!((response.status().as_u16(), location(&response)), (416, at.clone()), "{wrong}");
    }
    let short = patch(&server, &at, Some("8-19"), &BYTES[8..10]).await;
    assert_eq!(refusal(short).await, no(400, "SIZE_INVALID"));
    let body = Body::wrap_stream(stream::iter([std::io::Result::Ok(&BYTES[8..10])]));
    assert_eq!(refusal(patch(&server, &at, Some("8-19"), body).await).await, no(400, "SIZE_INVALID"));

    let status = server.get(&at).await;
    assert_eq!((status.status().as_u16(), header(status.headers(), "range")), (204, "0-7".to_owned()));
    assert_eq!(finish(&server, &location(&status), &Digest::of(BYTES), &BYTES[8..]).await.status(), 201);
    assert_eq!(server.read(&Digest::of(BYTES)).await, BYTES);
}

#[tokio::test]
async fn a_wrong_digest_stores_nothing() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let wrong = Digest::of(b"something else");
    let at = server.begin().await;
    let response = finish(&server, &at, &wrong, BYTES).await;
    assert_eq!(refusal(response).await, no(400, "DIGEST_INVALID"));
    assert_eq!(refusal(server.get(&at).await).await, no(404, "BLOB_UPLOAD_UNKNOWN"));
    assert!(files(root.path()).is_empty(), "{:?}", files(root.path()));
    for digest in ["sha256:12", "sha512:12"] {
        let path = format!("{}&digest={digest}", server.begin().await);
        let response = server.request(Method::PUT, &path).body(BYTES).send().await.unwrap();
        assert_eq!(refusal(response).await, no(400, "DIGEST_INVALID"), "{digest}");
    }
    assert!(server.registry.all_tags().is_empty());
}

/// Sends a request with a Content-Length of 20 and 7 bytes of its body.
async fn begin_request(server: &Server, method: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.host).await.unwrap();
    let bearer = server.bearer.as_deref().unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {bearer}\r\ncontent-length: 20\r\n\r\n",
        server.host
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&BYTES[..7]).await.unwrap();
    stream
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it did not happen in 20 s");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let path = format!("{}&digest={}", server.begin().await, Digest::of(BYTES));
    let length = || files(root.path())[0].metadata().unwrap().len();
    for abrupt in [false, true] {
        let stream = begin_request(&server, "PUT", &path).await;
        until(|| length() == 7).await;
        if abrupt {
            stream.set_zero_linger().unwrap();
        }
        drop(stream);
        until(|| length() == 0).await;
    }
    assert!(server.registry.all_tags().is_empty());
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_the_upload_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let digest = Digest::of(BYTES);
    // 16 of 20 bytes: each broken body is longer than the missing rest.
    let at = location(&patch(&server, &server.begin().await, None, &BYTES[..16]).await);
    for (method, path) in [("PATCH", at.clone()), ("PUT", format!("{at}&digest={digest}"))] {
        let mut stream = begin_request(&server, method, &path).await;
        until(|| files(root.path())[0].metadata().unwrap().len() == 23).await;
        stream.shutdown().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(header(server.get(&at).await.headers(), "range"), "0-15");
    }
    let response = server.get(&format!("/v2/acme/floe/blobs/{digest}")).await;
    assert_eq!(refusal(response).await, no(404, "NAME_UNKNOWN"));
    assert_eq!(finish(&server, &at, &digest, &BYTES[16..]).await.status(), 201);
    assert_eq!(server.read(&digest).await, BYTES);
}

#[tokio::test]
async fn an_upload_can_be_cancelled_and_leaves_no_repository() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let at = server.begin().await;
    assert_eq!(server.send(Method::DELETE, &at).await.status(), 204);
    for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
        let response = server.send(method, &format!("{at}&digest={}", Digest::of(b""))).await;
        assert_eq!(refusal(response).await, no(404, "BLOB_UPLOAD_UNKNOWN"));
    }
    assert!(server.registry.all_tags().is_empty());
    let response = server.get("/v2/acme/floe/tags/list").await;
    assert_eq!(refusal(response).await, no(404, "NAME_UNKNOWN"));
}

#[tokio::test]
async fn an_upload_continues_only_at_its_location() {
    let root = tempfile::tempdir().unwrap();
    let mut server = Server::for_owner(options(root.path())).await;
    let at = server.begin().await;
    let bare = at.split_once('?').unwrap().0;
    let response = finish(&server, &format!("{bare}?x="), &Digest::of(BYTES), BYTES).await;
    assert_eq!(refusal(response).await, no(400, "BLOB_UPLOAD_INVALID"));
    server.login("owner", "acme/other").await;
    let elsewhere = at.replace("acme/floe", "acme/other");
    assert_eq!(refusal(server.get(&elsewhere).await).await, no(404, "BLOB_UPLOAD_UNKNOWN"));
}

#[tokio::test]
async fn the_length_of_chunks_is_limited_and_that_of_streams_is_not() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let whole = vec![7; (4 << 20) + 1];
    let at = server.begin().await;
    let long = patch(&server, &at, Some("0-4194304"), whole.clone()).await;
    assert_eq!(header(long.headers(), "range"), "0-0");
    assert_eq!(long.status(), 416);
    assert!(long.text().await.unwrap().contains("request body is too large"));
    let right = patch(&server, &at, Some("0-4194303"), whole[1..].to_vec()).await;
    assert_eq!(right.status(), 202);
    assert_eq!(finish(&server, &location(&right), &Digest::of(&whole), b"\x07").await.status(), 201);
    let stream = patch(&server, &server.begin().await, None, whole.clone()).await;
    assert_eq!(finish(&server, &location(&stream), &Digest::of(&whole), b"").await.status(), 201);

    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(RegistryOptions { patch_limit: 10, ..options(root.path()) }).await;
    let at = server.begin().await;
    assert_eq!(patch(&server, &at, Some("0-10"), &BYTES[..11]).await.status(), 416);
    assert_eq!(patch(&server, &at, Some("0-9"), &BYTES[..10]).await.status(), 202);
}

#[tokio::test]
async fn parts_of_a_blob_can_be_read() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let path = format!("/v2/acme/floe/blobs/{}", server.blob(BYTES).await);
    let range = async |range: &str| {
        let response = server.request(Method::GET, &path).header("range", range).send().await.unwrap();
        let said = response.headers().get("content-range").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), said.unwrap_or_default(), response.text().await.unwrap())
    };
    assert_eq!(range("bytes=7-11").await, (206, "bytes 7-11/20".to_owned(), "bytes".to_owned()));
    assert_eq!(range("bytes=-4").await, (206, "bytes 16-19/20".to_owned(), "data".to_owned()));
    let (status, said, _) = range("bytes=20-").await;
    assert_eq!((status, said.as_str()), (416, "bytes */20"));
}

#[tokio::test]
async fn an_upload_ends_with_the_process() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::for_owner(options(root.path())).await;
    let at = location(&patch(&server, &server.begin().await, None, &BYTES[..8]).await);
    assert_eq!(files(root.path()).len(), 1);
    drop(server);
    let server = Server::for_owner(options(root.path())).await;
    assert_eq!(refusal(server.get(&at).await).await, no(404, "BLOB_UPLOAD_UNKNOWN"));
    assert!(files(root.path()).is_empty());
}
