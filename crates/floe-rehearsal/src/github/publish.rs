//! Publishing a draft: the conditions and the changes. It works on a copy of the state, so an error changes nothing.

use floe_core::model::Commit;
use serde_json::{Value, json};

use super::latest::MakeLatest;
use super::response::{ApiError, custom, field};
use super::state::{StoredRepo, StoredTag, now};

impl StoredRepo {
    /// Publishes a draft. It becomes the latest release unless `make_latest` or a prerelease prevents that.
    pub(super) fn publish(
        &mut self,
        id: u64,
        make_latest: Option<MakeLatest>,
        immutable: bool,
    ) -> Result<(), ApiError> {
        let release = self.release(id).ok_or_else(ApiError::not_found)?;
        let (tag, prerelease) = (release.tag_name.clone(), release.prerelease);
        self.check_tag(&tag)?;
        if !self.tags.contains_key(&tag) {
            let commit = self.resolve(&release.target_commitish);
            let commit = commit.ok_or_else(|| ApiError::invalid(no_such_target()))?;
            // GitHub creates a lightweight tag, whatever the other tags are.
            self.tags.insert(tag, StoredTag { commit, annotated: false });
        }
        if let Some(release) = self.release_mut(id) {
            release.draft = false;
            release.immutable = immutable;
            release.published_at = Some(now());
        }
        if !prerelease {
            self.make_latest(id, make_latest.unwrap_or(MakeLatest::Yes));
        }
        Ok(())
    }

    /// Checks that a release may be published under a tag.
    fn check_tag(&self, tag: &str) -> Result<(), ApiError> {
        if self.published(tag).is_some() {
            return Err(ApiError::invalid([field("Release", "already_exists", "tag_name")]));
        }
        if self.spent_tags.contains(tag) {
            let spent = custom("Release", "tag_name", "tag_name was used by an immutable release");
            if self.tags.contains_key(tag) {
                return Err(ApiError::invalid([spent]));
            }
            let rule = "pre_receive Repository rule violations found\n\n\
                        Cannot create ref due to creations being restricted.\n\n";
            return Err(ApiError::invalid([custom("Release", "pre_receive", rule), spent, no_valid_tag()]));
        }
        Ok(())
    }

    /// The commit of a branch name or a commit name. Tag names are not accepted.
    fn resolve(&self, target: &str) -> Option<Commit> {
        if target == self.default_branch {
            return self.head.clone();
        }
        self.commits().find(|commit| commit.as_str() == target).cloned()
    }

    /// All known commits.
    pub(super) fn commits(&self) -> impl Iterator<Item = &Commit> {
        self.tags.values().map(|tag| &tag.commit).chain(&self.head)
    }
}

fn no_such_target() -> [Value; 3] {
    let tag = custom("Release", "tag_name", "tag_name is not a valid tag");
    [tag, no_valid_tag(), field("Release", "invalid", "target_commitish")]
}

fn no_valid_tag() -> Value {
    json!({ "resource": "Release", "code": "custom", "message": "Published releases must have a valid tag" })
}
