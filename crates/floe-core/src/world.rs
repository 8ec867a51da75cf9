//! The world: a snapshot of what GitHub and the registry hold.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::Serialize;

use crate::model::{Asset, Commit, Digest, Repo, Tag};

/// Everything a plan is decided by, besides the release itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    /// The commit the release's tag peels to; `None` if the remote has no such tag.
    pub tag: Option<Commit>,
    /// Every release of the repository that could be seen, drafts included where the token may see them.
    pub releases: Vec<RemoteRelease>,
    /// The image as the registry holds it; `None` if the release has no image.
    pub image: Option<RemoteImage>,
    /// The channels, in the order of the release's, or why one was not seen.
    pub channels: Vec<Asked<RemoteChannel>>,
}

/// A server's answer, which may be a refusal.
pub type Asked<T> = Result<T, Finding>;

/// A finding, with a hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A lower-case fragment that names the thing.
    pub found: String,
    /// The way out: a setting's address, a permission's name, a workflow's line.
    pub cure: String,
}

/// A release as GitHub holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteRelease {
    /// GitHub's number for it; the only handle that never changes.
    pub id: u64,
    /// The tag it names.
    pub tag: String,
    /// Its title; empty if it has none.
    pub title: String,
    /// Its notes.
    pub notes: String,
    /// Not published yet.
    pub draft: bool,
    /// Marked as a pre-release.
    pub prerelease: bool,
    /// It cannot be changed any more.
    pub immutable: bool,
    /// The address of its page.
    pub url: String,
    /// Where its assets are uploaded to, an RFC 6570 template.
    pub upload_url: String,
    /// Its assets; read in full only for the release's own tag.
    pub assets: Vec<RemoteAsset>,
}

impl RemoteRelease {
    /// Whether a person gave it a title; floe's is the tag.
    pub fn has_own_title(&self) -> bool {
        !self.title.trim().is_empty() && self.title != self.tag
    }

    /// Whether the notes hold this text; GitHub's editor ends lines as browsers do.
    pub fn holds_notes(&self, text: &str) -> bool {
        self.notes.replace('\r', "").contains(text.trim_end())
    }
}

/// An asset as GitHub holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAsset {
    /// GitHub's number for it.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether its `state` is `uploaded`; anything else is unfinished.
    pub uploaded: bool,
    /// GitHub's own digest of it; older servers have none.
    pub digest: Option<Digest>,
    /// The public URL of its download, once the release is published.
    pub url: String,
    /// The digest of a promised asset that it is as good as, although its bytes differ: another run signed the same files.
    pub stands_for: Option<Digest>,
}

/// The repository and the rights of the token, as GitHub says them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The repository is visible to accounts with access alone.
    pub private: bool,
    /// Nothing in the repository can be changed: its owner has archived it, or GitHub has disabled it.
    pub frozen: bool,
    /// The repository's own name, `owner/name`: another one than was asked for if it was renamed.
    pub name: Option<String>,
    /// Whether the account of the token may push. It is `false` for every token of an app, among them a workflow's,
    /// whatever that may do.
    pub push: Option<bool>,
    /// When the token expires, in GitHub's words, where it does.
    pub expires: Option<String>,
    /// The scopes of a classic token; other kinds have none.
    pub scopes: Option<Vec<String>>,
    /// The name of the default branch.
    pub branch: Option<String>,
    /// The repository that it is a fork of, `owner/name`, and the name of its default branch.
    pub parent: Option<(String, String)>,
}

impl Access {
    /// The name of the repository, if it has another one than `repo` by now.
    pub fn new_name(&self, repo: &Repo) -> Option<&str> {
        self.name.as_deref().filter(|name| !repo.is_called(name))
    }
}

/// GitHub's rate limit: the requests that are left in this hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Requests that are left.
    pub remaining: u64,
    /// When the next hour begins, in seconds since 1970.
    pub reset: u64,
}

/// An image as the registry holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteImage {
    /// The manifests and blobs of the image that are there.
    pub present: BTreeSet<Digest>,
    /// The digests that the tags in question point to; a tag that does not exist is not in the map.
    pub tags: BTreeMap<String, Digest>,
    /// The artifacts that the index under each tag lists; `None` if the registry lists artifacts itself.
    pub listed: Option<BTreeMap<String, BTreeSet<Digest>>>,
}

/// The repository of a channel, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteChannel {
    /// The repository that is written to, and the rights of the token for it.
    pub access: Access,
    /// The files that are there.
    pub held: Held,
}

