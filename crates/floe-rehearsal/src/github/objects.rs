//! The git objects of a repository, without git: a commit is a name with a date, a parent and a tree of files, and a ref
//! leads to one.

use std::iter::successors;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use floe_core::model::{Commit, Digest};

use super::response::{ApiError, ApiResult};
use super::state::{Files, StoredCommit, StoredRef, StoredRepo, rfc3339};

/// The file that a seeded commit has.
pub(super) const README: &str = "README.md";
/// The invented date of the first commit, 1980-01-01.
const FIRST_COMMIT: DateTime<Utc> = DateTime::from_timestamp_nanos(315_532_800_000_000_000);

impl StoredRepo {
    /// The commit that a branch leads to.
    pub(super) fn branch(&self, name: &str) -> Option<&Commit> {
        Some(&self.refs.get(&format!("heads/{name}"))?.commit)
    }

    /// The commit of the default branch; `None` in an empty repository.
    pub(super) fn head(&self) -> Option<&Commit> {
        self.branch(&self.default_branch)
    }

    pub(super) fn tag(&self, name: &str) -> Option<&StoredRef> {
        self.refs.get(&format!("tags/{name}"))
    }

    /// A commit by its whole name.
    pub(super) fn find_commit(&self, sha: &str) -> Option<&StoredCommit> {
        self.commits.iter().find(|commit| commit.sha.as_str() == sha)
    }

    /// The commit of a branch, a tag or a commit's own name, which may be abbreviated.
    pub(super) fn commit(&self, name: &str) -> Option<&StoredCommit> {
        let name = if name == "HEAD" { &self.default_branch } else { name };
        let name = name.strip_prefix("refs/").unwrap_or(name);
        let mut refs = ["", "heads/", "tags/"].iter();
        match refs.find_map(|prefix| self.refs.get(&format!("{prefix}{name}"))) {
            Some(found) => self.find_commit(found.commit.as_str()),
            None if name.len() < 7 => None,
            None => self.commits.iter().find(|commit| commit.sha.as_str().starts_with(name)),
        }
    }

    /// A commit and its ancestors, the newest first.
    pub(super) fn history<'a>(&'a self, last: &'a StoredCommit) -> impl Iterator<Item = &'a StoredCommit> {
        successors(Some(last), |commit| self.find_commit(commit.parent.as_ref()?.as_str()))
    }

    /// The files of a commit, which has any of its names.
    pub(super) fn files(&self, commit: &str) -> Option<&Files> {
        self.trees.get(&self.commit(commit)?.tree)
    }

    /// Adds a tree and returns its name.
    pub(super) fn add_tree(&mut self, files: Files) -> String {
        let name = invented_name(&format!("tree {files:?}")).to_string();
        self.trees.insert(name.clone(), files);
        name
    }

    /// Adds a commit of a tree and returns its name.
    pub(super) fn add_commit(&mut self, tree: String, parent: Option<Commit>) -> Commit {
        let count = self.commits.len();
        let sha = invented_name(&format!("{} commit {count} {tree} {parent:?}", self.repo));
        self.insert_commit(sha.clone(), tree, parent);
        sha
    }

    /// Each commit is a minute younger than the one before.
    fn insert_commit(&mut self, sha: Commit, tree: String, parent: Option<Commit>) {
        let date = rfc3339(FIRST_COMMIT + TimeDelta::minutes(self.commits.len() as i64));
        self.commits.push(StoredCommit { sha, date, parent, tree });
    }

    /// Changes the date of a commit.
    pub fn set_date(&mut self, sha: &Commit, date: DateTime<Utc>) {
        for commit in self.commits.iter_mut().filter(|commit| commit.sha == *sha) {
            commit.date = rfc3339(date);
        }
    }

    /// Adds the commits of a fork, or of the repository that it comes from.
    pub(super) fn fetch(&mut self, from: &StoredRepo) {
        for commit in &from.commits {
            if self.find_commit(commit.sha.as_str()).is_none() {
                self.commits.push(commit.clone());
            }
        }
        self.trees.extend(from.trees.clone());
    }

    pub(super) fn set_branch(&mut self, name: &str, commit: Commit) {
        self.refs.insert(format!("heads/{name}"), StoredRef { commit, annotated: false });
    }

    /// Adds or moves a tag. The default branch follows; a new commit there has the files of the one before.
    pub(super) fn add_tag(&mut self, name: &str, to: StoredRef) {
        if self.find_commit(to.commit.as_str()).is_none() {
            let readme = format!("# {}\n\nA repository of a rehearsal.\n", self.repo.name());
            let first = || Files::from([(README.to_owned(), STANDARD.encode(readme))]);
            let files = self.files("HEAD").cloned().unwrap_or_else(first);
            let tree = self.add_tree(files);
            self.insert_commit(to.commit.clone(), tree, self.head().cloned());
        }
        let default = self.default_branch.clone();
        self.set_branch(&default, to.commit.clone());
        self.refs.insert(format!("tags/{name}"), to);
    }

    /// Writes a file to a branch, or to the default one, in a new commit, or deletes it. A new branch begins as the default one, and the first of an
    /// empty repository becomes that.
    pub(super) fn commit_file(&mut self, branch: Option<&str>, path: &str, bytes: Option<&[u8]>) -> Commit {
        let branch = branch.unwrap_or(&self.default_branch).to_owned();
        if self.refs.is_empty() {
            self.default_branch.clone_from(&branch);
        }
        let parent = self.branch(&branch).or(self.head()).cloned();
        let files = parent.as_ref().and_then(|parent| self.files(parent.as_str()));
        let mut files = files.cloned().unwrap_or_default();
        match bytes {
            Some(bytes) => files.insert(path.to_owned(), STANDARD.encode(bytes)),
            None => files.remove(path),
        };
        let tree = self.add_tree(files);
        let commit = self.add_commit(tree, parent);
        self.set_branch(&branch, commit.clone());
        commit
    }

    pub(super) fn delete_tag(&mut self, tag: &str) -> ApiResult<()> {
        self.check_unprotected(tag)?;
        let deleted = self.refs.remove(&format!("tags/{tag}"));
        deleted.map(drop).ok_or_else(|| ApiError::unprocessable("Reference does not exist"))
    }

    /// Fails if the tag belongs to an immutable release.
    pub(super) fn check_unprotected(&self, tag: &str) -> ApiResult<()> {
        if self.published(tag).is_some_and(|release| release.immutable) {
            return Err(ApiError::unprocessable("Cannot update this protected ref."));
        }
        Ok(())
    }
}

/// An invented name for a git object, always the same for the same text.
pub(super) fn invented_name(text: &str) -> Commit {
    let hex = Digest::of(text.as_bytes()).hex();
    hex[..40].parse().unwrap_or_else(|_| unreachable!("a digest is hexadecimal"))
}

/// Whether git accepts a name for a ref (git-check-ref-format).
pub(super) fn is_ref_name(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.split('/').all(part)
        && name != "@"
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c))
}

/// Fails if the path of a file would leave the tree, or is another spelling of a path in it.
pub(super) fn check_path(path: &str) -> ApiResult<()> {
    match path.split('/').any(|part| ["", ".", ".."].contains(&part)) {
        true => Err(ApiError::unprocessable("path contains a malformed path component")),
        false => Ok(()),
    }
}
