//! Assets: list, get, delete and upload. An upload is streamed to disk and hashed on the way; during it the asset is listed
//! in state `open`, and after one that broke off in state `starter`. The bytes leave in `site`.

use std::path::Path;

use anyhow::Context as _;
use axum::body::Body;
use axum::response::IntoResponse as _;
use floe_core::model::{Digest, Hasher};
use futures_util::StreamExt as _;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::access::RepoRequest;
use super::quirks::UploadQuirk;
use super::releases::visible;
use super::response::{ApiError, ApiResult, custom, field, json_response, ok, page};
use super::site::to_storage;
use super::state::{StoredAsset, StoredRelease, StoredRepo, now};
use super::view;

/// The largest asset in bytes, according to GitHub's error message.
const SIZE_LIMIT: u64 = 2_147_483_648;
/// The most assets of a release.
const COUNT_LIMIT: usize = 1000;

/// `GET /repos/{owner}/{name}/releases/{id}/assets`
pub(super) fn list(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let release = visible(request, repo).ok_or_else(ApiError::not_found)?;
    let listed = request.github.quirks().listed_assets(&release.assets).into_iter();
    page(request, listed.map(|asset| view::asset(repo, release, asset, &request.caller)))
}

/// `GET /repos/{owner}/{name}/releases/assets/{id}`: the JSON, or the bytes for `Accept: application/octet-stream`
pub(super) fn by_id(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let found = repo.asset(request.id()?).filter(|(release, _)| request.caller.sees(repo, release));
    let (release, asset) = found.ok_or_else(ApiError::not_found)?;
    match request.header(header::ACCEPT).contains("application/octet-stream") {
        false => ok(&view::asset(repo, release, asset, &request.caller)),
        true if !asset.is_uploaded() => Err(ApiError::not_found()),
        true => Ok(to_storage(request, asset)),
    }
}

