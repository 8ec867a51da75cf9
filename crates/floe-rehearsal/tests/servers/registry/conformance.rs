//! The behaviour of the distribution specification that its conformance suite checks: mounts, subjects and referrers.

use floe_core::model::Digest;
use floe_rehearsal::registry::RegistryOptions;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::manifests::{CONFIG, IMAGE, INDEX, descriptor, image, server};
use super::{Server, header, location, no, options, refusal};

const BYTES: &[u8] = b"a blob of another repository";

/// The request that mounts a blob in `acme/tools/floe`.
fn mounting(digest: Digest, from: &str) -> String {
    format!("/v2/acme/tools/floe/blobs/uploads/?mount={digest}{from}")
}

#[tokio::test]
async fn a_blob_of_another_repository_is_mounted_with_its_name_and_without() {
    for from in ["&from=acme/floe", ""] {
        let root = tempfile::tempdir().unwrap();
        let mut server = Server::for_owner(options(root.path())).await;
        let digest = server.blob(BYTES).await;
        server.login("owner", "acme/tools/floe").await;
        let there = format!("/v2/acme/tools/floe/blobs/{digest}");
        assert_eq!(server.send(Method::HEAD, &there).await.status(), 404);
        let mounted = server.send(Method::POST, &mounting(digest, from)).await;
        assert_eq!((mounted.status().as_u16(), location(&mounted)), (201, there.clone()), "{from}");
        assert_eq!(header(mounted.headers(), "docker-content-digest"), digest.to_string());
        assert_eq!(server.get(&there).await.bytes().await.unwrap(), BYTES);
    }
}

#[tokio::test]
async fn a_blob_that_cannot_be_mounted_can_be_uploaded_instead() {
    let root = tempfile::tempdir().unwrap();
    let mut server = Server::for_owner(options(root.path())).await;
    let there = server.blob(BYTES).await;
    server.login("owner", "acme/tools/floe").await;
    let absent = Digest::of(b"absent");
    for (digest, from) in [
        (absent, ""),
        (absent, "&from=acme/floe"),
        (there, "&from=acme/absent"),
        (there, "&from=../.."),
        (there, "&from="),
    ] {
        let begun = server.send(Method::POST, &mounting(digest, from)).await;
        assert_eq!(begun.status(), 202, "{from}");
        assert!(location(&begun).starts_with("/v2/acme/tools/floe/blobs/uploads/"), "{from}");
        let put = format!("{}&digest={there}", location(&begun));
        assert_eq!(server.request(Method::PUT, &put).body(BYTES).send().await.unwrap().status(), 201);
    }

    let mut server = Server::start(RegistryOptions { mounts: false, ..options(root.path()) }).await;
    server.login("owner", "acme/tools/floe").await;
    let refused = server.send(Method::POST, &mounting(there, "&from=acme/floe")).await;
    assert_eq!(refused.status(), 202);
}

/// A manifest about the image `subject`.
fn about(artifact_type: Option<&str>) -> Value {
    let mut manifest = image(artifact_type.unwrap_or("untyped"));
    if let Some(artifact_type) = artifact_type {
        manifest["artifactType"] = json!(artifact_type);
    }
    manifest["subject"] = descriptor(IMAGE, image("subject").to_string().as_bytes());
    manifest
}

fn subject() -> Digest {
    Digest::of(image("subject").to_string().as_bytes())
}

fn referrers(digest: &Digest) -> String {
    format!("/v2/acme/floe/referrers/{digest}")
}

/// The artifact types of a list of referrers, sorted.
async fn types(response: Response) -> Vec<String> {
    assert_eq!(
        (response.status().as_u16(), header(response.headers(), "content-type").as_str()),
        (200, INDEX)
    );
    let index: Value = response.json().await.unwrap();
    assert_eq!((&index["schemaVersion"], &index["mediaType"]), (&json!(2), &json!(INDEX)));
    let manifests = index["manifests"].as_array().unwrap();
    let mut types: Vec<String> =
        manifests.iter().map(|one| one["artifactType"].as_str().unwrap_or("none").to_owned()).collect();
    types.sort();
    types
}

