//! The body of a request that creates or changes a release. It is parsed by hand, because GitHub's error messages name
//! the property.

use bytes::Bytes;
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

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
    pub(super) fn parse(map: &Map<String, Value>) -> ApiResult<Self> {
        let params = ReleaseParams {
            tag_name: text(map, "tag_name")?,
            target_commitish: text(map, "target_commitish")?.filter(|text| !text.is_empty()),
            name: text(map, "name")?,
            body: text(map, "body")?,
            draft: property(map, "draft", "boolean")?,
            prerelease: property(map, "prerelease", "boolean")?,
            make_latest: make_latest(map)?,
            generate_release_notes: property(map, "generate_release_notes", "boolean")?.unwrap_or(false),
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

/// The body of a request, which has to be a JSON object.
pub(super) fn object(bytes: &Bytes) -> ApiResult<Map<String, Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ApiError::bad_request("Body should be a JSON object")),
        Err(_) => Err(ApiError::bad_request("Problems parsing JSON")),
    }
}

pub(super) fn text(map: &Map<String, Value>, name: &str) -> ApiResult<Option<String>> {
    property(map, name, "string")
}

/// Texts that must be there.
pub(super) fn required<const N: usize>(map: &Map<String, Value>, names: [&str; N]) -> ApiResult<[String; N]> {
    let mut texts = names.map(str::to_owned);
    for one in &mut texts {
        let missing = || ApiError::invalid_request(&format!("\"{one}\" wasn't supplied."));
        *one = text(map, one)?.ok_or_else(missing)?;
    }
    Ok(texts)
}

/// A property that may be absent or null.
fn property<T: DeserializeOwned>(map: &Map<String, Value>, name: &str, kind: &str) -> ApiResult<Option<T>> {
    let value = map.get(name).unwrap_or(&Value::Null);
    Option::<T>::deserialize(value)
        .map_err(|_| ApiError::invalid_request(&format!("For 'properties/{name}', {value} is not a {kind}.")))
}

fn make_latest(map: &Map<String, Value>) -> ApiResult<Option<MakeLatest>> {
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

/// Whether git accepts a name for a ref (git-check-ref-format).
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
