//! Listing what refers to a manifest (distribution-spec, "Listing Referrers"), where it is switched on.
//!
//! There is no list to keep right: each request looks at every manifest of the repository.

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};

use super::blobs::set;
use super::check::{self, INDEX, Referrer};
use super::error::RegistryError;
use super::route::{Name, Reference};
use super::store::StoredManifest;
use super::{Call, HandlerResult, Shared};
use floe_core::model::Digest;

/// Answers `GET /v2/<name>/referrers/<digest>?artifactType=<only these>`, in one page.
pub(super) fn list(shared: &Shared, call: &Call, name: &Name, digest: &Digest) -> HandlerResult {
    if !shared.referrers {
        let message = "this registry has no referrers API";
        return Err(RegistryError::new(StatusCode::NOT_FOUND, "UNSUPPORTED", message));
    }
    let wanted = call.query("artifactType").filter(|wanted| !wanted.is_empty());
    let mut referrers = Vec::new();
    for other in shared.store.manifests(name)? {
        let Some(stored) = shared.store.manifest(name, &Reference::Digest(other))? else { continue };
        let referrer = referrer(stored, digest)?;
        referrers.extend(referrer.filter(|referrer| wanted.is_none() || referrer.artifact_type == wanted));
    }
    let index = serde_json::json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": referrers });
    let mut response = axum::Json(index).into_response();
    set(&mut response, CONTENT_TYPE, INDEX)?;
    if wanted.is_some() {
        set(&mut response, HeaderName::from_static("oci-filters-applied"), "artifactType")?;
    }
    Ok(response)
}

fn referrer(stored: StoredManifest, subject: &Digest) -> Result<Option<Referrer>, RegistryError> {
    let manifest = check::read(&stored.media_type, &stored.bytes)?;
    if manifest.subject.is_none_or(|found| found.digest != *subject) {
        return Ok(None);
    }
    Ok(Some(Referrer {
        media_type: stored.media_type,
        digest: stored.digest,
        size: stored.bytes.len() as u64,
        artifact_type: manifest.artifact_type.or(manifest.config.map(|config| config.media_type)),
        annotations: manifest.annotations,
    }))
}
