//! Generated release notes: the range of commits as GitHub writes it. There are no pull requests to list.

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::access::RepoRequest;
use super::release_params::{object, text};
use super::response::{ApiError, ApiResult, json_response};
use super::state::StoredRepo;
use super::view;

/// `POST /repos/{owner}/{name}/releases/generate-notes`
pub(super) async fn generate(request: RepoRequest, bytes: Bytes) -> ApiResult {
    let mut stored = request.github.store.read(Clone::clone);
    let repo = request.writable(&mut stored)?;
    let map = object(&bytes)?;
    let Some(tag) = text(&map, "tag_name")? else {
        return Err(ApiError::invalid_request("\"tag_name\" wasn't supplied."));
    };
    let previous = text(&map, "previous_tag_name")?;
    let body = generated(repo, &tag, previous.as_deref(), &request.caller.base)?;
    Ok(json_response(StatusCode::OK, &json!({ "name": tag, "body": body })))
}

/// The notes of `tag`: the changes since `previous`, or since the release that was published last.
pub(super) fn generated(
    repo: &StoredRepo,
    tag: &str,
    previous: Option<&str>,
    base: &str,
) -> Result<String, ApiError> {
    if previous.is_some_and(|previous| !repo.tags.contains_key(previous)) {
        return Err(ApiError::invalid([json!("Invalid previous_tag parameter")]));
    }
    let last = repo.releases.iter().rev().find(|release| !release.draft && release.tag_name != tag);
    let previous = previous.or(last.map(|release| release.tag_name.as_str()));
    let (page, encoded) = (format!("{base}/{}", repo.repo), view::encoded(tag));
    Ok(match previous {
        Some(previous) => format!(
            "## What's Changed\n* Changes from {previous} to {tag}\n\n\n\
             **Full Changelog**: {page}/compare/{}...{encoded}",
            view::encoded(previous)
        ),
        None => format!("**Full Changelog**: {page}/commits/{encoded}"),
    })
}
