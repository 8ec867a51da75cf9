//! From GitHub's JSON, as octocrab reads it, to what floe compares.

use anyhow::Context as _;
use octocrab::models::repos::{Asset, Release};
use serde::Deserialize;

use floe_core::untrusted::text;
use floe_core::world::{RemoteAsset, RemoteRelease};

/// The little that floe reads of a repository. octocrab's model would refuse the answer for any of a hundred other fields.
#[derive(Deserialize)]
pub(super) struct Repository {
    pub private: bool,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub disabled: bool,
    pub full_name: Option<String>,
    pub permissions: Option<Permissions>,
    pub default_branch: Option<String>,
    pub parent: Option<Parent>,
}

/// The repository that a fork comes from.
#[derive(Deserialize)]
pub(super) struct Parent {
    pub full_name: String,
    pub default_branch: String,
}

/// A pull request in a list.
#[derive(Deserialize)]
pub(super) struct Pull {
    pub html_url: String,
    pub state: String,
    pub merged_at: Option<String>,
}

/// An entry of a folder.
#[derive(Deserialize)]
pub(super) struct FolderEntry {
    pub name: String,
}

/// A git object of which only the name counts.
#[derive(Deserialize)]
pub(super) struct Named {
    pub sha: String,
}

/// Two commits, compared.
#[derive(Deserialize)]
pub(super) struct Compared {
    pub ahead_by: u64,
}

/// A commit, and the name of its tree.
#[derive(Deserialize)]
pub(super) struct Committed {
    pub tree: Named,
}

/// GitHub's answer for the attestations of a digest.
#[derive(Deserialize)]
pub(super) struct Attestations {
    pub attestations: Vec<StoredAttestation>,
}

#[derive(Deserialize)]
pub(super) struct StoredAttestation {
    /// The bundle. With later versions of the API there is only an address of it.
    pub bundle: Option<serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub push: bool,
}

/// A file as GitHub's contents have it. One of more than a megabyte comes without its bytes.
#[derive(Deserialize)]
pub(super) struct FileContents {
    pub sha: String,
    pub content: Option<String>,
    pub encoding: Option<String>,
}

pub(super) fn release(release: Release) -> anyhow::Result<RemoteRelease> {
    Ok(RemoteRelease {
        id: release.id.into_inner(),
        tag: release.tag_name,
        title: release.name.unwrap_or_default(),
        notes: release.body.unwrap_or_default(),
        draft: release.draft,
        prerelease: release.prerelease,
        immutable: release.immutable.unwrap_or_default(),
        // It is printed where programs read it, so it must be one line.
        url: text::line(release.html_url.as_str()).into_owned(),
        upload_url: release.upload_url,
        assets: release.assets.into_iter().map(asset).collect::<anyhow::Result<_>>()?,
    })
}

pub(super) fn asset(asset: Asset) -> anyhow::Result<RemoteAsset> {
    let size = u64::try_from(asset.size);
    Ok(RemoteAsset {
        id: asset.id.into_inner(),
        size: size
            .with_context(|| format!("GitHub reports that `{}` has {} bytes", asset.name, asset.size))?,
        name: asset.name,
        uploaded: asset.state == "uploaded",
        // A digest of another algorithm cannot be compared, so it counts as none.
        digest: asset.digest.and_then(|digest| digest.parse().ok()),
        url: asset.browser_download_url.into(),
        stands_for: None,
    })
}
