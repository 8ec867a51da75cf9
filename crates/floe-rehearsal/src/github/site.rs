//! The pages for people: the releases of a repository, and one release with its notes and files.
//!
//! Plain HTML without a script; notes are shown as they were written.

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse as _, Response};

use super::access::Caller;
use super::response::ApiError;
use super::state::{StoredRelease, StoredRepo};
use super::storage::found;
use super::{EmbeddedGitHub, view};
use floe_core::units::size;

/// `GET /{owner}/{name}/releases`
pub(super) async fn list(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let latest = repo.latest_release().map(|release| release.id);
        let lines: Vec<String> = repo
            .releases
            .iter()
            .rev()
            .filter(|release| !release.draft)
            .map(|release| {
                let mark = if Some(release.id) == latest { " (latest)" } else { "" };
                let link = format!("/{}/releases/tag/{}", repo.repo, view::encoded(&release.tag_name));
                format!("<li><a href=\"{link}\">{}</a>{mark}</li>", escaped(title(release)))
            })
            .collect();
        Ok(page(&format!("Releases of {}", repo.repo), &format!("<ul>{}</ul>", lines.concat())))
    })
}

/// `GET /{owner}/{name}/releases/latest`
pub(super) async fn latest(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let latest = repo.latest_release().ok_or_else(ApiError::not_found)?;
        let tag = view::encoded(&latest.tag_name);
        Ok(found(format!("{}/{}/releases/tag/{tag}", caller.base, repo.repo)))
    })
}

/// `GET /{owner}/{name}/releases/tag/{tag}`
pub(super) async fn release(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, tag)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let release = repo.published(&tag).ok_or_else(ApiError::not_found)?;
        Ok(page(title(release), &one(repo, release)))
    })
}

/// A release's notes and files.
fn one(repo: &StoredRepo, release: &StoredRelease) -> String {
    let folder = format!("/{}/releases/download/{}", repo.repo, view::encoded(&release.tag_name));
    let rows: Vec<String> = release
        .assets
        .iter()
        .filter(|asset| asset.is_uploaded())
        .map(|asset| {
            let digest = asset.digest.map(|digest| digest.to_string()).unwrap_or_default();
            let link = format!("<a href=\"{folder}/{}\">{}</a>", view::encoded(&asset.name), asset.name);
            format!("<tr><td>{link}</td><td>{}</td><td><code>{digest}</code></td></tr>", size(asset.size))
        })
        .collect();
    format!(
        "<p>{} of <a href=\"/{repo}/releases\">{repo}</a>, published {}</p><pre>{}</pre><table>{}</table>",
        escaped(&release.tag_name),
        release.published_at.as_deref().unwrap_or_default(),
        escaped(release.body.as_deref().unwrap_or_default()),
        rows.concat(),
        repo = repo.repo,
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
