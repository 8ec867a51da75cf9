//! Conflicts: the reasons for which there is no plan, as data, as a line to read, and with a way out.

use std::fmt;

use super::channel::ChannelConflict;
use crate::model::{ChannelPlace, Commit, Digest, Tag};

/// Something public, or not of this release, that floe would have to change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a variant's line says what its fields are")]
pub enum Conflict {
    /// The remote has no such tag.
    NoTag { tag: Tag },
    /// The tag peels to another commit than the one that was built.
    OtherCommit { tag: Tag, remote: Commit, built: Commit },
    /// More than one draft names the tag.
    Drafts { tag: Tag, ids: Vec<u64> },
    /// The draft holds a file that the release does not promise.
    DraftHolds { id: u64, name: String },
    /// The draft has text that would be lost.
    DraftText { id: u64, why: &'static str },
    /// The draft is marked as a pre-release, but the tag names a stable version.
    DraftPrerelease { id: u64, tag: Tag },
    /// The release is published, and an asset of it differs from ours.
    PublishedOther { tag: Tag, name: String },
    /// The release is published without an asset that ours promises.
    PublishedLacks { tag: Tag, name: String },
    /// The exact version's image tag points to another image.
    ImageTag { reference: String, remote: Digest, ours: Digest },
    /// The file of a channel must not be replaced.
    Channel { place: ChannelPlace, why: ChannelConflict },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Conflict::NoTag { tag } => write!(f, "the remote has no tag `{tag}`"),
            Conflict::OtherCommit { tag, remote, built } => {
                write!(
                    f,
                    "tag `{tag}` points to commit {} there, but {} was built",
                    remote.short(),
                    built.short()
                )
            }
            Conflict::Drafts { tag, ids } => {
                let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
                write!(f, "there are {} drafts of `{tag}`: releases {}", ids.len(), ids.join(", "))
            }
            Conflict::DraftHolds { id, name } => {
                write!(f, "the draft (release {id}) holds `{name}`, which this release does not promise")
            }
            Conflict::DraftText { id, why } => write!(f, "the text of the draft (release {id}) {why}"),
            Conflict::DraftPrerelease { id, tag } => {
                write!(f, "the draft (release {id}) is marked as a pre-release, but `{tag}` is not one")
            }
            Conflict::PublishedOther { tag, name } => {
                write!(f, "`{name}` of the published release `{tag}` is not the one of this dist")
            }
            Conflict::PublishedLacks { tag, name } => {
                write!(f, "the published release `{tag}` lacks `{name}`")
            }
            Conflict::ImageTag { reference, remote, ours } => {
                write!(f, "`{reference}` is {remote} there, but this image is {ours}")
            }
            Conflict::Channel { place, why } => why.fmt_at(place, f),
        }
    }
}

impl Conflict {
    /// The hint.
    pub fn way_out(&self) -> String {
        match self {
            Conflict::NoTag { tag } => format!("push the tag: `git push origin {tag}`"),
            Conflict::OtherCommit { .. } => {
                "build again from the tag's commit; if the tag was moved, release a new version instead"
                    .to_owned()
            }
            Conflict::Drafts { .. } => "delete all but one of the drafts on the releases page".to_owned(),
            Conflict::DraftHolds { name, .. } => {
                format!("delete `{name}` from the draft, or leave it out of the release by hand")
            }
            Conflict::DraftText { .. } => {
                "on the releases page, leave your own text in the draft and delete the rest, from floe's marker or table on"
                    .to_owned()
            }
            Conflict::DraftPrerelease { .. } => {
                "unmark the draft on the releases page, or release a version such as `2.0.0-rc.1`".to_owned()
            }
            Conflict::PublishedOther { .. } | Conflict::PublishedLacks { .. } => {
                "a published release is never changed: raise the version and release that".to_owned()
            }
            Conflict::ImageTag { .. } => {
                "that version's image is public already: raise the version, or publish the dist it came from; if it is \
                 another program's, name this one's image with `name` under [package.metadata.floe.image]"
                    .to_owned()
            }
            Conflict::Channel { place, why } => why.way_out(place),
        }
    }
}

/// Each conflict as text, and its hint.
pub fn reasons(conflicts: &[Conflict]) -> Vec<(String, String)> {
    conflicts.iter().map(|conflict| (conflict.to_string(), conflict.way_out())).collect()
}
