//! The content of a registry: `state.json` says which blobs, manifests and tags each repository has, and
//! `blobs/sha256/<hex>` are the bytes of every blob and manifest, once. `uploads/<id>` are the bytes of unfinished uploads,
//! for the life of the process. Nothing is ever removed from `blobs/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use floe_core::disk;
use floe_core::model::{Digest, Schema};
use serde::{Deserialize, Serialize};

use super::route::Reference;
use crate::store::{Store, replace};

/// The content of `state.json`.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct StoredRegistry {
    schema: Schema<1>,
    /// By name. A repository is there as soon as anything was pushed to it.
    pub repositories: BTreeMap<String, StoredRepository>,
}

/// The content of a repository.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct StoredRepository {
    pub blobs: BTreeSet<Digest>,
    /// Each with its media type.
    pub manifests: BTreeMap<Digest, String>,
    pub tags: Tags,
}

pub(super) type Tags = BTreeMap<String, Digest>;

/// A manifest as it was pushed.
pub(super) struct StoredManifest {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

impl StoredRegistry {
    fn repository(&mut self, name: &str) -> &mut StoredRepository {
        self.repositories.entry(name.to_owned()).or_default()
    }
}

impl Store<StoredRegistry> {
    pub(super) fn open_registry(root: &Path) -> anyhow::Result<Self> {
        let uploads = root.join("uploads");
        if uploads.exists() {
            fs::remove_dir_all(&uploads)
                .with_context(|| format!("failed to empty the folder `{}`", uploads.display()))?;
        }
        Store::open(root, &["blobs/sha256", "uploads"])
    }

    /// Looks at a repository that anything was pushed to.
    pub(super) fn of<T>(&self, name: &str, look: impl FnOnce(&StoredRepository) -> T) -> Option<T> {
        self.read(|stored| stored.repositories.get(name).map(look))
    }

    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path("blobs/sha256", &digest.hex())
    }

    pub(super) fn size(&self, digest: &Digest) -> Option<u64> {
        fs::metadata(self.blob_path(digest)).ok().map(|metadata| metadata.len())
    }

    /// The size in bytes of a blob that a repository holds.
    pub(super) fn blob_size(&self, name: &str, digest: &Digest) -> Option<u64> {
        let is_held = self.of(name, |repository| repository.blobs.contains(digest))?;
        self.size(digest).filter(|_| is_held)
    }

    /// Adds a blob of the store to one more repository.
    pub(super) fn link_blob(&self, name: &str, digest: &Digest) -> anyhow::Result<()> {
        self.edit(|stored| {
            stored.repository(name).blobs.insert(*digest);
        })
    }

    /// Makes a finished upload a blob of the repository. The caller has checked the digest.
    pub(super) fn adopt(&self, upload: &Path, name: &str, digest: &Digest) -> anyhow::Result<()> {
        let blob = self.blob_path(digest);
        // An existing blob has the same bytes and may be in use, so it stays.
        let stored = if blob.is_file() { fs::remove_file(upload) } else { disk::rename(upload, &blob) };
        stored.with_context(|| format!("failed to store blob `{digest}`"))?;
        self.link_blob(name, digest)
    }

    pub(super) fn manifest(
        &self,
        name: &str,
        reference: &Reference,
    ) -> anyhow::Result<Option<StoredManifest>> {
        let found = self.of(name, |repository| {
            let digest = match reference {
                Reference::Digest(digest) => digest,
                Reference::Tag(tag) => repository.tags.get(tag)?,
            };
            Some((*digest, repository.manifests.get(digest)?.clone()))
        });
        let Some((digest, media_type)) = found.flatten() else { return Ok(None) };
        let bytes = fs::read(self.blob_path(&digest));
        let bytes = bytes.with_context(|| format!("failed to read manifest `{digest}`"))?;
        Ok(Some(StoredManifest { digest, media_type, bytes }))
    }

    /// Stores a manifest that the caller has checked, and moves the tag to it if there is one.
    pub(super) fn put_manifest(
        &self,
        name: &str,
        manifest: StoredManifest,
        tag: Option<&str>,
    ) -> anyhow::Result<()> {
        self.change(|stored| {
            let StoredManifest { digest, media_type, bytes } = manifest;
            replace(&self.blob_path(&digest), &bytes)?;
            let repository = stored.repository(name);
            repository.manifests.insert(digest, media_type);
            repository.tags.extend(tag.map(|tag| (tag.to_owned(), digest)));
            Ok(())
        })
    }

    /// Removes a tag, or a manifest with every tag that points at it. False if there is none.
    pub(super) fn delete_manifest(&self, name: &str, reference: &Reference) -> anyhow::Result<bool> {
        self.edit(|stored| {
            let Some(repository) = stored.repositories.get_mut(name) else { return false };
            match reference {
                Reference::Tag(tag) => repository.tags.remove(tag).is_some(),
                Reference::Digest(deleted) => {
                    repository.tags.retain(|_, digest| digest != deleted);
                    repository.manifests.remove(deleted).is_some()
                }
            }
        })
    }
}
