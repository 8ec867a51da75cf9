//! Changes and looks from outside the API, for tests of a release tool. They are neither counted nor logged.
//!
//! A change fails if the repository does not exist.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use floe_core::model::{Commit, Digest, Repo};

use super::assets::starter;
use super::publish::MakeLatest;
use super::response::{ApiError, ApiResult};
use super::state::{StoredAsset, StoredRelease, StoredRepo, UPLOADED, draft};
use super::{EmbeddedGitHub, SeedTag};
use crate::basics::lock;

/// The author of everything that is created from outside the API.
pub(super) const OTHER_USER: &str = "somebody-else";

impl EmbeddedGitHub {
    /// Switches immutable releases on or off. It applies to releases that are published later.
    pub fn set_immutable(&self, immutable: bool) {
        self.immutable.store(immutable, Ordering::SeqCst);
    }

    /// Expires all tokens, or makes them valid again.
    pub(crate) fn expire_tokens(&self, expired: bool) {
        self.expired.store(expired, Ordering::SeqCst);
    }

    /// Whether all tokens have expired.
    pub(crate) fn tokens_expired(&self) -> bool {
        self.expired.load(Ordering::SeqCst)
    }

    /// Stores an attestation, a bundle, of the file with this digest.
    pub fn add_attestation(
        &self,
        repo: &Repo,
        digest: &Digest,
        bundle: serde_json::Value,
    ) -> anyhow::Result<()> {
        self.edit(repo, |stored| stored.attestations.entry(digest.to_string()).or_default().push(bundle))
    }

    /// Replaces the attestations of the file with this digest.
    pub fn set_attestations(
        &self,
        repo: &Repo,
        digest: &Digest,
        bundles: Vec<serde_json::Value>,
    ) -> anyhow::Result<()> {
        self.edit(repo, |stored| drop(stored.attestations.insert(digest.to_string(), bundles)))
    }

    /// Replaces the repositories that a user may push to.
    pub fn set_push(&self, login: &str, repos: Vec<Repo>) {
        let mut accounts = lock(&self.accounts);
        accounts.iter_mut().filter(|one| one.login == login).for_each(|one| one.can_push.clone_from(&repos));
    }

    /// Makes a repository private or public.
    pub fn set_private(&self, repo: &Repo, private: bool) -> anyhow::Result<()> {
        self.edit(repo, |stored| stored.private = private)
    }

