//! Manifests: get, put and delete, by tag or digest (distribution-spec, "Pulling manifests", "Pushing manifests",
//! "Deleting tags", "Deleting manifests").
//!
//! What was pushed is answered byte for byte: nothing is ever written anew from the parsed form.

use axum::body::Body;
use axum::response::IntoResponse;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::blobs::set;
use super::error::RegistryError;
use super::route::{Name, Reference};
use super::store::StoredManifest;
use super::{Call, HandlerResult, Shared, check};
use floe_core::model::Digest;

/// The longest manifest, in bytes: what the specification asks of every registry.
const LIMIT: usize = 4 * 1024 * 1024;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Answers `GET` and `HEAD`; the server leaves the body of a `HEAD` out by itself.
pub(super) fn get(shared: &Shared, name: &Name, reference: &Reference) -> HandlerResult {
    let found = shared.store.manifest(name, reference)?;
    let found = found.ok_or_else(|| RegistryError::manifest_unknown(reference))?;
    let mut response = Body::from(found.bytes).into_response();
    set(&mut response, CONTENT_TYPE, &found.media_type)?;
    set(&mut response, CONTENT_DIGEST, &found.digest.to_string())?;
    set(&mut response, ETAG, &format!("\"{}\"", found.digest))?;
    Ok(response)
}

/// Answers `PUT`: stores what is whole and right, and moves the tag.
pub(super) async fn put(
    shared: &Shared,
    call: &mut Call,
    name: &Name,
    reference: &Reference,
) -> HandlerResult {
    let media_type = call.header(CONTENT_TYPE).map(|text| text.split(';').next().unwrap_or(text).trim());
    let media_type =
        media_type.ok_or_else(|| RegistryError::manifest_invalid("Content-Type is missing"))?.to_owned();
    let bytes = body(call).await?;
    let digest = Digest::of(&bytes);
    let tag = match reference {
        Reference::Digest(given) if *given != digest => {
            let message = "provided digest did not match uploaded content";
            let detail = serde_json::json!({ "digest": given, "uploaded": digest });
            return Err(RegistryError::digest_invalid(message).detail(detail));
        }
        Reference::Digest(_) => None,
        Reference::Tag(tag) => Some(tag.as_str()),
    };
    let manifest = check::check(&shared.store, name, &media_type, &bytes)?;
    shared.store.put_manifest(name, &StoredManifest { digest, media_type, bytes }, tag)?;
    let mut response = StatusCode::CREATED.into_response();
    set(&mut response, LOCATION, &format!("/v2/{name}/manifests/{digest}"))?;
    set(&mut response, CONTENT_DIGEST, &shared.quirks.told(&digest).to_string())?;
    // The header tells a client that it need not keep a list of referrers itself: only true with the API.
    if let Some(subject) = manifest.subject.filter(|_| shared.referrers) {
        set(&mut response, HeaderName::from_static("oci-subject"), &subject.digest.to_string())?;
    }
    Ok(response)
}

/// Answers `DELETE`: a tag alone, or a manifest with its tags.
pub(super) fn delete(shared: &Shared, name: &Name, reference: &Reference) -> HandlerResult {
    match shared.store.delete_manifest(name, reference)? {
        true => Ok(StatusCode::ACCEPTED.into_response()),
        false => Err(RegistryError::manifest_unknown(reference)),
    }
}

async fn body(call: &mut Call) -> Result<Vec<u8>, RegistryError> {
    let too_long = || {
        let message = format!("a manifest has at most {LIMIT} bytes");
        RegistryError::new(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", message)
    };
    if call.body.size_hint().lower() > LIMIT as u64 {
        return Err(too_long());
    }
    let body = std::mem::replace(&mut call.body, Body::empty());
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long()),
        Err(_) => Err(RegistryError::manifest_invalid("the request's body broke off")),
    }
}
