//! Listing the tags of a repository in pages, and the manifests that refer to another one (distribution-spec, "Listing
//! Tags" and "Listing Referrers").

use axum::response::IntoResponse as _;
use floe_core::model::Digest;
use floe_core::oci;
use http::HeaderName;
use http::header::{CONTENT_TYPE, LINK};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::check::Document;
use super::error::RegistryError;
use super::route::{Name, Reference};
use super::{Call, HandlerResult, Shared};

/// `GET /v2/<name>/tags/list?n=<at most>&last=<after this tag>`
pub(super) fn tags(shared: &Shared, call: &Call, name: &Name) -> HandlerResult {
    let limit = match call.query("n") {
        Some(text) => {
            text.parse().map_err(|_| RegistryError::bad("UNSUPPORTED", "`n` is not a number of tags"))?
        }
        None => usize::MAX,
    };
    let mut tags: Vec<String> = shared.store.tags(name)?.into_keys().collect();
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
    Ok((next, axum::Json(json!({ "name": name.as_str(), "tags": tags }))).into_response())
}

/// `GET /v2/<name>/referrers/<digest>?artifactType=<only these>`, in one page. No list is kept: each request looks at
/// every manifest of the repository. One without manifests has no referrers, which is no error.
pub(super) fn referrers(shared: &Shared, call: &Call, name: &Name, subject: &Digest) -> HandlerResult {
    if !shared.has_referrers() {
        return Err(RegistryError::unknown("UNSUPPORTED", "this registry has no referrers API"));
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
    Ok((applied, [(CONTENT_TYPE, oci::INDEX)], index.to_string()).into_response())
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
