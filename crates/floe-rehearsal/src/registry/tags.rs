//! Listing tags in pages (distribution-spec, "Listing Tags").

use axum::response::IntoResponse as _;
use http::StatusCode;
use http::header::LINK;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::error::RegistryError;
use super::route::Name;
use super::{Call, HandlerResult, Shared};

/// `GET /v2/<name>/tags/list?n=<at most>&last=<after this tag>`
pub(super) fn list(shared: &Shared, call: &Call, name: &Name) -> HandlerResult {
    let limit = match call.query("n") {
        Some(text) => text.parse().map_err(|_| {
            RegistryError::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", "`n` is not a number of tags")
        })?,
        None => usize::MAX,
    };
    let mut tags: Vec<String> = shared.store.tags(name)?.into_keys().collect();
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

/// The order ignores case, except between tags that differ in case only.
fn order(tag: &str) -> (String, String) {
    (tag.to_ascii_lowercase(), tag.to_owned())
}
