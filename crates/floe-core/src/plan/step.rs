//! Every change that floe makes to the world, as one enum. `execute` has the one `match` that makes them.

use serde::Serialize;

use super::Since;
use super::channel::Standing;
use crate::model::{ChannelPlace, Destination, Digest, Platform, Subject};
use crate::units::files;

/// Staged things are visible to maintainers alone; revealing makes them public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before the commit point.
    Stage,
    /// The commit point (publishing the draft) and what follows it.
    Reveal,
}

/// A change that floe makes to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Push the blobs and manifests of the image that the registry lacks, by digest.
    PushImage {
        /// The image index's digest, once it is known.
        digest: Option<Digest>,
        /// The blobs and manifests that the registry lacks.
        missing: Vec<Digest>,
        /// Their bytes, once they are known.
        bytes: Option<u64>,
    },
    /// Create the draft of the release, or add floe's notes to the existing one.
    CreateDraft {
        /// Where generated notes begin.
        since: Since,
        /// The parts of an existing draft that a person wrote, which stay: `title`, `text`.
        keeps: Vec<&'static str>,
    },
    /// Delete an unfinished or different asset of the draft.
    DeleteAsset {
        /// GitHub's number of the asset.
        id: u64,
        /// Its name.
        name: String,
    },
    /// Upload an asset to the draft.
    Upload {
        /// Its name.
        name: String,
        /// Its size in bytes, once it is known.
        bytes: Option<u64>,
    },
    /// Publish the draft: the one step that commits.
    Publish {
        /// Whether this release becomes the repository's latest.
        latest: bool,
        /// Whether it is marked as a pre-release.
        prerelease: bool,
    },
    /// Point image tags to the image index.
    TagImage {
        /// The tags this release owns, the exact version first.
        tags: Vec<String>,
        /// Those that do not point to it yet.
        missing: Vec<String>,
    },
    /// Push the artifacts that refer to the image, by digest.
    Attach {
        /// Those that the registry lacks.
        missing: Vec<Digest>,
        /// How many there are.
        count: usize,
        /// The size of their files.
        bytes: Option<u64>,
    },
    /// List the artifacts in an index under a tag for each manifest that they refer to, where the registry does not list them
    /// itself.
    ListAttached {
        /// The tags whose index lacks one.
        missing: Vec<String>,
        /// How many tags there are.
        count: usize,
    },
    /// Write the file of a package manager to its repository.
    Channel {
        /// The channel.
        place: ChannelPlace,
        /// The content of its file before; `None` if it was not seen.
        standing: Option<Standing>,
    },
}

floe_audit::display_as_serde!(Phase);

impl Step {
    /// Which phase it belongs to.
    pub fn phase(&self) -> Phase {
        self.kind().0
    }

    /// Its action in one word: `push`, `attach`, `list`, `draft`, `delete`, `upload`, `publish`, `tag`, `channel`.
    pub fn verb(&self) -> &'static str {
        self.kind().1
    }

    /// The action as the report of a run says it: `Pushed`.
    pub fn done(&self) -> &'static str {
        self.kind().2
    }

    fn kind(&self) -> (Phase, &'static str, &'static str) {
        match self {
            Step::PushImage { .. } => (Phase::Stage, "push", "Pushed"),
            Step::Attach { .. } => (Phase::Stage, "attach", "Attached"),
            Step::CreateDraft { .. } => (Phase::Stage, "draft", "Drafted"),
            Step::DeleteAsset { .. } => (Phase::Stage, "delete", "Deleted"),
            Step::Upload { .. } => (Phase::Stage, "upload", "Uploaded"),
            Step::Publish { .. } => (Phase::Reveal, "publish", "Published"),
            Step::TagImage { .. } => (Phase::Reveal, "tag", "Tagged"),
            Step::ListAttached { .. } => (Phase::Reveal, "list", "Listed"),
            Step::Channel { .. } => (Phase::Reveal, "channel", "Updated"),
        }
    }

    /// The object of the step, as text for people.
    pub(super) fn object(&self, subject: &Subject<'_>) -> String {
        let Destination { tag, image, .. } = &subject.destination;
        match self {
            Step::PushImage { digest, .. } => {
                let digest = digest.map(|digest| format!(" sha256:{}…", digest.short())).unwrap_or_default();
                let platforms: Vec<String> = subject.platforms.iter().map(Platform::to_string).collect();
                format!("image{digest} ({})", platforms.join(", "))
            }
            Step::Attach { count, .. } => format!("{} to the image", files(*count)),
            Step::ListAttached { count: 1, .. } => format!("what is attached, under a tag of {image}"),
            Step::ListAttached { count, .. } => format!("what is attached, under {count} tags of {image}"),
            Step::CreateDraft { keeps, .. } if keeps.is_empty() => format!("release {tag}"),
            Step::CreateDraft { keeps, .. } => format!("release {tag} (keeps its {})", keeps.join(" and ")),
            Step::DeleteAsset { name, .. } => format!("{name} (unfinished or different)"),
            Step::Upload { name, .. } => name.clone(),
            Step::Publish { latest: true, .. } => format!("{tag} as latest"),
            Step::Publish { prerelease: true, .. } => format!("{tag} as pre-release"),
            Step::Publish { .. } => tag.to_string(),
            Step::TagImage { tags, .. } => format!("{image}:{}", tags.join(", ")),
            Step::Channel { place, standing } => {
                let to = &subject.version;
                let movement =
                    standing.as_ref().map_or_else(|| to.to_string(), |standing| standing.movement(to));
                format!("{place}  {movement}")
            }
        }
    }

    /// The bytes it moves, where it moves any.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Step::PushImage { bytes, .. } | Step::Attach { bytes, .. } | Step::Upload { bytes, .. } => *bytes,
            _ => None,
        }
    }
}
