//! What the embedded GitHub knows: repositories, tags, releases and assets. How it is kept is `store`'s business.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::admin::SOMEBODY;
use super::{SeedRepo, SeedTag};
use floe_core::model::{Commit, Digest, Repo, Schema};

/// Everything but the bytes of assets.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct StoredState {
    pub schema: Schema<1>,
    /// How often it was replaced as a whole; the lines that belong to it have the same number.
    #[serde(default)]
    pub generation: u64,
    /// The last id that was given to anything.
    pub last_id: u64,
    /// By owner and name in lower case, since GitHub does not tell cases apart.
    pub repos: BTreeMap<String, StoredRepo>,
}

/// A repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredRepo {
    pub id: u64,
    pub repo: Repo,
    pub private: bool,
    pub default_branch: String,
    /// Where the default branch stands, unless the repository is empty.
    pub head: Option<Commit>,
    pub tags: BTreeMap<String, StoredTag>,
    /// In the order they were made.
    pub releases: Vec<StoredRelease>,
    /// Tag names of immutable releases that were deleted: they can never be used again.
    pub spent_tags: BTreeSet<String>,
    /// The release that was made the latest explicitly.
    pub latest: Option<u64>,
}

/// A tag.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredTag {
    pub commit: Commit,
    pub annotated: bool,
}

/// A release as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRelease {
    /// Its number, unique on this server.
    pub id: u64,
    /// The tag, which need not exist while it is a draft.
    pub tag_name: String,
    /// The branch or commit that a missing tag is made at.
    pub target_commitish: String,
    /// Its title.
    pub name: Option<String>,
    /// Its notes.
    pub body: Option<String>,
    /// Whether only those who can push see it.
    pub draft: bool,
    /// Whether it is marked as not ready.
    pub prerelease: bool,
    /// Whether its assets and tag are frozen.
    pub immutable: bool,
    /// Who made it.
    pub author: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it was last changed, RFC 3339.
    pub updated_at: String,
    /// When it was published, RFC 3339.
    pub published_at: Option<String>,
    /// Its files in the order they were uploaded.
    pub assets: Vec<StoredAsset>,
}

/// An asset as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAsset {
    /// Its number, unique on this server; also the name of the file with its bytes.
    pub id: u64,
    /// Its name after GitHub's rewriting.
    pub name: String,
    /// The text shown in place of the name; empty if there is none.
    pub label: String,
    /// `uploaded`, or `starter` while it is uploaded and for ever if that broke off.
    pub state: String,
    /// Its size in bytes; 0 for a starter.
    pub size: u64,
    /// The digest of its bytes; a starter has none.
    pub digest: Option<Digest>,
    /// The media type sent with the upload.
    pub content_type: String,
    /// Who uploaded it.
    pub uploader: String,
    /// How often it was downloaded.
    pub download_count: u64,
    /// When its upload began, RFC 3339.
    pub created_at: String,
    /// When it was last changed, RFC 3339.
    pub updated_at: String,
}

impl StoredRelease {
    /// Whether it was made from elsewhere, not by a request.
    pub fn is_by_somebody_else(&self) -> bool {
        self.author == SOMEBODY
    }
}

impl StoredAsset {
    /// Whether all of it is there.
    pub fn is_uploaded(&self) -> bool {
        self.state == UPLOADED
    }
}

/// The state of an asset that is whole.
pub(super) const UPLOADED: &str = "uploaded";
/// The state of an asset whose upload has begun.
pub(super) const STARTER: &str = "starter";

impl StoredState {
    /// An id nothing else has.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Adds what is missing of a repository.
    pub(super) fn seed(&mut self, seed: &SeedRepo) {
        let key = key(seed.repo.owner(), seed.repo.name());
        if !self.repos.contains_key(&key) {
            let id = self.next_id();
            let fresh = StoredRepo {
                id,
                repo: seed.repo.clone(),
                private: seed.private,
                default_branch: seed.default_branch.clone(),
                head: None,
                tags: BTreeMap::new(),
                releases: Vec::new(),
                spent_tags: BTreeSet::new(),
                latest: None,
            };
            self.repos.insert(key.clone(), fresh);
        }
        if let Some(repo) = self.repos.get_mut(&key) {
            for tag in &seed.tags {
                if !repo.tags.contains_key(&tag.name) {
                    repo.add_tag(tag);
                }
            }
        }
    }
}

impl StoredRepo {
    /// The release with this number, whether or not it is a draft.
    pub(super) fn release(&self, id: u64) -> Option<&StoredRelease> {
        self.releases.iter().find(|release| release.id == id)
    }

    /// The same, to change it.
    pub(super) fn release_mut(&mut self, id: u64) -> Option<&mut StoredRelease> {
        self.releases.iter_mut().find(|release| release.id == id)
    }

    /// The published release of a tag.
    pub(super) fn published(&self, tag: &str) -> Option<&StoredRelease> {
        self.releases.iter().find(|release| !release.draft && release.tag_name == tag)
    }

    /// An asset and the release it belongs to.
    pub(super) fn asset(&self, id: u64) -> Option<(&StoredRelease, &StoredAsset)> {
        self.releases
            .iter()
            .flat_map(|release| release.assets.iter().map(move |asset| (release, asset)))
            .find(|(_, asset)| asset.id == id)
    }

    /// An asset, to change it.
    pub(super) fn asset_mut(&mut self, id: u64) -> Option<&mut StoredAsset> {
        self.releases.iter_mut().flat_map(|release| &mut release.assets).find(|asset| asset.id == id)
    }

    /// Adds a tag, or moves it; the default branch follows.
    pub(super) fn add_tag(&mut self, tag: &SeedTag) {
        let stored = StoredTag { commit: tag.commit.clone(), annotated: tag.annotated };
        self.tags.insert(tag.name.clone(), stored);
        self.head = Some(tag.commit.clone());
    }
}

/// The name a repository is kept under.
pub(super) fn key(owner: &str, name: &str) -> String {
    format!("{owner}/{name}").to_ascii_lowercase()
}

/// The current time as GitHub writes it.
pub(super) fn now() -> String {
    DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Secs, true)
}
