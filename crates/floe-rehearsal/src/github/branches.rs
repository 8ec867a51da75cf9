//! Changes of refs, the trees and commits that are made for one, and forks that catch up with the repository that they come
//! from.

use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::access::RepoRequest;
use super::body::JsonBody;
use super::git::ref_view;
use super::response::{ApiError, ApiResult, json_response, ok};
use super::state::{StoredCommit, StoredRef, StoredRepo};

/// `POST /repos/{owner}/{name}/git/refs`, of a branch or a lightweight tag
pub(super) fn create_ref(request: &RepoRequest, repo: &mut StoredRepo, body: &JsonBody) -> ApiResult {
    if repo.refs.is_empty() {
        return Err(ApiError::new(StatusCode::CONFLICT, "Git Repository is empty."));
    }
    let (name, sha) = (body.required("ref")?, body.required("sha")?);
    let is_ref = |path: &&str| {
        ["heads/", "tags/"].iter().any(|kind| path.len() > kind.len() && path.starts_with(kind))
    };
    let path = name.strip_prefix("refs/").filter(is_ref);
    let path =
        path.ok_or_else(|| ApiError::unprocessable("Reference name must start with 'refs/'."))?.to_owned();
    if repo.refs.contains_key(&path) {
        return Err(ApiError::unprocessable("Reference already exists"));
    }
    let commit = known(repo, &sha)?.sha.clone();
    path.strip_prefix("tags/").map_or(Ok(()), |tag| repo.check_unspent(tag))?;
    let to = StoredRef { commit, annotated: false };
    let view = ref_view(repo, &request.caller, (&path, &to));
    repo.refs.insert(path, to);
    Ok(json_response(StatusCode::CREATED, &view))
}

/// `PATCH /repos/{owner}/{name}/git/refs/heads/{branch}`: moves a branch to another commit
pub(super) fn update_ref(request: &RepoRequest, repo: &mut StoredRepo, body: &JsonBody) -> ApiResult {
    let target = known(repo, &body.required("sha")?)?;
    let branch = request.parameter.strip_prefix("heads/").filter(|branch| *branch != repo.default_branch);
    let head = branch.and_then(|branch| repo.branch(branch));
    let head = head.ok_or_else(|| ApiError::unprocessable("Reference does not exist"))?;
    let is_forced = body.flag("force")?.unwrap_or_default();
    if !is_forced && repo.history(target).all(|commit| commit.sha != *head) {
        return Err(ApiError::unprocessable("Update is not a fast forward"));
    }
    let to = StoredRef { commit: target.sha.clone(), annotated: false };
    let view = ref_view(repo, &request.caller, (&request.parameter, &to));
    repo.refs.insert(request.parameter.clone(), to);
    ok(&view)
}

fn known<'a>(repo: &'a StoredRepo, sha: &str) -> ApiResult<&'a StoredCommit> {
    repo.find_commit(sha).ok_or_else(|| ApiError::unprocessable("Object does not exist"))
}

/// `DELETE /repos/{owner}/{name}/git/refs/{ref}`, of a tag only
pub(super) async fn delete_ref(request: RepoRequest) -> ApiResult {
    request.change(|repo, _| {
        repo.delete_tag(request.parameter.strip_prefix("tags/").unwrap_or_default())?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
}

/// `POST /repos/{owner}/{name}/git/trees`: the files of another tree, and further ones
pub(super) fn create_tree(_: &RepoRequest, repo: &mut StoredRepo, body: &JsonBody) -> ApiResult {
    let mut files = repo.trees.get(&body.required("base_tree")?).cloned().ok_or_else(ApiError::not_found)?;
    let entries =
        body.get("tree").as_array().ok_or_else(|| ApiError::invalid_request("\"tree\" wasn't supplied."))?;
    for entry in entries {
        let part = |key: &str| entry.get(key).and_then(Value::as_str);
        let (Some(path), Some(content), Some("100644"), Some("blob")) =
            (part("path"), part("content"), part("mode"), part("type"))
        else {
            return Err(ApiError::unprocessable("tree.path, mode, type and content must be supplied"));
        };
        if path.starts_with('/') || path.split('/').any(|part| ["", ".", ".."].contains(&part)) {
            return Err(ApiError::unprocessable("tree.path contains a malformed path component"));
        }
        files.insert(path.to_owned(), STANDARD.encode(content));
    }
    let sha = repo.add_tree(files);
    Ok(json_response(StatusCode::CREATED, &json!({ "sha": sha, "truncated": false, "tree": [] })))
}

/// `POST /repos/{owner}/{name}/git/commits`, of a tree that was made before
pub(super) fn create_commit(_: &RepoRequest, repo: &mut StoredRepo, body: &JsonBody) -> ApiResult {
    let (_, tree) = (body.required("message")?, body.required("tree")?);
    let parent = body.get("parents")[0].as_str();
    let parent = parent.and_then(|parent| repo.find_commit(parent)).map(|parent| parent.sha.clone());
    if parent.is_none() || !repo.trees.contains_key(&tree) {
        return Err(ApiError::unprocessable("Tree SHA or parent does not exist"));
    }
    let sha = repo.add_commit(tree.clone(), parent);
    Ok(json_response(StatusCode::CREATED, &json!({ "sha": sha, "tree": { "sha": tree } })))
}

/// `POST /repos/{owner}/{name}/merge-upstream`: brings a branch of a fork to that of the repository it comes from
pub(super) async fn merge_upstream(request: RepoRequest, body: Bytes) -> ApiResult {
    let branch = JsonBody::parse(&body)?.text("branch")?.unwrap_or_default();
    let kind = request.github.store.change(|stored| {
        let parent = request.writable(stored)?.parent.clone().ok_or_else(|| {
            ApiError::unprocessable("This branch could not be synced: the repository is not a fork")
        })?;
        let parent = stored.repo(&parent).cloned().ok_or_else(ApiError::not_found)?;
        let fork = request.writable(stored)?;
        let missing = || ApiError::unprocessable(format!("The branch {branch} is not there"));
        let (ours, theirs) = fork.branch(&branch).zip(parent.commit(&branch)).ok_or_else(missing)?;
        let kind = if theirs.sha == *ours { "none" } else { "fast-forward" };
        if parent.history(theirs).all(|commit| commit.sha != *ours) {
            return Err(ApiError::new(StatusCode::CONFLICT, "There are merge conflicts"));
        }
        fork.fetch(&parent);
        fork.set_branch(&branch, theirs.sha.clone());
        Ok(kind)
    })?;
    let message = "Successfully fetched and fast-forwarded";
    ok(&json!({ "message": message, "merge_type": kind, "base_branch": branch }))
}
