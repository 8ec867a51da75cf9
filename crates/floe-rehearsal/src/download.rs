//! Sends a file, or the range of it that a request asks for (RFC 9110, section 14).

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::Path;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

/// The most bytes of a file in memory at a time.
const CHUNK: usize = 64 * 1024;

/// The response with a file: 200, 206 with the bytes of a `Range` header, or 416.
pub(crate) async fn send_file(path: &Path, range: Option<&HeaderValue>) -> io::Result<Response> {
    let mut file = File::open(path).await?;
    let size = file.metadata().await?.len();
    let range = range.and_then(|range| parse(range.to_str().ok()?, size));
    let (status, range) = match range {
        None => (StatusCode::OK, 0..size),
        Some(range) if range.is_empty() => {
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, format!("bytes */{size}"))])
                .into_response());
        }
        Some(range) => (StatusCode::PARTIAL_CONTENT, range),
    };
    let length = range.end - range.start;
    let part = (status == StatusCode::PARTIAL_CONTENT)
        .then(|| [(CONTENT_RANGE, format!("bytes {}-{}/{size}", range.start, range.end - 1))]);
    file.seek(SeekFrom::Start(range.start)).await?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
    ];
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK));
    Ok((status, headers, part, body).into_response())
}

/// The bytes that a `Range` header asks for. An empty range cannot be satisfied; `None` means the whole file, also for
/// a header with several ranges or another unit, which the RFC allows to ignore.
fn parse(header: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(length)) if first.is_empty() => size.saturating_sub(length)..size,
        _ => return None,
    };
    Some(range.start.min(size)..range.end.min(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_parsed_as_in_rfc_9110() {
        for (header, range) in [
            ("bytes=0-0", Some(0..1)),
            ("bytes=2-5", Some(2..6)),
            ("bytes=4-", Some(4..10)),
            ("bytes=-3", Some(7..10)),
            ("bytes=-30", Some(0..10)),
            ("bytes=8-99", Some(8..10)),
            ("bytes=10-", Some(10..10)),
            ("bytes=-0", Some(10..10)),
            ("bytes=5-2", None),
            ("bytes=0-1,4-5", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(parse(header, 10), range, "{header}");
        }
        assert_eq!(parse("bytes=0-0", 0), Some(0..0));
    }
}
