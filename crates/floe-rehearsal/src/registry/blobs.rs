//! Blobs: pull, whole or in ranges; push in one piece or in chunks, ask for the status, cancel, mount (distribution-spec,
//! "Pulling blobs" and "Pushing blobs").
//!
//! The address of an upload has a query, as GHCR's has, and is refused without it, because a client has to use the
//! `Location` of the response.

use anyhow::Context as _;
use axum::response::{IntoResponse as _, Response};
use floe_core::model::Digest;
use floe_core::parallel::lock;
use http::header::{CONTENT_RANGE, ETAG, LOCATION, RANGE};
use http::{HeaderName, Method, StatusCode};

use super::error::RegistryError;
use super::route;
use super::session::UploadSession;
use super::{Call, HandlerResult, Shared};
use crate::download::send_file;

/// The header with the digest of the content.
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// `GET` and `HEAD`; hyper leaves out the body of a `HEAD` response.
pub(super) async fn get(shared: &Shared, call: Call, name: &str, digest: &Digest) -> HandlerResult {
    if shared.store.blob_size(name, digest).is_none() {
        return Err(RegistryError::unknown("BLOB_UNKNOWN", format!("`{name}` has no blob `{digest}`")));
    }
    let range = call.parts.headers.get(RANGE).filter(|_| call.parts.method == Method::GET);
    let response =
        send_file(&shared.store.blob_path(digest), range).await.context("failed to read a blob")?;
    let headers = [(ETAG, format!("\"{digest}\"")), (CONTENT_DIGEST, digest.to_string())];
    Ok((headers, response).into_response())
}

/// `POST /v2/<name>/blobs/uploads/`: mounts a blob, or starts an upload. A blob is not taken with this request, as most
/// registries do not.
pub(super) fn start(shared: &Shared, call: &Call, name: &str) -> HandlerResult {
    match mount(shared, call, name)? {
        Some(digest) => Ok(created(name, &digest)),
        None => Ok(status(StatusCode::ACCEPTED, name, &shared.start(name)?, 0)),
    }
}

/// `GET`, `PATCH`, `PUT` and `DELETE` of an upload.
pub(super) async fn upload(shared: &Shared, call: Call, name: &str, id: &str) -> HandlerResult {
    let mut session = shared.take(name, id).await?;
    if call.query("_state").is_none_or(|given| given != state(name, id)) {
        let message = "the address of the upload lacks the query of its Location";
        return Err(RegistryError::bad("BLOB_UPLOAD_INVALID", message));
    }
    match call.parts.method {
        Method::GET => Ok(status(StatusCode::NO_CONTENT, name, id, session.length())),
        Method::DELETE => {
            shared.cancel(session)?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::PATCH | Method::PUT => {
            let is_last = call.parts.method == Method::PUT;
            let digest = is_last.then(|| route::digest(&call.query("digest").unwrap_or_default()));
            let digest = digest.transpose()?;
            // The error has the position of the upload, from which the client can go on.
            let limit = if is_last { u64::MAX } else { lock(&shared.options).patch_limit };
            let length = chunk_length(&call, &session, limit).map_err(|error| {
                error.header(LOCATION, &location(name, id)).header(RANGE, &range(session.length()))
            })?;
            session.append(call.body, length).await?;
            let Some(digest) = digest else {
                return Ok(status(StatusCode::ACCEPTED, name, id, session.length()));
            };
            shared.close(session, &digest)?;
            Ok(created(name, &digest))
        }
        ref method => Err(RegistryError::method(method)),
    }
}

/// Mounts a blob if the request asks for it. If that is impossible, the request starts an upload instead. Without `from`
/// any repository may have it (distribution-spec, "Mounting a blob from another repository").
fn mount(shared: &Shared, call: &Call, name: &str) -> Result<Option<Digest>, RegistryError> {
    let digest = call.query("mount").and_then(|digest| route::digest(&digest).ok());
    let Some(digest) = digest.filter(|_| lock(&shared.options).mounts) else { return Ok(None) };
    // Accounts may pull everything, so `from` needs no scope of its own.
    let is_there = match call.query("from") {
        Some(from) => shared.store.blob_size(&from, &digest).is_some(),
        None => shared.store.blob_path(&digest).is_file(),
    };
    if is_there {
        shared.store.link_blob(name, &digest)?;
    }
    Ok(is_there.then_some(digest))
}

/// Checks `Content-Range: <start>-<end>` and returns the length of the body; `None` without the header
/// (distribution-spec, "Pushing a blob in chunks").
fn chunk_length(call: &Call, session: &UploadSession, limit: u64) -> Result<Option<u64>, RegistryError> {
    let out_of_range =
        |message| RegistryError::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message);
    if !call.parts.headers.contains_key(CONTENT_RANGE) {
        return Ok(None);
    }
    let range = call.header(CONTENT_RANGE).and_then(|text| {
        let (start, end) = text.split_once('-')?;
        let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
        Some((start, end.checked_sub(start)?.checked_add(1)?))
    });
    let (start, length) =
        range.ok_or_else(|| out_of_range("Content-Range is not of the form <start>-<end>".to_owned()))?;
    if length > limit {
        return Err(out_of_range(format!(
            "request body is too large: {length} bytes, at most {limit} are allowed"
        )));
    }
    if start != session.length() {
        let at = session.length();
        return Err(out_of_range(format!("the chunk starts at {start}, but the upload has {at} bytes")));
    }
    Ok(Some(length))
}

fn status(code: StatusCode, name: &str, id: &str, length: u64) -> Response {
    let headers = [
        (LOCATION, location(name, id)),
        (RANGE, range(length)),
        (HeaderName::from_static("docker-upload-uuid"), id.to_owned()),
    ];
    (code, headers).into_response()
}

fn created(name: &str, digest: &Digest) -> Response {
    let headers = [(LOCATION, format!("/v2/{name}/blobs/{digest}")), (CONTENT_DIGEST, digest.to_string())];
    (StatusCode::CREATED, headers).into_response()
}

fn location(name: &str, id: &str) -> String {
    format!("/v2/{name}/blobs/uploads/{id}?_state={}", state(name, id))
}

/// Not a secret: it proves that the client kept the query. It stays the same after a restart.
fn state(name: &str, id: &str) -> String {
    Digest::of(format!("{name} {id}").as_bytes()).short()
}

/// `0-<last byte>`. Registries send `0-0` for an empty upload too.
fn range(length: u64) -> String {
    format!("0-{}", length.saturating_sub(1))
}
