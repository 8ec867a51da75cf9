//! Changes of the registry from outside, and its content without a request, for tests of a release tool.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use floe_core::model::Digest;

use super::EmbeddedRegistry;
use super::check::{Document, is_elsewhere};
use super::route::{Name, Reference};
use super::store::Store;

/// The content of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Its tags and the manifests they point to.
    pub tags: BTreeMap<String, Digest>,
    /// Content below its tags that it lacks.
    pub missing: BTreeSet<Digest>,
}

impl EmbeddedRegistry {
    /// Forgets every upload under way, like a registry that restarts.
    pub(crate) fn forget_uploads(&self) {
        self.0.sessions.forget();
    }

    /// The content of a repository on disk. Manifests in `known` count as complete and are not read.
    ///
    /// # Errors
    /// The name is invalid, or the folder cannot be read.
    pub fn held(&self, repository: &str, known: &BTreeSet<Digest>) -> anyhow::Result<Held> {
        let name =
            Name::parse(repository).ok().with_context(|| format!("`{repository}` is not a repository"))?;
        let store = &self.0.store;
        let mut held = Held { tags: store.tags(&name)?, ..Held::default() };
        let tagged: BTreeSet<Digest> = held.tags.values().copied().collect();
        for digest in tagged.difference(known) {
            walk(store, &name, digest, &mut held)?;
        }
        Ok(held)
    }

    /// A digest of all tags of all repositories but this one.
    ///
    /// # Errors
    /// The name is invalid, or the folder cannot be read.
    pub fn tags_elsewhere(&self, repository: &str) -> anyhow::Result<Digest> {
        let name =
            Name::parse(repository).ok().with_context(|| format!("`{repository}` is not a repository"))?;
        let mut tags = self.0.store.all_tags()?;
        tags.remove(&self.0.store.repository(&name));
        Ok(Digest::of(format!("{tags:?}").as_bytes()))
    }
}

/// Records what is missing of a manifest and everything below it.
fn walk(store: &Store, name: &Name, digest: &Digest, held: &mut Held) -> anyhow::Result<()> {
    let Some(manifest) = store.manifest(name, &Reference::Digest(*digest))? else {
        held.missing.insert(*digest);
        return Ok(());
    };
    let document = Document::parse(&manifest.media_type, &manifest.bytes);
    let document = document.ok().with_context(|| format!("the stored manifest `{digest}` is invalid"))?;
    for child in document.children() {
        walk(store, name, &child.digest, held)?;
    }
    let own = document.blobs().filter(|blob| !is_elsewhere(blob)).map(|blob| blob.digest);
    held.missing.extend(own.filter(|digest| store.blob_size(name, digest).is_none()));
    Ok(())
}
