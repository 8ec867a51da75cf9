//! Whether the channels of a published release show it.

use std::cmp::Ordering;
use std::fmt;

use semver::Version;

use crate::model::channel::installs;
use crate::model::{Digest, Manifest, Marker};
use crate::world::{Held, PullState, RemotePull, RemoteSubmission};

/// The file of a channel, compared with the one that a manifest lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelState {
    /// The same bytes.
    Match,
    /// A lower version.
    Behind(Version),
    /// A higher version, as it should be after a later release.
    Newer(Version),
    /// Another file of the same version, or one that floe has not made for the project.
    Differs,
    /// There is none.
    Missing,
    /// The pull request at this address is open, or the package at it waits for moderation.
    Pending(String),
    /// The pull request at this address was closed without a merge.
    Closed(String),
}

impl ChannelState {
    /// Compares what is there with a place and the digest of its first file.
    pub fn of(manifest: &Manifest, digest: Digest, there: &Held) -> Self {
        match there {
            Held::File(None) => ChannelState::Missing,
            Held::File(Some(file)) => ChannelState::of_file(manifest, digest, &file.bytes),
            Held::Submission(there) => ChannelState::of_submission(manifest, digest, there),
            Held::Package(None) => ChannelState::Missing,
            Held::Package(Some(package)) => {
                match ChannelState::of_text(manifest, digest, (&package.bytes, &package.text)) {
                    ChannelState::Match if package.waits => ChannelState::Pending(package.url.clone()),
                    state => state,
                }
            }
        }
    }

    fn of_file(manifest: &Manifest, digest: Digest, there: &[u8]) -> Self {
        if Digest::of(there) == digest {
            return ChannelState::Match;
        }
        match Marker::of(there).filter(|marker| marker.name == manifest.name) {
            None => ChannelState::Differs,
            Some(Marker { version, .. }) => match version.cmp_precedence(&manifest.version) {
                Ordering::Less => ChannelState::Behind(version),
                Ordering::Equal => ChannelState::Differs,
                Ordering::Greater => ChannelState::Newer(version),
            },
        }
    }

    fn of_submission(manifest: &Manifest, digest: Digest, there: &RemoteSubmission) -> Self {
        if let Some(merged) = &there.merged {
            return ChannelState::of_text(manifest, digest, (merged, merged));
        }
        let highest = there.versions.iter().max_by(|a, b| a.cmp_precedence(b)).cloned();
        match (highest, &there.pull) {
            (Some(newer), _) if newer.cmp_precedence(&manifest.version) == Ordering::Greater => {
                ChannelState::Newer(newer)
            }
            (_, Some(RemotePull { url, state: PullState::Open })) => {
                let first = there.branch.as_ref().and_then(|branch| branch.files.values().next());
                match first.map(|first| ChannelState::of_file(manifest, digest, first)) {
                    Some(ChannelState::Match) => ChannelState::Pending(url.clone()),
                    _ => ChannelState::Differs,
                }
            }
            (_, Some(RemotePull { url, state: PullState::Closed })) => ChannelState::Closed(url.clone()),
            (Some(lower), _) => ChannelState::Behind(lower),
            (None, _) => ChannelState::Missing,
        }
    }

    /// Of a file that others may edit, or that is never replaced, the archives count alone.
    fn of_text(manifest: &Manifest, digest: Digest, (file, text): (&[u8], &[u8])) -> Self {
        let archives = manifest.artifacts.iter().map(|one| one.digest).collect();
        match Digest::of(file) == digest || installs(&archives, text) {
            true => ChannelState::Match,
            false => ChannelState::Differs,
        }
    }

    /// Whether users get this release, or a later one.
    pub fn is_good(&self) -> bool {
        matches!(self, ChannelState::Match | ChannelState::Newer(_) | ChannelState::Pending(_))
    }
}

impl fmt::Display for ChannelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChannelState::Match => f.write_str("match"),
            ChannelState::Behind(version) => write!(f, "behind {version}"),
            ChannelState::Newer(version) => write!(f, "newer {version}"),
            ChannelState::Differs => f.write_str("differs"),
            ChannelState::Missing => f.write_str("missing"),
            ChannelState::Pending(url) => write!(f, "pending {url}"),
            ChannelState::Closed(url) => write!(f, "closed {url}"),
        }
    }
}
