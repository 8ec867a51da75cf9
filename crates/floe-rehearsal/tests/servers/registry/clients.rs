//! The registry with oci-client and skopeo: they push to it and pull the same bytes.

use std::fs;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use floe_core::model::Digest;
use floe_rehearsal::registry::RegistryOptions;
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{Server, files, options};
use crate::peers::{self, peer};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// 9 MiB, which are three chunks of oci-client.
fn large() -> Vec<u8> {
    (0..9_u32 << 20).map(|byte| (byte % 251) as u8).collect()
}

async fn push_and_pull_with_oci_client(use_monolithic_push: bool) {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(options(root.path())).await;
    let client = || {
        let protocol = ClientProtocol::Http;
        Client::new(ClientConfig { protocol, use_monolithic_push, ..ClientConfig::default() })
    };
    let image: Reference = format!("{}/acme/tools/floe:1.4.0", server.host).parse().unwrap();
    let layers = [ImageLayer::oci_v1_gzip(large(), None), ImageLayer::oci_v1_gzip(b"small".to_vec(), None)];
    let config = Config::oci_v1(br#"{"architecture":"amd64","os":"linux"}"#.to_vec(), None);

    let guest = RegistryAuth::Basic("guest".to_owned(), "guest-secret".to_owned());
    let refused = client().push(&image, &layers, config.clone(), &guest, None).await.err().unwrap();
    assert!(refused.to_string().contains("permission_denied: write_package"), "{refused}");

    let owner = RegistryAuth::Basic("owner".to_owned(), "owner-secret".to_owned());
    client().push(&image, &layers, config.clone(), &owner, None).await.unwrap();
    assert!(client().pull(&image, &RegistryAuth::Anonymous, vec![LAYER]).await.is_err());
    server.registry.options().public = vec!["*".to_owned()];
    let pulled = client().pull(&image, &RegistryAuth::Anonymous, vec![LAYER]).await.unwrap();
    // oci-client returns the layers in the order of their arrival.
    let sorted = |layers: &[ImageLayer]| {
        let mut data: Vec<_> = layers.iter().map(|layer| layer.data.clone()).collect();
        data.sort_by_key(bytes::Bytes::len);
        data
    };
    assert!(sorted(&pulled.layers) == sorted(&layers));
    assert_eq!(pulled.config.data, config.data);
    let manifest = root.path().join("blobs/sha256").join(&pulled.digest.unwrap()["sha256:".len()..]);
    assert!(manifest.is_file());
}

#[tokio::test]
async fn oci_client_pushes_in_one_piece_and_pulls() {
    push_and_pull_with_oci_client(true).await;
}

#[tokio::test]
async fn oci_client_pushes_in_chunks_and_pulls() {
    push_and_pull_with_oci_client(false).await;
}

#[tokio::test]
async fn oci_client_mounts_and_lists() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(options(root.path())).await;
    let client = Client::new(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() });
    let owner = RegistryAuth::Basic("owner".to_owned(), "owner-secret".to_owned());
    let from: Reference = format!("{}/acme/floe:1", server.host).parse().unwrap();
    let to: Reference = format!("{}/acme/other:1", server.host).parse().unwrap();
    let config = Config::oci_v1(b"{}".to_vec(), None);
    let layer = ImageLayer::oci_v1_gzip(b"layer".to_vec(), None);
    client.push(&from, std::slice::from_ref(&layer), config, &owner, None).await.unwrap();
    client.store_auth_if_needed(&server.host, &owner).await;
    assert!(!client.blob_exists(&to, &layer.sha256_digest()).await.unwrap());
    client.mount_blob(&to, &from, &layer.sha256_digest()).await.unwrap();
    assert!(client.blob_exists(&to, &layer.sha256_digest()).await.unwrap());
    let tags = client.list_tags(&from, &owner, None, None).await.unwrap();
    assert_eq!(tags.tags, ["1"]);
}

