//! Changes of the registry from outside, and its content without a request, for tests of a release tool.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::Ordering;

use anyhow::Context as _;
use floe_core::model::Digest;

use super::EmbeddedRegistry;
use super::check::{Document, is_elsewhere};
use super::route::{Name, Reference};
use super::store::{StoredManifest, StoredRegistry, Tags};
use crate::basics::lock;
use crate::store::Store;

impl EmbeddedRegistry {
    /// Whether it has a referrers API, from now on.
    pub fn set_referrers(&self, referrers: bool) {
        self.0.referrers.store(referrers, Ordering::Relaxed);
    }

    /// Forgets every upload without a request under way, like a registry that restarts. The bytes stay on disk and are never
    /// read again.
    pub(crate) fn forget_uploads(&self) {
        for session in lock(&self.0.sessions.0).values() {
            if let Ok(mut session) = session.try_lock() {
                session.over = true;
            }
        }
    }

    /// Changes the content, whatever requests may change.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut StoredRegistry) -> T) -> anyhow::Result<T> {
        self.0.store.edit(edit)
    }

    /// The tags of every repository.
    pub fn all_tags(&self) -> BTreeMap<String, Tags> {
        let tags = |stored: &StoredRegistry| {
            stored.repositories.iter().map(|(name, held)| (name.clone(), held.tags.clone())).collect()
        };
        self.0.store.read(tags)
    }

    /// The tags of a repository.
    pub fn tags(&self, repository: &str) -> Tags {
        self.all_tags().remove(repository).unwrap_or_default()
    }

    /// The content below manifests of a repository that it lacks.
    ///
    /// # Errors
    /// The name is invalid, or the folder cannot be read.
    pub(crate) fn missing(
        &self,
        repository: &str,
        manifests: impl IntoIterator<Item = Digest>,
    ) -> anyhow::Result<BTreeSet<Digest>> {
        let (name, mut missing) = (named(repository)?, BTreeSet::new());
        for digest in manifests {
            walk(&self.0.store, &name, &digest, &mut missing)?;
        }
        Ok(missing)
    }

    /// Writes a manifest, under a tag if one is given, and a blob that it names, as another client does.
    ///
    /// # Errors
    /// The name is invalid, or the content cannot be stored.
    pub fn put(
        &self,
        repository: &str,
        tag: Option<&str>,
        (media_type, manifest): (&str, &[u8]),
        blob: Option<&[u8]>,
    ) -> anyhow::Result<()> {
        let name = named(repository)?;
        let store = &self.0.store;
        if let Some(bytes) = blob {
            let digest = Digest::of(bytes);
            let draft = store.blob_path(&digest).with_extension("draft");
            fs::write(&draft, bytes).with_context(|| format!("failed to write `{}`", draft.display()))?;
            store.adopt(&draft, &name, &digest)?;
        }
        let (digest, media_type) = (Digest::of(manifest), media_type.to_owned());
        store.put_manifest(&name, StoredManifest { digest, media_type, bytes: manifest.to_vec() }, tag)
    }

    /// The manifests that an index lists; none if it is not there.
    ///
    /// # Errors
    /// The name is invalid, or the folder cannot be read.
    pub(crate) fn children(&self, repository: &str, index: &Digest) -> anyhow::Result<BTreeSet<Digest>> {
        let document = document(&self.0.store, &named(repository)?, index)?;
        Ok(document.iter().flat_map(Document::children).map(|child| child.digest).collect())
    }
}

fn named(repository: &str) -> anyhow::Result<Name> {
    Name::parse(repository).ok().with_context(|| format!("`{repository}` is not a repository"))
}

/// A manifest of a repository; `None` if it is not there.
fn document(store: &Store<StoredRegistry>, name: &Name, digest: &Digest) -> anyhow::Result<Option<Document>> {
    let Some(stored) = store.manifest(name, &Reference::Digest(*digest))? else { return Ok(None) };
    let document = Document::parse(&stored.media_type, &stored.bytes).ok();
    document.with_context(|| format!("the stored manifest `{digest}` is invalid")).map(Some)
}

/// Records what is missing of a manifest and everything below it.
fn walk(
    store: &Store<StoredRegistry>,
    name: &Name,
    digest: &Digest,
    missing: &mut BTreeSet<Digest>,
) -> anyhow::Result<()> {
    let Some(document) = document(store, name, digest)? else {
        missing.insert(*digest);
        return Ok(());
    };
    for child in document.children() {
        walk(store, name, &child.digest, missing)?;
    }
    let own = document.blobs().filter(|blob| !is_elsewhere(blob)).map(|blob| blob.digest);
    missing.extend(own.filter(|digest| store.blob_size(name, digest).is_none()));
    Ok(())
}
