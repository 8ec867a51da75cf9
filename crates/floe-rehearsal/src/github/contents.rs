//! Files of a branch: get, list a folder, and write one in a commit of its own. There is no history: a branch has the
//! files of its last commit, and so has a commit or tag of it.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use floe_core::model::Commit;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::access::RepoRequest;
use super::git::invented_name;
use super::release_params::{object, required, text};
use super::response::{ApiError, ApiResult, json_response, ok};
use super::state::{Files, StoredBranch, StoredRepo};
use super::{source, view};

/// `GET /repos/{owner}/{name}/readme?ref={ref}`
pub(super) async fn readme(request: RepoRequest) -> ApiResult {
    show(&request, source::FILE)
}

/// `GET /repos/{owner}/{name}/contents/{path}?ref={ref}`: a file, or the list of a folder
pub(super) async fn file(request: RepoRequest) -> ApiResult {
    show(&request, request.parameter.trim_end_matches('/'))
}

/// `GET /repos/{owner}/{name}/contents?ref={ref}`
pub(super) async fn root(request: RepoRequest) -> ApiResult {
    show(&request, "")
}

fn show(request: &RepoRequest, path: &str) -> ApiResult {
    request.read(|repo| {
        if repo.branches.is_empty() {
            return Err(ApiError::new(StatusCode::NOT_FOUND, "This repository is empty."));
        }
        let name = request.query("ref").unwrap_or(repo.default_branch.as_str().into());
        let unknown = || ApiError::new(StatusCode::NOT_FOUND, format!("No commit found for the ref {name}"));
        let branch = repo.branch_of(&name).ok_or_else(unknown)?;
        let files = repo.all_files(branch);
        let view = |path: &str, bytes| entry(repo, request, (&name, path), bytes);
        if let Some(bytes) = files.get(path) {
            let accept = request.header(header::ACCEPT);
            if accept.contains("github.raw") || accept.contains("github.v3.raw") {
                let content_type = [(header::CONTENT_TYPE, "application/vnd.github.raw; charset=utf-8")];
                return Ok((content_type, bytes.clone()).into_response());
            }
            let mut file = view(path, Some(bytes.as_slice()));
            file["encoding"] = "base64".into();
            file["content"] = format!("{}\n", STANDARD.encode(bytes)).into();
            return ok(&file);
        }
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let below = files.keys().filter_map(|file| file.strip_prefix(&prefix)?.split('/').next());
        let names: BTreeSet<String> = below.map(|name| format!("{prefix}{name}")).collect();
        if names.is_empty() {
            return Err(ApiError::not_found());
        }
        let list = names.iter().map(|path| view(path, files.get(path).map(Vec::as_slice)));
        ok(&Value::Array(list.collect()))
    })
}

/// A file, or without bytes a folder, as a list shows it.
fn entry(
    repo: &StoredRepo,
    request: &RepoRequest,
    (name, path): (&str, &str),
    bytes: Option<&[u8]>,
) -> Value {
    let (api, page) = (request.caller.api(repo), request.caller.page(repo));
    let sha = bytes.map_or_else(|| invented_name(&format!("tree {path}")), blob_name);
    let (branch, at) = (view::encoded(name), view::encoded(path));
    let kind = if bytes.is_some() { ("file", "blobs", "blob") } else { ("dir", "trees", "tree") };
    let url = format!("{api}/contents/{at}?ref={branch}");
    let (git, html) = (format!("{api}/git/{}/{sha}", kind.1), format!("{page}/{}/{branch}/{at}", kind.2));
    json!({
        "type": kind.0, "name": path.rsplit('/').next(), "path": path, "sha": sha,
        "size": bytes.map_or(0, <[u8]>::len),
        "url": url, "git_url": git, "html_url": html,
        "download_url": bytes.map(|_| format!("{page}/raw/{branch}/{at}")),
        "_links": { "self": url, "git": git, "html": html },
    })
}

