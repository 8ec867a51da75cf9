//! The source of a repository, and attestations.

use std::io::Read as _;

use http::Method;
use serde_json::json;

use super::{Hub, OWNER, commit_name};

const REPO: &str = "/repos/acme/floe";

#[tokio::test]
async fn every_commit_has_a_readme() {
    let hub = Hub::new().await;
    let list = hub.get(&format!("{REPO}/contents/?ref=v1.1.0"), "").await.json();
    assert_eq!((&list[0]["name"], &list[1]), (&json!("README.md"), &json!(null)));
    let file = hub.get(list[0]["url"].as_str().unwrap(), "").await.json();
    assert_eq!((&file["sha"], &file["encoding"]), (&list[0]["sha"], &json!("base64")));
    let readme = || {
        let request = hub.request(Method::GET, &format!("{REPO}/readme"), "");
        request.header("accept", "application/vnd.github.raw+json")
    };
    let raw = hub.send(readme()).await;
    let again = hub.send(readme().header("if-none-match", raw.header("etag"))).await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    assert!(raw.bytes.starts_with(b"# floe\n"), "{:?}", raw.bytes);
    assert_eq!(file["size"], raw.bytes.len());
    for path in ["contents/README", "contents/src/main.rs", "readme?ref=v9", "contents?ref=v9"] {
        assert_eq!(hub.get(&format!("{REPO}/{path}"), "").await.status, 404, "{path}");
    }
    assert_eq!(hub.get("/repos/acme/secret/readme", "").await.status, 404);
}

#[tokio::test]
async fn the_source_is_an_archive_behind_a_redirect() {
    let hub = Hub::new().await;
    let top = format!("acme-floe-{}", &commit_name(1)[..7]);
    let release = hub.made(json!({ "tag_name": "v1.0.0" })).await;
    for (url, kind) in [
        (release["tarball_url"].as_str().unwrap(), "tar.gz"),
        (release["zipball_url"].as_str().unwrap(), "zip"),
    ] {
        let found = hub.get(url, "").await;
        assert_eq!(found.status, 302, "{url}");
        let archive = hub.get(found.header("location"), "").await;
        assert_eq!(archive.header("content-disposition"), format!("attachment; filename={top}.{kind}"));
        let text = match kind {
            "zip" => {
                let mut zip = zip::ZipArchive::new(std::io::Cursor::new(archive.bytes)).unwrap();
                std::io::read_to_string(zip.by_name(&format!("{top}/README.md")).unwrap()).unwrap()
            }
            _ => {
                let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(archive.bytes.as_slice()));
                let mut entry = tar.entries().unwrap().next().unwrap().unwrap();
                assert_eq!(entry.path().unwrap().to_str().unwrap(), format!("{top}/README.md"));
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                text
            }
        };
        assert!(text.starts_with("# floe\n"), "{text}");
    }
    for (url, archive) in [("tarball", "tar.gz"), ("tarball/main", "tar.gz"), ("zipball", "zip")] {
        let head = hub.get(&format!("{REPO}/{url}"), "").await;
        let location = head.header("location");
        assert!(location.ends_with(&format!("/acme/floe/{archive}/main")), "{location}");
    }
    for wrong in ["/repos/acme/floe/tarball/v9", "/repos/acme/floe/zipball/v9"] {
        assert_eq!(hub.get(wrong, "").await.status, 404, "{wrong}");
    }
}

#[tokio::test]
async fn there_are_no_attestations() {
    let hub = Hub::new().await;
    let digest = format!("sha256:{}", "0".repeat(64));
    for path in ["/repos/acme/floe", "/repos/acme/secret", "/users/acme", "/orgs/acme"] {
        let answer = hub.get(&format!("{path}/attestations/{digest}"), OWNER).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "attestations": [] })), "{path}");
    }
    assert_eq!(hub.get(&format!("/repos/acme/secret/attestations/{digest}"), "").await.status, 404);
}