    /// Pushes a tag, or moves it as `git push --force` does. The default branch follows. Fails if the tag belongs to an
    /// immutable release.
    pub fn push_tag(&self, repo: &Repo, tag: &SeedTag) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            stored.check_unprotected(&tag.name)?;
            stored.add_tag(tag);
            Ok(())
        })
    }

    /// Deletes a tag. Fails if it belongs to an immutable release.
    pub fn delete_tag(&self, repo: &Repo, tag: &str) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            stored.check_unprotected(tag)?;
            stored.tags.remove(tag);
            Ok(())
        })
    }

    /// Sets the date of a commit, which is that of its releases.
    pub fn set_commit_date(&self, repo: &Repo, commit: &Commit, date: DateTime<Utc>) -> anyhow::Result<()> {
        self.edit(repo, |stored| stored.add_commit(commit, Some(date)))
    }

    /// The commit that a tag peels to.
    pub fn tag(&self, repo: &Repo, tag: &str) -> Option<Commit> {
        self.look(repo, |stored| stored.tags.get(tag).map(|tag| tag.commit.clone()))?
    }

    /// Creates an empty draft of a tag and returns its id.
    pub fn add_draft(&self, repo: &Repo, tag: &str) -> anyhow::Result<u64> {
        self.change(repo, |stored, id| {
            let mut draft = draft(id, tag.to_owned(), stored.default_branch.clone(), OTHER_USER);
            draft.created_at = stored.date_of(tag, &draft.target_commitish);
            stored.releases.push(draft);
            Ok(id)
        })
    }

    /// Edits a release as its page on the site does.
    pub fn edit_release(
        &self,
        repo: &Repo,
        release: u64,
        edit: impl FnOnce(&mut StoredRelease),
    ) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            edit(stored.release_mut(release).ok_or_else(ApiError::not_found)?);
            Ok(())
        })
    }

    /// Publishes a draft and makes it the latest release. Fails like the request to publish it would.
    pub fn publish_draft(&self, repo: &Repo, release: u64) -> anyhow::Result<()> {
        let immutable = self.is_immutable();
        self.change(repo, |stored, _| stored.publish(release, Some(MakeLatest::Yes), immutable))
    }

    pub(crate) fn delete_release(&self, repo: &Repo, release: u64) -> anyhow::Result<()> {
        self.edit(repo, |stored| stored.releases.retain(|kept| kept.id != release))
    }

    /// Adds an asset whose upload broke off to a release, and returns its id.
    pub fn add_starter(&self, repo: &Repo, release: u64, name: &str) -> anyhow::Result<u64> {
        self.add_to(repo, release, |id| Ok(starter(id, name.to_owned(), OTHER_USER)))
    }

    /// Adds an asset to a release, also to an immutable one, and returns its id.
    pub fn add_asset(&self, repo: &Repo, release: u64, name: &str, bytes: &[u8]) -> anyhow::Result<u64> {
        self.add_to(repo, release, |id| {
            fs::write(self.asset_file(id), bytes).map_err(anyhow::Error::from)?;
            Ok(StoredAsset {
                state: UPLOADED.to_owned(),
                size: bytes.len() as u64,
                digest: Some(Digest::of(bytes)),
                ..starter(id, name.to_owned(), OTHER_USER)
            })
        })
    }

    /// Removes an asset, also from an immutable release.
    pub fn remove_asset(&self, repo: &Repo, asset: u64) -> anyhow::Result<()> {
        self.edit(repo, |stored| {
            stored.releases.iter_mut().for_each(|release| release.assets.retain(|kept| kept.id != asset));
        })
    }

    /// All releases of a repository with drafts, oldest first.
    pub fn releases(&self, repo: &Repo) -> Vec<StoredRelease> {
        self.look(repo, |stored| stored.releases.clone()).unwrap_or_default()
    }

    /// The tag of the latest release.
    pub fn latest(&self, repo: &Repo) -> Option<String> {
        self.look(repo, |stored| stored.latest_release().map(|release| release.tag_name.clone()))?
    }

    /// The file with the bytes of an asset.
    pub fn asset_file(&self, asset: u64) -> PathBuf {
        self.store.path("assets", &asset.to_string())
    }

    /// Deletes the bytes of deleted assets. A failure only costs space.
    pub(super) fn delete_bytes(&self, assets: &[StoredAsset]) {
        for asset in assets {
            let _ = fs::remove_file(self.asset_file(asset.id));
        }
    }

    fn add_to(
        &self,
        repo: &Repo,
        release: u64,
        asset: impl FnOnce(u64) -> ApiResult<StoredAsset>,
    ) -> anyhow::Result<u64> {
        self.change(repo, |stored, id| {
            let release = stored.release_mut(release).ok_or_else(ApiError::not_found)?;
            release.assets.push(asset(id)?);
            Ok(id)
        })
    }

    pub(super) fn look<T>(&self, repo: &Repo, look: impl FnOnce(&StoredRepo) -> T) -> Option<T> {
        self.store.read(|stored| stored.repo(repo).map(look))
    }

    /// Changes a repository. `change` gets an unused id.
    pub(super) fn change<T>(
        &self,
        repo: &Repo,
        change: impl FnOnce(&mut StoredRepo, u64) -> ApiResult<T>,
    ) -> anyhow::Result<T> {
        let changed = self.store.change(|stored| {
            let id = stored.next_id();
            change(stored.repo_mut(repo).ok_or_else(ApiError::not_found)?, id)
        });
        changed.map_err(|error| anyhow!("the embedded GitHub refused a change of `{repo}`: {error}"))
    }

    /// Makes a change that cannot be refused.
    pub(super) fn edit(&self, repo: &Repo, edit: impl FnOnce(&mut StoredRepo)) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            edit(stored);
            Ok(())
        })
    }
}
