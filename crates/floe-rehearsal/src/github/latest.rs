//! The latest release of a repository, which is never a draft or a prerelease.

use semver::Version;

use super::state::{StoredRelease, StoredRepo};

/// The values of `make_latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MakeLatest {
    /// `"true"`: this release, until another one is made the latest.
    Yes,
    /// `"false"`: not this release.
    No,
    /// `"legacy"`: date and version decide.
    Legacy,
}

impl StoredRepo {
    /// The release that was made the latest, or else the newest by date, version and id.
    pub(super) fn latest_release(&self) -> Option<&StoredRelease> {
        self.latest
            .and_then(|id| self.release(id))
            .filter(|release| can_be_latest(release))
            .or_else(|| self.newest(|_| true))
    }

    /// Applies `make_latest` to a published release.
    pub(super) fn make_latest(&mut self, id: u64, value: MakeLatest) {
        self.latest = match value {
            MakeLatest::Yes => Some(id),
            MakeLatest::Legacy => None,
            // The release that is the latest now becomes so explicitly, or the date of this one would decide.
            MakeLatest::No => self
                .latest
                .filter(|latest| *latest != id)
                .or_else(|| self.newest(|release| release.id != id).map(|release| release.id)),
        };
    }

    fn newest(&self, filter: impl Fn(&StoredRelease) -> bool) -> Option<&StoredRelease> {
        let candidates = self.releases.iter().filter(|release| can_be_latest(release) && filter(release));
        candidates.max_by_key(|release| {
            let version = release.tag_name.strip_prefix('v').unwrap_or(&release.tag_name);
            (&release.created_at, Version::parse(version).ok(), release.id)
        })
    }
}

fn can_be_latest(release: &StoredRelease) -> bool {
    !release.draft && !release.prerelease
}
