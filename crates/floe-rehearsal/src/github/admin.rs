//! What happens to a repository from elsewhere, and a look at it without a request.
//!
//! For tests of a release tool: none of it is counted or logged.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::anyhow;

use super::latest::MakeLatest;
use super::releases::fresh;
use super::response::ApiError;
use super::state::{StoredAsset, StoredRelease, StoredRepo, UPLOADED, key};
use super::upload::starter;
use super::{EmbeddedGitHub, SeedTag};
use floe_core::model::{Commit, Digest, Repo};

/// The name of whoever does what the caller did not do.
pub(super) const SOMEBODY: &str = "somebody-else";

impl EmbeddedGitHub {
    /// Switches immutable releases on or off, for releases published from now on.
    pub fn set_immutable(&self, immutable: bool) {
        self.immutable.store(immutable, Ordering::SeqCst);
    }

    /// Pushes a tag, or moves it as `git push --force` would; the default branch follows.
    ///
    /// # Errors
    ///
    /// There is no such repository, or the tag belongs to an immutable release.
    pub fn push_tag(&self, repo: &Repo, tag: &SeedTag) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            if stored.published(&tag.name).is_some_and(|release| release.immutable) {
                return Err(ApiError::unprocessable("Cannot update this protected ref."));
            }
            stored.add_tag(tag);
            Ok(())
        })
    }

    /// Deletes a tag.
    ///
    /// # Errors
    ///
    /// There is no such repository.
    pub fn delete_tag(&self, repo: &Repo, tag: &str) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            stored.tags.remove(tag);
            Ok(())
        })
    }

    /// The commit a tag peels to.
    pub fn tag(&self, repo: &Repo, tag: &str) -> Option<Commit> {
        self.look(repo, |stored| stored.tags.get(tag).map(|tag| tag.commit.clone()))?
    }

    /// Makes an empty draft of a tag, as somebody else, and returns its id.
    ///
    /// # Errors
    ///
    /// There is no such repository.
    pub fn add_draft(&self, repo: &Repo, tag: &str) -> anyhow::Result<u64> {
        self.change(repo, |stored, id| {
            let draft = fresh(id, tag.to_owned(), &stored.default_branch, SOMEBODY);
            stored.releases.push(draft);
            Ok(id)
        })
    }

    /// Publishes a draft as somebody else would who pushed the button: it becomes the latest.
    ///
    /// # Errors
    ///
    /// There is no such draft, or it cannot be published.
    pub fn publish_behind_your_back(&self, repo: &Repo, release: u64) -> anyhow::Result<()> {
        let immutable = self.is_immutable();
        self.change(repo, |stored, _| stored.publish(release, Some(MakeLatest::Yes), immutable))
    }

    /// Deletes a release, as somebody else would on its page.
    ///
    /// # Errors
    ///
    /// There is no such repository.
    pub fn delete_release(&self, repo: &Repo, release: u64) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            stored.releases.retain(|kept| kept.id != release);
            Ok(())
        })
    }

    /// Leaves an asset whose upload broke off on a release, and returns its id.
    ///
    /// # Errors
    ///
    /// There is no such release.
    pub fn add_starter(&self, repo: &Repo, release: u64, name: &str) -> anyhow::Result<u64> {
        self.change(repo, |stored, id| {
            let release = stored.release_mut(release).ok_or_else(ApiError::not_found)?;
            release.assets.push(starter(id, name.to_owned(), SOMEBODY));
            Ok(id)
        })
    }

    /// Puts an asset on a release, whatever its state, and returns its id.
    ///
    /// # Errors
    ///
    /// There is no such release, or the bytes cannot be written.
    pub fn add_asset(&self, repo: &Repo, release: u64, name: &str, bytes: &[u8]) -> anyhow::Result<u64> {
        self.change(repo, |stored, id| {
            let release = stored.release_mut(release).ok_or_else(ApiError::not_found)?;
            fs::write(self.store.asset_path(id), bytes).map_err(|error| ApiError::broken(&error.into()))?;
            release.assets.push(StoredAsset {
                state: UPLOADED.to_owned(),
                size: bytes.len() as u64,
                digest: Some(Digest::of(bytes)),
                ..starter(id, name.to_owned(), SOMEBODY)
            });
            Ok(id)
        })
    }

    /// Takes an asset off a release, whatever its state.
    ///
    /// # Errors
    ///
    /// There is no such repository.
    pub fn remove_asset(&self, repo: &Repo, asset: u64) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            for release in &mut stored.releases {
                release.assets.retain(|kept| kept.id != asset);
            }
            Ok(())
        })
    }

    /// Hides a repository from strangers, or shows it to them.
    ///
    /// # Errors
    ///
    /// There is no such repository.
    pub fn set_private(&self, repo: &Repo, private: bool) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            stored.private = private;
            Ok(())
        })
    }

    /// Every release of a repository as it is kept, drafts too, in the order they were made.
    pub fn releases(&self, repo: &Repo) -> Vec<StoredRelease> {
        self.look(repo, |stored| stored.releases.clone()).unwrap_or_default()
    }

    /// The tag of the latest release.
    pub fn latest(&self, repo: &Repo) -> Option<String> {
        self.look(repo, |stored| stored.latest_release().map(|release| release.tag_name.clone()))?
    }

    /// The file with an asset's bytes.
    pub fn asset_file(&self, asset: u64) -> PathBuf {
        self.store.asset_path(asset)
    }

    fn look<T>(&self, repo: &Repo, look: impl FnOnce(&StoredRepo) -> T) -> Option<T> {
        self.store.read(|stored| stored.repos.get(&key(repo.owner(), repo.name())).map(look))
    }

    /// Changes a repository; `change` is given an id nothing else has.
    fn change<T>(
        &self,
        repo: &Repo,
        change: impl FnOnce(&mut StoredRepo, u64) -> Result<T, ApiError>,
    ) -> anyhow::Result<T> {
        let changed = self.store.change(|stored| {
            let id = stored.next_id();
            let found = stored.repos.get_mut(&key(repo.owner(), repo.name()));
            change(found.ok_or_else(ApiError::not_found)?, id)
        });
        changed.map_err(|refusal| anyhow!("the embedded GitHub refused for `{repo}`: {refusal}"))
    }
}
