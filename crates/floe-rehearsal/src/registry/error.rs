//! Every "no" of the registry: a status, one code of the specification, and a message (distribution-spec,
//! "Error Codes").
//!
//! It never carries a token or a password.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::route::{Name, Reference};
use floe_core::model::Digest;

/// An answer that says no.
#[derive(Debug)]
pub(super) struct RegistryError {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl RegistryError {
    /// A refusal with no detail.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        RegistryError { status, code, message: message.into(), detail: None, headers: Vec::new() }
    }

    /// With the `detail` field of the error.
    pub(super) fn detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// With a header; a value that is no header value is left out.
    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// There is such an endpoint, but not with this method.
    pub(super) fn method(method: &Method) -> Self {
        let message = format!("the operation {method} is unsupported here");
        RegistryError::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
    }

    /// Nothing was ever pushed to this repository.
    pub(super) fn name_unknown(name: &Name) -> Self {
        let refusal = RegistryError::new(
            StatusCode::NOT_FOUND,
            "NAME_UNKNOWN",
            "repository name not known to registry",
        );
        refusal.detail(json!({ "name": name.as_str() }))
    }

    /// The repository does not hold this blob.
    pub(super) fn blob_unknown(digest: &Digest) -> Self {
        RegistryError::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry")
            .detail(json!({ "digest": digest }))
    }

    /// The repository does not hold this manifest.
    pub(super) fn manifest_unknown(reference: &Reference) -> Self {
        let detail = match reference {
            Reference::Tag(tag) => json!({ "tag": tag }),
            Reference::Digest(digest) => json!({ "digest": digest }),
        };
        RegistryError::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown").detail(detail)
    }

    /// A manifest names something that the repository does not hold.
    pub(super) fn manifest_blob_unknown(digest: &Digest) -> Self {
        let message = "manifest references a manifest or blob unknown to registry";
        RegistryError::new(StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN", message)
            .detail(json!({ "digest": digest }))
    }

    /// A manifest is not what it should be.
    pub(super) fn manifest_invalid(message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    /// A digest that is none, or not that of the content.
    pub(super) fn digest_invalid(message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    /// An upload that was never begun, is finished or was cancelled.
    pub(super) fn upload_unknown() -> Self {
        RegistryError::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    }

    /// An upload that cannot go on like this.
    pub(super) fn upload_invalid(message: impl Into<String>) -> Self {
        RegistryError::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
    }
}

impl From<anyhow::Error> for RegistryError {
    /// The registry itself failed: 500.
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
