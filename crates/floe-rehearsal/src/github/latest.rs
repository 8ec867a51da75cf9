//! Which release is the latest.
//!
//! A draft or a prerelease never is.

use semver::Version;

use super::state::{StoredRelease, StoredRepo};

/// What `make_latest` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MakeLatest {
    /// `"true"`: this one, until another is made the latest.
    Yes,
    /// `"false"`: not this one.
    No,
    /// `"legacy"`: whatever date and version say.
    Legacy,
}

impl StoredRepo {
    /// The latest release: the one that was made so, or else the newest by date, version and number.
    pub(super) fn latest_release(&self) -> Option<&StoredRelease> {
        self.latest
            .and_then(|id| self.release(id))
            .filter(|release| can_be_latest(release))
            .or_else(|| self.newest(|_| true))
    }

    /// Carries out `make_latest` for a published release.
    pub(super) fn make_latest(&mut self, id: u64, wanted: MakeLatest) {
        self.latest = match wanted {
            MakeLatest::Yes => Some(id),
            MakeLatest::Legacy => None,
            // Whatever else is the latest now is so explicitly from here on, or this one's date would decide.
            MakeLatest::No => self
                .latest
                .filter(|latest| *latest != id)
                .or_else(|| self.newest(|release| release.id != id).map(|release| release.id)),
        };
    }

    fn newest(&self, among: impl Fn(&StoredRelease) -> bool) -> Option<&StoredRelease> {
        self.releases.iter().filter(|release| can_be_latest(release) && among(release)).max_by_key(
            |release| {
                let version = release.tag_name.strip_prefix('v').unwrap_or(&release.tag_name);
                (&release.created_at, Version::parse(version).ok(), release.id)
            },
        )
    }
}

fn can_be_latest(release: &StoredRelease) -> bool {
    !release.draft && !release.prerelease
}
