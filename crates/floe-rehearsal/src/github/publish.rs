//! Publishing a draft: the conditions and the changes. It works on a copy of the state, so an error changes nothing.
//!
//! The latest release of a repository is never a draft or a prerelease.

use floe_core::model::Commit;
use semver::Version;
use serde_json::{Value, json};

use super::response::{ApiError, ApiResult, custom, field};
use super::state::{StoredRef, StoredRelease, StoredRepo, now};

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
    /// Adds an empty draft, without a target for the default branch.
    pub(super) fn add_draft(&mut self, id: u64, tag_name: String, target: Option<String>, author: &str) {
        let target_commitish = target.unwrap_or_else(|| self.default_branch.clone());
        let (created_at, updated_at) = (self.date_of(&tag_name, &target_commitish), now());
        let (draft, author) = (true, author.to_owned());
        let release = StoredRelease {
            id,
            tag_name,
            target_commitish,
            draft,
            author,
            created_at,
            updated_at,
            ..StoredRelease::default()
        };
        self.releases.push(release);
    }

    /// Publishes a draft. It becomes the latest release unless `make_latest` or a prerelease prevents that.
    pub(super) fn publish(
        &mut self,
        id: u64,
        make_latest: Option<MakeLatest>,
        immutable: bool,
    ) -> ApiResult<()> {
        let release = self.release(id).ok_or_else(ApiError::not_found)?;
        let (tag, prerelease) = (release.tag_name.clone(), release.prerelease);
        self.check_tag(&tag)?;
        if self.tag(&tag).is_none() {
            let commit = self.resolve(&release.target_commitish).ok_or_else(|| {
                let tag = custom("Release", "tag_name", "tag_name is not a valid tag");
                ApiError::invalid([tag, no_valid_tag(), field("Release", "invalid", "target_commitish")])
            })?;
            // GitHub creates a lightweight tag, whatever the other tags are.
            self.refs.insert(format!("tags/{tag}"), StoredRef { commit, annotated: false });
        }
        let created_at = self.date_of(&tag, "");
        if let Some(release) = self.release_mut(id) {
            release.draft = false;
            release.immutable = immutable;
            release.created_at = created_at;
            release.published_at = Some(now());
        }
        if !prerelease {
            self.make_latest(id, make_latest.unwrap_or(MakeLatest::Yes));
        }
        Ok(())
    }

    /// Checks that a release may be published under a tag.
    fn check_tag(&self, tag: &str) -> ApiResult<()> {
        if self.published(tag).is_some() {
            return Err(ApiError::invalid([field("Release", "already_exists", "tag_name")]));
        }
        if self.spent_tags.contains(tag) {
            let spent = custom("Release", "tag_name", "tag_name was used by an immutable release");
            if self.tag(tag).is_some() {
                return Err(ApiError::invalid([spent]));
            }
            let rule = "pre_receive Repository rule violations found\n\n\
                        Cannot create ref due to creations being restricted.\n\n";
            return Err(ApiError::invalid([custom("Release", "pre_receive", rule), spent, no_valid_tag()]));
        }
        Ok(())
    }

    /// Checks that a tag may be created: the name of an immutable release's is never free again.
    pub(super) fn check_unspent(&self, tag: &str) -> ApiResult<()> {
        let rule = "Repository rule violations found\n\nCannot create ref due to creations being restricted.";
        if self.spent_tags.contains(tag) { Err(ApiError::unprocessable(rule)) } else { Ok(()) }
    }

    /// The commit of a branch name or a commit name. Tag names are not accepted.
    fn resolve(&self, target: &str) -> Option<Commit> {
        self.branch(target).or_else(|| Some(&self.find_commit(target)?.sha)).cloned()
    }

    /// The `created_at` of a release: the date of its commit, whenever it is drafted and published.
    pub(super) fn date_of(&self, tag: &str, target: &str) -> String {
        let commit = self.tag(tag).map(|tag| tag.commit.clone()).or_else(|| self.resolve(target));
        let known = commit.and_then(|commit| self.find_commit(commit.as_str()));
        known.map_or_else(now, |known| known.date.clone())
    }

    /// The release that was made the latest, or else the newest by date, version and id.
    pub(super) fn latest_release(&self) -> Option<&StoredRelease> {
        self.latest_but(None)
    }

    /// The same if the release of this id cannot be the latest.
    fn latest_but(&self, id: Option<u64>) -> Option<&StoredRelease> {
        let can_be =
            |release: &&StoredRelease| !release.draft && !release.prerelease && Some(release.id) != id;
        let candidates = self.releases.iter().filter(can_be);
        let chosen = candidates.clone().find(|release| Some(release.id) == self.latest);
        chosen.or_else(|| {
            candidates.max_by_key(|release| {
                let version = release.tag_name.strip_prefix('v').unwrap_or(&release.tag_name);
                (&release.created_at, Version::parse(version).ok(), release.id)
            })
        })
    }

    /// Applies `make_latest` to a published release.
    pub(super) fn make_latest(&mut self, id: u64, value: MakeLatest) {
        self.latest = match value {
            MakeLatest::Yes => Some(id),
            MakeLatest::Legacy => None,
            // The release that is the latest now becomes so explicitly, or the date of this one would decide.
            MakeLatest::No => self.latest_but(Some(id)).map(|release| release.id),
        };
    }
}

fn no_valid_tag() -> Value {
    json!({ "resource": "Release", "code": "custom", "message": "Published releases must have a valid tag" })
}
