//! Pulling blobs, whole or in ranges (distribution-spec, "Pulling blobs").

use anyhow::Context as _;
use axum::response::IntoResponse as _;
use floe_core::model::Digest;
use http::header::{ETAG, RANGE};
use http::request::Parts;
use http::{HeaderName, Method};

use super::error::RegistryError;
use super::route::Name;
use super::{HandlerResult, Shared};
use crate::download::send_file;

/// The header with the digest of the content.
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// `GET` and `HEAD`; hyper leaves out the body of a `HEAD` response.
pub(super) async fn get(shared: &Shared, parts: &Parts, name: &Name, digest: &Digest) -> HandlerResult {
    shared.store.blob_size(name, digest).ok_or_else(|| RegistryError::blob_unknown(digest))?;
    let range = parts.headers.get(RANGE).filter(|_| parts.method == Method::GET);
    let response =
        send_file(&shared.store.blob_path(digest), range).await.context("failed to read a blob")?;
    let headers = [(ETAG, format!("\"{digest}\"")), (CONTENT_DIGEST, digest.to_string())];
    Ok((headers, response).into_response())
}
