//! A release before its dist is built: its names, and none of its bytes.

use semver::Version;

use super::notes::NotesSource;
use super::release::CHECKSUMS;
use super::{Asset, ChannelPlace, Destination, Image, Manifest, Platform, Release, Sbom, Target};

/// A release as far as it is known before its dist is built.
#[derive(Debug, Clone)]
pub struct Outline {
    /// The project's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Its destination: repository, tag and image.
    pub destination: Destination,
    /// The names of all assets.
    pub assets: Vec<String>,
    /// The platforms that its image is going to hold; none if it has no image.
    pub platforms: Vec<Platform>,
    /// The channels that its stable releases move.
    pub places: Vec<ChannelPlace>,
    /// Where its notes come from.
    pub notes: NotesSource,
}

impl Outline {
    /// The names of the assets of a project's release for these targets, with or without SBOMs, and with these further files.
    pub fn assets(name: &str, targets: &[Target], sbom: bool, files: Vec<String>) -> Vec<String> {
        let archives = targets.iter().map(|target| target.archive_file(name));
        let sboms = targets.iter().map(|target| Sbom::file_name(name, *target)).filter(|_| sbom);
        let mut names: Vec<String> =
            archives.chain(sboms).chain(files).chain([Manifest::file_name(name)]).collect();
        names.sort();
        names.insert(0, CHECKSUMS.to_owned());
        names
    }
}

/// The subject of a plan: a release, or its outline, of which only names are known.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The project's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a Version,
    /// Its destination: repository, tag and image.
    pub destination: &'a Destination,
    /// Where its notes come from.
    pub notes: &'a NotesSource,
    /// The channels that stable releases of the project move, in order.
    pub places: &'a [ChannelPlace],
    /// The platforms of the image; none if there is no image.
    pub platforms: Vec<Platform>,
    /// The names of all assets, each with the asset if it is known.
    pub assets: Vec<(&'a str, Option<&'a Asset>)>,
    /// The release, if its bytes are known.
    pub release: Option<&'a Release>,
}

impl<'a> From<&'a Release> for Subject<'a> {
    fn from(release: &'a Release) -> Self {
        let platforms = release.image.iter().flat_map(|image| &image.platforms).map(|one| one.platform);
        Subject {
            name: &release.manifest.name,
            version: &release.manifest.version,
            destination: &release.destination,
            notes: &release.notes.source,
            places: &release.places,
            platforms: platforms.collect(),
            assets: release.assets.iter().map(|asset| (asset.name.as_str(), Some(asset))).collect(),
            release: Some(release),
        }
    }
}

impl<'a> From<&'a Outline> for Subject<'a> {
    fn from(outline: &'a Outline) -> Self {
        Subject {
            name: &outline.name,
            version: &outline.version,
            destination: &outline.destination,
            notes: &outline.notes,
            places: &outline.places,
            platforms: outline.platforms.clone(),
            assets: outline.assets.iter().map(|name| (name.as_str(), None)).collect(),
            release: None,
        }
    }
}

impl<'a> Subject<'a> {
    /// The channels that it moves: a pre-release moves none.
    pub fn channels(&self) -> &'a [ChannelPlace] {
        if self.destination.tag.is_prerelease() { &[] } else { self.places }
    }

    /// The image, if it is known.
    pub fn image(&self) -> Option<&'a Image> {
        self.release?.image.as_ref()
    }
}
