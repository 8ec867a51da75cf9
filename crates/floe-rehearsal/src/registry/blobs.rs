//! Pulling blobs, whole or a range of one (distribution-spec, "Pulling blobs").
//!
//! Bytes are streamed from the disk; nothing in here changes anything.

use std::io::SeekFrom;
use std::path::Path;

use anyhow::Context;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE};
use http::request::Parts;
use http::{HeaderName, Method, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::error::RegistryError;
use super::route::Name;
use super::{HandlerResult, Shared};
use floe_core::model::Digest;

/// How many bytes are read at a time.
const PIECE: usize = 64 * 1024;

/// Answers `GET` and `HEAD` of a blob.
pub(super) async fn get(shared: &Shared, parts: &Parts, name: &Name, digest: &Digest) -> HandlerResult {
    let size = shared.store.blob_size(name, digest).ok_or_else(|| RegistryError::blob_unknown(digest))?;
    let head = parts.method == Method::HEAD;
    let asked = parts.headers.get(RANGE).filter(|_| !head).and_then(|value| value.to_str().ok());
    let asked = asked.map(|text| Asked::parse(text, size));
    let (code, start, length) = match asked {
        None | Some(Asked::Everything) => (StatusCode::OK, 0, size),
        Some(Asked::Part { start, length }) => (StatusCode::PARTIAL_CONTENT, start, length),
        Some(Asked::Nothing) => {
            let refusal = RegistryError::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "BLOB_UNKNOWN",
                "the blob has no such range of bytes",
            );
            return Err(refusal.header(CONTENT_RANGE, &format!("bytes */{size}")));
        }
    };
    let body =
        if head { Body::empty() } else { read(&shared.store.blob_path(digest), start, length).await? };
    let mut headers = vec![
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (ETAG, format!("\"{digest}\"")),
        (HeaderName::from_static("docker-content-digest"), digest.to_string()),
    ];
    if code == StatusCode::PARTIAL_CONTENT {
        headers.push((CONTENT_RANGE, format!("bytes {start}-{}/{size}", start + length - 1)));
    }
    let mut response = (code, body).into_response();
    for (name, value) in headers {
        set(&mut response, name, &value)?;
    }
    Ok(response)
}

/// Sets a header whose value may in principle not be one.
pub(super) fn set(response: &mut Response, name: HeaderName, value: &str) -> anyhow::Result<()> {
    let value = value.parse().with_context(|| format!("`{value}` cannot stand in a header"))?;
    response.headers_mut().insert(name, value);
    Ok(())
}

/// What a `Range` header asks for (RFC 9110, section 14).
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Everything,
    Part { start: u64, length: u64 },
    Nothing,
}

impl Asked {
    /// Anything but one range of bytes means everything, as the RFC allows.
    fn parse(text: &str, size: u64) -> Self {
        let Some((start, end)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return Asked::Everything;
        };
        let (start, end) = match (start.trim(), end.trim()) {
            ("", last) => match last.parse::<u64>() {
                Ok(0) => return Asked::Nothing,
                Ok(last) => (size.saturating_sub(last), u64::MAX),
                Err(_) => return Asked::Everything,
            },
            (start, "") => match start.parse::<u64>() {
                Ok(start) => (start, u64::MAX),
                Err(_) => return Asked::Everything,
            },
            (start, end) => match (start.parse::<u64>(), end.parse::<u64>()) {
                (Ok(start), Ok(end)) if start <= end => (start, end),
                _ => return Asked::Everything,
            },
        };
        if start >= size {
            return Asked::Nothing;
        }
        Asked::Part { start, length: end.min(size - 1) - start + 1 }
    }
}

async fn read(path: &Path, start: u64, length: u64) -> anyhow::Result<Body> {
    let mut file = File::open(path).await.context("failed to open a blob")?;
    file.seek(SeekFrom::Start(start)).await.context("failed to read a blob")?;
    let pieces = stream::try_unfold(file.take(length), |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        std::io::Result::Ok((!piece.is_empty()).then(|| (Bytes::from(piece), file)))
    });
    Ok(Body::from_stream(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_rfc() {
        let part = |start, length| Asked::Part { start, length };
        for (text, asked) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=2-5", part(2, 4)),
            ("bytes=2-", part(2, 8)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=9-99", part(9, 1)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-2", Asked::Everything),
            ("bytes=0-1,4-5", Asked::Everything),
            ("lines=1-2", Asked::Everything),
        ] {
            assert_eq!(Asked::parse(text, 10), asked, "{text}");
        }
        assert_eq!(Asked::parse("bytes=0-0", 0), Asked::Nothing);
    }
}
