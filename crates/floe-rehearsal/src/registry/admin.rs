//! Changes of the registry from outside, and its content without a request, for tests of a release tool.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::Ordering;

use anyhow::Context as _;
use floe_core::model::Digest;

use super::EmbeddedRegistry;
use super::check::{Document, is_elsewhere};
use super::route::{Name, Reference};
use super::store::{Store, StoredManifest};
use crate::basics::lock;

/// The content of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Its tags and the manifests they point to.
    pub tags: BTreeMap<String, Digest>,
    /// Content below its tags that it lacks.
    pub missing: BTreeSet<Digest>,
}

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

    /// The content of a repository on disk. Manifests in `known` count as complete and are not read.
    ///
    /// # Errors
    /// The name is invalid, or the folder cannot be read.
    pub fn held(&self, repository: &str, known: &BTreeSet<Digest>) -> anyhow::Result<Held> {
        let name = named(repository)?;
        let store = &self.0.store;
        let mut held = Held { tags: store.tags(&name)?, ..Held::default() };
        let tagged: BTreeSet<Digest> = held.tags.values().copied().collect();
        for digest in tagged.difference(known) {
            walk(store, &name, digest, &mut held)?;
        }
        Ok(held)
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
        store.put_manifest(&name, &StoredManifest { digest, media_type, bytes: manifest.to_vec() }, tag)
    }

    /// The manifests that an index lists; none if it is not there.
    ///
    /// # Errors
    /// The name is invalid, or the folder cannot be read.
    pub fn children(&self, repository: &str, index: &Digest) -> anyhow::Result<BTreeSet<Digest>> {
        let name = named(repository)?;
        let document = document(&self.0.store, &name, index)?;
        Ok(document.iter().flat_map(Document::children).map(|child| child.digest).collect())
    }

    /// A digest of all tags of all repositories but this one.
    ///
    /// # Errors
    /// The name is invalid, or the folder cannot be read.
    pub fn tags_elsewhere(&self, repository: &str) -> anyhow::Result<Digest> {
        let name = named(repository)?;
        let mut tags = self.0.store.all_tags()?;
        tags.remove(&self.0.store.repository(&name));
        Ok(Digest::of(format!("{tags:?}").as_bytes()))
    }
}

fn named(repository: &str) -> anyhow::Result<Name> {
    Name::parse(repository).ok().with_context(|| format!("`{repository}` is not a repository"))
}

/// A manifest of a repository; `None` if it is not there.
fn document(store: &Store, name: &Name, digest: &Digest) -> anyhow::Result<Option<Document>> {
    let Some(stored) = store.manifest(name, &Reference::Digest(*digest))? else { return Ok(None) };
    let document = Document::parse(&stored.media_type, &stored.bytes).ok();
    document.with_context(|| format!("the stored manifest `{digest}` is invalid")).map(Some)
}

/// Records what is missing of a manifest and everything below it.
fn walk(store: &Store, name: &Name, digest: &Digest, held: &mut Held) -> anyhow::Result<()> {
    let Some(document) = document(store, name, digest)? else {
        held.missing.insert(*digest);
        return Ok(());
    };
    for child in document.children() {
        walk(store, name, &child.digest, held)?;
    }
    let own = document.blobs().filter(|blob| !is_elsewhere(blob)).map(|blob| blob.digest);
    held.missing.extend(own.filter(|digest| store.blob_size(name, digest).is_none()));
    Ok(())
}