/// Writes an OCI image layout with the tag `1`: an index of two images.
fn layout(folder: &Path) -> Digest {
    fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
    let blob = |media_type: &str, bytes: &[u8]| {
        let digest = Digest::of(bytes);
        fs::write(folder.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    let images: Vec<Value> = ["amd64", "arm64"]
        .into_iter()
        .map(|architecture| {
            let mut tar = tar::Builder::new(Vec::new());
            let mut entry = tar::Header::new_gnu();
            entry.set_size(architecture.len() as u64);
            entry.set_mode(0o755);
            tar.append_data(&mut entry, "bin/floe", architecture.as_bytes()).unwrap();
            let tar = tar.into_inner().unwrap();
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            std::io::Write::write_all(&mut gzip, &tar).unwrap();
            let config = json!({
                "architecture": architecture, "os": "linux", "config": {},
                "rootfs": { "type": "layers", "diff_ids": [Digest::of(&tar)] },
            });
            let manifest = json!({
                "schemaVersion": 2, "mediaType": IMAGE,
                "config": blob(CONFIG, config.to_string().as_bytes()),
                "layers": [blob(LAYER, &gzip.finish().unwrap())],
            });
            let mut image = blob(IMAGE, manifest.to_string().as_bytes());
            image["platform"] = json!({ "architecture": architecture, "os": "linux" });
            image
        })
        .collect();
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": images }).to_string();
    let mut tagged = blob(INDEX, index.as_bytes());
    tagged["annotations"] = json!({ "org.opencontainers.image.ref.name": "1" });
    let top = json!({ "schemaVersion": 2, "manifests": [tagged] });
    fs::write(folder.join("index.json"), top.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    Digest::of(index.as_bytes())
}

async fn skopeo(program: &Path, home: &Path, args: &[&str]) -> Result<(), String> {
    let mut command = Command::from(peers::command(program, home));
    let output = command.arg("--insecure-policy").args(args).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

fn names_and_bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_owned();
    files(folder).into_iter().map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

async fn copy_with_skopeo(options: impl Fn(&Path) -> RegistryOptions) {
    let Some(program) = peer("skopeo") else { return };
    let root = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(options(root.path())).await;
    let index = layout(&home.path().join("layout"));
    let image = format!("docker://{}/acme/floe:1", server.host);
    let push = |credentials: &'static str| {
        let dest = ["--dest-tls-verify=false", "--dest-creds", credentials, "--all", "--preserve-digests"];
        let args: Vec<String> =
            ["copy"].into_iter().chain(dest).chain(["oci:layout:1", &image]).map(str::to_owned).collect();
        let (program, home) = (program.clone(), home.path().to_owned());
        async move {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            skopeo(&program, &home, &args).await
        }
    };
    let refused = push("guest:guest-secret").await.unwrap_err();
    assert!(refused.contains("permission_denied: write_package"), "{refused}");
    let refused = push("owner:wrong").await.unwrap_err();
    // The rest of the message depends on the version of skopeo.
    assert!(refused.contains("403") && refused.contains("Forbidden"), "{refused}");
    push("owner:owner-secret").await.unwrap();
    push("owner:owner-secret").await.unwrap();
    assert_eq!(server.registry.tags("acme/floe"), [("1".to_owned(), index)].into());

    let pull = ["copy", "--src-tls-verify=false", "--src-no-creds", "--all", &image, "oci:back:1"];
    assert!(
        skopeo(&program, home.path(), &pull).await.is_err(),
        "a private image was pulled without an account"
    );
    server.registry.options().public = vec!["acme/floe".to_owned()];
    skopeo(&program, home.path(), &pull).await.unwrap();
    let blobs = |layout: &str| names_and_bytes(&home.path().join(layout).join("blobs"));
    assert_eq!(blobs("back").len(), 7);
    assert_eq!(blobs("back"), blobs("layout"));
}

#[tokio::test]
async fn skopeo_copies_a_layout_there_and_back() {
    copy_with_skopeo(options).await;
}

#[tokio::test]
async fn skopeo_copies_to_a_registry_without_mounts_and_referrers() {
    copy_with_skopeo(|root| RegistryOptions { mounts: false, referrers: false, ..options(root) }).await;
}
