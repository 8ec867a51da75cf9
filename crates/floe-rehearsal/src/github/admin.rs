//! Changes and looks from outside the API, for tests of a release tool. They are neither counted nor logged.
//!
//! A change fails if the repository does not exist.

use std::fs;
use std::path::PathBuf;
use std::sync::MutexGuard;

use anyhow::anyhow;
use floe_core::model::{Commit, Digest, Repo};
use floe_core::parallel::lock;

use super::assets::starter;
use super::publish::MakeLatest;
use super::response::{ApiError, ApiResult};
use super::state::{StoredAsset, StoredRelease, StoredRepo, UPLOADED, draft};
use super::{EmbeddedGitHub, GitHubOptions, SeedTag};

/// The author of everything that is created from outside the API.
pub(super) const OTHER_USER: &str = "somebody-else";

impl EmbeddedGitHub {
    /// The options, which apply to the requests to come.
    pub fn options(&self) -> MutexGuard<'_, GitHubOptions> {
        lock(&self.options)
    }

    /// Replaces the repositories that a user may push to.
    pub fn set_push(&self, login: &str, repos: Vec<Repo>) {
        for account in self.options().tokens.iter_mut().filter(|account| account.login == login) {
            account.can_push.clone_from(&repos);
        }
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

    /// Publishes a draft and makes it the latest release. Fails like the request to publish it would.
    pub fn publish_draft(&self, repo: &Repo, release: u64) -> anyhow::Result<()> {
        let immutable = self.options().immutable;
        self.change(repo, |stored, _| stored.publish(release, Some(MakeLatest::Yes), immutable))
    }

    /// Adds an asset to a release, also to an immutable one, and returns its id.
    pub fn add_asset(&self, repo: &Repo, release: u64, name: &str, bytes: &[u8]) -> anyhow::Result<u64> {
        self.change(repo, |stored, id| {
            let release = stored.release_mut(release).ok_or_else(ApiError::not_found)?;
            fs::write(self.asset_file(id), bytes).map_err(anyhow::Error::from)?;
            release.assets.push(StoredAsset {
                state: UPLOADED.to_owned(),
                size: bytes.len() as u64,
                digest: Some(Digest::of(bytes)),
                ..starter(id, name.to_owned(), OTHER_USER)
            });
            Ok(id)
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

    /// Looks at a repository, if it is there.
    pub fn look<T>(&self, repo: &Repo, look: impl FnOnce(&StoredRepo) -> T) -> Option<T> {
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
    pub fn edit<T>(&self, repo: &Repo, edit: impl FnOnce(&mut StoredRepo) -> T) -> anyhow::Result<T> {
        self.change(repo, |stored, _| Ok(edit(stored)))
    }
}
