//! Answers: JSON as GitHub sends it, and its ways of saying no.
//!
//! The wording is GitHub's, since clients and people look for it. Nothing here decides whether to refuse.

use std::fmt;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// A JSON answer.
pub(super) fn json_answer(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer that says no.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    message: String,
    errors: Vec<Value>,
    /// The permissions that would have been enough.
    accepted: Option<&'static str>,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        ApiError { status, message: message.into(), errors: Vec::new(), accepted: None }
    }

    /// There is no such thing, or nothing that you may know of.
    pub(super) fn not_found() -> Self {
        ApiError::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// The token is not one of ours.
    pub(super) fn bad_credentials() -> Self {
        ApiError::new(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

    /// There was no token where one is needed.
    pub(super) fn anonymous() -> Self {
        ApiError::new(StatusCode::UNAUTHORIZED, "Requires authentication")
    }

    /// The token may not write contents.
    pub(super) fn no_push() -> Self {
        ApiError {
            accepted: Some("contents=write"),
            ..ApiError::new(StatusCode::FORBIDDEN, "Resource not accessible by integration")
        }
    }

    /// The hour's requests are used up.
    pub(super) fn rate_limited(login: &str) -> Self {
        ApiError::new(StatusCode::FORBIDDEN, format!("API rate limit exceeded for {login}."))
    }

    /// The request itself is not well formed.
    pub(super) fn bad_request(message: &str) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    /// An upload did not say how long it is.
    pub(super) fn length_required() -> Self {
        ApiError::new(StatusCode::LENGTH_REQUIRED, "Length Required")
    }

    /// The request is well formed JSON, but not of the form that is wanted.
    pub(super) fn invalid_request(detail: &str) -> Self {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, format!("Invalid request.\n\n{detail}"))
    }

    /// The message alone, with 422.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// `Validation Failed` with what failed.
    pub(super) fn invalid(errors: impl IntoIterator<Item = Value>) -> Self {
        let errors = errors.into_iter().collect();
        ApiError { errors, ..ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed") }
    }

    /// The server before this one got no answer from it.
    pub(super) fn bad_gateway() -> Self {
        ApiError::new(StatusCode::BAD_GATEWAY, "Server Error")
    }

    /// This server cannot go on: its disk, not the request, is at fault.
    pub(super) fn broken(error: &anyhow::Error) -> Self {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("Server Error: {error:#}"))
    }

    fn message(&self) -> String {
        let errors: Vec<String> = self.errors.iter().map(Value::to_string).collect();
        [vec![self.message.clone()], errors].concat().join(", ")
    }
}

/// One error of a `Validation Failed`, of the codes `missing_field`, `already_exists` and `invalid`.
pub(super) fn field(resource: &str, code: &str, field: &str) -> Value {
    json!({ "resource": resource, "code": code, "field": field })
}

/// One error of a `Validation Failed` in words.
pub(super) fn custom(resource: &str, field: &str, message: &str) -> Value {
    json!({ "resource": resource, "code": "custom", "field": field, "message": message })
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
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
        let mut response = json_answer(self.status, &body);
        if let Some(accepted) = self.accepted {
            let name = "x-accepted-github-permissions";
            response.headers_mut().insert(name, HeaderValue::from_static(accepted));
        }
        response
    }
}
