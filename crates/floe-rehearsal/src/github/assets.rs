//! Assets: list, get, rename and delete. Their bytes arrive in `upload` and leave in `storage`.

use axum::response::IntoResponse as _;
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::json;

use super::access::RepoRequest;
use super::release_params::{object, text};
use super::response::{ApiError, ApiResult, field, json_response, page};
use super::state::{StoredAsset, StoredRelease, StoredRepo, now};
use super::upload::rewritten;
use super::view;

/// `GET /repos/{owner}/{name}/releases/{id}/assets`
pub(super) async fn list(request: RepoRequest) -> ApiResult {
    let id = request.id()?;
    request.read(|repo| {
        let release = repo.release(id).filter(|release| is_visible(repo, release, &request));
        let release = release.ok_or_else(ApiError::not_found)?;
        let listed = request.github.quirks.listed_assets(&release.assets).into_iter();
        let listed = listed.map(|asset| view::asset(repo, release, asset, &request.caller));
        Ok(page(listed.collect(), &request))
    })
}

/// `GET /repos/{owner}/{name}/releases/assets/{id}`: the JSON, or the bytes for `Accept: application/octet-stream`
pub(super) async fn by_id(request: RepoRequest) -> ApiResult {
    let id = request.id()?;
    let (view, uploaded) = request.read(|repo| {
        let found = repo.asset(id).filter(|(release, _)| is_visible(repo, release, &request));
        let (release, asset) = found.ok_or_else(ApiError::not_found)?;
        Ok((view::asset(repo, release, asset, &request.caller), asset.is_uploaded()))
    })?;
    match request.header(header::ACCEPT).contains("application/octet-stream") {
        false => Ok(json_response(StatusCode::OK, &view)),
        true if !uploaded => Err(ApiError::not_found()),
        true => request.github.redirect_to_storage(&request.caller.base, id),
    }
}

/// `PATCH /repos/{owner}/{name}/releases/assets/{id}`: changes name and label
pub(super) async fn update(request: RepoRequest, bytes: Bytes) -> ApiResult {
    let id = request.id()?;
    let view = request.change(|repo, _| {
        let (release, _) = mutable(repo, id, "Cannot update asset from an immutable release")?;
        let map = object(&bytes)?;
        let (name, label) = (text(&map, "name")?.map(|name| rewritten(&name)), text(&map, "label")?);
        let taken = |name: &String| release.assets.iter().any(|asset| asset.id != id && asset.name == *name);
        if name.as_ref().is_some_and(taken) {
            return Err(ApiError::invalid([field("ReleaseAsset", "already_exists", "name")]));
        }
        let asset = repo.asset_mut(id).ok_or_else(ApiError::not_found)?;
        asset.name = name.unwrap_or_else(|| asset.name.clone());
        asset.label = label.unwrap_or_else(|| asset.label.clone());
        asset.updated_at = now();
        let (release, asset) = repo.asset(id).ok_or_else(ApiError::not_found)?;
        Ok(view::asset(repo, release, asset, &request.caller))
    })?;
    Ok(json_response(StatusCode::OK, &view))
}

/// `DELETE /repos/{owner}/{name}/releases/assets/{id}`
pub(super) async fn delete(request: RepoRequest) -> ApiResult {
    let id = request.id()?;
    let deleted = request.change(|repo, _| {
        let (release, asset) = mutable(repo, id, "Cannot delete asset from an immutable release")?;
        let (release, deleted) = (release.id, asset.clone());
        let release = repo.release_mut(release).ok_or_else(ApiError::not_found)?;
        release.assets.retain(|asset| asset.id != id);
        Ok(deleted)
    })?;
    request.github.store.delete_bytes(&[deleted]);
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn is_visible(repo: &StoredRepo, release: &StoredRelease, request: &RepoRequest) -> bool {
    !release.draft || request.caller.can_push(repo)
}

/// An asset of a release that is not immutable, with that release.
fn mutable<'a>(
    repo: &'a StoredRepo,
    id: u64,
    message: &str,
) -> Result<(&'a StoredRelease, &'a StoredAsset), ApiError> {
    let (release, asset) = repo.asset(id).ok_or_else(ApiError::not_found)?;
    if release.immutable {
        let error = json!({ "resource": "ReleaseAsset", "code": "custom", "message": message });
        return Err(ApiError::invalid([error]));
    }
    Ok((release, asset))
}
