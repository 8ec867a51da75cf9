//! Lists in pages, with the `Link` header of GitHub's pagination.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri, header};
use serde_json::Value;

use super::access::RepoRequest;
use super::response::json_response;

/// The requested page of `items`: `per_page` of them, 30 by default and at most 100.
pub(super) fn response(items: Vec<Value>, request: &RepoRequest) -> Response {
    let (base, uri) = (&request.caller.base, &request.uri);
    let per_page = parameter(uri, "per_page").filter(|n| *n > 0).unwrap_or(30).min(100);
    let page = parameter(uri, "page").filter(|n| *n > 0).unwrap_or(1);
    let last = items.len().div_ceil(per_page).max(1);
    let items: Vec<Value> =
        items.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let mut links = Vec::new();
    let mut link =
        |page: usize, rel: &str| links.push(format!("<{base}{}>; rel=\"{rel}\"", with_page(uri, page)));
    if page > 1 {
        link((page - 1).min(last), "prev");
    }
    if page < last {
        link(page + 1, "next");
        link(last, "last");
    }
    if page > 1 {
        link(1, "first");
    }
    let links = (!links.is_empty()).then(|| [(header::LINK, links.join(", "))]);
    (links, json_response(StatusCode::OK, &Value::Array(items))).into_response()
}

fn parameter(uri: &Uri, name: &str) -> Option<usize> {
    let query = uri.query()?.as_bytes();
    url::form_urlencoded::parse(query).find(|(key, _)| key == name)?.1.parse().ok()
}

/// The address of the request with another page number.
fn with_page(uri: &Uri, page: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if key != "page" {
            query.append_pair(&key, &value);
        }
    }
    query.append_pair("page", &page.to_string());
    format!("{}?{}", uri.path(), query.finish())
}
