//! A release before its dist is built: its names, and none of its bytes.

use std::borrow::Cow;

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
    /// The targets that it is going to hold.
    pub targets: Vec<Target>,
    /// Whether it is going to have an SBOM for each target.
    pub sbom: bool,
    /// The names of the further files that it is going to hold.
    pub files: Vec<String>,
    /// The platforms that its image is going to hold; none if it has no image.
    pub platforms: Vec<Platform>,
    /// The channels that its stable releases move.
    pub places: Vec<ChannelPlace>,
    /// Where its notes come from.
    pub notes: NotesSource,
}

/// The subject of a plan: a release, or its outline.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A release: its bytes are known.
    Release(&'a Release),
    /// An outline: only names are known.
    Outline(&'a Outline),
}

impl<'a> From<&'a Release> for Subject<'a> {
    fn from(release: &'a Release) -> Self {
        Subject::Release(release)
    }
}

impl<'a> From<&'a Outline> for Subject<'a> {
    fn from(outline: &'a Outline) -> Self {
        Subject::Outline(outline)
    }
}

impl<'a> Subject<'a> {
    /// Version, destination, source of the notes, and the channels that stable releases move.
    fn common(self) -> (&'a Version, &'a Destination, &'a NotesSource, &'a [ChannelPlace]) {
        match self {
            Subject::Release(one) => (&one.version, &one.destination, &one.notes.source, &one.places),
            Subject::Outline(one) => (&one.version, &one.destination, &one.notes, &one.places),
        }
    }

    /// Its version.
    pub fn version(self) -> &'a Version {
        self.common().0
    }

    /// Its destination: repository, tag and image.
    pub fn destination(self) -> &'a Destination {
        self.common().1
    }

    /// Where its notes come from.
    pub fn notes(self) -> &'a NotesSource {
        self.common().2
    }

    /// The channels that stable releases of the project move, in order.
    pub fn places(self) -> &'a [ChannelPlace] {
        self.common().3
    }

    /// The channels that it moves: a pre-release moves none.
    pub fn channels(self) -> &'a [ChannelPlace] {
        if self.destination().tag.is_prerelease() { &[] } else { self.places() }
    }

    /// The release, if its bytes are known.
    pub fn release(self) -> Option<&'a Release> {
        match self {
            Subject::Release(release) => Some(release),
            Subject::Outline(_) => None,
        }
    }

    /// The image, if it is known.
    pub fn image(self) -> Option<&'a Image> {
        self.release()?.image.as_ref()
    }

    /// The platforms of the image; none if there is no image.
    pub fn platforms(self) -> Vec<Platform> {
        match self {
            Subject::Release(release) => {
                release.image.iter().flat_map(|image| &image.platforms).map(|one| one.platform).collect()
            }
            Subject::Outline(outline) => outline.platforms.clone(),
        }
    }

    /// The names of all assets, each with the asset if it is known.
    pub fn assets(self) -> Vec<(Cow<'a, str>, Option<&'a Asset>)> {
        match self {
            Subject::Release(release) => {
                release.assets.iter().map(|asset| (asset.name.as_str().into(), Some(asset))).collect()
            }
            Subject::Outline(outline) => {
                let archives = outline.targets.iter().map(|target| target.archive_file(&outline.name));
                let mut names: Vec<String> = archives.chain([Manifest::file_name(&outline.name)]).collect();
                if outline.sbom {
                    let sboms = outline.targets.iter().map(|target| Sbom::file_name(&outline.name, *target));
                    names.extend(sboms);
                }
                names.extend(outline.files.iter().cloned());
                names.sort();
                names.insert(0, CHECKSUMS.to_owned());
                names.into_iter().map(|name| (name.into(), None)).collect()
            }
        }
    }
}
