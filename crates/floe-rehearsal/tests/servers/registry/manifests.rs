//! Manifests and tags.

use floe_core::model::Digest;
use floe_rehearsal::registry::RegistryOptions;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Server, header, location, no, options, refusal};

pub(super) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

pub(super) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() })
}

/// An image with the blobs `{}` and `layer`.
pub(super) fn image(mark: &str) -> Value {
    json!({
        "schemaVersion": 2, "mediaType": IMAGE, "annotations": { "mark": mark },
        "config": descriptor(CONFIG, b"{}"), "layers": [descriptor(LAYER, b"layer")],
    })
}

pub(super) async fn server(options: RegistryOptions) -> Server {
    let server = Server::for_owner(options).await;
    server.blob(b"{}").await;
    server.blob(b"layer").await;
    server
}

async fn tags(server: &Server) -> Value {
    server.get("/v2/acme/floe/tags/list").await.json::<Value>().await.unwrap()["tags"].clone()
}

#[tokio::test]
async fn a_manifest_is_pulled_byte_for_byte_by_tag_and_by_digest() {
    let root = tempfile::tempdir().unwrap();
    let server = server(options(root.path())).await;
    let manifest = image("a");
    let digest = Digest::of(manifest.to_string().as_bytes());
    let by_digest = format!("/v2/acme/floe/manifests/{digest}");
    for reference in [digest.to_string(), "1.4.0".to_owned(), "1.4.0".to_owned()] {
        let response = server.put_manifest(&reference, IMAGE, &manifest).await;
        assert_eq!((response.status().as_u16(), location(&response)), (201, by_digest.clone()));
        assert_eq!(header(response.headers(), "docker-content-digest"), digest.to_string());
    }
    for path in [by_digest.as_str(), "/v2/acme/floe/manifests/1.4.0"] {
        for method in [Method::GET, Method::HEAD] {
            let response = server.send(method.clone(), path).await;
            assert_eq!(header(response.headers(), "content-type"), IMAGE);
            assert_eq!(header(response.headers(), "docker-content-digest"), digest.to_string());
            let length = header(response.headers(), "content-length");
            assert_eq!(length, manifest.to_string().len().to_string());
            let body = if method == Method::GET { manifest.to_string() } else { String::new() };
            assert_eq!(response.text().await.unwrap(), body);
        }
    }
    let response = server.get("/v2/acme/floe/manifests/1.5.0").await;
    assert_eq!(refusal(response).await, no(404, "MANIFEST_UNKNOWN"));
}

#[tokio::test]
async fn a_tag_moves_and_the_old_manifest_stays() {
    let root = tempfile::tempdir().unwrap();
    let server = server(options(root.path())).await;
    let (old, new) = (image("old"), image("new"));
    for manifest in [&old, &new] {
        assert_eq!(server.put_manifest("latest", IMAGE, manifest).await.status(), 201);
    }
    assert_eq!(server.get("/v2/acme/floe/manifests/latest").await.text().await.unwrap(), new.to_string());
    let old_path = format!("/v2/acme/floe/manifests/{}", Digest::of(old.to_string().as_bytes()));
    assert_eq!(server.get(&old_path).await.text().await.unwrap(), old.to_string());

    server.put_manifest("1", IMAGE, &new).await;
    let delete = async |reference: &str| {
        server.send(Method::DELETE, &format!("/v2/acme/floe/manifests/{reference}")).await.status().as_u16()
    };
    assert_eq!((delete("1").await, delete("1").await), (202, 404));
    assert_eq!(tags(&server).await, json!(["latest"]));
    let digest = Digest::of(new.to_string().as_bytes()).to_string();
    assert_eq!((delete(&digest).await, delete(&digest).await), (202, 404));
    assert_eq!(tags(&server).await, json!([]));
    assert_eq!(server.get(&old_path).await.status(), 200);
}

#[tokio::test]
async fn an_incomplete_or_invalid_manifest_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let server = server(options(root.path())).await;
    let change = |pointer: &str, value: Value| {
        let mut manifest = image("x");
        *manifest.pointer_mut(pointer).unwrap() = value;
        manifest
    };
    let child = json!({ "schemaVersion": 2, "manifests": [descriptor(IMAGE, image("absent").to_string().as_bytes())] });
    let both = json!({ "schemaVersion": 2, "manifests": [], "layers": [] });
    for (media_type, manifest, code) in [
        (IMAGE, change("/layers/0", descriptor(LAYER, b"absent")), "MANIFEST_BLOB_UNKNOWN"),
        (IMAGE, change("/config", descriptor(CONFIG, b"absent")), "MANIFEST_BLOB_UNKNOWN"),
        (INDEX, child, "MANIFEST_BLOB_UNKNOWN"),
        (IMAGE, change("/layers/0/size", json!(6)), "MANIFEST_INVALID"),
        (IMAGE, change("/layers/0/digest", json!("sha512:00")), "MANIFEST_INVALID"),
        (IMAGE, change("/schemaVersion", json!(1)), "MANIFEST_INVALID"),
        (IMAGE, change("/config", Value::Null), "MANIFEST_INVALID"),
        (INDEX, image("x"), "MANIFEST_INVALID"),
        (INDEX, both, "MANIFEST_INVALID"),
        ("application/json", image("x"), "MANIFEST_INVALID"),
        (IMAGE, json!("not a manifest"), "MANIFEST_INVALID"),
    ] {
        let status = if code == "MANIFEST_BLOB_UNKNOWN" { 404 } else { 400 };
        let response = server.put_manifest("1", media_type, &manifest).await;
        assert_eq!(refusal(response).await, no(status, code), "{manifest}");
    }
    let other = Digest::of(b"other").to_string();
    assert_eq!(
        refusal(server.put_manifest(&other, IMAGE, &image("x")).await).await,
        no(400, "DIGEST_INVALID")
    );
    let long = server.put_manifest("1", IMAGE, &image(&"x".repeat(4 << 20))).await;
    assert_eq!(refusal(long).await, no(413, "MANIFEST_INVALID"));
    assert_eq!(tags(&server).await, json!([]));
}

