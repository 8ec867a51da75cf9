//! Pushing blobs: begin, send in one piece or many, ask, finish, cancel, mount (distribution-spec, "Pushing
//! blobs").
//!
//! The address of an upload has a query, as GHCR's has, and is refused without it: a client has to use the
//! `Location` it was given and may not build one.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use http::{HeaderName, Method, StatusCode};

use super::error::RegistryError;
use super::route::{self, Name, UploadId};
use super::session::Session;
use super::{Call, HandlerResult, Shared};
use floe_core::model::Digest;

/// Answers `POST /v2/<name>/blobs/uploads/`: a mount, an upload in this one request, or the begin of one.
pub(super) async fn start(shared: &Shared, call: &mut Call, name: &Name) -> HandlerResult {
    if let Some(digest) = mount(shared, call, name)? {
        return Ok(created(name, &digest));
    }
    // Looked at first, so that a wrong digest begins nothing.
    let digest = call.query("digest").map(|text| route::digest(&text)).transpose()?;
    let id = shared.sessions.start(&shared.store, name)?;
    let Some(digest) = digest else {
        return Ok(status(StatusCode::ACCEPTED, name, &id, 0));
    };
    let mut session = shared.sessions.take(&shared.store, name, &id).await?;
    if let Err(refusal) = session.append(take_body(call), None).await {
        shared.sessions.cancel(&shared.store, session)?;
        return Err(refusal);
    }
    shared.sessions.close(&shared.store, session, &digest)?;
    Ok(created(name, &digest))
}

/// Answers everything about one upload: `GET`, `PATCH`, `PUT` and `DELETE`.
pub(super) async fn upload(shared: &Shared, call: &mut Call, name: &Name, id: UploadId) -> HandlerResult {
    let session = shared.sessions.take(&shared.store, name, &id).await?;
    if call.query("_state").is_none_or(|given| given != state(name, &id)) {
        return Err(RegistryError::upload_invalid("the upload's address lacks the query of its Location"));
    }
    let mut session = session;
    match call.parts.method {
        Method::GET => Ok(status(StatusCode::NO_CONTENT, name, &id, session.length())),
        Method::DELETE => {
            shared.sessions.cancel(&shared.store, session)?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::PATCH => {
            let length = chunk(call, &session, shared.quirks.patch_limit())
                .map_err(|no| at(no, name, &id, &session))?;
            session.append(take_body(call), length).await?;
            Ok(status(StatusCode::ACCEPTED, name, &id, session.length()))
        }
        Method::PUT => {
            let digest =
                call.query("digest").ok_or_else(|| RegistryError::digest_invalid("`digest` is missing"))?;
            let digest = route::digest(&digest)?;
            let length = chunk(call, &session, None).map_err(|no| at(no, name, &id, &session))?;
            session.append(take_body(call), length).await?;
            shared.sessions.close(&shared.store, session, &digest)?;
            Ok(created(name, &shared.quirks.told(&digest)))
        }
        ref method => Err(RegistryError::method(method)),
    }
}

/// Mounts if asked to and if it can be done; any reason against it means an ordinary upload, not a refusal.
fn mount(shared: &Shared, call: &Call, name: &Name) -> Result<Option<Digest>, RegistryError> {
    let Some((digest, from)) = call.query("mount").zip(call.query("from")) else { return Ok(None) };
    let (Ok(digest), Ok(from)) = (route::digest(&digest), Name::parse(&from)) else { return Ok(None) };
    // Who may push has an account, and accounts may read everything: `from` needs no scope of its own.
    if !shared.quirks.mounts() || shared.store.blob_size(&from, &digest).is_none() {
        return Ok(None);
    }
    shared.store.link_blob(name, &digest)?;
    Ok(Some(digest))
}

/// Checks `Content-Range: <start>-<end>`, and says how many bytes the body must have; without the header it may
/// have any number (distribution-spec, "Pushing a blob in chunks").
fn chunk(call: &Call, session: &Session, limit: Option<u64>) -> Result<Option<u64>, RegistryError> {
    let no = |message: String| {
        RegistryError::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message)
    };
    if !call.parts.headers.contains_key(CONTENT_RANGE) {
        return Ok(None);
    }
    let range = call.header(CONTENT_RANGE).and_then(|text| text.split_once('-'));
    let range = range.and_then(|(start, end)| start.parse::<u64>().ok().zip(end.parse::<u64>().ok()));
    let length = range.and_then(|(start, end)| end.checked_sub(start)?.checked_add(1));
    let ((start, _), length) =
        range.zip(length).ok_or_else(|| no("Content-Range is not of the form <start>-<end>".to_owned()))?;
    if let Some(limit) = limit.filter(|limit| length > *limit) {
        return Err(no(format!("request body is too large: {length} bytes, at most {limit} are allowed")));
    }
    if start != session.length() {
        return Err(no(format!("the chunk begins at {start}, the upload has {} bytes", session.length())));
    }
    let said = call.header(CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
    if said.is_some_and(|said| said != length) {
        let message = "Content-Length and Content-Range contradict each other";
        return Err(RegistryError::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", message));
    }
    Ok(Some(length))
}

/// Says with a refusal where the upload stands, so that the client can go on from there.
fn at(refusal: RegistryError, name: &Name, id: &UploadId, session: &Session) -> RegistryError {
    refusal.header(LOCATION, &location(name, id)).header(RANGE, &range(session.length()))
}

fn take_body(call: &mut Call) -> Body {
    std::mem::replace(&mut call.body, Body::empty())
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
    let headers = [
        (LOCATION, format!("/v2/{name}/blobs/{digest}")),
        (HeaderName::from_static("docker-content-digest"), digest.to_string()),
    ];
    (StatusCode::CREATED, headers).into_response()
}

fn location(name: &Name, id: &UploadId) -> String {
    format!("/v2/{name}/blobs/uploads/{}?_state={}", id.as_str(), state(name, id))
}

/// No secret: it only proves that the client kept the query. It must be the same after a restart.
fn state(name: &Name, id: &UploadId) -> String {
    Digest::of(format!("{name} {}", id.as_str()).as_bytes()).short()
}

/// `0-<last byte>`; an empty upload is `0-0` too, as everywhere.
fn range(length: u64) -> String {
    format!("0-{}", length.saturating_sub(1))
}
