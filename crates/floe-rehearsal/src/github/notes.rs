//! Generated release notes.
//!
//! They name the range of commits as GitHub does; there are no pull requests here to list.

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::access::Caller;
use super::release_params::{object, text};
use super::response::{ApiError, json_answer};
use super::state::StoredRepo;
use super::{EmbeddedGitHub, view};

/// `POST /repos/{owner}/{name}/releases/generate-notes`
pub(super) async fn generate(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let mut stored = github.store.read(Clone::clone);
    let repo = caller.writable(&mut stored, &owner, &name)?;
    let map = object(&bytes)?;
    let Some(tag) = text(&map, "tag_name")? else {
        return Err(ApiError::invalid_request("\"tag_name\" wasn't supplied."));
    };
    let previous = text(&map, "previous_tag_name")?;
    let body = made(repo, &tag, previous.as_deref(), &caller.base)?;
    Ok(json_answer(StatusCode::OK, &json!({ "name": tag, "body": body })))
}

/// The notes of `tag`: the changes since `previous`, or since the release published last.
pub(super) fn made(
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
    let page = format!("{base}/{}", repo.repo);
    let (tag, encoded) = (tag, view::encoded(tag));
    Ok(match previous {
        Some(previous) => format!(
            "## What's Changed\n* Changes from {previous} to {tag}\n\n\n\
             **Full Changelog**: {page}/compare/{}...{encoded}",
            view::encoded(previous)
        ),
        None => format!("**Full Changelog**: {page}/commits/{encoded}"),
    })
}
