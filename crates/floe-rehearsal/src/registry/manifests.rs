//! Manifests by tag or digest (distribution-spec, "Pulling manifests", "Pushing Manifests", "Deleting tags", "Deleting
//! Manifests"). A manifest is stored and sent byte for byte as it was pushed.

use axum::response::IntoResponse as _;
use floe_core::model::Digest;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::blobs::CONTENT_DIGEST;
use super::check::Document;
use super::error::RegistryError;
use super::route::{Name, Reference};
use super::store::StoredManifest;
use super::{Call, HandlerResult, Shared};

/// The longest manifest in bytes. The specification asks registries to accept at least this much.
const LIMIT: usize = 4 * 1024 * 1024;

/// `GET` and `HEAD`; hyper leaves out the body of a `HEAD` response.
pub(super) fn get(shared: &Shared, name: &Name, reference: &Reference) -> HandlerResult {
    let manifest = shared.store.manifest(name, reference)?;
    let manifest = manifest.ok_or_else(manifest_unknown)?;
    let headers = [
        (CONTENT_TYPE, manifest.media_type),
        (CONTENT_DIGEST, manifest.digest.to_string()),
        (ETAG, format!("\"{}\"", manifest.digest)),
    ];
    Ok((headers, manifest.bytes).into_response())
}

/// `PUT`: checks and stores a manifest, then moves the tag.
pub(super) async fn put(
    shared: &Shared,
    call: &mut Call,
    name: &Name,
    reference: &Reference,
) -> HandlerResult {
    let media_type = call.header(CONTENT_TYPE).map(|text| text.split(';').next().unwrap_or(text).trim());
    let missing = || RegistryError::bad("MANIFEST_INVALID", "Content-Type is missing");
    let media_type = media_type.ok_or_else(missing)?.to_owned();
    let bytes = body(call).await?;
    let digest = Digest::of(&bytes);
    let tag = match reference {
        Reference::Digest(stated) if *stated != digest => {
            return Err(RegistryError::digest_mismatch(stated, &digest));
        }
        Reference::Digest(_) => None,
        Reference::Tag(tag) => Some(tag.as_str()),
    };
    let document = Document::parse(&media_type, &bytes)?;
    document.check(&shared.store, name)?;
    shared.store.put_manifest(name, &StoredManifest { digest, media_type, bytes }, tag)?;
    let headers =
        [(LOCATION, format!("/v2/{name}/manifests/{digest}")), (CONTENT_DIGEST, digest.to_string())];
    // `OCI-Subject` means that the client need not maintain a list of referrers, which is true with the API only.
    let subject = document.subject().filter(|_| shared.has_referrers());
    let subject =
        subject.map(|subject| [(HeaderName::from_static("oci-subject"), subject.digest.to_string())]);
    Ok((StatusCode::CREATED, headers, subject, ()).into_response())
}

/// `DELETE`: removes a tag, or a manifest with its tags.
pub(super) fn delete(shared: &Shared, name: &Name, reference: &Reference) -> HandlerResult {
    match shared.store.delete_manifest(name, reference)? {
        true => Ok(StatusCode::ACCEPTED.into_response()),
        false => Err(manifest_unknown()),
    }
}

fn manifest_unknown() -> RegistryError {
    RegistryError::unknown("MANIFEST_UNKNOWN", "manifest unknown")
}

async fn body(call: &mut Call) -> Result<Vec<u8>, RegistryError> {
    let too_long = || {
        let message = format!("a manifest has at most {LIMIT} bytes");
        RegistryError::new(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", message)
    };
    if call.body.size_hint().lower() > LIMIT as u64 {
        return Err(too_long());
    }
    match Limited::new(call.take_body(), LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long()),
        Err(_) => Err(RegistryError::bad("MANIFEST_INVALID", "the body of the request broke off")),
    }
}
