//! The description of an assembled dist, `floe-release.json`: everything about a release that its archives and its image do
//! not say, so that it is planned and published without its project.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::notes::NotesSource;
use super::{BuiltOn, Channels, Commit, ImageName, Platform, Repo, Schema, Tag, Target};

/// The description's name in a dist. It is no asset.
pub const DESCRIPTION: &str = "floe-release.json";

/// A release as its project describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembly {
    /// Always 1.
    pub schema: Schema<1>,
    /// The package.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The repository that it is released in.
    pub repository: Repo,
    /// The tag.
    pub tag: Tag,
    /// The commit that the tag peels to.
    pub commit: Commit,
    /// Whether it may become the repository's latest release.
    pub may_be_latest: bool,
    /// The programs of each archive.
    pub binaries: Vec<String>,
    /// The targets, all of them and no other.
    pub targets: Vec<Target>,
    /// Whether each target has an SBOM.
    pub sbom: bool,
    /// The further files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The image's name, whether or not there is an image.
    pub image: ImageName,
    /// The platforms of the image; none if there is no image.
    pub platforms: Vec<Platform>,
    /// Whether SBOMs and the attestation are attached to the image.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attach: bool,
    /// The programs of the image that are in no archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs: Option<Vec<String>>,
    /// Where the notes come from.
    pub notes: NotesSource,
    /// The installers and the files of package managers.
    pub channels: Channels,
    /// How it was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_on: Option<BuiltOn>,
}

documents!(Assembly);
