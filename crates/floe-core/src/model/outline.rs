//! A release before its dist is built: its names, and none of its bytes.

use std::borrow::Cow;

use semver::Version;

use super::notes::NotesSource;
use super::release::CHECKSUMS;
use super::{
    Asset, ChannelKind, ChannelPlace, Destination, Image, Manifest, Platform, Release, Sbom, Target,
};

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
    /// The channels that it is going to move.
    pub channels: Vec<ChannelPlace>,
    /// The channels that may replace a file that floe has not made.
    pub adopts: Vec<ChannelKind>,
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
    /// Name, version, destination, source of the notes, and the channels that may replace files.
    fn common(self) -> (&'a str, &'a Version, &'a Destination, &'a NotesSource, &'a [ChannelKind]) {
        match self {
            Subject::Release(one) => {
                (&one.name, &one.version, &one.destination, &one.notes.source, &one.adopts)
            }
            Subject::Outline(one) => (&one.name, &one.version, &one.destination, &one.notes, &one.adopts),
        }
    }

    /// Its destination: repository, tag and image.
    pub fn destination(self) -> &'a Destination {
        self.common().2
    }

    /// Its version.
    pub fn version(self) -> &'a Version {
        self.common().1
    }

    /// Where its notes come from.
    pub fn notes(self) -> &'a NotesSource {
        self.common().3
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

    /// The project's name.
    pub fn name(self) -> &'a str {
        self.common().0
    }

    /// The channels that it moves, in order. A pre-release moves none.
    pub fn channels(self) -> Vec<ChannelPlace> {
        match self {
            _ if self.destination().tag.is_prerelease() => Vec::new(),
            Subject::Release(release) => ChannelPlace::of(&release.channels),
            Subject::Outline(outline) => outline.channels.clone(),
        }
    }

    /// Whether a channel may replace a file that floe has not made.
    pub fn adopts(self, kind: ChannelKind) -> bool {
        self.common().4.contains(&kind)
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
