//! Changes of the registry from outside, and its content without a request, for tests of a release tool.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::MutexGuard;

use anyhow::Context as _;
use floe_core::model::Digest;
use floe_core::parallel::lock;

use super::check::{Document, is_elsewhere};
use super::route::Reference;
use super::store::{StoredRegistry, Tags};
use super::{EmbeddedRegistry, RegistryOptions};
use crate::store::Store;

impl EmbeddedRegistry {
    /// The options, which apply to the requests to come.
    pub fn options(&self) -> MutexGuard<'_, RegistryOptions> {
        lock(&self.0.options)
    }

    /// Replaces the repositories that `user` may push to.
    pub fn set_push(&self, user: &str, repositories: &[&str]) {
        for account in self.options().accounts.iter_mut().filter(|account| account.user == user) {
            account.push = repositories.iter().map(|name| (*name).to_owned()).collect();
        }
    }

    /// Every token that was issued and not revoked, for tests that search for leaked tokens.
    pub fn issued(&self) -> Vec<String> {
        lock(&self.0.tokens).keys().cloned().collect()
    }

    /// Revokes all tokens. A request with one gets 401.
    pub fn revoke_tokens(&self) {
        lock(&self.0.tokens).clear();
    }

    /// Forgets every upload without a request under way, like a registry that restarts. The bytes stay on disk and are never
    /// read again.
    pub(crate) fn forget_uploads(&self) {
        lock(&self.0.sessions).retain(|_, session| session.try_lock().is_err());
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
    /// The folder cannot be read.
    pub fn missing(
        &self,
        repository: &str,
        manifests: impl IntoIterator<Item = Digest>,
    ) -> anyhow::Result<BTreeSet<Digest>> {
        let store = &self.0.store;
        let (mut left, mut missing) = (Vec::from_iter(manifests), BTreeSet::new());
        while let Some(digest) = left.pop() {
            let Some(document) = document(store, repository, &digest)? else {
                missing.insert(digest);
                continue;
            };
            left.extend(document.children().map(|child| child.digest));
            let own = document.blobs().filter(|blob| !is_elsewhere(blob)).map(|blob| blob.digest);
            missing.extend(own.filter(|digest| store.blob_size(repository, digest).is_none()));
        }
        Ok(missing)
    }

    /// The manifests that an index lists; none if it is not there.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn children(&self, repository: &str, index: &Digest) -> anyhow::Result<BTreeSet<Digest>> {
        let document = document(&self.0.store, repository, index)?;
        Ok(document.iter().flat_map(Document::children).map(|child| child.digest).collect())
    }
}

/// A manifest of a repository; `None` if it is not there.
fn document(store: &Store<StoredRegistry>, name: &str, digest: &Digest) -> anyhow::Result<Option<Document>> {
    let Some(stored) = store.manifest(name, &Reference::Digest(*digest))? else { return Ok(None) };
    let document = Document::parse(&stored.media_type, &stored.bytes).ok();
    document.with_context(|| format!("the stored manifest `{digest}` is invalid")).map(Some)
}
