//! Whether the file of a channel moves: decided by its bytes, which say whether floe has made it, for which version, and
//! which archives it installs.
//!
//! A channel never goes down, and a file that a person wrote is never replaced.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use semver::Version;

use super::{Conflict, Step, submission};
use crate::model::channel::{digests, installs};
use crate::model::places::Home;
use crate::model::{ChannelPlace, Digest, Marker, Release, Rendered, Subject};
use crate::world::{Held, Published, RemotePackage, World};

/// The content of a channel, compared with the files of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Absent,
    /// The same bytes, or the same version while the bytes are not known.
    Same,
    /// A lower version.
    Behind(Version),
    /// The same version and archives in another text.
    Reworded,
    /// A higher version.
    Newer(Version),
    /// A file that floe has not made, and that may be replaced.
    Adopted,
    /// The pull request at this address has the same bytes and is open, or the package at it waits for moderation.
    Pending(String),
    /// The pull request at this address was closed without a merge. floe opens no other one.
    Closed(String),
    /// It must not be replaced.
    Conflict(ChannelConflict),
}

/// Why the file of a channel must not be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelConflict {
    /// Floe has not made it.
    Foreign,
    /// It is that of another project.
    OtherProject(String),
    /// It installs other archives of the same version.
    OtherDigests(Version),
}

/// The files that a release has for a channel. Before a dist is built, their bytes are not known.
#[derive(Debug, Clone)]
pub struct Own<'a> {
    /// The project.
    pub name: &'a str,
    /// The version.
    pub version: &'a Version,
    /// The files, the one that names the archives first.
    pub files: Option<Vec<&'a Rendered>>,
    /// The digests of the archives, if they are known.
    pub archives: BTreeSet<Digest>,
    /// Whether a file that floe has not made may be replaced.
    pub adopt: bool,
}

impl<'a> Own<'a> {
    /// The files of a release for a place.
    pub fn of(release: &'a Release, place: &ChannelPlace) -> Self {
        let archives = release.manifest.artifacts.iter().map(|one| one.digest).collect();
        let files = Some(place.files(&release.channels));
        Own { files, archives, ..Own::outline(release.into(), place) }
    }

    fn outline(subject: Subject<'a>, place: &ChannelPlace) -> Self {
        let (name, version) = (subject.name(), subject.version());
        let archives = BTreeSet::new();
        Own { name, version, files: None, archives, adopt: subject.adopts(place.kind) }
    }

    /// The bytes of the first file.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        Some(self.files.as_ref()?.first()?.bytes.as_slice())
    }
}

impl Standing {
    /// Compares what is there with the files of a release.
    pub fn of(own: &Own<'_>, there: &Held) -> Self {
        match there {
            Held::File(None) => Standing::Absent,
            Held::File(Some(file)) => Standing::of_file(own, &file.bytes),
            Held::Submission(there) => submission::standing(own, there),
            Held::Package(None) => Standing::Absent,
            Held::Package(Some(package)) => Standing::of_package(own, package),
        }
    }

    /// A version of a feed is never pushed again, so only the archives that it installs count.
    fn of_package(own: &Own<'_>, there: &RemotePackage) -> Self {
        match own.bytes() {
            Some(bytes) if bytes != there.bytes && !installs(&own.archives, &there.text) => {
                Standing::Conflict(ChannelConflict::OtherDigests(own.version.clone()))
            }
            _ if there.waits => Standing::Pending(there.url.clone()),
            _ => Standing::Same,
        }
    }

    pub(super) fn of_file(own: &Own<'_>, there: &[u8]) -> Self {
        if own.bytes() == Some(there) {
            return Standing::Same;
        }
        let Some(marker) = Marker::of(there) else {
            return if own.adopt { Standing::Adopted } else { Standing::Conflict(ChannelConflict::Foreign) };
        };
        if marker.name != own.name {
            return Standing::Conflict(ChannelConflict::OtherProject(marker.name));
        }
        match (marker.version.cmp_precedence(own.version), own.bytes()) {
            (Ordering::Less, _) => Standing::Behind(marker.version),
            (Ordering::Greater, _) => Standing::Newer(marker.version),
            (Ordering::Equal, None) => Standing::Same,
            (Ordering::Equal, Some(bytes)) if digests(bytes) == digests(there) => Standing::Reworded,
            (Ordering::Equal, Some(_)) => Standing::Conflict(ChannelConflict::OtherDigests(marker.version)),
        }
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        matches!(self, Standing::Same | Standing::Newer(_) | Standing::Pending(_) | Standing::Closed(_))
    }

    /// The movement to a version as text: `1.3.0 -> 1.4.0`, `new`.
    pub fn movement(&self, to: &Version) -> String {
        match self {
            Standing::Absent => format!("new -> {to}"),
            Standing::Same => to.to_string(),
            Standing::Behind(from) => format!("{from} -> {to}"),
            Standing::Reworded => format!("{to}, in another text"),
            Standing::Newer(newer) => format!("newer: {newer}"),
            Standing::Adopted => format!("by hand -> {to}"),
            Standing::Pending(url) => format!("{to}, pending at {url}"),
            Standing::Closed(url) => format!("{to}, closed without a merge at {url}"),
            Standing::Conflict(_) => format!("{to}, in conflict"),
        }
    }
}

impl ChannelConflict {
    /// The conflict at a place, as a lower-case sentence.
    pub(super) fn at(&self, place: &ChannelPlace) -> String {
        let file = format!("{}: `{}` in `{}`", place.kind, place.path(), place.home);
        match self {
            ChannelConflict::Foreign => {
                format!("{file} was not made by floe: its first lines have no marker")
            }
            ChannelConflict::OtherProject(name) => format!("{file} belongs to the project `{name}`"),
            ChannelConflict::OtherDigests(version) => {
                format!("{file} has {version} with other digests than this release")
            }
        }
    }

