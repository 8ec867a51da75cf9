//! Files of a commit: get, list a folder, write one to a branch in a commit of its own, and all of them as an archive.

use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};

use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::access::RepoRequest;
use super::body::JsonBody;
use super::objects::{README, check_path, invented_name};
use super::response::{ApiError, ApiResult, json_response, ok, tagged};
use super::site::redirect;
use super::state::StoredRepo;
use super::view;

/// `GET /repos/{owner}/{name}/readme?ref={ref}`
pub(super) fn readme(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    show(request, repo, README)
}

/// `GET /repos/{owner}/{name}/contents/{path}?ref={ref}`: a file, or the list of a folder, which may be the root
pub(super) fn contents(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    show(request, repo, request.parameter.trim_end_matches('/'))
}

fn show(request: &RepoRequest, repo: &StoredRepo, path: &str) -> ApiResult {
    if repo.refs.is_empty() {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "This repository is empty."));
    }
    let name = request.query("ref").unwrap_or(repo.default_branch.as_str().into());
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, format!("No commit found for the ref {name}"));
    let files = repo.files(&name).ok_or_else(unknown)?;
    let view = |path: &str| entry(request, repo, (&name, path), files.get(path));
    if let Some(content) = files.get(path) {
        let accept = request.header(header::ACCEPT);
        if accept.contains("github.raw") || accept.contains("github.v3.raw") {
            return Ok(tagged("application/vnd.github.raw; charset=utf-8", decoded(content)));
        }
        let mut file = view(path);
        file["encoding"] = "base64".into();
        file["content"] = format!("{content}\n").into();
        return ok(&file);
    }
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let below = files.keys().filter_map(|file| file.strip_prefix(&prefix)?.split('/').next());
    let names: BTreeSet<String> = below.map(|name| format!("{prefix}{name}")).collect();
    if names.is_empty() {
        return Err(ApiError::not_found());
    }
    ok(&names.iter().map(|path| view(path)).collect())
}

/// A file, or without content a folder, as a list shows it.
fn entry(
    request: &RepoRequest,
    repo: &StoredRepo,
    (name, path): (&str, &str),
    content: Option<&String>,
) -> Value {
    let (api, page) = (request.caller.api(repo), request.caller.page(repo));
    let (branch, at) = (view::encoded(name), view::encoded(path));
    let (kind, objects, object) = match content {
        Some(_) => ("file", "blobs", "blob"),
        None => ("dir", "trees", "tree"),
    };
    let sha = content.map_or_else(|| invented_name(path).to_string(), |content| blob_name(content));
    let url = format!("{api}/contents/{at}?ref={branch}");
    let (git, html) = (format!("{api}/git/{objects}/{sha}"), format!("{page}/{object}/{branch}/{at}"));
    json!({
        "type": kind, "name": path.rsplit('/').next(), "path": path, "sha": sha,
        "size": content.map_or(0, |content| decoded(content).len()),
        "url": url, "git_url": git, "html_url": html,
        "download_url": content.map(|_| format!("{page}/raw/{branch}/{at}")),
        "_links": { "self": url, "git": git, "html": html },
    })
}

/// `PUT /repos/{owner}/{name}/contents/{path}`. The branch is looked for before the file is.
pub(super) fn write(request: &RepoRequest, repo: &mut StoredRepo, body: &JsonBody) -> ApiResult {
    let path = &request.parameter;
    check_path(path)?;
    let (_, content) = (body.required("message")?, body.required("content")?);
    let bytes = STANDARD.decode(content.replace(['\n', '\r'], ""));
    let bytes = bytes.map_err(|_| ApiError::unprocessable("content is not valid Base64"))?;
    let branch = body.text("branch")?.unwrap_or_else(|| repo.default_branch.clone());
    if !repo.refs.is_empty() && repo.branch(&branch).is_none() {
        return Err(ApiError::new(StatusCode::NOT_FOUND, format!("Branch {branch} not found")));
    }
    if repo.protected && branch == repo.default_branch {
        let rule = "Repository rule violations found\n\nChanges must be made through a pull request.\n\n";
        return Err(ApiError::new(StatusCode::CONFLICT, rule));
    }
    let there = repo.files(&format!("heads/{branch}")).and_then(|files| files.get(path));
    let status = match (there.map(|content| blob_name(content)), body.text("sha")?) {
        (Some(_), None) => return Err(ApiError::invalid_request("\"sha\" wasn't supplied.")),
        (Some(there), Some(given)) if there != given => {
            let message = format!("{path} does not match {given}");
            return Err(ApiError::new(StatusCode::CONFLICT, message));
        }
        (Some(_), Some(_)) => StatusCode::OK,
        // A path that does not exist is created, whatever the `sha` is.
        (None, _) => StatusCode::CREATED,
    };
    let commit = repo.commit_file(Some(&branch), path, Some(&bytes));
    let sha = blob_name(&STANDARD.encode(&bytes));
    let file = json!({ "path": path, "sha": sha, "type": "file" });
    Ok(json_response(status, &json!({ "content": file, "commit": { "sha": commit } })))
}

/// The name of a file's content, always the same for the same content.
fn blob_name(content: &str) -> String {
    invented_name(&format!("blob {content}")).to_string()
}

/// The bytes of a stored file. It was encoded by this server, so it can be decoded.
pub(super) fn decoded(content: &str) -> Vec<u8> {
    STANDARD.decode(content).unwrap_or_default()
}

/// `GET /repos/{owner}/{name}/tarball/{ref}`
pub(super) fn tarball(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    to_archive(request, repo, "tar.gz")
}

/// `GET /repos/{owner}/{name}/zipball/{ref}`
pub(super) fn zipball(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    to_archive(request, repo, "zip")
}

/// Redirects to an archive, as GitHub does to another host. Without a ref it is that of the default branch.
fn to_archive(request: &RepoRequest, repo: &StoredRepo, kind: &str) -> ApiResult {
    let name = if request.parameter.is_empty() { &repo.default_branch } else { &request.parameter };
    repo.commit(name).ok_or_else(ApiError::not_found)?;
    let page = request.caller.page(repo);
    Ok(redirect(format!("{page}/{kind}/{}", view::encoded(name))))
}

/// `GET /{owner}/{name}/tar.gz/{ref}`
pub(super) fn tar_gz(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    send_archive(request, repo, "tar.gz", |files| {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for (path, bytes) in files {
            let mut entry = tar::Header::new_gnu();
            entry.set_size(bytes.len() as u64);
            entry.set_mode(0o644);
            tar.append_data(&mut entry, path, bytes.as_slice())?;
        }
        Ok(tar.into_inner()?.finish()?)
    })
}

/// `GET /{owner}/{name}/zip/{ref}`
pub(super) fn zip(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    send_archive(request, repo, "zip", |files| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in files {
            zip.start_file(path, zip::write::SimpleFileOptions::default())?;
            zip.write_all(&bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    })
}

fn send_archive(
    request: &RepoRequest,
    repo: &StoredRepo,
    kind: &str,
    pack: impl FnOnce(Vec<(String, Vec<u8>)>) -> anyhow::Result<Vec<u8>>,
) -> ApiResult {
    let commit = repo.commit(&request.parameter).ok_or_else(ApiError::not_found)?;
    let files = repo.files(commit.sha.as_str()).into_iter().flatten();
    let top = format!("{}-{}-{}", repo.repo.owner(), repo.repo.name(), commit.sha.short());
    let bytes = pack(files.map(|(path, content)| (format!("{top}/{path}"), decoded(content))).collect())?;
    let disposition = format!("attachment; filename={top}.{kind}");
    Ok(([(header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
}
