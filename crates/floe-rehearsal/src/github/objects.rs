//! Trees and commits that are made over the API, for a branch that is created or moved later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use floe_core::model::Commit;
use http::StatusCode;
use serde_json::{Value, json};

use super::access::RepoRequest;
use super::git::invented_name;
use super::release_params::{object, text};
use super::response::{ApiError, ApiResult, json_response};
use super::state::{LooseCommit, StoredRepo};

/// The most trees and commits that a repository keeps.
const LIMIT: usize = 100;

/// `POST /repos/{owner}/{name}/git/trees`: the files of another tree, and further ones
pub(super) async fn create_tree(request: RepoRequest, body: Bytes) -> ApiResult {
    let sha = request.change(|repo, _| {
        repo.check_writable()?;
        let body = object(&body)?;
        let base = text(&body, "base_tree")?.unwrap_or_default();
        let mut files = repo.files_of_tree(&base).ok_or_else(ApiError::not_found)?;
        let entries = body.get("tree").and_then(Value::as_array);
        let entries = entries.ok_or_else(|| ApiError::invalid_request("\"tree\" wasn't supplied."))?;
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
        let sha = invented_name(&format!("tree {} {files:?}", repo.repo));
        keep(&mut repo.trees, sha.clone(), files)?;
        Ok(sha)
    })?;
    Ok(json_response(StatusCode::CREATED, &json!({ "sha": sha, "truncated": false, "tree": [] })))
}

/// `POST /repos/{owner}/{name}/git/commits`, of a tree that was made before
pub(super) async fn create_commit(request: RepoRequest, body: Bytes) -> ApiResult {
    let (sha, tree) = request.change(|repo, id| {
        repo.check_writable()?;
        let body = object(&body)?;
        let (Some(_), Some(tree)) = (text(&body, "message")?, text(&body, "tree")?) else {
            return Err(ApiError::invalid_request("\"message\" and \"tree\" must be supplied."));
        };
        let parent = body.get("parents").and_then(|parents| parents.get(0)?.as_str());
        let parent = parent.and_then(|parent| repo.commits.iter().find(|one| one.sha.as_str() == parent));
        let (Some(parent), true) = (parent, repo.trees.contains_key(&tree)) else {
            return Err(ApiError::unprocessable("Tree SHA or parent does not exist"));
        };
        let loose = LooseCommit { tree: tree.clone(), parent: parent.sha.clone() };
        let sha = invented_name(&format!("{} commit {id} {tree}", repo.repo));
        keep(&mut repo.loose, sha.clone(), loose)?;
        Ok((sha, tree))
    })?;
    Ok(json_response(StatusCode::CREATED, &json!({ "sha": sha, "tree": { "sha": tree } })))
}

fn keep<T>(kept: &mut std::collections::BTreeMap<String, T>, sha: String, thing: T) -> Result<(), ApiError> {
    if kept.len() >= LIMIT && !kept.contains_key(&sha) {
        return Err(ApiError::unprocessable("this server keeps no more objects that are on no branch"));
    }
    kept.insert(sha, thing);
    Ok(())
}

impl StoredRepo {
    /// The name of a commit's tree, which is invented where it was not made over the API.
    pub(super) fn tree_of(&self, commit: &Commit) -> String {
        let made = self.loose.get(commit.as_str()).map(|made| made.tree.clone());
        made.unwrap_or_else(|| invented_name(&format!("tree of {commit}")))
    }

    /// The files of a tree: one that was made over the API, or that of a branch.
    fn files_of_tree(&self, tree: &str) -> Option<std::collections::BTreeMap<String, String>> {
        let of_branch = |(branch, head): (&String, &Commit)| {
            (self.tree_of(head) == tree).then(|| self.files.get(branch).cloned().unwrap_or_default())
        };
        let default = self.head.as_ref().map(|head| (&self.default_branch, head));
        let found = default.into_iter().chain(&self.heads).find_map(of_branch);
        found.or_else(|| self.trees.get(tree).cloned())
    }

    /// The files of a commit that was made over the API, which becomes one of the repository.
    pub(super) fn take_loose(
        &mut self,
        commit: &Commit,
    ) -> Option<std::collections::BTreeMap<String, String>> {
        let files = self.trees.get(&self.loose.get(commit.as_str())?.tree)?.clone();
        self.add_commit(commit, None);
        Some(files)
    }
}
