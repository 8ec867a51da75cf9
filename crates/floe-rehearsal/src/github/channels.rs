//! Changes and looks from outside the API at repositories of package managers: taps, buckets, forks. They are neither
//! counted nor logged. A change fails if the repository does not exist.

use std::collections::BTreeMap;

use floe_core::model::Repo;

use super::response::{ApiError, ApiResult};
use super::state::{StoredPull, StoredRepo, key};
use super::{EmbeddedGitHub, SeedRepo};

impl EmbeddedGitHub {
    /// Adds a repository, or the parts of it that are missing.
    pub fn add_repo(&self, seed: &SeedRepo) -> anyhow::Result<()> {
        self.store.edit(|stored| stored.seed(seed))
    }

    /// Makes a repository a fork of another one, with the same branch and files.
    pub fn set_parent(&self, fork: &Repo, parent: &Repo) -> anyhow::Result<()> {
        let theirs = self.look(parent, Clone::clone);
        self.change(fork, |stored, _| {
            let theirs = theirs.ok_or_else(ApiError::not_found)?;
            if stored.parent.as_ref() == Some(parent) {
                return Ok(());
            }
            stored.parent = Some(parent.clone());
            stored.default_branch = theirs.default_branch;
            (stored.branches, stored.commits) = (theirs.branches, theirs.commits);
            Ok(())
        })
    }

    /// Writes a file to the default branch, as a push does.
    pub fn write_file(&self, repo: &Repo, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.change(repo, |stored, id| {
            let branch = stored.default_branch.clone();
            stored.commit_file(&branch, path, Some(bytes), id).map(drop)
        })
    }

    /// Deletes a file from the default branch.
    pub fn delete_file(&self, repo: &Repo, path: &str) -> anyhow::Result<()> {
        self.change(repo, |stored, id| {
            let branch = stored.default_branch.clone();
            stored.commit_file(&branch, path, None, id).map(drop)
        })
    }

    /// The files of the default branch, without the `README.md` that every repository has.
    pub fn files(&self, repo: &Repo) -> BTreeMap<String, Vec<u8>> {
        self.branch_files(repo, None)
    }

    /// The files of a branch; without a name, of the default one.
    pub fn branch_files(&self, repo: &Repo, branch: Option<&str>) -> BTreeMap<String, Vec<u8>> {
        self.look(repo, |stored| stored.written(branch.unwrap_or(&stored.default_branch))).unwrap_or_default()
    }

    /// Renames a repository. Its former name redirects.
    pub fn rename(&self, repo: &Repo, to: &Repo) -> anyhow::Result<()> {
        let renamed: ApiResult<()> = self.store.change(|stored| {
            let (from, to_key) = (key(repo.owner(), repo.name()), key(to.owner(), to.name()));
            let mut moved = stored.repos.remove(&from).ok_or_else(ApiError::not_found)?;
            moved.repo = to.clone();
            stored.renamed.retain(|name, _| *name != to_key);
            stored.renamed.insert(from, to_key.clone());
            stored.repos.insert(to_key, moved);
            Ok(())
        });
        renamed.map_err(|error| anyhow::anyhow!("the embedded GitHub refused to rename `{repo}`: {error}"))
    }

    /// The pull requests into a repository, oldest first.
    pub fn pulls(&self, repo: &Repo) -> Vec<StoredPull> {
        self.look(repo, |stored| stored.pulls.clone()).unwrap_or_default()
    }

    /// The branches of a repository besides the default one.
    pub fn branches(&self, repo: &Repo) -> Vec<String> {
        let others = |stored: &StoredRepo| {
            let names = stored.branches.keys().filter(|name| **name != stored.default_branch);
            names.cloned().collect()
        };
        self.look(repo, others).unwrap_or_default()
    }

    /// Writes a file to a branch, which begins as the default one.
    pub fn write_branch(&self, repo: &Repo, branch: &str, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.change(repo, |stored, id| {
            if let Some(default) = stored.branches.get(&stored.default_branch).cloned() {
                stored.branches.entry(branch.to_owned()).or_insert(default);
            }
            stored.commit_file(branch, path, Some(bytes), id).map(drop)
        })
    }

    /// Merges an open pull request.
    pub fn merge_pull(&self, repo: &Repo, number: u64) -> anyhow::Result<()> {
        let pull = self.pulls(repo).into_iter().find(|pull| pull.number == number && pull.open);
        let theirs = pull.as_ref().map(|pull| self.branch_files(&pull.from, Some(&pull.branch)));
        self.change(repo, |stored, id| {
            let branch = stored.default_branch.clone();
            for (path, bytes) in theirs.ok_or_else(ApiError::not_found)? {
                stored.commit_file(&branch, &path, Some(&bytes), id)?;
            }
            for pull in stored.pulls.iter_mut().filter(|pull| pull.number == number) {
                (pull.open, pull.merged) = (false, true);
            }
            Ok(())
        })
    }
}
