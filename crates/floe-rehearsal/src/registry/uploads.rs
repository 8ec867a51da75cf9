//! Pushing blobs: start, send in one piece or in chunks, ask for the status, finish, cancel, mount (distribution-spec,
//! "Pushing blobs").
//!
//! The address of an upload has a query, as GHCR's has, and is refused without it, because a client has to use the
//! `Location` of the response.

use axum::response::{IntoResponse as _, Response};
use floe_core::model::Digest;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use http::{HeaderName, Method, StatusCode};

use super::blobs::CONTENT_DIGEST;
use super::error::RegistryError;
use super::route::{self, Name, UploadId};
use super::session::Session;
use super::{Call, HandlerResult, Shared};

/// `POST /v2/<name>/blobs/uploads/`: mounts a blob, takes one with this request, or starts an upload.
pub(super) async fn start(shared: &Shared, call: &mut Call, name: &Name) -> HandlerResult {
    if let Some(digest) = mount(shared, call, name)? {
        return Ok(created(name, &digest));
    }
    // Parsed first, so that an invalid digest starts nothing.
    let digest = call.query("digest").map(|text| route::digest(&text)).transpose()?;
    let id = shared.sessions.start(&shared.store, name)?;
    let Some(digest) = digest else {
        return Ok(status(StatusCode::ACCEPTED, name, &id, 0));
    };
    let mut session = shared.sessions.take(&shared.store, name, &id).await?;
    if let Err(error) = session.append(call.take_body(), None).await {
        shared.sessions.cancel(&shared.store, session)?;
        return Err(error);
    }
    shared.sessions.close(&shared.store, session, &digest)?;
    Ok(created(name, &digest))
}

/// `GET`, `PATCH`, `PUT` and `DELETE` of an upload.
pub(super) async fn upload(shared: &Shared, call: &mut Call, name: &Name, id: &UploadId) -> HandlerResult {
    let mut session = shared.sessions.take(&shared.store, name, id).await?;
    if call.query("_state").is_none_or(|given| given != state(name, id)) {
        return Err(RegistryError::upload_invalid(
            "the address of the upload lacks the query of its Location",
        ));
    }
    match call.parts.method {
        Method::GET => Ok(status(StatusCode::NO_CONTENT, name, id, session.length())),
        Method::DELETE => {
            shared.sessions.cancel(&shared.store, session)?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::PATCH => {
            let length = chunk_length(call, &session, shared.patch_limit)
                .map_err(|error| with_position(error, name, id, &session))?;
            session.append(call.take_body(), length).await?;
            Ok(status(StatusCode::ACCEPTED, name, id, session.length()))
        }
        Method::PUT => {
            let digest =
                call.query("digest").ok_or_else(|| RegistryError::digest_invalid("`digest` is missing"))?;
            let digest = route::digest(&digest)?;
            let length = chunk_length(call, &session, None)
                .map_err(|error| with_position(error, name, id, &session))?;
            session.append(call.take_body(), length).await?;
            shared.sessions.close(&shared.store, session, &digest)?;
            Ok(created(name, &shared.quirks.reported(&digest)))
        }
        ref method => Err(RegistryError::method(method)),
    }
}

/// Mounts a blob if the request asks for it. If that is impossible, the request starts an upload instead.
fn mount(shared: &Shared, call: &Call, name: &Name) -> Result<Option<Digest>, RegistryError> {
    let Some((digest, from)) = call.query("mount").zip(call.query("from")) else { return Ok(None) };
    let (Ok(digest), Ok(from)) = (route::digest(&digest), Name::parse(&from)) else { return Ok(None) };
    // Accounts may pull everything, so `from` needs no scope of its own.
    if !shared.mounts || shared.store.blob_size(&from, &digest).is_none() {
        return Ok(None);
    }
    shared.store.link_blob(name, &digest)?;
    Ok(Some(digest))
}

/// Checks `Content-Range: <start>-<end>` and returns the length of the body; `None` without the header
/// (distribution-spec, "Pushing a blob in chunks").
fn chunk_length(call: &Call, session: &Session, limit: Option<u64>) -> Result<Option<u64>, RegistryError> {
    let out_of_range = |message: String| {
        RegistryError::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message)
    };
    if !call.parts.headers.contains_key(CONTENT_RANGE) {
        return Ok(None);
    }
    let range = call.header(CONTENT_RANGE).and_then(|text| text.split_once('-'));
    let range = range.and_then(|(start, end)| start.parse::<u64>().ok().zip(end.parse::<u64>().ok()));
    let (start, length) = range
        .and_then(|(start, end)| Some((start, end.checked_sub(start)?.checked_add(1)?)))
        .ok_or_else(|| out_of_range("Content-Range is not of the form <start>-<end>".to_owned()))?;
    if let Some(limit) = limit.filter(|limit| length > *limit) {
        return Err(out_of_range(format!(
            "request body is too large: {length} bytes, at most {limit} are allowed"
        )));
    }
    if start != session.length() {
        let at = session.length();
        return Err(out_of_range(format!("the chunk starts at {start}, but the upload has {at} bytes")));
    }
    let body = call.header(CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
    if body.is_some_and(|body| body != length) {
        return Err(RegistryError::size_invalid("Content-Length and Content-Range contradict each other"));
    }
    Ok(Some(length))
}

/// Adds the position of the upload, from which the client can go on.
fn with_position(error: RegistryError, name: &Name, id: &UploadId, session: &Session) -> RegistryError {
    error.header(LOCATION, &location(name, id)).header(RANGE, &range(session.length()))
}

fn status(code: StatusCode, name: &Name, id: &UploadId, length: u64) -> Response {
    let headers = [
        (LOCATION, location(name, id)),
        (RANGE, range(length)),
        (HeaderName::from_static("docker-upload-uuid"), id.as_str().to_owned()),
    ];
    (code, headers).into_response()
}

fn created(name: &Name, digest: &Digest) -> Response {
    let headers = [(LOCATION, format!("/v2/{name}/blobs/{digest}")), (CONTENT_DIGEST, digest.to_string())];
    (StatusCode::CREATED, headers).into_response()
}

fn location(name: &Name, id: &UploadId) -> String {
    format!("/v2/{name}/blobs/uploads/{}?_state={}", id.as_str(), state(name, id))
}

/// Not a secret: it proves that the client kept the query. It stays the same after a restart.
fn state(name: &Name, id: &UploadId) -> String {
    Digest::of(format!("{name} {}", id.as_str()).as_bytes()).short()
}

/// `0-<last byte>`. Registries send `0-0` for an empty upload too.
fn range(length: u64) -> String {
    format!("0-{}", length.saturating_sub(1))
}
