//! The source of a repository as archives: every commit has one file, `README.md`. Files that were written are in
//! `contents` only.

use std::io::{Cursor, Write as _};

use axum::response::IntoResponse as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header;

use super::access::RepoRequest;
use super::response::{ApiError, ApiResult};
use super::site::redirect;
use super::state::StoredRepo;
use super::view;

pub(super) const FILE: &str = "README.md";

pub(super) fn text(repo: &StoredRepo) -> String {
    format!("# {}\n\nA repository of a rehearsal.\n", repo.repo.name())
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
    let part = |kind| Some((request.parameter.strip_suffix(kind)?.strip_suffix('.')?, kind));
    let (name, kind) = ["tar.gz", "zip"].into_iter().find_map(part).ok_or_else(ApiError::not_found)?;
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
        let bytes = pack(&format!("{top}/{FILE}"), &text(repo))?;
        let disposition = format!("attachment; filename={top}.{kind}");
        Ok(([(header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
    })
}
