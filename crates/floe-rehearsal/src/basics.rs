//! Locks, random names and files as responses, which all servers need.

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

/// The most bytes of a file in memory at a time.
const CHUNK: usize = 64 * 1024;

/// Random bytes of the operating system as lower-case hexadecimal digits.
///
/// # Errors
/// The system gives none.
pub fn random_hex(bytes: usize) -> anyhow::Result<String> {
    let mut buffer = vec![0; bytes];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut buffer).ok().context("the system gave no random bytes")?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Locks a mutex. No code here panics while its data is half changed, so a poisoned lock is used like any other.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The response with a file. A `Range` is ignored, as RFC 9110 allows.
pub(crate) async fn send_file(path: &Path) -> io::Result<Response> {
    let file = File::open(path).await?;
    let size = file.metadata().await?.len();
    let headers = [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_LENGTH, size.to_string())];
    let body = Body::from_stream(ReaderStream::with_capacity(file, CHUNK));
    Ok((headers, body).into_response())
}
