//! Downloads: addresses that lead to storage, and the bytes that lie there.
//!
//! A storage address is signed and good for five minutes; whoever has it needs no token, as with GitHub's.

use std::collections::HashMap;
use std::io::SeekFrom;
use std::path::Path as FilePath;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use bytes::BytesMut;
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::access::Caller;
use super::releases::number;
use super::response::ApiError;
use super::{EmbeddedGitHub, view};
use floe_core::model::Digest;

/// How long a storage address is good for, in seconds.
const GOOD_FOR: u64 = 300;
/// How much of a file is in memory at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// `GET /{owner}/{name}/releases/download/{tag}/{file}`
pub(super) async fn download(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, file)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let (tag, file) = file.rsplit_once('/').ok_or_else(ApiError::not_found)?;
    let asset = github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let release = repo.published(tag).ok_or_else(ApiError::not_found)?;
        let asset = release.assets.iter().find(|asset| asset.name == file && asset.is_uploaded());
        asset.map(|asset| asset.id).ok_or_else(ApiError::not_found)
    })?;
    github.to_storage(&caller.base, asset)
}

/// `GET /{owner}/{name}/releases/latest/download/{file}`
pub(super) async fn download_latest(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, file)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let latest = repo.latest_release().ok_or_else(ApiError::not_found)?;
        let (tag, file) = (view::encoded(&latest.tag_name), view::encoded(&file));
        Ok(found(format!("{}/{}/releases/download/{tag}/{file}", caller.base, repo.repo)))
    })
}

/// `GET /storage/{asset}`, signed
pub(super) async fn bytes(
    State(github): State<EmbeddedGitHub>,
    Path(asset): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = number(&asset)?;
    let expires = query.get("se").and_then(|expires| expires.parse().ok()).unwrap_or(0);
    if query.get("sig") != Some(&github.signature(id, expires)) || expires < seconds() {
        return Ok((StatusCode::FORBIDDEN, "Server failed to authenticate the request.").into_response());
    }
    let name = github.store.read(|stored| {
        let asset = stored.repos.values().find_map(|repo| repo.asset(id));
        asset.map(|(_, asset)| asset.name.clone()).ok_or_else(ApiError::not_found)
    })?;
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    send(&github.store.asset_path(id), &name, range).await
}

impl EmbeddedGitHub {
    /// Leads to the bytes of an asset and counts the download.
    pub(super) fn to_storage(&self, base: &str, asset: u64) -> Result<Response, ApiError> {
        self.store.change(|stored| {
            let asset = stored.repos.values_mut().find_map(|repo| repo.asset_mut(asset));
            asset.ok_or_else(ApiError::not_found)?.download_count += 1;
            Ok(())
        })?;
        let expires = seconds() + GOOD_FOR;
        let sig = self.signature(asset, expires);
        Ok(found(format!("{base}/storage/{asset}?sp=r&se={expires}&sig={sig}")))
    }

    fn signature(&self, asset: u64, expires: u64) -> String {
        Digest::of(format!("{}/{asset}/{expires}", self.secret).as_bytes()).hex()
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A 302.
pub(super) fn found(location: String) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// Sends a file, or the part of it that `range` asks for.
async fn send(path: &FilePath, name: &str, range: Option<&str>) -> Result<Response, ApiError> {
    let broken = |error: std::io::Error| ApiError::broken(&error.into());
    let mut file = File::open(path).await.map_err(|_| ApiError::not_found())?;
    let size = file.metadata().await.map_err(broken)?.len();
    let (start, end) = match range.map(|range| asked(range, size)) {
        None | Some(Asked::Everything) => (0, size),
        Some(Asked::Part(start, end)) => (start, end),
        Some(Asked::Nothing) => {
            let header = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, header).into_response());
        }
    };
    file.seek(SeekFrom::Start(start)).await.map_err(broken)?;
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename={name}"))
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_LENGTH, end - start);
    if end - start < size {
        let part = format!("bytes {start}-{}/{size}", end - 1);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, part);
    }
    response.body(stream_of(file, end - start)).map_err(|error| ApiError::broken(&error.into()))
}

/// The next `length` bytes of a file, a piece at a time.
fn stream_of(file: File, length: u64) -> Body {
    Body::from_stream(stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut piece = BytesMut::with_capacity(PIECE);
        if (&mut file).take(left).read_buf(&mut piece).await? == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        let left = left - piece.len() as u64;
        Ok(Some((piece.freeze(), (file, left))))
    }))
}

/// What a `Range` header asks for (RFC 9110, section 14).
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// The whole file: also where the header is not understood.
    Everything,
    /// From the first up to but without the second byte.
    Part(u64, u64),
    /// Something beyond the end.
    Nothing,
}

fn asked(range: &str, size: u64) -> Asked {
    let Some((start, end)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Everything;
    };
    match (start.parse::<u64>(), end.parse::<u64>()) {
        (Ok(start), _) if start >= size => Asked::Nothing,
        (Ok(start), Ok(end)) if start <= end => Asked::Part(start, size.min(end + 1)),
        (Ok(start), Err(_)) if end.is_empty() => Asked::Part(start, size),
        (Err(_), Ok(0)) if start.is_empty() => Asked::Nothing,
        (Err(_), Ok(last)) if start.is_empty() => Asked::Part(size.saturating_sub(last), size),
        _ => Asked::Everything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (range, part) in [
            ("bytes=0-3", Asked::Part(0, 4)),
            ("bytes=4-", Asked::Part(4, 10)),
            ("bytes=-3", Asked::Part(7, 10)),
            ("bytes=-30", Asked::Part(0, 10)),
            ("bytes=8-99", Asked::Part(8, 10)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-2", Asked::Everything),
            ("bytes=0-1,4-5", Asked::Everything),
            ("lines=1-2", Asked::Everything),
        ] {
            assert_eq!(asked(range, 10), part, "{range}");
        }
    }
}
