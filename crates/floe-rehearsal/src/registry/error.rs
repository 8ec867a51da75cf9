//! The error responses of the registry (distribution-spec, "Error Codes"). They never contain a token or a password.

use axum::response::{IntoResponse, Response};
use floe_core::model::Digest;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::route::{Name, Reference};

/// An error response: a status, a code of the specification and a message.
#[derive(Debug)]
pub(super) struct RegistryError {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl RegistryError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        RegistryError { status, code, message: message.into(), detail: None, headers: Vec::new() }
    }

    /// Sets the `detail` field.
    pub(super) fn detail(self, detail: Value) -> Self {
        RegistryError { detail: Some(detail), ..self }
    }

    /// Adds a header, unless the value is not valid in one.
    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    pub(super) fn method(method: &Method) -> Self {
        let message = format!("the operation {method} is unsupported here");
        RegistryError::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
    }

    /// Nothing was ever pushed to this repository.
    pub(super) fn name_unknown(name: &Name) -> Self {
        RegistryError::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "repository name not known to registry")
            .detail(json!({ "name": name.as_str() }))
    }

    pub(super) fn blob_unknown(digest: &Digest) -> Self {
        RegistryError::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry")
            .detail(json!({ "digest": digest }))
    }

    pub(super) fn manifest_unknown(reference: &Reference) -> Self {
        let detail = match reference {
            Reference::Tag(tag) => json!({ "tag": tag }),
            Reference::Digest(digest) => json!({ "digest": digest }),
        };
        RegistryError::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown").detail(detail)
    }

    /// A manifest names something that the repository does not have.
    pub(super) fn manifest_blob_unknown(digest: &Digest) -> Self {
        let message = "manifest references a manifest or blob unknown to registry";
        RegistryError::new(StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN", message)
            .detail(json!({ "digest": digest }))
    }

    pub(super) fn manifest_invalid(message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    /// A text that is not a digest, or the digest of other content.
    pub(super) fn digest_invalid(message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    /// The content has another digest than the request says.
    pub(super) fn digest_mismatch(stated: &Digest, actual: &Digest) -> Self {
        RegistryError::digest_invalid("provided digest did not match uploaded content")
            .detail(json!({ "digest": stated, "uploaded": actual }))
    }

    /// An upload that was never started, or is finished or cancelled.
    pub(super) fn upload_unknown() -> Self {
        RegistryError::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    }

    pub(super) fn upload_invalid(message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
    }

    pub(super) fn size_invalid(message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", message)
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
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(detail) = self.detail {
            error["detail"] = detail;
        }
        let mut response = (self.status, axum::Json(json!({ "errors": [error] }))).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
