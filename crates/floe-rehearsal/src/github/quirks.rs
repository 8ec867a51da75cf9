//! Faults that GitHub was seen to have, switched on from outside, each for a limited number of requests.
//!
//! Quirks are not stored: an embedded GitHub that is opened again has none.

use floe_core::parallel::lock;
use std::collections::VecDeque;
use std::sync::MutexGuard;

use super::EmbeddedGitHub;
use super::state::{StoredAsset, StoredRelease};

/// The quirks that are left.
#[derive(Default)]
pub(crate) struct Quirks {
    pub(crate) releases: Option<Lag>,
    pub(crate) assets: Option<Lag>,
    /// The newest release in the last listing, if that one lagged.
    pub(crate) newest_shown: Option<u64>,
    /// The faults of the next uploads.
    pub(crate) uploads: VecDeque<UploadQuirk>,
}

/// A lagging listing: anything newer is missing from that many listings that should show it.
pub(crate) struct Lag {
    newest_listed: u64,
    listings: u32,
}

/// A fault of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadQuirk {
    /// The response is 502, and an asset in state `starter` is left.
    Starter,
    /// The asset is stored under another name.
    Renamed,
    /// The asset is stored with another size and digest.
    Corrupted,
}

impl Quirks {
    /// The releases that a listing shows.
    pub(super) fn listed_releases<'a>(&mut self, all: &'a [StoredRelease]) -> Vec<&'a StoredRelease> {
        let shown = listed(&mut self.releases, all, |release| release.id);
        let newest = shown.iter().map(|release| release.id).max().unwrap_or_default();
        self.newest_shown = (shown.len() < all.len()).then_some(newest);
        shown
    }

    /// The assets that a listing shows.
    pub(super) fn listed_assets<'a>(&mut self, all: &'a [StoredAsset]) -> Vec<&'a StoredAsset> {
        listed(&mut self.assets, all, |asset| asset.id)
    }
}

fn listed<'a, T>(lag: &mut Option<Lag>, all: &'a [T], id: impl Fn(&T) -> u64) -> Vec<&'a T> {
    let (newest, shown) = (all.iter().map(&id).max(), all.iter());
    match lag {
        Some(Lag { newest_listed, listings }) if *listings > 0 && newest > Some(*newest_listed) => {
            *listings -= 1;
            shown.filter(|one| id(one) <= *newest_listed).collect()
        }
        _ => shown.collect(),
    }
}

impl EmbeddedGitHub {
    pub(crate) fn quirks(&self) -> MutexGuard<'_, Quirks> {
        lock(&self.quirks)
    }

    /// Leaves things that are created from now on out of that many listings that should show one.
    pub(crate) fn lag(&self, listings: u32) -> Option<Lag> {
        Some(Lag { newest_listed: self.store.read(|stored| stored.last_id), listings })
    }
}
