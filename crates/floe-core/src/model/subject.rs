//! The subject of a plan: a release, or one whose dist is not built yet.

use semver::Version;

use super::notes::NotesSource;
use super::release::CHECKSUMS;
use super::{Asset, ChannelPlace, Destination, Image, Manifest, Platform, Release, Sbom, Target};

/// The subject of a plan. Before its dist is built, only names are known.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The project's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Its destination: repository, tag and image.
    pub destination: Destination,
    /// The names of all assets.
    pub assets: Vec<String>,
    /// The platforms of its image; none if it has no image.
    pub platforms: Vec<Platform>,
    /// The channels that stable releases of the project move, in order.
    pub places: Vec<ChannelPlace>,
    /// Where its notes come from.
    pub notes: NotesSource,
    /// The release, if its bytes are known.
    pub release: Option<&'a Release>,
}

impl<'a> From<&'a Release> for Subject<'a> {
    fn from(release: &'a Release) -> Self {
        let platforms = release.image.iter().flat_map(|image| &image.platforms).map(|one| one.platform);
        Subject {
            name: release.manifest.name.clone(),
            version: release.manifest.version.clone(),
            destination: release.destination.clone(),
            assets: release.assets.iter().map(|asset| asset.name.clone()).collect(),
            platforms: platforms.collect(),
            places: release.places.clone(),
            notes: release.notes.source.clone(),
            release: Some(release),
        }
    }
}

impl<'a> Subject<'a> {
    /// The names of the assets of a project's release for these targets, with or without SBOMs, and with these further files.
    pub fn asset_names(name: &str, targets: &[Target], sbom: bool, files: Vec<String>) -> Vec<String> {
        let archives = targets.iter().map(|target| target.archive_file(name));
        let sboms = targets.iter().map(|target| Sbom::file_name(name, *target)).filter(|_| sbom);
        let mut names: Vec<String> =
            archives.chain(sboms).chain(files).chain([Manifest::file_name(name)]).collect();
        names.sort();
        names.insert(0, CHECKSUMS.to_owned());
        names
    }

    /// The asset of a name, if it is known.
    pub fn asset(&self, name: &str) -> Option<&'a Asset> {
        self.release?.asset(name)
    }

    /// The channels that it moves: a pre-release moves none.
    pub fn channels(&self) -> &[ChannelPlace] {
        if self.destination.tag.is_prerelease() { &[] } else { &self.places }
    }

    /// The image, if it is known.
    pub fn image(&self) -> Option<&'a Image> {
        self.release?.image.as_ref()
    }
}
