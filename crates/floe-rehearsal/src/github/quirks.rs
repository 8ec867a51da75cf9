//! GitHub's bad days: what it was seen to do wrong, switched on from outside, each once or a few times.
//!
//! None of it is stored: an embedded GitHub that is opened again has a good day.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::EmbeddedGitHub;
use super::state::StoredAsset;
use floe_core::model::{Digest, Repo};

/// What goes wrong from now on.
#[derive(Default)]
pub(super) struct GitHubQuirks(Mutex<Switches>);

#[derive(Default)]
struct Switches {
    releases: Option<Lag>,
    assets: Option<Lag>,
    starter: bool,
    rename: bool,
    spoil: bool,
    expired: bool,
}

/// Whatever is newer than this is missing from so many listings that would have shown it.
#[derive(Clone, Copy)]
struct Lag {
    newest_shown: u64,
    listings: u32,
}

/// What becomes of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UploadQuirk {
    /// It is stored.
    StoredState,
    /// It is answered with 502, and an asset that is only a `starter` is left.
    Starter,
    /// It is stored under another name.
    Renamed,
    /// It is stored, but not as it was sent: size and digest are another file's.
    Spoilt,
}

impl GitHubQuirks {
    /// What becomes of the next upload.
    pub(super) fn upload(&self) -> UploadQuirk {
        let mut odd = self.lock();
        let mut take = |flag: fn(&mut Switches) -> &mut bool| std::mem::take(flag(&mut odd));
        if take(|odd| &mut odd.starter) {
            UploadQuirk::Starter
        } else if take(|odd| &mut odd.rename) {
            UploadQuirk::Renamed
        } else if take(|odd| &mut odd.spoil) {
            UploadQuirk::Spoilt
        } else {
            UploadQuirk::StoredState
        }
    }

    /// Whether no token is good any more.
    pub(super) fn is_expired(&self) -> bool {
        self.lock().expired
    }

    /// The newest release that a listing shows, if it is one that lags; `newest` is the newest there is.
    pub(super) fn newest_release(&self, newest: u64) -> u64 {
        shown(&mut self.lock().releases, newest)
    }

    /// The same for assets.
    pub(super) fn newest_asset(&self, newest: u64) -> u64 {
        shown(&mut self.lock().assets, newest)
    }

    fn lock(&self) -> MutexGuard<'_, Switches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(lag: &mut Option<Lag>, newest: u64) -> u64 {
    match lag {
        Some(Lag { newest_shown, listings }) if *listings > 0 && newest > *newest_shown => {
            *listings -= 1;
            *newest_shown
        }
        _ => u64::MAX,
    }
}

impl EmbeddedGitHub {
    /// Leaves releases made from now on out of so many listings that would have shown one.
    pub fn lag_releases(&self, listings: u32) {
        let newest_shown = self.store.read(|stored| stored.last_id);
        self.quirks.lock().releases = Some(Lag { newest_shown, listings });
    }

    /// Leaves assets uploaded from now on out of so many listings that would have shown one.
    pub fn lag_assets(&self, listings: u32) {
        let newest_shown = self.store.read(|stored| stored.last_id);
        self.quirks.lock().assets = Some(Lag { newest_shown, listings });
    }

    /// Answers the next upload with 502 and leaves a `starter` of it.
    pub fn leave_starter(&self) {
        self.quirks.lock().starter = true;
    }

    /// Stores the next upload under another name.
    pub fn rename_next(&self) {
        self.quirks.lock().rename = true;
    }

    /// Stores the next upload wrongly: what is shown is another size and digest.
    pub fn spoil_next(&self) {
        self.quirks.lock().spoil = true;
    }

    /// Lets every token expire, or makes them good again.
    pub fn expire_tokens(&self, expired: bool) {
        self.quirks.lock().expired = expired;
    }

    /// Whether every token has expired.
    pub fn expired(&self) -> bool {
        self.quirks.is_expired()
    }

    /// Lets somebody push to these repositories only.
    pub fn set_push(&self, login: &str, repos: Vec<Repo>) {
        let mut rights = self.rights.write().unwrap_or_else(PoisonError::into_inner);
        rights.insert(login.to_owned(), repos);
    }
}

/// An asset as GitHub stores it on a bad day.
pub(super) fn spoil(asset: &mut StoredAsset) {
    asset.size += 1;
    asset.digest = Some(Digest::of(b"spoilt"));
}
