//! The source of a commit as an archive.

use std::io::{Cursor, Write as _};

use axum::response::IntoResponse as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header;

use super::access::RepoRequest;
use super::contents::decoded;
use super::response::{ApiError, ApiResult};
use super::site::redirect;
use super::state::StoredRepo;
use super::view;

/// `GET /repos/{owner}/{name}/tarball/{ref}`
pub(super) fn tarball(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    to_archive(request, repo, "tar.gz", &request.parameter)
}

/// `GET /repos/{owner}/{name}/zipball/{ref}`
pub(super) fn zipball(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    to_archive(request, repo, "zip", &request.parameter)
}

/// `GET /{owner}/{name}/archive/{ref}.{tar.gz|zip}`
pub(super) fn archive(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let part = |kind| Some((request.parameter.strip_suffix(kind)?.strip_suffix('.')?, kind));
    let (name, kind) = ["tar.gz", "zip"].into_iter().find_map(part).ok_or_else(ApiError::not_found)?;
    to_archive(request, repo, kind, name)
}

/// Redirects to an archive, as GitHub does to another host. Without a ref it is that of the default branch.
fn to_archive(request: &RepoRequest, repo: &StoredRepo, kind: &str, name: &str) -> ApiResult {
    let name = if name.is_empty() { &repo.default_branch } else { name };
    repo.commit(name).ok_or_else(ApiError::not_found)?;
    let page = request.caller.page(repo);
    Ok(redirect(format!("{page}/legacy.{kind}/{}", view::encoded(name))))
}

/// `GET /{owner}/{name}/legacy.tar.gz/{ref}`, and without `legacy.`, which `gh` leaves out
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

/// `GET /{owner}/{name}/legacy.zip/{ref}`, and without `legacy.`
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
