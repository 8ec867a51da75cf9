//! The body of a request that creates or changes a release.

use super::body::JsonBody;
use super::publish::MakeLatest;
use super::response::{ApiError, ApiResult, custom};
use super::state::StoredRelease;

/// The most characters in the notes of a release.
const BODY_LIMIT: usize = 125_000;

/// The properties of the request. Absent ones do not change the release.
pub(super) struct ReleaseParams {
    pub tag_name: Option<String>,
    pub target_commitish: Option<String>,
    pub name: Option<String>,
    pub body: Option<String>,
    pub draft: Option<bool>,
    pub prerelease: Option<bool>,
    pub make_latest: Option<MakeLatest>,
    pub generate_release_notes: bool,
}

impl ReleaseParams {
    pub(super) fn parse(body: &JsonBody) -> ApiResult<Self> {
        let params = ReleaseParams {
            tag_name: body.text("tag_name")?,
            target_commitish: body.text("target_commitish")?.filter(|text| !text.is_empty()),
            name: body.text("name")?,
            body: body.text("body")?,
            draft: body.flag("draft")?,
            prerelease: body.flag("prerelease")?,
            make_latest: make_latest(body)?,
            generate_release_notes: body.flag("generate_release_notes")?.unwrap_or(false),
        };
        if params.body.as_ref().is_some_and(|body| body.chars().count() > BODY_LIMIT) {
            let message = format!("body is too long (maximum is {BODY_LIMIT} characters)");
            return Err(ApiError::invalid([custom("Release", "body", &message)]));
        }
        if params.tag_name.as_ref().is_some_and(|tag| !is_ref_name(tag)) {
            return Err(ApiError::invalid([
                custom("Release", "tag_name", "tag_name is not a valid tag"),
                custom("Release", "tag_name", "tag_name is not well-formed"),
            ]));
        }
        Ok(params)
    }

    /// Changes `release`, except for the properties that publishing decides.
    pub(super) fn apply(self, release: &mut StoredRelease) {
        if let Some(tag) = self.tag_name {
            release.tag_name = tag;
        }
        if let Some(target) = self.target_commitish {
            release.target_commitish = target;
        }
        release.name = self.name.or(release.name.take());
        release.body = self.body.or(release.body.take());
        release.prerelease = self.prerelease.unwrap_or(release.prerelease);
    }
}

fn make_latest(body: &JsonBody) -> ApiResult<Option<MakeLatest>> {
    match body.text("make_latest")?.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(MakeLatest::Yes)),
        Some("false") => Ok(Some(MakeLatest::No)),
        Some("legacy") => Ok(Some(MakeLatest::Legacy)),
        Some(other) => Err(ApiError::invalid_request(&format!(
            "For 'properties/make_latest', {other} is not a member of [\"true\", \"false\", \"legacy\"]."
        ))),
    }
}

/// Whether git accepts a name for a ref (git-check-ref-format).
pub(super) fn is_ref_name(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.split('/').all(part)
        && name != "@"
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c))
}
