//! Files and tags that other clients leave on the embedded servers.

use floe_core::model::{Digest, Repo};
use floe_rehearsal::github::EmbeddedGitHub;
use floe_rehearsal::registry::{EmbeddedRegistry, StoredRegistry};

/// Adds a manifest to a repository, under a tag if one is given, and a blob that it names.
pub fn put(
    registry: &EmbeddedRegistry,
    repository: &str,
    tag: Option<&str>,
    (media_type, manifest): (&str, &[u8]),
    blob: Option<&[u8]>,
) {
    let blobs = registry.options().root.join("blobs/sha256");
    let write = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
        digest
    };
    let (manifest, blob) = (write(manifest), blob.map(write));
    let add = |stored: &mut StoredRegistry| {
        let held = stored.repositories.entry(repository.to_owned()).or_default();
        held.blobs.extend(blob);
        held.manifests.insert(manifest, media_type.to_owned());
        held.tags.extend(tag.map(|tag| (tag.to_owned(), manifest)));
    };
    registry.edit(add).unwrap();
}

/// Adds an asset whose upload broke off to a release.
pub fn add_starter(github: &EmbeddedGitHub, repo: &Repo, release: u64, name: &str) {
    let id = github.add_asset(repo, release, name, b"").unwrap();
    github.edit(repo, |stored| stored.asset_mut(id).unwrap().digest = None).unwrap();
}
