//! Whether the channels of a published release show it.

use std::cmp::Ordering;
use std::fmt;

use semver::Version;

use crate::model::{ChannelPlace, Digest, Manifest, Marker};
use crate::world::RemoteFile;

/// The most channels that are looked at; floe knows fewer kinds.
const LIMIT: usize = 16;

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
}

/// The places that a manifest lists, each with the digest of its file. A hostile manifest lists many.
///
/// # Errors
/// There are more than floe can have written.
pub fn listed(manifest: &Manifest) -> Result<Vec<(ChannelPlace, Digest)>, String> {
    let place = |entry| Some((ChannelPlace::listed(entry)?, entry.digest));
    let places: Vec<_> = manifest.channels.iter().filter_map(place).collect();
    match places.len() {
        count if count > LIMIT => Err(format!("the manifest lists {count} channels, more than there are")),
        _ => Ok(places),
    }
}

impl ChannelState {
    /// Compares the file that is there.
    pub fn of(manifest: &Manifest, digest: Digest, there: Option<&RemoteFile>) -> Self {
        let Some(there) = there else { return ChannelState::Missing };
        if Digest::of(&there.bytes) == digest {
            return ChannelState::Match;
        }
        match Marker::of(&there.bytes).filter(|marker| marker.name == manifest.name) {
            None => ChannelState::Differs,
            Some(Marker { version, .. }) => match version.cmp_precedence(&manifest.version) {
                Ordering::Less => ChannelState::Behind(version),
                Ordering::Equal => ChannelState::Differs,
                Ordering::Greater => ChannelState::Newer(version),
            },
        }
    }

    /// Whether users get this release, or a later one.
    pub fn is_good(&self) -> bool {
        matches!(self, ChannelState::Match | ChannelState::Newer(_))
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
        }
    }
}