    /// The hint.
    pub(super) fn way_out(&self, place: &ChannelPlace) -> String {
        let kind = place.kind;
        match self {
            _ if matches!(place.home, Home::Upstream(_)) => submission::way_out(place),
            _ if matches!(place.home, Home::Feed(_)) => {
                "a version of a feed is never replaced: raise the version and release that".to_owned()
            }
            ChannelConflict::Foreign => format!(
                "delete or rename it, or write `adopt = true` under [package.metadata.floe.{kind}] for one release"
            ),
            ChannelConflict::OtherProject(_) => {
                format!("give this project's file another name under [package.metadata.floe.{kind}]")
            }
            ChannelConflict::OtherDigests(_) => {
                "people may have installed that version already: raise the version and release that, or delete the file"
                    .to_owned()
            }
        }
    }
}

/// The step of each channel, and whether it is done. A channel that was not seen is to be done.
pub(super) fn steps(subject: Subject<'_>, world: &World) -> Vec<(Step, bool)> {
    let step = |(at, place): (usize, ChannelPlace)| {
        let own = match subject {
            Subject::Release(release) => Own::of(release, &place),
            Subject::Outline(_) => Own::outline(subject, &place),
        };
        let there = world.channels.get(at).and_then(|there| there.as_ref().ok());
        let standing = there.map(|there| Standing::of(&own, &there.held));
        let done = standing.as_ref().is_some_and(Standing::is_done);
        (Step::Channel { place, standing, to: subject.version().clone() }, done)
    };
    subject.channels().into_iter().enumerate().map(step).collect()
}

/// The conflict of a channel's step, if it has one.
pub(super) fn conflict((step, _): &(Step, bool)) -> Option<Conflict> {
    match step {
        Step::Channel { place, standing: Some(Standing::Conflict(why)), .. } => {
            Some(Conflict::Channel { place: place.clone(), why: why.clone() })
        }
        _ => None,
    }
}

/// Why a release with channels moves none of them.
pub(super) fn stays(subject: Subject<'_>, others: &[Published], highest: bool) -> Option<String> {
    let tag = &subject.destination().tag;
    let has_channels = match subject {
        Subject::Release(release) => release.has_channels,
        Subject::Outline(outline) => !outline.channels.is_empty(),
    };
    if !has_channels || highest {
        return None;
    }
    if tag.is_prerelease() {
        return Some(format!("none moves, {tag} is a pre-release"));
    }
    let stable = others.iter().filter(|other| other.stable);
    let highest = stable.max_by(|a, b| a.tag.version().cmp_precedence(b.tag.version()))?;
    Some(format!("none moves, {} is published", highest.tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ChannelKind;

    fn file(marker: &str, digest: &[u8]) -> Vec<u8> {
        format!("# {marker}\nsha256 \"{}\"\n", Digest::of(digest).hex()).into_bytes()
    }

    fn marker(name: &str, version: &str) -> String {
        Marker::text(name, &version.parse().unwrap())
    }

    #[test]
    fn a_channel_moves_up_only_and_over_files_of_floe_only() {
        let version: Version = "1.4.0".parse().unwrap();
        let ours = file(&marker("tool", "1.4.0"), b"ours");
        let rendered = Rendered {
            kind: ChannelKind::Homebrew,
            repository: None,
            path: String::new(),
            bytes: ours.clone(),
            settings: Default::default(),
        };
        let judge = |adopt: bool, there: &[u8]| {
            let (files, archives) = (Some(vec![&rendered]), BTreeSet::new());
            let own = Own { name: "tool", version: &version, files, archives, adopt };
            Standing::of_file(&own, there)
        };
        let parse = |text: &str| text.parse::<Version>().unwrap();
        let conflict = Standing::Conflict;
        let same_digests = format!("{} Another text.", marker("tool", "1.4.0"));
        for (there, wanted) in [
            (ours.clone(), Standing::Same),
            (file(&marker("tool", "1.3.9"), b"old"), Standing::Behind(parse("1.3.9"))),
            (file(&marker("tool", "1.4.0-rc.1"), b"old"), Standing::Behind(parse("1.4.0-rc.1"))),
            (file(&marker("tool", "1.10.0"), b"new"), Standing::Newer(parse("1.10.0"))),
            (file(&same_digests, b"ours"), Standing::Reworded),
            (
                file(&marker("tool", "1.4.0"), b"other"),
                conflict(ChannelConflict::OtherDigests(version.clone())),
            ),
            (
                file(&marker("other", "1.0.0"), b"old"),
                conflict(ChannelConflict::OtherProject("other".to_owned())),
            ),
            (file("by hand", b"old"), conflict(ChannelConflict::Foreign)),
        ] {
            assert_eq!(judge(false, &there), wanted, "{there:?}");
        }
        assert_eq!(judge(true, &file("by hand", b"old")), Standing::Adopted);
    }

    #[test]
    fn before_a_dist_is_built_the_same_version_counts_as_done() {
        let version: Version = "1.4.0".parse().unwrap();
        let archives = BTreeSet::new();
        let own = Own { name: "tool", version: &version, files: None, archives, adopt: false };
        let standing = |there: &str| Standing::of_file(&own, &file(&marker("tool", there), b"any"));
        assert_eq!(standing("1.4.0"), Standing::Same);
        assert!(!standing("1.3.0").is_done());
    }
}
