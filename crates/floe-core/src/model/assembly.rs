//! The description of an assembled dist, `floe-release.json`: everything about a release that its archives and its image do
//! not say, so that it is planned and published without its project.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::notes::NotesSource;
use super::{Channels, Destination, Platform, Schema, Target};

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
    /// Where it goes, with the image's name whether or not there is an image.
    #[serde(flatten)]
    pub destination: Destination,
    /// The programs of each archive.
    pub binaries: Vec<String>,
    /// The targets, all of them and no other.
    pub targets: Vec<Target>,
    /// Whether each target has an SBOM.
    pub sbom: bool,
    /// The further files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The platforms of the image; none if there is no image.
    pub platforms: Vec<Platform>,
    /// The programs of the image that are in no archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs: Option<Vec<String>>,
    /// Where the notes come from.
    pub notes: NotesSource,
    /// The installers and the files of package managers.
    pub channels: Channels,
}
