//! Tokens, rights and visibility.

use floe_core::model::Digest;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Server, header, no, options, refusal};

const PULL: &str = "repository:acme/floe:pull";
const PUSH: &str = "repository:acme/floe:pull,push";
const UPLOADS: &str = "/v2/acme/floe/blobs/uploads/";
const TAGS: &str = "/v2/acme/floe/tags/list";

#[tokio::test]
async fn a_challenge_has_the_token_endpoint_and_the_scope() {
    let root = tempfile::tempdir().unwrap();
    let mut server = Server::start(options(root.path())).await;
    let host = server.host.clone();
    let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"{host}\"");
    for (method, path, scope) in [
        (Method::GET, "/v2/", String::new()),
        (Method::GET, TAGS, format!(",scope=\"{PULL}\"")),
        (Method::POST, UPLOADS, format!(",scope=\"{PUSH}\"")),
    ] {
        let response = server.send(method, path).await;
        assert_eq!(header(response.headers(), "www-authenticate"), format!("{challenge}{scope}"));
        assert_eq!(refusal(response).await, no(401, "UNAUTHORIZED"));
    }
    let (status, token) = server.token(Some(("owner", "owner-secret")), PUSH).await;
    assert_eq!((status.as_u16(), &token["expires_in"]), (200, &json!(300)));
    assert_eq!(token["token"], token["access_token"]);
    server.bearer = token["token"].as_str().map(str::to_owned);
    assert_eq!(server.get("/v2/").await.status(), 200);
    assert_eq!(server.send(Method::POST, UPLOADS).await.status(), 202);
    // The token is for this repository only.
    let response = server.send(Method::POST, "/v2/acme/other/blobs/uploads/").await;
    assert_eq!(response.status(), 401);
    assert_eq!(server.get("/v2/acme/other/tags/list").await.status(), 401);

    server.bearer = Some("made-up".to_owned());
    assert_eq!(server.get("/v2/").await.status(), 401);
}

#[tokio::test]
async fn wrong_credentials_get_no_token() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(options(root.path())).await;
    for credentials in [("owner", "made-up"), ("", "owner-secret"), ("owner", "")] {
        let (status, body) = server.token(Some(credentials), PULL).await;
        assert_eq!((status.as_u16(), &body["errors"][0]["code"]), (403, &json!("DENIED")));
    }
    // GHCR accepts any user name with a token.
    assert_eq!(server.token(Some(("another", "owner-secret")), PULL).await.0.as_u16(), 200);
    let form = server.request(Method::POST, "/token").body("grant_type=password").send().await.unwrap();
    assert_eq!(refusal(form).await, no(405, "UNSUPPORTED"));
}

#[tokio::test]
async fn a_missing_push_right_is_reported_by_the_upload_and_not_by_the_token_endpoint() {
    let root = tempfile::tempdir().unwrap();
    let mut server = Server::for_owner(options(root.path())).await;
    server.blob(b"pushed").await;
    server.login("guest", "acme/floe").await;
    assert_eq!(server.get(TAGS).await.status(), 200);
    let response = server.send(Method::POST, UPLOADS).await;
    assert_eq!(response.status(), 403);
    let expected = json!({ "errors": [{ "code": "DENIED", "message": "permission_denied: write_package" }] });
    assert_eq!(response.json::<serde_json::Value>().await.unwrap(), expected);

    server.registry.set_push("guest", &["acme/floe"]);
    assert_eq!(server.send(Method::POST, UPLOADS).await.status(), 202);
    for (right, status) in [("acme/other", 403), ("*", 202)] {
        server.registry.set_push("guest", &[right]);
        assert_eq!(server.send(Method::POST, UPLOADS).await.status(), status, "{right}");
    }
}

#[tokio::test]
async fn an_anonymous_client_sees_public_repositories_only() {
    let root = tempfile::tempdir().unwrap();
    let mut server = Server::for_owner(options(root.path())).await;
    server.blob(b"pushed").await;
    for scope in [PULL, "repository:acme/absent:pull"] {
        let (status, body) = server.token(None, scope).await;
        assert_eq!((status.as_u16(), &body["errors"][0]["code"]), (403, &json!("DENIED")), "{scope}");
    }
    server.registry.options().public = vec!["acme/floe".to_owned()];
    let (status, token) = server.token(None, PUSH).await;
    assert_eq!(status, 200);
    server.bearer = token["token"].as_str().map(str::to_owned);
    assert_eq!(server.get(TAGS).await.status(), 200);
    assert_eq!(refusal(server.send(Method::POST, UPLOADS).await).await, no(401, "UNAUTHORIZED"));
    assert_eq!(server.token(None, "repository:acme/absent:pull").await.0, 403);

    server.registry.options().public.clear();
    assert_eq!(server.get(TAGS).await.status(), 401);
    server.registry.options().public = vec!["*".to_owned()];
    assert_eq!(server.get(TAGS).await.status(), 200);
}

#[tokio::test]
async fn a_revoked_token_fails_in_the_middle_of_an_upload() {
    let root = tempfile::tempdir().unwrap();
    let mut server = Server::for_owner(options(root.path())).await;
    let at = server.begin().await;
    server.registry.revoke_tokens();
    let digest = Digest::of(b"late");
    let put = format!("{at}&digest={digest}");
    let response = server.request(Method::PUT, &put).body("late").send().await.unwrap();
    assert_eq!(refusal(response).await, no(401, "UNAUTHORIZED"));
    server.login("owner", "acme/floe").await;
    assert_eq!(server.request(Method::PUT, &put).body("late").send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_client_that_sends_everything_before_it_reads_gets_the_error() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(options(root.path())).await;
    // More than fits into the buffers of the sockets.
    let body = vec![7_u8; 24 << 20];
    let head = format!(
        "POST {UPLOADS} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        server.host,
        body.len()
    );
    let mut stream = TcpStream::connect(&server.host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("UNAUTHORIZED"), "{answer}");
}
