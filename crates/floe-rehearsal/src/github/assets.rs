//! Assets: listed, found, renamed and deleted.
//!
//! Their bytes come in through `upload` and go out through `storage`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::json;

use super::access::Caller;
use super::release_params::{object, text};
use super::releases::number;
use super::response::{ApiError, field, json_answer};
use super::state::{StoredAsset, StoredRelease, StoredRepo, now};
use super::upload::rewritten;
use super::{EmbeddedGitHub, page, view};

type OwnerNameId = Path<(String, String, String)>;

/// `GET /repos/{owner}/{name}/releases/{id}/assets`
pub(super) async fn list(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, id)): OwnerNameId,
    uri: Uri,
) -> Result<Response, ApiError> {
    let id = number(&id)?;
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let release = repo.release(id).filter(|release| is_seen(repo, release, &caller));
        let release = release.ok_or_else(ApiError::not_found)?;
        let newest = release.assets.iter().map(|asset| asset.id).max().unwrap_or(0);
        let newest = github.quirks.newest_asset(newest);
        let shown = release.assets.iter().filter(|asset| asset.id <= newest);
        let shown = shown.map(|asset| view::asset(repo, release, asset, &caller.base));
        Ok(page::answer(shown.collect(), &caller.base, &uri))
    })
}

/// `GET /repos/{owner}/{name}/releases/assets/{id}`: its JSON, or its bytes if those are accepted
pub(super) async fn by_id(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, id)): OwnerNameId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = number(&id)?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let wants_bytes = accept.contains("application/octet-stream");
    let (shown, uploaded) = github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let found = repo.asset(id).filter(|(release, _)| is_seen(repo, release, &caller));
        let (release, asset) = found.ok_or_else(ApiError::not_found)?;
        Ok((view::asset(repo, release, asset, &caller.base), asset.is_uploaded()))
    })?;
    match wants_bytes {
        false => Ok(json_answer(StatusCode::OK, &shown)),
        true if !uploaded => Err(ApiError::not_found()),
        true => github.to_storage(&caller.base, id),
    }
}

/// `PATCH /repos/{owner}/{name}/releases/assets/{id}`: another name or label
pub(super) async fn update(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, id)): OwnerNameId,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let id = number(&id)?;
    let shown = github.store.change(|stored| {
        let repo = caller.writable(stored, &owner, &name)?;
        let (release, _) = thawed(repo, id, "Cannot update asset from an immutable release")?;
        let map = object(&bytes)?;
        let (new_name, label) = (text(&map, "name")?.map(|name| rewritten(&name)), text(&map, "label")?);
        let taken = |new_name: &String| release.assets.iter().any(|a| a.id != id && a.name == *new_name);
        if new_name.as_ref().is_some_and(taken) {
            return Err(ApiError::invalid([field("ReleaseAsset", "already_exists", "name")]));
        }
        let asset = repo.asset_mut(id).ok_or_else(ApiError::not_found)?;
        asset.name = new_name.unwrap_or_else(|| asset.name.clone());
        asset.label = label.unwrap_or_else(|| asset.label.clone());
        asset.updated_at = now();
        let (release, asset) = repo.asset(id).ok_or_else(ApiError::not_found)?;
        Ok(view::asset(repo, release, asset, &caller.base))
    })?;
    Ok(json_answer(StatusCode::OK, &shown))
}

/// `DELETE /repos/{owner}/{name}/releases/assets/{id}`
pub(super) async fn delete(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, id)): OwnerNameId,
) -> Result<Response, ApiError> {
    let id = number(&id)?;
    let gone = github.store.change(|stored| {
        let repo = caller.writable(stored, &owner, &name)?;
        let (release, asset) = thawed(repo, id, "Cannot delete asset from an immutable release")?;
        let (release, gone) = (release.id, asset.clone());
        let release = repo.release_mut(release).ok_or_else(ApiError::not_found)?;
        release.assets.retain(|asset| asset.id != id);
        Ok(gone)
    })?;
    github.store.forget(&[gone]);
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn is_seen(repo: &StoredRepo, release: &StoredRelease, caller: &Caller) -> bool {
    !release.draft || caller.can_push(repo)
}

/// An asset that may be changed, with its release.
fn thawed<'a>(
    repo: &'a StoredRepo,
    id: u64,
    frozen: &str,
) -> Result<(&'a StoredRelease, &'a StoredAsset), ApiError> {
    let (release, asset) = repo.asset(id).ok_or_else(ApiError::not_found)?;
    if release.immutable {
        let error = json!({ "resource": "ReleaseAsset", "code": "custom", "message": frozen });
        return Err(ApiError::invalid([error]));
    }
    Ok((release, asset))
}
