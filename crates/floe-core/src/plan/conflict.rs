//! Conflicts: the reasons for which there is no plan, as data, as a line to read, and with a way out.

use std::fmt;

use crate::model::{Commit, Digest, Tag};

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
    /// The release is published, and an asset of it differs from ours.
    PublishedOther { tag: Tag, name: String },
    /// The release is published without an asset that ours promises.
    PublishedLacks { tag: Tag, name: String },
    /// The release is published with an asset that ours does not promise.
    PublishedHolds { tag: Tag, name: String },
    /// The exact version's image tag points to another image.
    ImageTag { reference: String, remote: Digest, ours: Digest },
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
            Conflict::PublishedOther { tag, name } => {
                write!(f, "`{name}` of the published release `{tag}` is not the one of this dist")
            }
            Conflict::PublishedLacks { tag, name } => {
                write!(f, "the published release `{tag}` lacks `{name}`")
            }
            Conflict::PublishedHolds { tag, name } => {
                write!(f, "the published release `{tag}` holds `{name}`, which this dist does not")
            }
            Conflict::ImageTag { reference, remote, ours } => {
                write!(f, "`{reference}` is {remote} there, but this image is {ours}")
            }
        }
    }
}

impl Conflict {
    /// The way out, for people.
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
            Conflict::PublishedOther { .. }
            | Conflict::PublishedLacks { .. }
            | Conflict::PublishedHolds { .. } => {
                "a published release is never changed: raise the version and release that".to_owned()
            }
            Conflict::ImageTag { .. } => {
                "that version's image is public already: raise the version, or publish the dist it came from; if it is \
                 another program's, name this one's image with `name` under [package.metadata.floe.image]"
                    .to_owned()
            }
        }
    }
}

/// Each conflict in words, and its way out.
pub fn reasons(conflicts: &[Conflict]) -> Vec<(String, String)> {
    conflicts.iter().map(|conflict| (conflict.to_string(), conflict.way_out())).collect()
}
