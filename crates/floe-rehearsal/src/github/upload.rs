//! Uploads: bytes on their way to the disk, hashed as they pass.
//!
//! An asset is listed as a `starter` from the moment its upload begins; one that breaks off stays that.

use std::collections::HashMap;
use std::path::Path as FilePath;

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, header};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::access::Caller;
use super::quirks::{self, UploadQuirk};
use super::releases::number;
use super::response::{ApiError, custom, field, json_answer};
use super::state::{STARTER, StoredAsset, StoredRelease, UPLOADED, now};
use super::store::AssetLine;
use super::{EmbeddedGitHub, view};
use floe_core::model::{Digest, Hasher};

/// The largest asset GitHub says it takes, in bytes.
const SIZE_LIMIT: u64 = 2_147_483_648;
/// The most assets a release can have.
const COUNT_LIMIT: usize = 1000;

/// `POST /uploads/repos/{owner}/{name}/releases/{id}/assets?name=…&label=…`
pub(super) async fn upload(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, release)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let release = number(&release)?;
    let becomes = github.quirks.upload();
    let (asset, length) = github.store.change_asset(|stored| {
        let id = stored.next_id();
        let repo = caller.writable(stored, &owner, &name)?;
        let release = repo.release(release).ok_or_else(ApiError::not_found)?;
        let (mut file, content_type, length) = promised(&query, &headers)?;
        if becomes == UploadQuirk::Renamed {
            file = format!("default.{file}");
        }
        check_room(release, &file)?;
        let label = query.get("label").cloned().unwrap_or_default();
        let asset = StoredAsset { label, content_type, ..starter(id, file, caller.login()) };
        Ok((AssetLine::new(&repo.repo, release.id, asset), (id, length)))
    })?;
    let path = github.store.asset_path(asset);
    let digest = match receive(body, length, &path).await {
        Ok(digest) => digest,
        Err(error) => {
            // The starter has no bytes: it says that something was begun, nothing more.
            let _ = tokio::fs::remove_file(&path).await;
            return Err(error.downcast::<ApiError>().unwrap_or_else(|error| ApiError::broken(&error)));
        }
    };
    if becomes == UploadQuirk::Starter {
        let _ = tokio::fs::remove_file(&path).await;
        return Err(ApiError::bad_gateway());
    }
    let finished = github.store.change_asset(|stored| {
        let repo = caller.writable(stored, &owner, &name)?;
        // It may have been deleted while it was uploaded.
        let (release, starter) = repo.asset(asset).ok_or_else(ApiError::not_found)?;
        let state = UPLOADED.to_owned();
        let (size, digest, updated_at) = (length, Some(digest), now());
        let mut asset = StoredAsset { state, size, digest, updated_at, ..starter.clone() };
        if becomes == UploadQuirk::Spoilt {
            quirks::spoil(&mut asset);
        }
        let shown = view::asset(repo, release, &asset, &caller.base);
        Ok((AssetLine::new(&repo.repo, release.id, asset), shown))
    });
    if finished.is_err() {
        let _ = tokio::fs::remove_file(&path).await;
    }
    Ok(json_answer(StatusCode::CREATED, &finished?))
}

/// An asset whose upload has begun.
pub(super) fn starter(id: u64, name: String, uploader: &str) -> StoredAsset {
    StoredAsset {
        id,
        name,
        label: String::new(),
        state: STARTER.to_owned(),
        size: 0,
        digest: None,
        content_type: "application/octet-stream".to_owned(),
        uploader: uploader.to_owned(),
        download_count: 0,
        created_at: now(),
        updated_at: now(),
    }
}

/// A file's name as GitHub rewrites it: anything unusual becomes a dot, and dots at both ends go.
pub(super) fn rewritten(name: &str) -> String {
    let usual = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.chars().all(usual) {
        return name.trim_matches('.').to_owned();
    }
    let dotted: String = name.chars().map(|c| if usual(c) { c } else { '.' }).collect();
    let parts: Vec<&str> = dotted.split('.').filter(|part| !part.is_empty()).collect();
    parts.join(".")
}

/// What a request says about the file it brings: name, media type and length.
fn promised(query: &HashMap<String, String>, headers: &HeaderMap) -> Result<(String, String, u64), ApiError> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let missing = |name| ApiError::invalid([field("ReleaseAsset", "missing_field", name)]);
    let name = query.get("name").map(|name| rewritten(name)).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| missing("name"))?;
    let content_type = text(header::CONTENT_TYPE).ok_or_else(|| missing("content_type"))?.to_owned();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(ApiError::bad_request("Bad Request: chunked uploads are not supported"));
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let length = length.ok_or_else(ApiError::length_required)?;
    let size = |message: &str| ApiError::invalid([custom("ReleaseAsset", "size", message)]);
    match length {
        0 => Err(size("size must be greater than or equal to 1")),
        1..=SIZE_LIMIT => Ok((name, content_type, length)),
        _ => Err(size(&format!("size must be less than or equal to {SIZE_LIMIT}"))),
    }
}

/// Whether a release takes one more file of this name.
fn check_room(release: &StoredRelease, name: &str) -> Result<(), ApiError> {
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

/// Writes a body into a file, piece by piece, and says what it was.
async fn receive(body: Body, length: u64, path: &FilePath) -> anyhow::Result<Digest> {
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
        let mut release = super::super::releases::fresh(1, "v1".to_owned(), "main", "me");
        release.assets = (2..1001).map(|id| starter(id, format!("{id}"), "me")).collect();
        assert!(check_room(&release, "last").is_ok());
        release.assets.push(starter(1001, "last".to_owned(), "me"));
        let full = check_room(&release, "one more").unwrap_err().to_string();
        assert!(full.contains("file_count limited to 1000 assets per release"), "{full}");
    }
}
