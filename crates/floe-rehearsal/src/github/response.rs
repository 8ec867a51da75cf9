//! JSON responses and errors in GitHub's words, which clients and people search for.

use std::fmt;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

pub(super) type ApiResult = Result<Response, ApiError>;

pub(super) fn json_response(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
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
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        ApiError { status, message: message.into(), errors: Vec::new(), accepted: None }
    }

    /// Absent, or not visible to the caller.
    pub(super) fn not_found() -> Self {
        ApiError::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// The token is unknown or expired.
    pub(super) fn bad_credentials() -> Self {
        ApiError::new(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

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

    pub(super) fn rate_limited(login: &str) -> Self {
        ApiError::new(StatusCode::FORBIDDEN, format!("API rate limit exceeded for {login}."))
    }

    pub(super) fn bad_request(message: &str) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn length_required() -> Self {
        ApiError::new(StatusCode::LENGTH_REQUIRED, "Length Required")
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

    pub(super) fn bad_gateway() -> Self {
        ApiError::new(StatusCode::BAD_GATEWAY, "Server Error")
    }

    /// A failure of the server itself, such as a full disk.
    pub(super) fn internal(error: &anyhow::Error) -> Self {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("Server Error: {error:#}"))
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