/// `PUT /repos/{owner}/{name}/contents/{path}`. The branch is looked for before the file is.
pub(super) async fn write(request: RepoRequest, body: Bytes) -> ApiResult {
    let path = request.parameter.clone();
    let (status, sha, commit) = request.change(|repo, id| {
        let body = object(&body)?;
        let [_, content] = required(&body, ["message", "content"])?;
        let bytes = STANDARD.decode(content.replace(['\n', '\r'], ""));
        let bytes = bytes.map_err(|_| ApiError::unprocessable("content is not valid Base64"))?;
        let branch = text(&body, "branch")?.unwrap_or_else(|| repo.default_branch.clone());
        if !repo.branches.is_empty() && repo.head_of(&branch).is_none() {
            return Err(ApiError::new(StatusCode::NOT_FOUND, format!("Branch {branch} not found")));
        }
        if repo.protected && branch == repo.default_branch {
            let rule = "Repository rule violations found\n\nChanges must be made through a pull request.\n\n";
            return Err(ApiError::new(StatusCode::CONFLICT, rule));
        }
        let there = repo.all_files(&branch).get(&path).map(|bytes| blob_name(bytes));
        match (&there, text(&body, "sha")?) {
            (Some(_), None) => return Err(ApiError::invalid_request("\"sha\" wasn't supplied.")),
            (Some(there), Some(given)) if *there != given => {
                let message = format!("{path} does not match {given}");
                return Err(ApiError::new(StatusCode::CONFLICT, message));
            }
            // A path that does not exist is created, whatever the `sha` is.
            _ => {}
        }
        let commit = repo.commit_file(&branch, &path, Some(&bytes), id)?;
        let status = if there.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        Ok((status, blob_name(&bytes), commit))
    })?;
    let view =
        json!({ "content": { "path": path, "sha": sha, "type": "file" }, "commit": { "sha": commit } });
    Ok(json_response(status, &view))
}

/// The name of a file's bytes, always the same for the same bytes.
fn blob_name(bytes: &[u8]) -> String {
    invented_name(&format!("blob {}", STANDARD.encode(bytes)))
}

impl StoredRepo {
    /// The commit of a branch.
    pub(super) fn head_of(&self, branch: &str) -> Option<&Commit> {
        Some(&self.branches.get(branch)?.head)
    }

    /// The commit of the default branch; `None` in an empty repository.
    pub(super) fn head(&self) -> Option<&Commit> {
        self.head_of(&self.default_branch)
    }

    /// The branch that a ref shows the files of: itself, that of its last commit, or the default branch for any other
    /// commit or a tag.
    fn branch_of(&self, name: &str) -> Option<&str> {
        let branch = name.strip_prefix("refs/").unwrap_or(name);
        let branch = branch.strip_prefix("heads/").unwrap_or(branch);
        let mut branches = self.branches.iter();
        let found = branches.find(|(known, stored)| *known == branch || stored.head.as_str() == name);
        let default = || self.commit(name).map(|_| &self.default_branch);
        found.map(|(branch, _)| branch).or_else(default).map(String::as_str)
    }

    /// The files that were written to a branch, with their bytes.
    pub(super) fn written(&self, branch: &str) -> BTreeMap<String, Vec<u8>> {
        let files = self.branches.get(branch).into_iter().flat_map(|branch| &branch.files);
        files.filter_map(|(path, text)| Some((path.clone(), STANDARD.decode(text).ok()?))).collect()
    }

    /// The same with the file that every commit has.
    pub(super) fn all_files(&self, branch: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.written(branch);
        if self.branches.contains_key(branch) {
            files.entry(source::FILE.to_owned()).or_insert_with(|| source::text(self).into_bytes());
        }
        files
    }

    /// Writes a file to a branch in a new commit, or deletes it. The first commit of an empty repository makes its default
    /// branch.
    pub(super) fn commit_file(
        &mut self,
        branch: &str,
        path: &str,
        bytes: Option<&[u8]>,
        id: u64,
    ) -> ApiResult<Commit> {
        if self.branches.is_empty() {
            self.default_branch = branch.to_owned();
        }
        let mut files = self.branches.get(branch).map(|branch| branch.files.clone()).unwrap_or_default();
        match bytes {
            Some(bytes) => files.insert(path.to_owned(), STANDARD.encode(bytes)),
            None => files.remove(path),
        };
        let name = invented_name(&format!("{} {branch} commit {id} {path}", self.repo));
        let commit: Commit = name.parse().map_err(anyhow::Error::msg)?;
        self.move_branch(branch, commit.clone(), Some(files));
        Ok(commit)
    }

    /// Moves a branch to a commit, or creates it. Without `files` it keeps its own.
    pub(super) fn move_branch(&mut self, branch: &str, head: Commit, files: Option<Files>) {
        self.add_commit(&head, None);
        let kept = self.branches.remove(branch).map(|branch| branch.files);
        let files = files.or(kept).unwrap_or_default();
        self.branches.insert(branch.to_owned(), StoredBranch { head, files });
    }
}
