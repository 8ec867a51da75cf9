//! Manifests by tag or digest, and lists of tags and of referrers (distribution-spec, "Pulling manifests", "Pushing
//! Manifests", "Deleting tags", "Deleting Manifests", "Listing Tags", "Listing Referrers"). A manifest is stored and sent byte
//! for byte as it was pushed.

use axum::response::IntoResponse as _;
use floe_core::model::Digest;
use floe_core::oci;
use floe_core::parallel::lock;
use http::header::{CONTENT_TYPE, ETAG, LINK, LOCATION};
use http::{HeaderName, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::blobs::CONTENT_DIGEST;
use super::check::Document;
use super::error::RegistryError;
use super::route::Reference;
use super::store::StoredManifest;
use super::{Call, HandlerResult, Shared};

/// The longest manifest in bytes. The specification asks registries to accept at least this much.
const LIMIT: usize = 4 * 1024 * 1024;

/// `GET` and `HEAD`; hyper leaves out the body of a `HEAD` response.
pub(super) fn get(shared: &Shared, name: &str, reference: &Reference) -> HandlerResult {
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
pub(super) async fn put(shared: &Shared, call: Call, name: &str, reference: &Reference) -> HandlerResult {
    let media_type = call.header(CONTENT_TYPE).map(|text| text.split(';').next().unwrap_or(text).trim());
    let missing = || RegistryError::bad("MANIFEST_INVALID", "Content-Type is missing");
    let media_type = media_type.ok_or_else(missing)?.to_owned();
    let bytes = Limited::new(call.body, LIMIT).collect().await.map_err(|error| {
        let too_long = || format!("a manifest has at most {LIMIT} bytes");
        match error.is::<LengthLimitError>() {
            true => RegistryError::new(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", too_long()),
            false => RegistryError::bad("MANIFEST_INVALID", "the body of the request broke off"),
        }
    })?;
    let bytes = Vec::from(bytes.to_bytes());
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
    shared.store.put_manifest(name, StoredManifest { digest, media_type, bytes }, tag)?;
    let headers =
        [(LOCATION, format!("/v2/{name}/manifests/{digest}")), (CONTENT_DIGEST, digest.to_string())];
    // `OCI-Subject` means that the client need not maintain a list of referrers, which is true with the API only.
    let subject = document.subject.filter(|_| lock(&shared.options).referrers);
    let subject =
        subject.map(|subject| [(HeaderName::from_static("oci-subject"), subject.digest.to_string())]);
    Ok((StatusCode::CREATED, headers, subject, ()).into_response())
}

/// `DELETE`: removes a tag, or a manifest with its tags.
pub(super) fn delete(shared: &Shared, name: &str, reference: &Reference) -> HandlerResult {
    match shared.store.delete_manifest(name, reference)? {
        true => Ok(StatusCode::ACCEPTED.into_response()),
        false => Err(manifest_unknown()),
    }
}

fn manifest_unknown() -> RegistryError {
    RegistryError::unknown("MANIFEST_UNKNOWN", "manifest unknown")
}

/// `GET /v2/<name>/tags/list?n=<at most>&last=<after this tag>`
pub(super) fn tags(shared: &Shared, call: &Call, name: &str) -> HandlerResult {
    let limit = match call.query("n") {
        Some(text) => {
            text.parse().map_err(|_| RegistryError::bad("UNSUPPORTED", "`n` is not a number of tags"))?
        }
        None => usize::MAX,
    };
    let mut tags: Vec<String> =
        shared.store.of(name, |repository| repository.tags.keys().cloned().collect()).unwrap_or_default();
    // The order ignores case, except between tags that differ in case only.
    let order = |tag: &str| (tag.to_ascii_lowercase(), tag.to_owned());
    tags.sort_by_cached_key(|tag| order(tag));
    if let Some(last) = call.query("last") {
        tags.retain(|tag| order(tag) > order(&last));
    }
    let more = tags.len() > limit;
    tags.truncate(limit);
    let next = tags.last().filter(|_| more).map(|last| {
        let last = utf8_percent_encode(last, NON_ALPHANUMERIC);
        [(LINK, format!(r#"</v2/{name}/tags/list?n={limit}&last={last}>; rel="next""#))]
    });
    Ok((next, axum::Json(json!({ "name": name, "tags": tags }))).into_response())
}

/// `GET /v2/<name>/referrers/<digest>?artifactType=<only these>`, in one page. No list is kept: each request looks at
/// every manifest of the repository. One without manifests has no referrers, which is no error.
pub(super) fn referrers(shared: &Shared, call: &Call, name: &str, subject: &Digest) -> HandlerResult {
    if !lock(&shared.options).referrers {
        return Err(RegistryError::unknown("UNSUPPORTED", "this registry has no referrers API"));
    }
    let filter = call.query("artifactType").filter(|filter| !filter.is_empty());
    let mut referrers = Vec::new();
    let digests =
        shared.store.of(name, |repository| repository.manifests.keys().copied().collect::<Vec<_>>());
    for digest in digests.unwrap_or_default() {
        let Some(stored) = shared.store.manifest(name, &Reference::Digest(digest))? else { continue };
        let document = Document::parse(&stored.media_type, &stored.bytes)?;
        let refers = document.subject.as_ref().is_some_and(|found| found.digest == *subject);
        if refers && (filter.is_none() || document.artifact_type() == filter.as_deref()) {
            let size = stored.bytes.len();
            let mut one = json!({ "mediaType": stored.media_type, "digest": digest, "size": size });
            if let Some(artifact_type) = document.artifact_type() {
                one["artifactType"] = artifact_type.into();
            }
            if !document.annotations.is_empty() {
                one["annotations"] = json!(document.annotations);
            }
            referrers.push(one);
        }
    }
    let index = json!({ "schemaVersion": 2, "mediaType": oci::INDEX, "manifests": referrers });
    let applied = filter.map(|_| [(HeaderName::from_static("oci-filters-applied"), "artifactType")]);
    Ok((applied, [(CONTENT_TYPE, oci::INDEX)], index.to_string()).into_response())
}
