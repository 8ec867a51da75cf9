//! JSON responses, lists in pages, and errors in GitHub's words, which clients and people search for.

use std::fmt;

use axum::response::{IntoResponse, Response};
use floe_core::model::Digest;
use http::{StatusCode, Uri, header};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::access::RepoRequest;

pub(super) type ApiResult<T = Response> = Result<T, ApiError>;

/// 200 with JSON.
pub(super) fn ok(value: &Value) -> ApiResult {
    Ok(json_response(StatusCode::OK, value))
}

/// JSON; with an `ETag` unless it is an error.
pub(super) fn json_response(status: StatusCode, value: &Value) -> Response {
    let kind = "application/json; charset=utf-8";
    match status.is_success() {
        true => (status, tagged(kind, value.to_string().into_bytes())).into_response(),
        false => (status, [(header::CONTENT_TYPE, kind)], value.to_string()).into_response(),
    }
}

/// 200 with bytes of this media type, and their `ETag`.
pub(super) fn tagged(kind: &'static str, bytes: Vec<u8>) -> Response {
    let etag = format!("\"{}\"", Digest::of(&bytes).hex());
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::ETAG, etag)], bytes).into_response()
}

/// The requested page of `items`: `per_page` of them, 30 by default and at most 100.
pub(super) fn page(request: &RepoRequest, items: impl Iterator<Item = Value>) -> ApiResult {
    let (base, uri) = (&request.caller.base, &request.parts.uri);
    let number = |name: &str| request.query(name)?.parse::<usize>().ok().filter(|n| *n > 0);
    let (per_page, page) = (number("per_page").unwrap_or(30).min(100), number("page").unwrap_or(1));
    let items: Vec<Value> = items.collect();
    let last = items.len().div_ceil(per_page).max(1);
    let back = page > 1;
    let links = [("prev", back, (page - 1).min(last)), ("next", page < last, page + 1)];
    let links = links.into_iter().chain([("last", page < last, last), ("first", back, 1)]);
    let link = |(rel, _, page)| format!("<{base}{}>; rel=\"{rel}\"", with_page(uri, page));
    let links: Vec<String> = links.filter(|(_, is_there, _)| *is_there).map(link).collect();
    let links = (!links.is_empty()).then(|| [(header::LINK, links.join(", "))]);
    let shown = items.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page);
    Ok((links, ok(&shown.collect())?).into_response())
}

/// The address of the request with another page number.
fn with_page(uri: &Uri, page: usize) -> String {
    let others = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(others.filter(|(key, _)| key != "page")).append_pair("page", &page.to_string());
    format!("{}?{}", uri.path(), query.finish())
}

/// An error response.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    message: String,
    errors: Vec<Value>,
    /// The permissions that the request needs.
    accepted: Option<&'static str>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        ApiError { status, message: message.into(), errors: Vec::new(), accepted: None }
    }

    /// Absent, or not visible to the caller.
    pub(super) fn not_found() -> Self {
        ApiError::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn anonymous() -> Self {
        ApiError::new(StatusCode::UNAUTHORIZED, "Requires authentication")
    }

    /// The token may not do it.
    pub(super) fn no_push() -> Self {
        ApiError {
            accepted: Some("contents=write"),
            ..ApiError::new(StatusCode::FORBIDDEN, "Resource not accessible by integration")
        }
    }

    pub(super) fn bad_request(message: &str) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    /// The request is valid JSON, but does not fit the schema.
    pub(super) fn invalid_request(detail: &str) -> Self {
        ApiError::unprocessable(format!("Invalid request.\n\n{detail}"))
    }

    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// `Validation Failed` with the errors.
    pub(super) fn invalid(errors: impl IntoIterator<Item = Value>) -> Self {
        ApiError { errors: errors.into_iter().collect(), ..ApiError::unprocessable("Validation Failed") }
    }
}

impl From<anyhow::Error> for ApiError {
    /// Any other error is a failure of the server itself, such as a full disk.
    fn from(error: anyhow::Error) -> Self {
        error.downcast().unwrap_or_else(|error| {
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("Server Error: {error:#}"))
        })
    }
}

/// An error of a `Validation Failed` with the code `missing_field`, `already_exists` or `invalid`.
pub(super) fn field(resource: &str, code: &str, field: &str) -> Value {
    json!({ "resource": resource, "code": code, "field": field })
}

/// An error of a `Validation Failed` with a message.
pub(super) fn custom(resource: &str, field: &str, message: &str) -> Value {
    json!({ "resource": resource, "code": "custom", "field": field, "message": message })
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.errors.iter().try_for_each(|error| write!(f, ", {error}"))
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.as_str(),
        });
        if !self.errors.is_empty() {
            body["errors"] = Value::Array(self.errors);
        }
        let accepted = self.accepted.map(|accepted| [("x-accepted-github-permissions", accepted)]);
        (accepted, json_response(self.status, &body)).into_response()
    }
}
