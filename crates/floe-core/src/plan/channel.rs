//! Whether the file of a channel is updated: decided by its bytes, which say whether floe has made it, for which version,
//! and which archives it installs.
//!
//! A channel never goes to a lower version, and a file that a person wrote is never replaced.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use semver::Version;

use super::ladder::is_highest_stable;
use super::{Conflict, Step, submission};
use crate::model::channel::installs;
use crate::model::places::Home;
use crate::model::{ChannelPlace, Digest, Manifest, Marker, Subject};
use crate::world::{Finding, Held, Published, RemotePackage, World};

/// The content of a channel, compared with the files of a release that is published, or that is to be.
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
    /// The pull request at this address was merged, but the version is not there.
    Removed(String),
    /// It must not be replaced, for this reason.
    Conflict(Finding),
}

/// The files that a release has for a channel. Before a dist is built, their digests are not known.
#[derive(Debug, Clone)]
pub struct Own<'a> {
    /// The project.
    pub name: &'a str,
    /// The version.
    pub version: &'a Version,
    /// The digests of the files by path, that of the file that names the archives first; none if they are not known.
    pub files: Vec<(&'a str, Digest)>,
    /// The digests of the archives, if they are known.
    pub archives: BTreeSet<Digest>,
    /// The channel.
    pub place: &'a ChannelPlace,
}

impl<'a> Own<'a> {
    /// The files that a manifest lists for a place.
    pub fn of(manifest: &'a Manifest, place: &'a ChannelPlace) -> Self {
        let listed = manifest.channels.iter();
        let files = listed.filter(|entry| entry.kind == place.kind && place.paths.contains(&entry.path));
        Own {
            name: &manifest.name,
            version: &manifest.version,
            files: files.map(|entry| (entry.path.as_str(), entry.digest)).collect(),
            archives: manifest.artifacts.iter().map(|one| one.digest).collect(),
            place,
        }
    }

    /// Whether a file is the first one.
    fn is_first(&self, file: &[u8]) -> bool {
        self.files.first().is_some_and(|(_, digest)| *digest == Digest::of(file))
    }

    /// The same of a file that others may edit, or that is never replaced: the archives that its text names count alone.
    pub(super) fn is_served(&self, file: &[u8], text: &[u8]) -> bool {
        self.files.is_empty() || self.is_first(file) || installs(&self.archives, text)
    }

    pub(super) fn foreign(&self) -> Standing {
        let kind = self.place.kind;
        let cure = "delete or rename it, or write `adopt = true` under";
        self.conflict(
            "was not made by floe: its first lines have no marker".to_owned(),
            format!("{cure} [package.metadata.floe.{kind}] for one release"),
        )
    }

    fn of_another_project(&self, name: &str) -> Standing {
        let kind = self.place.kind;
        self.conflict(
            format!("belongs to the project `{name}`"),
            format!("give this project's file another name under [package.metadata.floe.{kind}]"),
        )
    }

    /// Other archives of the same version are there.
    pub(super) fn other_digests(&self) -> Standing {
        let cure = "people may have installed that version already: raise the version and release that, or delete the file";
        self.conflict(format!("has {} with other digests than this release", self.version), cure.to_owned())
    }

    fn conflict(&self, what: String, cure: String) -> Standing {
        let ChannelPlace { kind, home, .. } = self.place;
        let cure = match home {
            Home::Repo(_) => cure,
            Home::Upstream(submission) => submission::way_out(submission),
            Home::Feed(_) => {
                "a version of a feed is never replaced: raise the version and release that".to_owned()
            }
        };
        let found = format!("{kind}: `{}` in `{home}` {what}", self.place.path());
        Standing::Conflict(Finding { found, cure })
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

    fn of_package(own: &Own<'_>, there: &RemotePackage) -> Self {
        match own.is_served(&there.bytes, &there.text) {
            false => own.other_digests(),
            true if there.waits => Standing::Pending(there.url.clone()),
            true => Standing::Same,
        }
    }

    pub(super) fn of_file(own: &Own<'_>, there: &[u8]) -> Self {
        if own.is_first(there) {
            return Standing::Same;
        }
        let Some(marker) = Marker::of(there) else {
            return if own.place.adopt { Standing::Adopted } else { own.foreign() };
        };
        if marker.name != own.name {
            return own.of_another_project(&marker.name);
        }
        match marker.version.cmp_precedence(own.version) {
            Ordering::Less => Standing::Behind(marker.version),
            Ordering::Greater => Standing::Newer(marker.version),
            Ordering::Equal if own.files.is_empty() => Standing::Same,
            Ordering::Equal if installs(&own.archives, there) => Standing::Reworded,
            Ordering::Equal => own.other_digests(),
        }
    }

    /// Whether users get this release or a later one, or will once other people agree.
    pub fn is_good(&self) -> bool {
        matches!(self, Standing::Same | Standing::Newer(_) | Standing::Pending(_))
    }

    /// Whether nothing is left to do for floe.
    pub fn is_done(&self) -> bool {
        self.is_good() || matches!(self, Standing::Closed(_) | Standing::Removed(_))
    }

    /// Whether the channel has nothing of the version.
    pub fn is_without(&self) -> bool {
        use Standing::{Absent, Behind, Closed, Removed};
        matches!(self, Absent | Behind(_) | Closed(_) | Removed(_))
    }

    /// The state of the channel of a published release in a word, and an address or a version.
    pub fn state(&self) -> String {
        match self {
            Standing::Same => "match".to_owned(),
            Standing::Behind(version) => format!("behind {version}"),
            Standing::Newer(version) => format!("newer {version}"),
            Standing::Reworded | Standing::Adopted | Standing::Conflict(_) => "differs".to_owned(),
            Standing::Absent | Standing::Removed(_) => "missing".to_owned(),
            Standing::Pending(url) => format!("pending {url}"),
            Standing::Closed(url) => format!("closed {url}"),
        }
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
            Standing::Removed(url) => format!("{to}, merged at {url}"),
            Standing::Conflict(_) => format!("{to}, in conflict"),
        }
    }
}

