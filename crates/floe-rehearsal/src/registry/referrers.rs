//! Listing what refers to a manifest (distribution-spec, "Listing Referrers"), where the API is switched on.
//!
//! No list is kept: each request looks at every manifest of the repository.

use axum::response::IntoResponse as _;
use floe_core::model::Digest;
use floe_core::oci;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use super::check::Document;
use super::error::RegistryError;
use super::route::{Name, Reference};
use super::{Call, HandlerResult, Shared};

/// `GET /v2/<name>/referrers/<digest>?artifactType=<only these>`, in one page.
pub(super) fn list(shared: &Shared, call: &Call, name: &Name, subject: &Digest) -> HandlerResult {
    if !shared.referrers {
        let message = "this registry has no referrers API";
        return Err(RegistryError::new(StatusCode::NOT_FOUND, "UNSUPPORTED", message));
    }
    let filter = call.query("artifactType").filter(|filter| !filter.is_empty());
    let mut referrers = Vec::new();
    for digest in shared.store.manifests(name)? {
        let Some(stored) = shared.store.manifest(name, &Reference::Digest(digest))? else { continue };
        let document = Document::parse(&stored.media_type, &stored.bytes)?;
        let refers = document.subject().is_some_and(|found| found.digest == *subject);
        if refers && (filter.is_none() || document.artifact_type() == filter.as_deref()) {
            referrers.push(referrer(&document, &stored.media_type, &digest, stored.bytes.len()));
        }
    }
    let index = json!({ "schemaVersion": 2, "mediaType": oci::INDEX, "manifests": referrers });
    let applied = filter.map(|_| [(HeaderName::from_static("oci-filters-applied"), "artifactType")]);
    Ok(([(CONTENT_TYPE, oci::INDEX)], applied, axum::Json(index)).into_response())
}

fn referrer(document: &Document, media_type: &str, digest: &Digest, size: usize) -> Value {
    let mut descriptor = json!({ "mediaType": media_type, "digest": digest, "size": size });
    if let Some(artifact_type) = document.artifact_type() {
        descriptor["artifactType"] = artifact_type.into();
    }
    if !document.annotations().is_empty() {
        descriptor["annotations"] = json!(document.annotations());
    }
    descriptor
}
