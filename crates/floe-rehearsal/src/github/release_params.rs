//! What a request to create or change a release asks for.
//!
//! Parsed by hand, because GitHub's complaints name the property and are looked for.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::latest::MakeLatest;
use super::response::{ApiError, custom};
use super::state::StoredRelease;

/// The most characters a release's notes may have.
const BODY_LIMIT: usize = 125_000;

/// The properties of a release as they were sent; what was not sent stays as it is.
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
    /// Reads a request's body.
    pub(super) fn read(bytes: &Bytes) -> Result<Self, ApiError> {
        let map = object(bytes)?;
        let wanted = ReleaseParams {
            tag_name: text(&map, "tag_name")?,
            target_commitish: text(&map, "target_commitish")?.filter(|text| !text.is_empty()),
            name: text(&map, "name")?,
            body: text(&map, "body")?,
            draft: flag(&map, "draft")?,
            prerelease: flag(&map, "prerelease")?,
            make_latest: make_latest(&map)?,
            generate_release_notes: flag(&map, "generate_release_notes")?.unwrap_or(false),
        };
        if wanted.body.as_ref().is_some_and(|body| body.chars().count() > BODY_LIMIT) {
            let message = format!("body is too long (maximum is {BODY_LIMIT} characters)");
            return Err(ApiError::invalid([custom("Release", "body", &message)]));
        }
        if wanted.tag_name.as_ref().is_some_and(|tag| !is_ref_name(tag)) {
            return Err(ApiError::invalid([
                custom("Release", "tag_name", "tag_name is not a valid tag"),
                custom("Release", "tag_name", "tag_name is not well-formed"),
            ]));
        }
        Ok(wanted)
    }

    /// Writes everything into `release` but what publishing decides.
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

/// The JSON object a request's body is.
pub(super) fn object(bytes: &Bytes) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ApiError::bad_request("Body should be a JSON object")),
        Err(_) => Err(ApiError::bad_request("Problems parsing JSON")),
    }
}

/// A text property, if it was sent.
pub(super) fn text(map: &Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(not_a(name, other, "string")),
    }
}

fn flag(map: &Map<String, Value>, name: &str) -> Result<Option<bool>, ApiError> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(not_a(name, other, "boolean")),
    }
}

fn make_latest(map: &Map<String, Value>) -> Result<Option<MakeLatest>, ApiError> {
    match text(map, "make_latest")?.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(MakeLatest::Yes)),
        Some("false") => Ok(Some(MakeLatest::No)),
        Some("legacy") => Ok(Some(MakeLatest::Legacy)),
        Some(other) => Err(ApiError::invalid_request(&format!(
            "For 'properties/make_latest', {other} is not a member of [\"true\", \"false\", \"legacy\"]."
        ))),
    }
}

fn not_a(name: &str, value: &Value, kind: &str) -> ApiError {
    ApiError::invalid_request(&format!("For 'properties/{name}', {value} is not a {kind}."))
}

/// Whether git takes it for the name of a ref (git-check-ref-format).
fn is_ref_name(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.split('/').all(part)
        && name != "@"
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c))
}