/// The step of each channel, and whether it is done. A channel that was not seen is to be done.
pub(super) fn steps(subject: &Subject<'_>, world: &World) -> Vec<(Step, bool)> {
    let step = |(at, place): (usize, &ChannelPlace)| {
        let own = match subject.release {
            Some(release) => Own::of(&release.manifest, place),
            None => Own {
                name: &subject.name,
                version: &subject.version,
                files: Vec::new(),
                archives: BTreeSet::new(),
                place,
            },
        };
        let there = world.channels.get(at).and_then(|there| there.as_ref().ok());
        let standing = there.map(|there| Standing::of(&own, &there.held));
        let done = standing.as_ref().is_some_and(Standing::is_done);
        (Step::Channel { place: place.clone(), standing }, done)
    };
    subject.channels().iter().enumerate().map(step).collect()
}

/// The conflict of a channel's step, if it has one.
pub(super) fn conflict((step, _): &(Step, bool)) -> Option<Conflict> {
    match step {
        Step::Channel { standing: Some(Standing::Conflict(why)), .. } => Some(Conflict::Channel(why.clone())),
        _ => None,
    }
}

/// Why a release updates no channel; `None` if it updates them.
pub fn stays(own: &Published, others: &[Published]) -> Option<String> {
    if is_highest_stable(own, others, |_| true) {
        return None;
    }
    if !own.stable {
        return Some(format!("none is updated, because {} is a pre-release", own.tag));
    }
    let stable = others.iter().filter(|other| other.stable).map(|other| &other.tag);
    let highest = stable.max_by(|a, b| a.version().cmp_precedence(b.version()))?;
    Some(format!("none is updated, because {highest} is published"))
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

    fn place(adopt: bool) -> ChannelPlace {
        let home = Home::Repo("acme/bucket".parse().unwrap());
        ChannelPlace { kind: ChannelKind::Scoop, home, paths: Vec::new(), adopt }
    }

    #[test]
    fn a_channel_moves_up_only_and_over_files_of_floe_only() {
        let version: Version = "1.4.0".parse().unwrap();
        let ours = file(&marker("tool", "1.4.0"), b"ours");
        let (files, archives) = (vec![("", Digest::of(&ours))], BTreeSet::from([Digest::of(b"ours")]));
        let (place, adopts) = (place(false), place(true));
        let own = Own { name: "tool", version: &version, files, archives, place: &place };
        let parse = |text: &str| text.parse::<Version>().unwrap();
        let same_digests = format!("{} Another text.", marker("tool", "1.4.0"));
        for (there, wanted) in [
            (ours.clone(), Standing::Same),
            (file(&marker("tool", "1.3.9"), b"old"), Standing::Behind(parse("1.3.9"))),
            (file(&marker("tool", "1.4.0-rc.1"), b"old"), Standing::Behind(parse("1.4.0-rc.1"))),
            (file(&marker("tool", "1.10.0"), b"new"), Standing::Newer(parse("1.10.0"))),
            (file(&same_digests, b"ours"), Standing::Reworded),
            (file(&marker("tool", "1.4.0"), b"other"), own.other_digests()),
            (file(&marker("other", "1.0.0"), b"old"), own.of_another_project("other")),
            (file("by hand", b"old"), own.foreign()),
        ] {
            assert_eq!(Standing::of_file(&own, &there), wanted, "{there:?}");
        }
        let own = Own { place: &adopts, ..own };
        assert_eq!(Standing::of_file(&own, &file("by hand", b"old")), Standing::Adopted);
    }

    #[test]
    fn before_a_dist_is_built_the_same_version_counts_as_done() {
        let version: Version = "1.4.0".parse().unwrap();
        let (files, archives) = (Vec::new(), BTreeSet::new());
        let own = Own { name: "tool", version: &version, files, archives, place: &place(false) };
        let standing = |there: &str| Standing::of_file(&own, &file(&marker("tool", there), b"any"));
        assert_eq!(standing("1.4.0"), Standing::Same);
        assert!(!standing("1.3.0").is_done());
    }
}
