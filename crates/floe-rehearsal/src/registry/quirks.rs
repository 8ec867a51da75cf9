//! The registry's bad days, switched on from outside, and a look at what it holds without a request.
//!
//! None of it is stored: a registry that is opened again has a good day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use anyhow::Context as _;

use super::check;
use super::route::Name;
use super::store::Store;
use super::{EmbeddedRegistry, lock};
use floe_core::model::Digest;

/// What goes wrong from now on.
pub(super) struct RegistryQuirks(Mutex<Switches>);

struct Switches {
    patch_limit: Option<u64>,
    mounts: bool,
    misreport: bool,
}

impl RegistryQuirks {
    pub(super) fn new(patch_limit: Option<u64>, mounts: bool) -> Self {
        RegistryQuirks(Mutex::new(Switches { patch_limit, mounts, misreport: false }))
    }

    /// The longest `PATCH` with a `Content-Range`, in bytes.
    pub(super) fn patch_limit(&self) -> Option<u64> {
        lock(&self.0).patch_limit
    }

    /// Whether a blob may be mounted.
    pub(super) fn mounts(&self) -> bool {
        lock(&self.0).mounts
    }

    /// The digest that is told for what was stored; the next one may be another's.
    pub(super) fn told(&self, digest: &Digest) -> Digest {
        match std::mem::take(&mut lock(&self.0).misreport) {
            true => Digest::of(b"misreported"),
            false => *digest,
        }
    }
}

/// What a repository of the registry holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Its tags and what they point to.
    pub tags: BTreeMap<String, Digest>,
    /// What the tagged manifests name, but the repository lacks.
    pub missing: BTreeSet<Digest>,
    /// What the tagged manifests name, themselves too, and the repository has.
    pub present: BTreeSet<Digest>,
}

impl EmbeddedRegistry {
    /// Sets the longest `PATCH` with a `Content-Range`, in bytes.
    pub fn set_patch_limit(&self, limit: Option<u64>) {
        lock(&self.0.quirks.0).patch_limit = limit;
    }

    /// Sets whether a blob may be mounted from another repository.
    pub fn set_mounts(&self, mounts: bool) {
        lock(&self.0.quirks.0).mounts = mounts;
    }

    /// Tells another digest than the stored one when something is stored next.
    pub fn misreport_next(&self) {
        lock(&self.0.quirks.0).misreport = true;
    }

    /// Forgets every upload that is under way, as a registry that was restarted does.
    pub fn forget_uploads(&self) {
        self.0.sessions.forget();
    }

    /// What a repository holds now, looked at on the disk; what is in `known` is taken to be whole and not looked at.
    ///
    /// # Errors
    ///
    /// The name is not valid, or what is on the disk cannot be read.
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
}

/// Goes from a manifest to everything below it.
fn walk(store: &Store, name: &Name, digest: &Digest, held: &mut Held) -> anyhow::Result<()> {
    let Some(manifest) = store.manifest(name, &super::route::Reference::Digest(*digest))? else {
        held.missing.insert(*digest);
        return Ok(());
    };
    held.present.insert(*digest);
    let read = check::read(&manifest.media_type, &manifest.bytes);
    let read = read.ok().with_context(|| format!("what is stored as `{digest}` is no manifest"))?;
    for child in read.children() {
        walk(store, name, &child, held)?;
    }
    for blob in read.blobs() {
        match store.blob_size(name, &blob) {
            Some(_) => held.present.insert(blob),
            None => held.missing.insert(blob),
        };
    }
    Ok(())
}
