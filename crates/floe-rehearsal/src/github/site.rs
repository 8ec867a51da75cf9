//! The page of a release: its notes as text, without its files. The report of a rehearsal shows everything.

use axum::response::{Html, IntoResponse as _};

use super::access::RepoRequest;
use super::response::{ApiError, ApiResult};
use super::storage::redirect;
use super::view;

/// `GET /{owner}/{name}/releases/latest`
pub(super) async fn latest(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let latest = repo.latest_release().ok_or_else(ApiError::not_found)?;
        let tag = view::encoded(&latest.tag_name);
        Ok(redirect(format!("{}/releases/tag/{tag}", request.caller.page(repo))))
    })
}

/// `GET /{owner}/{name}/releases/tag/{tag}`
pub(super) async fn release(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let release = repo.published(&request.parameter).ok_or_else(ApiError::not_found)?;
        let (title, notes) =
            (escaped(&release.tag_name), escaped(release.body.as_deref().unwrap_or_default()));
        let head = format!("<!DOCTYPE html>\n<meta charset=\"utf-8\"><title>{title}</title>");
        Ok(Html(format!("{head}\n<h1>{title}</h1>\n<pre>{notes}</pre>\n")).into_response())
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