/// `DELETE /repos/{owner}/{name}/releases/assets/{id}`
pub(super) async fn delete(request: RepoRequest) -> ApiResult {
    let id = request.id()?;
    let deleted = request.change(|repo, _| {
        let (release, _) = repo.asset(id).ok_or_else(ApiError::not_found)?;
        if release.immutable {
            let message = "Cannot delete asset from an immutable release";
            let error = json!({ "resource": "ReleaseAsset", "code": "custom", "message": message });
            return Err(ApiError::invalid([error]));
        }
        Ok(repo.remove_asset(id))
    })?;
    request.github.delete_bytes(deleted.as_slice());
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /uploads/repos/{owner}/{name}/releases/{id}/assets?name=…&label=…`
pub(super) async fn upload(request: RepoRequest, body: Body) -> ApiResult {
    let release = request.id()?;
    let quirk = request.github.quirks().uploads.pop_front();
    let (asset, length) = request.change(|repo, id| {
        let release = repo.release_mut(release).ok_or_else(ApiError::not_found)?;
        let (mut name, content_type, length) = stated(&request)?;
        if quirk == Some(UploadQuirk::Renamed) {
            name = format!("default.{name}");
        }
        check_room(release, &name)?;
        let label = request.query("label").unwrap_or_default().into_owned();
        let starter = starter(id, name, request.caller.login());
        release.assets.push(StoredAsset { label, content_type, open: true, ..starter });
        Ok((id, length))
    })?;
    let path = request.github.asset_file(asset);
    let finished = match receive(body, length, &path).await {
        Err(error) => Err(ApiError::from(error)),
        Ok(_) if quirk == Some(UploadQuirk::Starter) => {
            Err(ApiError::new(StatusCode::BAD_GATEWAY, "Server Error"))
        }
        Ok(digest) => request.change(|repo, _| {
            // The asset may have been deleted during the upload.
            let uploaded = repo.asset_mut(asset).ok_or_else(ApiError::not_found)?;
            let (size, digest) = match quirk {
                Some(UploadQuirk::Corrupted) => (length + 1, Digest::of(b"corrupted")),
                _ => (length, digest),
            };
            (uploaded.size, uploaded.digest, uploaded.open) = (size, Some(digest), false);
            uploaded.updated_at = now();
            let (release, asset) = repo.asset(asset).ok_or_else(ApiError::not_found)?;
            Ok(view::asset(repo, release, asset, &request.caller))
        }),
    };
    if finished.is_err() {
        // A starter has no bytes.
        let _ = tokio::fs::remove_file(&path).await;
        request.github.store.edit(|stored| {
            let broken = stored.repos.iter_mut().find_map(|repo| repo.asset_mut(asset));
            broken.into_iter().for_each(|broken| broken.open = false);
        })?;
    }
    Ok(json_response(StatusCode::CREATED, &finished?))
}

/// An asset whose upload broke off.
pub(super) fn starter(id: u64, name: String, uploader: &str) -> StoredAsset {
    StoredAsset {
        id,
        name,
        content_type: "application/octet-stream".to_owned(),
        uploader: uploader.to_owned(),
        created_at: now(),
        updated_at: now(),
        ..StoredAsset::default()
    }
}

/// The name of an asset as GitHub rewrites it: other characters become dots, and dots at both ends are removed.
pub(super) fn rewritten(name: &str) -> String {
    let usual = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.chars().all(usual) {
        return name.trim_matches('.').to_owned();
    }
    let dotted: String = name.chars().map(|c| if usual(c) { c } else { '.' }).collect();
    let parts: Vec<&str> = dotted.split('.').filter(|part| !part.is_empty()).collect();
    parts.join(".")
}

/// The name, media type and length that a request states for its file.
fn stated(request: &RepoRequest) -> ApiResult<(String, String, u64)> {
    let headers = &request.parts.headers;
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let missing = |name| ApiError::invalid([field("ReleaseAsset", "missing_field", name)]);
    let name = request.query("name").map(|name| rewritten(&name)).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| missing("name"))?;
    let content_type = text(header::CONTENT_TYPE).ok_or_else(|| missing("content_type"))?.to_owned();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(ApiError::bad_request("Bad Request: chunked uploads are not supported"));
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let length = length.ok_or_else(|| ApiError::new(StatusCode::LENGTH_REQUIRED, "Length Required"))?;
    let size = |message: &str| ApiError::invalid([custom("ReleaseAsset", "size", message)]);
    match length {
        0 => Err(size("size must be greater than or equal to 1")),
        1..=SIZE_LIMIT => Ok((name, content_type, length)),
        _ => Err(size(&format!("size must be less than or equal to {SIZE_LIMIT}"))),
    }
}

/// Checks that a release accepts one more asset of this name.
fn check_room(release: &StoredRelease, name: &str) -> ApiResult<()> {
    if release.immutable {
        return Err(ApiError::unprocessable("Cannot upload assets to an immutable release."));
    }
    if release.assets.iter().any(|asset| asset.name == name) {
        return Err(ApiError::invalid([field("ReleaseAsset", "already_exists", "name")]));
    }
    if release.assets.len() >= COUNT_LIMIT {
        let message = format!("file_count limited to {COUNT_LIMIT} assets per release");
        return Err(ApiError::invalid([custom("ReleaseAsset", "file_count", &message)]));
    }
    Ok(())
}

/// Writes a body to a file and returns its digest.
async fn receive(body: Body, length: u64, path: &Path) -> anyhow::Result<Digest> {
    let shown = || format!("failed to write `{}`", path.display());
    let mut file = File::create(path).await.with_context(shown)?;
    let (mut hasher, mut pieces) = (Hasher::default(), body.into_data_stream());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| ApiError::bad_request("Bad Size: the body broke off"))?;
        hasher.update(&piece);
        file.write_all(&piece).await.with_context(shown)?;
    }
    file.flush().await.with_context(shown)?;
    match hasher.finish() {
        (digest, arrived) if arrived == length => Ok(digest),
        _ => Err(ApiError::bad_request("Bad Size: the body is not as long as it was said to be").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rewritten_as_github_does() {
        for (name, shown) in [
            ("floe-x86_64-unknown-linux-gnu.tar.gz", "floe-x86_64-unknown-linux-gnu.tar.gz"),
            ("a+b.zip", "a+b.zip"),
            ("my file (1).txt", "my.file.1.txt"),
            (".hidden.", "hidden"),
            ("ünïcode", "n.code"),
            ("???", ""),
        ] {
            assert_eq!(rewritten(name), shown);
        }
    }

    #[test]
    fn a_release_holds_a_thousand_files() {
        let assets = (2..1001).map(|id| starter(id, format!("{id}"), "me")).collect();
        let mut release = StoredRelease { assets, ..StoredRelease::default() };
        assert!(check_room(&release, "last").is_ok());
        release.assets.push(starter(1001, "last".to_owned(), "me"));
        let full = check_room(&release, "one more").unwrap_err().to_string();
        assert!(full.contains("file_count limited to 1000 assets per release"), "{full}");
    }
}
