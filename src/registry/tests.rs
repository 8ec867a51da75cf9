//! Where a registry on the internet may lead to, and which of its answers count.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::net::address::tests::refused_from_public;
use crate::net::client::tests::{client, server};
use crate::token::Token;

/// A registry that counts as one on the internet, and answers each request like this.
async fn registry(answer: impl Fn(&str) -> String + Send + 'static) -> Registry {
    let (url, _) = server(answer).await;
    let mut client = client();
    client.retry.tries = 3;
    let name = "ghcr.io/acme/tool".parse().unwrap();
    Registry::connect(client, Endpoint::public_at(SERVER, url), name, None)
}

fn digest() -> Digest {
    Digest::of(b"index")
}

#[tokio::test]
async fn a_token_service_is_no_nearer_than_the_registry() {
    let (inside, seen) = server(|_| "200 OK\r\n".to_owned()).await;
    for realm in refused_from_public().chain([format!("{inside}token"), "nowhere".to_owned(), String::new()])
    {
        let named = realm.clone();
        let challenge =
            move |_: &str| format!("401 X\r\nwww-authenticate: Bearer realm=\"{named}\",service=\"x\"\r\n");
        for credentials in [None, Some(Credentials::new("tester", Token::from("the-secret".to_owned())))] {
            let registry = Registry { credentials, ..registry(challenge.clone()).await };
            let error = format!("{:#}", registry.manifest("1.4.0").await.unwrap_err());
            let is_refused = error.contains("is not used: ") || error.contains("which is not a URL");
            assert!(is_refused, "{realm}: {error}");
        }
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_upload_location_is_no_nearer_than_the_registry() {
    let (inside, seen) = server(|_| "201 OK\r\n".to_owned()).await;
    for location in refused_from_public().chain([inside.to_string()]) {
        let to = location.clone();
        let registry = registry(move |_| format!("202 X\r\nlocation: {to}\r\n")).await;
        let error = format!("{:#}", registry.may_push().await.unwrap_err());
        assert!(error.contains("the registry's upload location is not used: "), "{location}: {error}");
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_given_address_may_have_a_path() {
    for (path, expected) in [("", "/v2/"), ("/v2", "/v2/"), ("/v2/", "/v2/"), ("/proxy/", "/proxy/v2/")] {
        let (url, heads) = server(|_| "404 X\r\n".to_owned()).await;
        let base = Endpoint::public_at(SERVER, url.join(path).unwrap());
        let registry = Registry::connect(client(), base, "ghcr.io/acme/tool".parse().unwrap(), None);
        assert_eq!(registry.manifest("1.4.0").await.unwrap(), None);
        let expected = format!("head {expected}acme/tool/manifests/1.4.0 http/1.1\r\n");
        assert!(heads.lock().unwrap()[0].starts_with(&expected), "{path}: {:?}", heads.lock().unwrap());
    }
}

#[tokio::test]
async fn an_upload_location_is_relative_to_the_request() {
    for (location, expected) in [
        ("/upload/1?state=x", "/upload/1?state=x"),
        ("1?state=x", "/v2/acme/tool/blobs/uploads/1?state=x"),
        ("../1", "/v2/acme/tool/blobs/1"),
        ("?state=x", "/v2/acme/tool/blobs/uploads/?state=x"),
    ] {
        let deleted: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
        let seen = deleted.clone();
        let registry = registry(move |head| {
            if head.starts_with("POST /v2/acme/tool/blobs/uploads/ ") {
                return format!("202 X\r\nlocation: {location}\r\n");
            }
            seen.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
            "204 X\r\n".to_owned()
        });
        let registry = registry.await;
        registry.may_push().await.unwrap();
        registry.close().await;
        assert_eq!(*deleted.lock().unwrap(), [format!("DELETE {expected} HTTP/1.1")], "{location}");
    }
}

/// A registry whose first answers are these and whose last one is repeated.
async fn answering(statuses: &'static [u16]) -> Registry {
    let count = AtomicUsize::new(0);
    registry(move |_| {
        let at = count.fetch_add(1, Ordering::Relaxed).min(statuses.len() - 1);
        format!("{} X\r\ndocker-content-digest: {}\r\n", statuses[at], digest())
    })
    .await
}

#[tokio::test]
async fn only_an_answer_that_denies_access_means_private() {
    for statuses in [&[200][..], &[500, 200], &[502, 503, 200], &[429, 200], &[408, 200]] {
        assert!(answering(statuses).await.is_public(&digest()).await.unwrap(), "{statuses:?}");
    }
    for statuses in [&[401][..], &[403], &[404], &[500, 404], &[503, 502, 401]] {
        assert!(!answering(statuses).await.is_public(&digest()).await.unwrap(), "{statuses:?}");
    }
    for statuses in [&[500][..], &[429], &[400], &[418], &[302], &[503, 400]] {
        assert!(answering(statuses).await.is_public(&digest()).await.is_err(), "{statuses:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_manifest_makes_no_image_wrong() {
    for head in ["200 OK\r\n", "200 OK\r\ncontent-type: text/html\r\n", "500 X\r\n", "204 X\r\n", "407 X\r\n"]
    {
        let registry = registry(move |_| head.to_owned()).await;
        for reference in ["1.4.0".to_owned(), digest().to_string()] {
            let error = registry.pull_manifest(&reference).await.unwrap_err();
            assert!(!error.is::<WrongContent>(), "{head}");
        }
    }
    let error = registry(|_| "404 X\r\n".to_owned()).await.pull_manifest("1.4.0").await.unwrap_err();
    assert!(error.is::<WrongContent>());
}

#[tokio::test]
async fn a_refused_push_has_a_hint_that_fits_the_registry() {
    let own = || Some(Credentials::new("tester", Token::from("the-secret".to_owned())));
    for (name, credentials, status, hint) in [
        ("registry.example/tool", own(), 404, "create the repository `registry.example/tool` first"),
        (
            "registry.example/tool",
            own(),
            401,
            "GITHUB_TOKEN was sent, for the user `tester`: both must be right",
        ),
        (
            "registry.example/tool",
            None,
            401,
            "no token was sent: set FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN to those of an account at `registry.example`",
        ),
        ("ghcr.io/acme/tool", own(), 401, "in a workflow the GITHUB_TOKEN of a job"),
        ("ghcr.io/acme/tool", own(), 403, "GITHUB_TOKEN was sent, for the user `tester`: it must be valid"),
        ("ghcr.io/acme/tool", own(), 403, "`permissions: packages: write`"),
        ("ghcr.io/acme/tool", None, 401, "GITHUB_TOKEN is sent to ghcr.io alone, and only if the API is"),
    ] {
        let answer = move |head: &str| match head.starts_with("GET /v2/ ") {
            true => "200 X\r\n".to_owned(),
            false => format!("{status} X\r\nwww-authenticate: Basic realm=\"x\"\r\n"),
        };
        let registry = Registry { name: name.parse().unwrap(), credentials, ..registry(answer).await };
        let error = registry.may_push().await.unwrap_err();
        let found = crate::error::hint_of(&error).unwrap_or_default();
        assert!(found.contains(hint), "{name} {status}: {found}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_no_denial() {
    let limited = "403 X\r\nretry-after: 1\r\n";
    assert!(registry(move |_| limited.to_owned()).await.is_public(&digest()).await.is_err());
}

/// A registry that doubts the first PUT with this code, and holds the content afterwards if it is said to.
async fn doubting(status: u16, code: &'static str, holds: bool) -> (Registry, Arc<AtomicUsize>) {
    let puts = Arc::new(AtomicUsize::new(0));
    let count = puts.clone();
    let registry = registry(move |head| {
        if !head.starts_with("PUT ") {
            let status = if holds { 200 } else { 404 };
            return format!("{status} X\r\ndocker-content-digest: {}\r\n", digest());
        }
        match count.fetch_add(1, Ordering::Relaxed) {
            0 => {
                let body = format!(r#"{{"errors":[{{"code":"{code}","message":"m"}}]}}"#);
                // The helper appends an empty body; this one comes first.
                format!("{status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
            }
            _ => "201 X\r\n".to_owned(),
        }
    });
    (registry.await, puts)
}

async fn push(registry: &Registry) -> anyhow::Result<()> {
    let manifest = floe_core::model::Blob {
        media_type: "application/vnd.oci.image.index.v1+json".to_owned(),
        digest: digest(),
        size: 5,
    };
    registry.push_manifest("1.4.0", &manifest, &bytes::Bytes::from_static(b"index")).await
}

#[tokio::test]
async fn any_success_says_that_a_manifest_is_stored() {
    for (status, is_stored) in [(200, true), (201, true), (202, true), (307, false), (409, false)] {
        let registry = registry(move |_| format!("{status} X\r\n")).await;
        assert_eq!(push(&registry).await.is_ok(), is_stored, "{status}");
    }
    let registry =
        registry(|_| format!("202 X\r\ndocker-content-digest: {}\r\n", Digest::of(b"other"))).await;
    assert!(push(&registry).await.unwrap_err().to_string().contains("failed to push"));
}

#[tokio::test]
async fn a_manifest_that_the_registry_doubts_is_looked_for_and_sent_again() {
    for (status, code) in [
        (400, "DIGEST_INVALID"),
        (400, "MANIFEST_BLOB_UNKNOWN"),
        (404, "MANIFEST_BLOB_UNKNOWN"),
        (400, "BLOB_UNKNOWN"),
        (400, "SIZE_INVALID"),
    ] {
        let (registry, puts) = doubting(status, code, false).await;
        push(&registry).await.unwrap();
        assert_eq!(puts.load(Ordering::Relaxed), 2, "{status} {code}");
        let (registry, puts) = doubting(status, code, true).await;
        push(&registry).await.unwrap();
        assert_eq!(puts.load(Ordering::Relaxed), 1, "{status} {code}: it is there already");
    }
    for (status, code) in
        [(400, "MANIFEST_INVALID"), (400, "NAME_INVALID"), (403, "DENIED"), (405, "UNSUPPORTED")]
    {
        let (registry, puts) = doubting(status, code, false).await;
        assert!(push(&registry).await.is_err(), "{status} {code}");
        assert_eq!(puts.load(Ordering::Relaxed), 1, "{status} {code}");
    }
}
