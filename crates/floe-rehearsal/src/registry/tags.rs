//! Listing tags, page by page (distribution-spec, "Listing Tags").

use axum::response::IntoResponse;
use http::StatusCode;
use http::header::LINK;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::blobs::set;
use super::error::RegistryError;
use super::route::Name;
use super::{Call, HandlerResult, Shared};

/// Answers `GET /v2/<name>/tags/list?n=<at most>&last=<after this tag>`.
pub(super) fn list(shared: &Shared, call: &Call, name: &Name) -> HandlerResult {
    let most = match call.query("n") {
        Some(text) => text.parse().map_err(|_| {
            RegistryError::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", "`n` is not a number of tags")
        })?,
        None => usize::MAX,
    };
    let mut tags: Vec<String> = shared.store.tags(name)?.into_keys().collect();
    tags.sort_by_cached_key(|tag| place(tag));
    if let Some(last) = call.query("last") {
        let last = place(&last);
        tags.retain(|tag| place(tag) > last);
    }
    let more = tags.len() > most;
    tags.truncate(most);
    let body = serde_json::json!({ "name": name.as_str(), "tags": tags });
    let mut response = axum::Json(body).into_response();
    if let Some(last) = tags.last().filter(|_| more) {
        let last = utf8_percent_encode(last, NON_ALPHANUMERIC);
        set(&mut response, LINK, &format!(r#"</v2/{name}/tags/list?n={most}&last={last}>; rel="next""#))?;
    }
    Ok(response)
}

/// Tags are listed in case-insensitive order; the tag itself decides between those that differ in case only.
fn place(tag: &str) -> (String, String) {
    (tag.to_ascii_lowercase(), tag.to_owned())
}