#[tokio::test]
async fn an_index_needs_its_children_first() {
    let root = tempfile::tempdir().unwrap();
    let server = server(options(root.path())).await;
    let child = image("child").to_string();
    let index =
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(IMAGE, child.as_bytes())] });
    assert_eq!(server.put_manifest("1", INDEX, &index).await.status(), 404);
    let digest = Digest::of(child.as_bytes()).to_string();
    assert_eq!(server.put_manifest(&digest, IMAGE, &image("child")).await.status(), 201);
    for (field, wrong) in [("size", json!(child.len() + 1)), ("mediaType", json!(INDEX))] {
        let mut index = index.clone();
        index["manifests"][0][field] = wrong;
        let response = server.put_manifest("1", INDEX, &index).await;
        assert_eq!(refusal(response).await, no(400, "MANIFEST_INVALID"), "{field}");
    }
    assert_eq!(server.put_manifest("1", INDEX, &index).await.status(), 201);
    let response = server.get("/v2/acme/floe/manifests/1").await;
    assert_eq!(header(response.headers(), "content-type"), INDEX);
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_at_the_same_time_do_not_lose_each_others_tags() {
    let root = tempfile::tempdir().unwrap();
    let server = server(options(root.path())).await;
    let names: Vec<String> = (10..40).map(|number| format!("1.{number}")).collect();
    let push = async |tag: &String| {
        server.blob(b"the same for all").await;
        server.put_manifest(tag, IMAGE, &image(tag)).await.status().as_u16()
    };
    let statuses = futures_util::future::join_all(names.iter().map(push)).await;
    assert_eq!(statuses, [201; 30]);
    assert_eq!(tags(&server).await, json!(names));
    assert_eq!(std::fs::read_dir(root.path().join("uploads")).unwrap().count(), 0);
}

#[tokio::test]
async fn tags_are_listed_in_pages() {
    let root = tempfile::tempdir().unwrap();
    let server = server(options(root.path())).await;
    for tag in ["b", "C", "a", "1.10", "1.9"] {
        server.put_manifest(tag, IMAGE, &image("x")).await;
    }
    assert_eq!(tags(&server).await, json!(["1.10", "1.9", "a", "b", "C"]));
    let mut pages = Vec::new();
    let mut next = Some("/v2/acme/floe/tags/list?n=2".to_owned());
    while let Some(path) = next.take() {
        let response = server.get(&path).await;
        let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        next = link.map(|link| link.strip_suffix(">; rel=\"next\"").unwrap()[1..].to_owned());
        pages.push(response.json::<Value>().await.unwrap()["tags"].clone());
    }
    assert_eq!(pages, [json!(["1.10", "1.9"]), json!(["a", "b"]), json!(["C"])]);
    assert_eq!(server.get("/v2/acme/floe/tags/list?n=x").await.status(), 400);
    let none = server.get("/v2/acme/floe/tags/list?n=0").await;
    assert_eq!(none.json::<Value>().await.unwrap(), json!({ "name": "acme/floe", "tags": [] }));
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let root = tempfile::tempdir().unwrap();
    let before = server(options(root.path())).await;
    before.put_manifest("1", IMAGE, &image("x")).await;
    drop(before);
    let after = Server::for_owner(options(root.path())).await;
    let response = after.get("/v2/acme/floe/manifests/1").await;
    assert_eq!(header(response.headers(), "content-type"), IMAGE);
    assert_eq!(response.text().await.unwrap(), image("x").to_string());
    assert_eq!(after.read(&Digest::of(b"layer")).await, b"layer");
    assert_eq!(tags(&after).await, json!(["1"]));
}

#[tokio::test]
async fn invalid_names_are_refused_and_read_no_file() {
    let root = tempfile::tempdir().unwrap();
    let state = root.path().join("state");
    let server = server(options(&state)).await;
    std::fs::write(root.path().join("secret"), "secret").unwrap();
    for (path, code) in [
        ("/v2/Acme/floe/tags/list", "NAME_INVALID"),
        ("/v2/acme/%2e%2e/tags/list", "NAME_INVALID"),
        ("/v2/acme%2f..%2ffloe/tags/list", "NAME_INVALID"),
        ("/v2/acme/floe/manifests/..%2f..%2fsecret", "MANIFEST_INVALID"),
        ("/v2/acme/floe/blobs/sha256:..%2f..%2fsecret", "DIGEST_INVALID"),
    ] {
        assert_eq!(refusal(server.get(path).await).await, no(400, code), "{path}");
    }
    let response = server.get("/v2/acme/floe/blobs/uploads/..%2f..%2fsecret").await;
    assert_eq!(refusal(response).await, no(404, "BLOB_UPLOAD_UNKNOWN"));
    let response = server.send(Method::DELETE, "/v2/acme/floe/tags/list").await;
    assert_eq!(refusal(response).await, no(405, "UNSUPPORTED"));
}
