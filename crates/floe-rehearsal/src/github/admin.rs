//! Changes and looks from outside the API, for tests of a release tool. They are neither counted nor logged.
//!
//! A change fails if the repository does not exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::MutexGuard;

use anyhow::anyhow;
use floe_core::model::{Commit, Digest, Repo};
use floe_core::parallel::lock;

use super::assets::starter;
use super::contents::decoded;
use super::publish::MakeLatest;
use super::response::{ApiError, ApiResult};
use super::state::{StoredAsset, StoredPull, StoredRef, StoredRelease, StoredRepo};
use super::{EmbeddedGitHub, GitHubOptions};

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
    pub fn push_tag(&self, repo: &Repo, tag: &str, to: StoredRef) -> anyhow::Result<()> {
        self.change(repo, |stored, _| {
            stored.check_unprotected(tag)?;
            stored.add_tag(tag, to);
            Ok(())
        })
    }

    /// Deletes a tag. Fails if it belongs to an immutable release.
    pub fn delete_tag(&self, repo: &Repo, tag: &str) -> anyhow::Result<()> {
        self.change(repo, |stored, _| stored.delete_tag(tag))
    }

    /// The commit that a tag peels to.
    pub fn tag(&self, repo: &Repo, tag: &str) -> Option<Commit> {
        self.look(repo, |stored| stored.tag(tag).map(|tag| tag.commit.clone()))?
    }

    /// Creates an empty draft of a tag and returns its id.
    pub fn add_draft(&self, repo: &Repo, tag: &str) -> anyhow::Result<u64> {
        self.change(repo, |stored, id| {
            stored.add_draft(id, tag.to_owned(), None, OTHER_USER);
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
                size: bytes.len() as u64,
                digest: Some(Digest::of(bytes)),
                ..starter(id, name.to_owned(), OTHER_USER)
            });
            Ok(id)
        })
    }

    /// Removes an asset, also from an immutable release.
    pub fn remove_asset(&self, repo: &Repo, asset: u64) -> anyhow::Result<()> {
        self.edit(repo, |stored| drop(stored.remove_asset(asset)))
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

    /// Adds an empty repository, or a fork with the commits, branches and tags of its parent, unless it is there.
    pub fn add_repo(&self, repo: &Repo, default_branch: &str, parent: Option<&Repo>) -> anyhow::Result<()> {
        self.store.edit(|stored| stored.add_repo(repo, default_branch, parent))
    }

    /// Renames a repository. Its former name redirects.
    pub fn rename(&self, repo: &Repo, to: &Repo) -> anyhow::Result<()> {
        self.edit(repo, |stored| stored.former.push(std::mem::replace(&mut stored.repo, to.clone())))
    }

    /// Writes a file to the default branch, as a push does.
    pub fn write_file(&self, repo: &Repo, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.edit(repo, |stored| drop(stored.commit_file(None, path, Some(bytes))))
    }

    /// Deletes a file from the default branch.
    pub fn delete_file(&self, repo: &Repo, path: &str) -> anyhow::Result<()> {
        self.edit(repo, |stored| drop(stored.commit_file(None, path, None)))
    }

    /// Writes a file to a branch, which begins as the default one.
    pub fn write_branch(&self, repo: &Repo, branch: &str, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.edit(repo, |stored| drop(stored.commit_file(Some(branch), path, Some(bytes))))
    }

    /// The files of the default branch.
    pub fn files(&self, repo: &Repo) -> BTreeMap<String, Vec<u8>> {
        self.branch_files(repo, None)
    }

    /// The files of a branch; without a name, of the default one.
    pub fn branch_files(&self, repo: &Repo, branch: Option<&str>) -> BTreeMap<String, Vec<u8>> {
        let files = self.look(repo, |stored| stored.files(branch.unwrap_or("HEAD")).cloned()).flatten();
        files.into_iter().flatten().map(|(path, content)| (path, decoded(&content))).collect()
    }

    /// The branches of a repository besides the default one.
    pub fn branches(&self, repo: &Repo) -> Vec<String> {
        let others = |stored: &StoredRepo| {
            let names = stored.refs.keys().filter_map(|path| path.strip_prefix("heads/"));
            names.filter(|name| *name != stored.default_branch).map(str::to_owned).collect()
        };
        self.look(repo, others).unwrap_or_default()
    }

    /// The pull requests into a repository, oldest first.
    pub fn pulls(&self, repo: &Repo) -> Vec<StoredPull> {
        self.look(repo, |stored| stored.pulls.clone()).unwrap_or_default()
    }

    /// Merges an open pull request: its files, each in a commit.
    pub fn merge_pull(&self, repo: &Repo, number: u64) -> anyhow::Result<()> {
        let pull = self.pulls(repo).into_iter().find(|pull| pull.number == number && pull.open);
        let theirs = pull.as_ref().map(|pull| self.branch_files(&pull.from, Some(&pull.branch)));
        self.change(repo, |stored, _| {
            for (path, bytes) in theirs.ok_or_else(ApiError::not_found)? {
                stored.commit_file(None, &path, Some(&bytes));
            }
            for pull in stored.pulls.iter_mut().filter(|pull| pull.number == number) {
                (pull.open, pull.merged) = (false, true);
            }
            Ok(())
        })
    }

    /// Looks at a repository, if it is there.
    pub fn look<T>(&self, repo: &Repo, look: impl FnOnce(&StoredRepo) -> T) -> Option<T> {
        self.store.read(|stored| stored.repo(&repo.to_string()).map(look))
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
