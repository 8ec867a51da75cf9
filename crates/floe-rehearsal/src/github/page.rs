//! Lists in pages, with the `Link` header that leads from one to the next.

use axum::response::Response;
use http::{HeaderValue, StatusCode, Uri, header};
use serde_json::Value;

use super::response::json_answer;

/// The page of `items` that the request asks for: 30 of them unless `per_page` says otherwise, at most 100.
pub(super) fn answer(items: Vec<Value>, base: &str, uri: &Uri) -> Response {
    let per_page = parameter(uri, "per_page").filter(|n| *n > 0).unwrap_or(30).min(100);
    let page = parameter(uri, "page").filter(|n| *n > 0).unwrap_or(1);
    let last = items.len().div_ceil(per_page).max(1);
    let shown: Vec<Value> =
        items.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let mut response = json_answer(StatusCode::OK, &Value::Array(shown));
    let mut links = Vec::new();
    let mut link = |page: usize, rel: &str| {
        links.push(format!("<{base}{}>; rel=\"{rel}\"", with_page(uri, page)));
    };
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
    if let (false, Ok(value)) = (links.is_empty(), HeaderValue::from_str(&links.join(", "))) {
        response.headers_mut().insert(header::LINK, value);
    }
    response
}

fn parameter(uri: &Uri, name: &str) -> Option<usize> {
    let query = uri.query()?.as_bytes();
    url::form_urlencoded::parse(query).find(|(key, _)| key == name)?.1.parse().ok()
}

/// The request's own address with another page number.
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
