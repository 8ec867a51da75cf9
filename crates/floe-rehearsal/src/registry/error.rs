//! The error responses of the registry (distribution-spec, "Error Codes"). They never contain a token or a password.

use axum::response::{IntoResponse, Response};
use floe_core::model::Digest;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::json;

/// An error response: a status, a code of the specification and a message.
#[derive(Debug)]
pub(super) struct RegistryError {
    status: StatusCode,
    code: &'static str,
    message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl RegistryError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        RegistryError { status, code, message: message.into(), headers: Vec::new() }
    }

    /// 400
    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 404
    pub(super) fn unknown(code: &'static str, message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::NOT_FOUND, code, message)
    }

    /// An upload that was never started, or is finished or cancelled.
    pub(super) fn upload_unknown() -> Self {
        RegistryError::unknown("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    }

    /// The content has another digest than the request says.
    pub(super) fn digest_mismatch(stated: &Digest, actual: &Digest) -> Self {
        let message = format!("the content has the digest `{actual}`, not `{stated}`");
        RegistryError::bad("DIGEST_INVALID", message)
    }

    pub(super) fn method(method: &Method) -> Self {
        let message = format!("the operation {method} is unsupported here");
        RegistryError::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
    }

    /// Adds a header, unless the value is not valid in one.
    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }
}

impl From<anyhow::Error> for RegistryError {
    /// A failure of the registry itself: 500.
    fn from(error: anyhow::Error) -> Self {
        RegistryError::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", format!("{error:#}"))
    }
}

impl IntoResponse for RegistryError {
    fn into_response(self) -> Response {
        let error = json!({ "code": self.code, "message": self.message });
        let mut response = (self.status, axum::Json(json!({ "errors": [error] }))).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
