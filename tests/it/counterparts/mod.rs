//! Programs of others read what floe published: registries, registry clients, archivers, checksum tools, `gh`, curl.
//!
//! No check here uses floe's own code: bytes are compared with files, digests with a hash of them.

mod archives;
mod attached;
mod attestations;
mod binary;
mod distribution;
mod embedded;
mod gh;
mod openapi;
mod registry;
mod tokens;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use floe_core::model::Digest;

use crate::support::peers;

/// Every file below a folder, by its path in it with slashes.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// The blobs of an OCI image layout, whose names are their digests.
fn blobs(layout: &Path) -> BTreeMap<String, Vec<u8>> {
    let blobs = tree(&layout.join("blobs/sha256"));
    for (name, bytes) in &blobs {
        assert_eq!(*name, Digest::of(bytes).hex());
    }
    blobs
}

/// Copies an image of every platform to `destination` in `home` with skopeo, anonymously.
#[track_caller]
fn skopeo_copy(skopeo: &Path, home: &Path, image: &str, destination: &str) {
    let arguments =
        ["--insecure-policy", "copy", "--quiet", "--all", "--src-tls-verify=false", "--src-no-creds"];
    peers::run(skopeo, home, &[&arguments[..], &[&format!("docker://{image}"), destination]].concat())
        .unwrap();
}

/// Pulls an image by tag and by digest into a layout, and by digest into a plain folder, and compares all of it with
/// the layout it was published from.
#[track_caller]
fn skopeo_finds(skopeo: &Path, url: &str, (tag, digest): (&str, &str), layout: &Path) {
    let home = tempfile::tempdir().unwrap();
    let name = format!("{}/acme/tool", url.strip_prefix("http://").unwrap());
    let published = blobs(layout);
    // An index, and a manifest, a config and a layer for each of two platforms.
    assert_eq!(published.len(), 7);
    let index = digest.strip_prefix("sha256:").unwrap();
    assert!(published.contains_key(index));

    for (folder, image) in [("by-tag", format!("{name}:{tag}")), ("by-digest", format!("{name}@{digest}"))] {
        skopeo_copy(skopeo, home.path(), &image, &format!("oci:{folder}:pulled"));
        assert_eq!(blobs(&home.path().join(folder)), published);
        let top = fs::read_to_string(home.path().join(folder).join("index.json")).unwrap();
        let top: serde_json::Value = serde_json::from_str(&top).unwrap();
        assert_eq!(top["manifests"][0]["digest"], digest);
    }

    skopeo_copy(skopeo, home.path(), &format!("{name}@{digest}"), "dir:plain");
    let mut plain = tree(&home.path().join("plain"));
    plain.remove("version");
    let plain: BTreeMap<String, Vec<u8>> = plain
        .into_iter()
        .map(|(file, bytes)| match file.strip_suffix("manifest.json") {
            Some("") => (index.to_owned(), bytes),
            Some(platform) => (platform.trim_end_matches('.').to_owned(), bytes),
            None => (file, bytes),
        })
        .collect();
    assert_eq!(plain, published);
}
