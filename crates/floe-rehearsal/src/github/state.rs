//! The state of the embedded GitHub: repositories, tags, releases and assets without their bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use floe_core::model::{Commit, Digest, Repo, Schema};
use serde::{Deserialize, Serialize};

use super::admin::OTHER_USER;

/// The content of `state.json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct StoredState {
    pub schema: Schema<1>,
    /// The last id that was given to anything.
    pub last_id: u64,
    pub repos: Vec<StoredRepo>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredRepo {
    pub id: u64,
    pub repo: Repo,
    /// Its names before it was renamed.
    pub former: Vec<Repo>,
    /// Whether only accounts can see it. Every account can.
    pub private: bool,
    pub default_branch: String,
    /// All commits, oldest first.
    pub commits: Vec<StoredCommit>,
    /// The files of commits, by the name of their tree.
    pub trees: BTreeMap<String, Files>,
    /// Branches and tags by name, such as `heads/main`; none in an empty repository.
    pub refs: BTreeMap<String, StoredRef>,
    /// Oldest first.
    pub releases: Vec<StoredRelease>,
    /// Tag names of deleted immutable releases. They can never be used again.
    pub spent_tags: BTreeSet<String>,
    /// The release that was made the latest explicitly.
    pub latest: Option<u64>,
    /// Nothing in it can be changed.
    pub archived: bool,
    /// Changes of the default branch need a pull request.
    pub protected: bool,
    /// The repository that it is a fork of.
    pub parent: Option<Repo>,
    /// Oldest first.
    pub pulls: Vec<StoredPull>,
    /// The attestations of each digest, as bundles.
    pub attestations: BTreeMap<String, Vec<serde_json::Value>>,
}

/// Files by path, in base64.
pub type Files = BTreeMap<String, String>;

/// A pull request into a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPull {
    /// Its number in the repository.
    pub number: u64,
    pub title: String,
    /// The fork and the branch that it comes from.
    pub from: Repo,
    pub branch: String,
    /// Neither merged nor closed.
    pub open: bool,
    pub merged: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredRef {
    pub commit: Commit,
    /// Whether it is a tag with an object of its own.
    pub annotated: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredCommit {
    pub sha: Commit,
    /// In RFC 3339.
    pub date: String,
    pub parent: Option<Commit>,
    pub tree: String,
}

/// A release. Times are in RFC 3339.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRelease {
    /// Unique on this server.
    pub id: u64,
    /// The tag, which need not exist while the release is a draft.
    pub tag_name: String,
    /// The branch or commit for a tag that does not exist.
    pub target_commitish: String,
    /// The title.
    pub name: Option<String>,
    /// The notes.
    pub body: Option<String>,
    /// Whether only accounts that can push see it.
    pub draft: bool,
    /// Whether it is marked as not ready for production.
    pub prerelease: bool,
    /// Whether its assets and tag are frozen.
    pub immutable: bool,
    /// The login of its author.
    pub author: String,
    /// The date of its commit.
    pub created_at: String,
    pub updated_at: String,
    pub published_at: Option<String>,
    /// Its files, oldest first.
    pub assets: Vec<StoredAsset>,
}

/// An asset. Times are in RFC 3339.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAsset {
    /// Unique on this server; also the name of the file with its bytes.
    pub id: u64,
    /// Its name, rewritten as GitHub does.
    pub name: String,
    /// The text shown in place of the name, or empty.
    pub label: String,
    /// Whether its upload is under way. An upload ends with the process.
    #[serde(skip)]
    pub open: bool,
    /// Its size in bytes; 0 until it is uploaded.
    pub size: u64,
    /// The digest of its bytes; `None` until it is uploaded.
    pub digest: Option<Digest>,
    /// The media type that the client sent.
    pub content_type: String,
    /// The login of the uploader.
    pub uploader: String,
    pub created_at: String,
    pub updated_at: String,
}

impl StoredRelease {
    /// Whether it was created from outside the API.
    pub fn is_foreign(&self) -> bool {
        self.author == OTHER_USER
    }
}

impl StoredAsset {
    /// Whether it is complete.
    pub(crate) fn is_uploaded(&self) -> bool {
        self.digest.is_some()
    }

    /// The state that clients see; `starter` after an upload that broke off.
    pub fn state(&self) -> &'static str {
        match self.open {
            _ if self.is_uploaded() => "uploaded",
            true => "open",
            false => "starter",
        }
    }
}

impl StoredState {
    /// An unused id.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The repository of a name, `owner/name`.
    pub(super) fn repo(&self, name: &str) -> Option<&StoredRepo> {
        self.repos.iter().find(|stored| stored.repo.is_called(name))
    }

    pub(super) fn repo_mut(&mut self, repo: &Repo) -> Option<&mut StoredRepo> {
        self.repos.iter_mut().find(|stored| stored.repo.is(repo))
    }

    /// Adds an empty repository, or a fork with the commits, branches and tags of its parent, unless it is there.
    pub(super) fn add_repo(&mut self, repo: &Repo, default_branch: &str, parent: Option<&Repo>) {
        if self.repo_mut(repo).is_some() {
            return;
        }
        let id = self.next_id();
        let upstream = parent.and_then(|parent| self.repo(&parent.to_string()));
        let git = upstream.map(|one| (one.commits.clone(), one.trees.clone(), one.refs.clone()));
        let (commits, trees, refs) = git.unwrap_or_default();
        self.repos.push(StoredRepo {
            id,
            repo: repo.clone(),
            former: Vec::new(),
            private: false,
            default_branch: default_branch.to_owned(),
            commits,
            trees,
            refs,
            releases: Vec::new(),
            spent_tags: BTreeSet::new(),
            latest: None,
            archived: false,
            protected: false,
            parent: parent.cloned(),
            attestations: BTreeMap::new(),
            pulls: Vec::new(),
        });
    }
}

impl StoredRepo {
    /// The release or draft with this id.
    pub(super) fn release(&self, id: u64) -> Option<&StoredRelease> {
        self.releases.iter().find(|release| release.id == id)
    }

    /// The release or draft with this id, to change it.
    pub fn release_mut(&mut self, id: u64) -> Option<&mut StoredRelease> {
        self.releases.iter_mut().find(|release| release.id == id)
    }

    /// The published release of a tag.
    pub(super) fn published(&self, tag: &str) -> Option<&StoredRelease> {
        self.releases.iter().find(|release| !release.draft && release.tag_name == tag)
    }

    /// An asset and its release.
    pub(super) fn asset(&self, id: u64) -> Option<(&StoredRelease, &StoredAsset)> {
        self.releases
            .iter()
            .flat_map(|release| release.assets.iter().map(move |asset| (release, asset)))
            .find(|(_, asset)| asset.id == id)
    }

    pub(super) fn remove_asset(&mut self, id: u64) -> Option<StoredAsset> {
        self.releases.iter_mut().find_map(|release| {
            let at = release.assets.iter().position(|asset| asset.id == id)?;
            Some(release.assets.remove(at))
        })
    }

    /// The asset with this id, to change it.
    pub fn asset_mut(&mut self, id: u64) -> Option<&mut StoredAsset> {
        self.releases.iter_mut().flat_map(|release| &mut release.assets).find(|asset| asset.id == id)
    }
}

/// The current time as GitHub writes it.
pub(super) fn now() -> String {
    rfc3339(SystemTime::now().into())
}

pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