/// The state of a package in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// The file of the default branch, if there is one.
    File(Option<RemoteFile>),
    /// The versions of a package, and the pull request of one.
    Submission(RemoteSubmission),
    /// The package of a feed, if it is there.
    Package(Option<RemotePackage>),
}

/// A package of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemotePackage {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The bytes of its files, one after the other.
    pub text: Vec<u8>,
    /// Whether it waits for moderation.
    pub waits: bool,
    /// The address of its page.
    pub url: String,
}

/// A package in a repository that takes pull requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteSubmission {
    /// The versions that are there.
    pub versions: Vec<Version>,
    /// The first file of the version in question, if it is there.
    pub merged: Option<Vec<u8>>,
    /// The branch of the fork, if there is one.
    pub branch: Option<RemoteBranch>,
    /// The newest pull request from that branch, an open one before the others.
    pub pull: Option<RemotePull>,
}

/// A branch of a fork.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteBranch {
    /// Its commit.
    pub head: String,
    /// Those of the files in question that it has.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePull {
    /// The address of its page.
    pub url: String,
    /// How far it is.
    pub state: PullState,
}

/// How far a pull request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullState {
    /// Neither merged nor closed.
    Open,
    /// Merged.
    Merged,
    /// Closed without a merge.
    Closed,
}

/// A file in a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteFile {
    /// Git's name of its bytes.
    pub sha: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How an asset on the server compares with the one that is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetMatch {
    /// Whole, of the same size, and the server's digest is the same.
    Same,
    /// Whole and of the same size, but the server has no digest.
    Unproven,
    /// Unfinished, or of another size or digest.
    Other,
}

impl RemoteAsset {
    /// Whether its address is the one that a public release of this tag has; a draft's assets have another.
    pub fn is_public(&self, tag: &str) -> bool {
        let folder =
            self.url.rsplit_once('/').and_then(|(folder, _)| folder.rsplit_once("/releases/download/"));
        let decoded = |name| percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        folder.is_some_and(|(_, name)| decoded(name) == tag)
    }

    /// Compares it with the promised asset of the same name.
    pub fn compare(&self, asset: &Asset) -> AssetMatch {
        if self.uploaded && self.stands_for == Some(asset.digest) {
            return AssetMatch::Same;
        }
        if !self.uploaded || self.size != asset.size {
            return AssetMatch::Other;
        }
        match self.digest {
            Some(digest) if digest == asset.digest => AssetMatch::Same,
            Some(_) => AssetMatch::Other,
            None => AssetMatch::Unproven,
        }
    }
}

impl World {
    /// The drafts of a tag.
    pub fn drafts(&self, tag: &Tag) -> Vec<&RemoteRelease> {
        self.releases.iter().filter(|release| release.draft && release.tag == tag.as_str()).collect()
    }

    /// The published release of a tag.
    pub fn published(&self, tag: &Tag) -> Option<&RemoteRelease> {
        self.releases.iter().find(|release| !release.draft && release.tag == tag.as_str())
    }

    /// The versions of all published releases but the one of `tag`. Releases whose tag names no version do not count,
    /// nor do those of another prefix, because each package of a repository has versions of its own.
    pub fn other_versions(&self, tag: &Tag) -> Vec<Published> {
        let version = |release: &RemoteRelease| {
            let other: Tag = release.tag.parse().ok()?;
            (other.prefix() == tag.prefix()).then(|| Published::new(other, release.prerelease))
        };
        self.others(tag).filter_map(version).collect()
    }

    /// The version of `tag`, which is published or will be. Maintainers mark a release that they recall as a pre-release.
    pub fn own_version(&self, tag: &Tag) -> Published {
        Published::new(tag.clone(), self.published(tag).is_some_and(|release| release.prerelease))
    }

    /// Whether there is a published release besides the one of `tag`, of whatever package.
    pub fn has_other_releases(&self, tag: &Tag) -> bool {
        self.others(tag).next().is_some()
    }

    fn others(&self, tag: &Tag) -> impl Iterator<Item = &RemoteRelease> {
        self.releases.iter().filter(|release| !release.draft && release.tag != tag.as_str())
    }
}

/// A published release by its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its tag.
    pub tag: Tag,
    /// Neither marked as a pre-release nor named like one.
    pub stable: bool,
}

impl Published {
    /// The version that a tag names, and whether its release is marked as a pre-release.
    pub fn new(tag: Tag, is_marked: bool) -> Self {
        Published { stable: !is_marked && !tag.is_prerelease(), tag }
    }
}
