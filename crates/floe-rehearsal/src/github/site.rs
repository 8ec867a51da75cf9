//! The site: the page of a release, which is the source of its notes, and downloads: redirects to storage, and the bytes
//! there.
//!
//! A storage address is signed and needs no token, like those of GitHub's storage.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use floe_core::model::Digest;
use http::{HeaderMap, StatusCode, header};

use super::access::RepoRequest;
use super::response::{ApiError, ApiResult};
use super::state::{StoredAsset, StoredRepo};
use super::{EmbeddedGitHub, view};
use crate::download::send_file;

/// `GET /{owner}/{name}/releases/latest`
pub(super) fn latest_page(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let latest = repo.latest_release().ok_or_else(ApiError::not_found)?;
    let tag = view::encoded(&latest.tag_name);
    Ok(redirect(format!("{}/releases/tag/{tag}", request.caller.page(repo))))
}

/// `GET /{owner}/{name}/releases/tag/{tag}`
pub(super) fn page(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let release = repo.published(&request.parameter).ok_or_else(ApiError::not_found)?;
    Ok(release.body.clone().unwrap_or_default().into_response())
}

/// `GET /{owner}/{name}/releases/download/{tag}/{file}`
pub(super) fn download(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let (tag, file) = request.parameter.rsplit_once('/').ok_or_else(ApiError::not_found)?;
    let release = repo.published(tag).ok_or_else(ApiError::not_found)?;
    let asset = release.assets.iter().find(|asset| asset.name == file && asset.is_uploaded());
    Ok(to_storage(request, asset.ok_or_else(ApiError::not_found)?))
}

/// `GET /{owner}/{name}/releases/latest/download/{file}`
pub(super) fn download_latest(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let latest = repo.latest_release().ok_or_else(ApiError::not_found)?;
    let (tag, file) = (view::encoded(&latest.tag_name), view::encoded(&request.parameter));
    Ok(redirect(format!("{}/releases/download/{tag}/{file}", request.caller.page(repo))))
}

/// `GET /storage/{asset}`, signed
pub(super) async fn bytes(
    State(github): State<EmbeddedGitHub>,
    Path(asset): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> ApiResult {
    let id = asset.parse().map_err(|_| ApiError::not_found())?;
    if query.get("sig") != Some(&github.signature(id)) {
        return Ok((StatusCode::FORBIDDEN, "Server failed to authenticate the request.").into_response());
    }
    let name = github.store.read(|stored| {
        let asset = stored.repos.iter().find_map(|repo| repo.asset(id));
        asset.map(|(_, asset)| asset.name.clone()).ok_or_else(ApiError::not_found)
    })?;
    let file = send_file(&github.asset_file(id), headers.get(header::RANGE)).await;
    let file = file.map_err(anyhow::Error::from)?;
    Ok(([(header::CONTENT_DISPOSITION, format!("attachment; filename={name}"))], file).into_response())
}

/// Redirects to the bytes of an asset.
pub(super) fn to_storage(request: &RepoRequest, asset: &StoredAsset) -> Response {
    let (base, sig) = (&request.caller.base, request.github.signature(asset.id));
    redirect(format!("{base}/storage/{}?sp=r&sig={sig}", asset.id))
}

impl EmbeddedGitHub {
    fn signature(&self, asset: u64) -> String {
        Digest::of(format!("{}/{asset}", self.secret).as_bytes()).hex()
    }
}

/// 302
pub(super) fn redirect(location: String) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}
