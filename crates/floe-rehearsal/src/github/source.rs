//! The source of a repository: every commit has one file, `README.md`. Contents, and archives of the source.

use std::io::{Cursor, Write as _};

use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::access::RepoRequest;
use super::git::invented_name;
use super::response::{ApiError, ApiResult, json_response};
use super::state::StoredRepo;
use super::storage::redirect;
use super::view;

const FILE: &str = "README.md";

fn text(repo: &StoredRepo) -> String {
    format!("# {}\n\nA repository of a rehearsal.\n", repo.repo.name())
}

/// `GET /repos/{owner}/{name}/readme?ref={ref}`
pub(super) async fn readme(request: RepoRequest) -> ApiResult {
    show_file(&request)
}

/// `GET /repos/{owner}/{name}/contents/{path}?ref={ref}`
pub(super) async fn file(request: RepoRequest) -> ApiResult {
    if request.parameter == FILE { show_file(&request) } else { Err(ApiError::not_found()) }
}

/// `GET /repos/{owner}/{name}/contents?ref={ref}`
pub(super) async fn root(request: RepoRequest) -> ApiResult {
    request.read(|repo| Ok(json_response(StatusCode::OK, &json!([entry(repo, &request)?]))))
}

fn show_file(request: &RepoRequest) -> ApiResult {
    request.read(|repo| {
        let mut file = entry(repo, request)?;
        let accept = request.header(header::ACCEPT);
        if accept.contains("github.raw") || accept.contains("github.v3.raw") {
            let content_type = [(header::CONTENT_TYPE, "application/vnd.github.raw; charset=utf-8")];
            return Ok((content_type, text(repo)).into_response());
        }
        file["encoding"] = "base64".into();
        file["content"] = format!("{}\n", STANDARD.encode(text(repo))).into();
        Ok(json_response(StatusCode::OK, &file))
    })
}

/// The file in the list of a folder.
fn entry(repo: &StoredRepo, request: &RepoRequest) -> Result<Value, ApiError> {
    let (api, page) = (request.caller.api(repo), request.caller.page(repo));
    let name = request.query("ref").unwrap_or(repo.default_branch.as_str().into());
    if repo.commit(&name).is_none() {
        let message = format!("No commit found for the ref {name}");
        return Err(ApiError::new(StatusCode::NOT_FOUND, message));
    }
    let (name, sha) = (view::encoded(&name), invented_name(&text(repo)));
    let url = format!("{api}/contents/{FILE}?ref={name}");
    let (git, html) = (format!("{api}/git/blobs/{sha}"), format!("{page}/blob/{name}/{FILE}"));
    Ok(json!({
        "type": "file", "name": FILE, "path": FILE, "sha": sha, "size": text(repo).len(),
        "url": url, "git_url": git, "html_url": html,
        "download_url": format!("{page}/raw/{name}/{FILE}"),
        "_links": { "self": url, "git": git, "html": html },
    }))
}

/// `GET /repos/{owner}/{name}/tarball/{ref}`
pub(super) async fn tarball(request: RepoRequest) -> ApiResult {
    to_archive(&request, "tar.gz", &request.parameter)
}

/// `GET /repos/{owner}/{name}/zipball/{ref}`
pub(super) async fn zipball(request: RepoRequest) -> ApiResult {
    to_archive(&request, "zip", &request.parameter)
}

/// `GET /{owner}/{name}/archive/{ref}.{tar.gz|zip}`
pub(super) async fn archive(request: RepoRequest) -> ApiResult {
    let parts = ["tar.gz", "zip"]
        .into_iter()
        .find_map(|kind| Some((request.parameter.strip_suffix(kind)?.strip_suffix('.')?, kind)));
    let (name, kind) = parts.ok_or_else(ApiError::not_found)?;
    to_archive(&request, kind, name)
}

/// Redirects to an archive, as GitHub does to another host. Without a ref it is that of the default branch.
fn to_archive(request: &RepoRequest, kind: &str, name: &str) -> ApiResult {
    request.read(|repo| {
        let name = if name.is_empty() { &repo.default_branch } else { name };
        repo.commit(name).ok_or_else(ApiError::not_found)?;
        let page = request.caller.page(repo);
        Ok(redirect(format!("{page}/legacy.{kind}/{}", view::encoded(name))))
    })
}

/// `GET /{owner}/{name}/legacy.tar.gz/{ref}`, and without `legacy.`, which `gh` leaves out
pub(super) async fn tar_gz(request: RepoRequest) -> ApiResult {
    send_archive(&request, "tar.gz", |path, text| {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        let mut entry = tar::Header::new_gnu();
        entry.set_size(text.len() as u64);
        entry.set_mode(0o644);
        tar.append_data(&mut entry, path, text.as_bytes())?;
        Ok(tar.into_inner()?.finish()?)
    })
}

/// `GET /{owner}/{name}/legacy.zip/{ref}`, and without `legacy.`
pub(super) async fn zip(request: RepoRequest) -> ApiResult {
    send_archive(&request, "zip", |path, text| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(path, zip::write::SimpleFileOptions::default())?;
        zip.write_all(text.as_bytes())?;
        Ok(zip.finish()?.into_inner())
    })
}

fn send_archive(
    request: &RepoRequest,
    kind: &str,
    pack: impl FnOnce(&str, &str) -> anyhow::Result<Vec<u8>>,
) -> ApiResult {
    request.read(|repo| {
        let commit = repo.commit(&request.parameter).ok_or_else(ApiError::not_found)?;
        let top = format!("{}-{}-{}", repo.repo.owner(), repo.repo.name(), commit.sha.short());
        let bytes =
            pack(&format!("{top}/{FILE}"), &text(repo)).map_err(|error| ApiError::internal(&error))?;
        let disposition = format!("attachment; filename={top}.{kind}");
        Ok(([(header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
    })
}
