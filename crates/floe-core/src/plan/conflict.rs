//! Conflicts: the reasons for which there is no plan, as data, as a line to read, and with a way out.

use crate::model::body::NO_ROOM;
use crate::model::notes::LIMIT;
use crate::model::{Commit, Digest, Tag};
use crate::world::Finding;

/// Something public, or not of this release, that floe would have to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "a variant's line says what its fields are")]
pub enum Conflict {
    /// The remote has no such tag.
    #[error("the remote has no tag `{tag}`")]
    NoTag { tag: Tag },
    /// The tag peels to another commit than the one that was built.
    #[error("tag `{tag}` points to commit {} on GitHub, but {} was built", .remote.short(), .built.short())]
    OtherCommit { tag: Tag, remote: Commit, built: Commit },
    /// More than one draft names the tag.
    #[error("there are {} drafts of `{tag}`: releases {}", .ids.len(), listed(.ids))]
    Drafts { tag: Tag, ids: Vec<u64> },
    /// The draft holds a file that the release does not promise.
    #[error("the draft (release {id}) holds `{name}`, which this release does not promise")]
    DraftHolds { id: u64, name: String },
    /// The draft has text that would be lost.
    #[error("the text of the draft (release {id}) {why}")]
    DraftText { id: u64, why: &'static str },
    /// The draft is marked as a pre-release, but the tag names a stable version.
    #[error("the draft (release {id}) is marked as a pre-release, but `{tag}` is not one")]
    DraftPrerelease { id: u64, tag: Tag },
    /// The release is published, and an asset of it differs from ours.
    #[error("`{name}` of the published release `{tag}` is not the one of this dist")]
    PublishedOther { tag: Tag, name: String },
    /// The release is published without an asset that ours promises.
    #[error("the published release `{tag}` lacks `{name}`")]
    PublishedLacks { tag: Tag, name: String },
    /// The exact version's image tag points to another image.
    #[error("`{reference}` is {remote} in the registry, but this image is {ours}")]
    ImageTag { reference: String, remote: Digest, ours: Digest },
    /// The file of a channel must not be replaced.
    #[error("{}", .0.found)]
    Channel(Finding),
}

fn listed(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
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
                format!("delete `{name}` from the draft, or make it part of the release: `assets` in [package.metadata.floe]")
            }
            Conflict::DraftText { why: NO_ROOM, .. } => {
                format!("shorten it on the releases page: GitHub accepts {LIMIT} characters with the table")
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
            Conflict::Channel(why) => why.cure.clone(),
        }
    }
}

/// Each conflict as text, and its hint.
pub fn reasons(conflicts: &[Conflict]) -> Vec<(String, String)> {
    conflicts.iter().map(|conflict| (conflict.to_string(), conflict.way_out())).collect()
}