#[tokio::test]
async fn a_manifest_with_a_subject_is_answered_with_its_digest() {
    let root = tempfile::tempdir().unwrap();
    let server = server(options(root.path())).await;
    let index = json!({
        "schemaVersion": 2, "mediaType": INDEX, "manifests": [],
        "subject": descriptor(IMAGE, image("subject").to_string().as_bytes()),
    });
    let own = Digest::of(about(None).to_string().as_bytes()).to_string();
    // The subject need not be there.
    for (reference, media_type, manifest) in [
        ("by-tag", IMAGE, about(Some("text/sbom"))),
        (own.as_str(), IMAGE, about(None)),
        ("list", INDEX, index),
    ] {
        let response = server.put_manifest(reference, media_type, &manifest).await;
        assert_eq!(response.status(), 201, "{reference}");
        assert_eq!(header(response.headers(), "oci-subject"), subject().to_string(), "{reference}");
    }
    let plain = server.put_manifest("1", IMAGE, &image("subject")).await;
    assert!(!plain.headers().contains_key("oci-subject"));
    // An index without a type has none in the list.
    assert_eq!(types(server.get(&referrers(&subject())).await).await, [CONFIG, "none", "text/sbom"]);
}

#[tokio::test]
async fn referrers_are_listed_and_filtered_by_their_type() {
    let root = tempfile::tempdir().unwrap();
    let server = server(options(root.path())).await;
    let kinds = [Some("text/sbom"), Some("text/signature"), Some(""), None];
    for (tag, kind) in ["a", "b", "c", "d"].into_iter().zip(kinds) {
        assert_eq!(server.put_manifest(tag, IMAGE, &about(kind)).await.status(), 201);
    }
    let list = referrers(&subject());
    let all = server.get(&list).await;
    assert!(!all.headers().contains_key("oci-filters-applied"));
    assert_eq!(types(all).await, [CONFIG, CONFIG, "text/sbom", "text/signature"]);
    for (filter, found) in [("text/sbom", 1), ("text/nothing", 0), (CONFIG, 2)] {
        let some = server.get(&format!("{list}?artifactType={}", filter.replace('+', "%2B"))).await;
        assert_eq!(header(some.headers(), "oci-filters-applied"), "artifactType");
        assert_eq!(types(some).await, vec![filter.to_owned(); found]);
    }
    let one: Value = server.get(&format!("{list}?artifactType=text/sbom")).await.json().await.unwrap();
    let expected = json!([{
        "mediaType": IMAGE, "size": about(kinds[0]).to_string().len(), "artifactType": "text/sbom",
        "digest": Digest::of(about(kinds[0]).to_string().as_bytes()), "annotations": { "mark": "text/sbom" },
    }]);
    assert_eq!(one["manifests"], expected);

    let digest = one["manifests"][0]["digest"].as_str().unwrap();
    assert_eq!(server.send(Method::DELETE, &format!("/v2/acme/floe/manifests/{digest}")).await.status(), 202);
    assert_eq!(types(server.get(&list).await).await, [CONFIG, CONFIG, "text/signature"]);
}

#[tokio::test]
async fn no_referrers_are_an_empty_list_and_without_the_api_404() {
    let root = tempfile::tempdir().unwrap();
    let empty = Server::for_owner(options(root.path())).await;
    assert!(types(empty.get(&referrers(&subject())).await).await.is_empty());
    assert_eq!(
        refusal(empty.get("/v2/acme/floe/referrers/sha256:12").await).await,
        no(400, "DIGEST_INVALID")
    );
    assert_eq!(empty.get(&referrers(&subject()).replace("floe", "other")).await.status(), 401);

    let server = server(RegistryOptions { referrers: false, ..options(root.path()) }).await;
    let pushed = server.put_manifest("a", IMAGE, &about(None)).await;
    assert!(!pushed.headers().contains_key("oci-subject"));
    assert_eq!(refusal(server.get(&referrers(&subject())).await).await, no(404, "UNSUPPORTED"));
}
