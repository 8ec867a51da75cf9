//! The HTML pages of releases, plain and without scripts. Notes are shown as text.

use axum::response::{Html, IntoResponse as _, Response};
use floe_core::units::size;

use super::access::RepoRequest;
use super::response::{ApiError, ApiResult};
use super::state::{StoredRelease, StoredRepo};
use super::storage::redirect;
use super::view;

/// `GET /{owner}/{name}/releases`
pub(super) async fn list(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let published = repo.releases.iter().rev().filter(|release| !release.draft);
        let lines: String = published
            .map(|release| {
                let tag = view::encoded(&release.tag_name);
                let title = escaped(title(release));
                format!("<li><a href=\"/{}/releases/tag/{tag}\">{title}</a></li>", repo.repo)
            })
            .collect();
        Ok(page(&format!("Releases of {}", repo.repo), &format!("<ul>{lines}</ul>")))
    })
}

/// `GET /{owner}/{name}/releases/latest`
pub(super) async fn latest(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let latest = repo.latest_release().ok_or_else(ApiError::not_found)?;
        let tag = view::encoded(&latest.tag_name);
        Ok(redirect(format!("{}/{}/releases/tag/{tag}", request.caller.base, repo.repo)))
    })
}

/// `GET /{owner}/{name}/releases/tag/{tag}`
pub(super) async fn release(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let release = repo.published(&request.parameter).ok_or_else(ApiError::not_found)?;
        Ok(page(title(release), &content(repo, release)))
    })
}

/// The notes and files of a release.
fn content(repo: &StoredRepo, release: &StoredRelease) -> String {
    let repo = &repo.repo;
    let folder = format!("/{repo}/releases/download/{}", view::encoded(&release.tag_name));
    let assets = release.assets.iter().filter(|asset| asset.is_uploaded());
    let rows: String = assets
        .map(|asset| {
            let digest = asset.digest.map(|digest| digest.to_string()).unwrap_or_default();
            let link = format!("<a href=\"{folder}/{}\">{}</a>", view::encoded(&asset.name), asset.name);
            format!("<tr><td>{link}</td><td>{}</td><td><code>{digest}</code></td></tr>", size(asset.size))
        })
        .collect();
    format!(
        "<p>{} of <a href=\"/{repo}/releases\">{repo}</a>, published {}</p><pre>{}</pre><table>{rows}</table>",
        escaped(&release.tag_name),
        release.published_at.as_deref().unwrap_or_default(),
        escaped(release.body.as_deref().unwrap_or_default()),
    )
}

fn title(release: &StoredRelease) -> &str {
    release.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&release.tag_name)
}

fn page(title: &str, content: &str) -> Response {
    let title = escaped(title);
    let head = format!("<meta charset=\"utf-8\"><title>{title}</title>");
    Html(format!("<!DOCTYPE html>\n{head}\n<h1>{title}</h1>\n{content}\n")).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
