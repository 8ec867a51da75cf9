//! Branches besides the default one, trees and commits that are made over the API for one of them, and forks that catch up with
//! the repository that they come from.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use floe_core::model::Commit;
use http::StatusCode;
use serde_json::{Value, json};

use super::access::RepoRequest;
use super::git::invented_name;
use super::release_params::{object, required, text};
use super::response::{ApiError, ApiResult, json_response, ok};
use super::state::{Files, LooseCommit, StoredCommit, StoredRepo};
use super::view;

/// The most trees and commits that a repository keeps.
const LIMIT: usize = 100;

/// `GET /repos/{owner}/{name}/branches/{branch}`
pub(super) async fn one(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let name = &request.parameter;
        let head = repo.head_of(name);
        let head = head.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "Branch not found"))?;
        let api = request.caller.api(repo);
        ok(&json!({
            "name": name,
            "commit": { "sha": head, "url": format!("{api}/commits/{head}") },
            "protected": repo.protected && *name == repo.default_branch,
            "protection_url": format!("{api}/branches/{}/protection", view::encoded(name)),
        }))
    })
}

/// `POST /repos/{owner}/{name}/git/refs`, of a branch or a lightweight tag
pub(super) async fn create_ref(request: RepoRequest, body: Bytes) -> ApiResult {
    let (name, sha) = request.change(|repo, _| {
        if repo.branches.is_empty() {
            return Err(ApiError::new(StatusCode::CONFLICT, "Git Repository is empty."));
        }
        let [name, sha] = required(&object(&body)?, ["ref", "sha"])?;
        if let Some(tag) = name.strip_prefix("refs/tags/").filter(|tag| !tag.is_empty()) {
            repo.create_tag(tag, &sha)?;
            return Ok((name, sha));
        }
        let branch = name
            .strip_prefix("refs/heads/")
            .filter(|branch| !branch.is_empty())
            .ok_or_else(|| ApiError::unprocessable("Reference name must start with 'refs/'."))?;
        if repo.head_of(branch).is_some() {
            return Err(ApiError::unprocessable("Reference already exists"));
        }
        let commit: Commit = sha.parse().map_err(|_| ApiError::unprocessable("Object does not exist"))?;
        let files = repo.files_of(&commit)?;
        repo.move_branch(branch, commit, Some(files));
        Ok((name, sha))
    })?;
    let view = json!({ "ref": name, "object": { "type": "commit", "sha": sha } });
    Ok(json_response(StatusCode::CREATED, &view))
}

/// `PATCH /repos/{owner}/{name}/git/refs/heads/{branch}`: moves a branch to another commit
pub(super) async fn update_ref(request: RepoRequest, body: Bytes) -> ApiResult {
    let sha = request.change(|repo, _| {
        let branch = request.parameter.strip_prefix("heads/").unwrap_or_default().to_owned();
        let body = object(&body)?;
        let [sha] = required(&body, ["sha"])?;
        let sha: Commit = sha.parse().map_err(|_| ApiError::unprocessable("Object does not exist"))?;
        if repo.head_of(&branch).is_none() || branch == repo.default_branch {
            return Err(ApiError::unprocessable("Reference does not exist"));
        }
        let is_forced = body.get("force").and_then(Value::as_bool).unwrap_or_default();
        let parent = repo.loose.get(sha.as_str()).map(|made| &made.parent);
        if !is_forced && parent.is_some() && parent != repo.head_of(&branch) {
            return Err(ApiError::unprocessable("Update is not a fast forward"));
        }
        let files = repo.files_of(&sha)?;
        repo.move_branch(&branch, sha.clone(), Some(files));
        Ok(sha)
    })?;
    let view =
        json!({ "ref": format!("refs/{}", request.parameter), "object": { "type": "commit", "sha": sha } });
    ok(&view)
}

/// A commit of a fork compared with the branch of the repository that it comes from, `{owner}:{branch}...{commit}`; `None`
/// for any other comparison. It says only how many commits the fork has of its own.
pub(super) fn compare_with_parent(request: &RepoRequest) -> ApiResult<Option<Value>> {
    request.github.store.read(|stored| {
        let fork = request.readable(stored)?;
        let parts = request.parameter.split_once("...");
        let (Some((base, head)), Some(parent)) = (parts, &fork.parent) else { return Ok(None) };
        let Some((owner, branch)) = base.split_once(':') else { return Ok(None) };
        if owner != parent.owner() {
            return Ok(None);
        }
        let parent = stored.repo(parent).ok_or_else(ApiError::not_found)?;
        let at = fork.commits.iter().position(|commit| commit.sha.as_str() == head);
        let (Some(at), Some(_)) = (at, parent.head_of(branch)) else { return Err(ApiError::not_found()) };
        let ahead = fork.ahead_of(parent, at);
        let status = if ahead > 0 { "ahead" } else { "behind" };
        Ok(Some(json!({ "status": status, "ahead_by": ahead, "commits": [], "files": [] })))
    })
}

impl StoredRepo {
    /// The number of commits up to a commit that another repository does not have.
    fn ahead_of(&self, parent: &StoredRepo, at: usize) -> usize {
        let is_theirs = |commit: &StoredCommit| parent.commits.iter().any(|theirs| theirs.sha == commit.sha);
        if is_theirs(&self.commits[at]) {
            return 0;
        }
        self.commits[..=at].iter().filter(|commit| !is_theirs(commit)).count()
    }

    /// The files of a commit: those of the branch that it is the head of, or of one that was made over the API. Any other
    /// one has lost its files.
    fn files_of(&self, commit: &Commit) -> ApiResult<Files> {
        let on_branch = self.branches.values().find(|branch| branch.head == *commit);
        let made = || self.trees.get(&self.loose.get(commit.as_str())?.tree);
        let lost = || self.find_commit(commit.as_str()).map(|_| Files::new());
        let files = on_branch.map(|branch| &branch.files).or_else(made).cloned().or_else(lost);
        files.ok_or_else(|| ApiError::unprocessable("Object does not exist"))
    }
}

/// `POST /repos/{owner}/{name}/merge-upstream`: brings a branch of a fork to that of the repository it comes from
pub(super) async fn merge_upstream(request: RepoRequest, body: Bytes) -> ApiResult {
    let branch = text(&object(&body)?, "branch")?.unwrap_or_default();
    let merged = request.github.store.change(|stored| {
        let fork = request.writable(stored)?;
        let parent = fork.parent.clone().ok_or_else(|| {
            ApiError::unprocessable("This branch could not be synced: the repository is not a fork")
        })?;
        let parent = stored.repo(&parent).cloned().ok_or_else(ApiError::not_found)?;
        let fork = request.writable(stored)?;
        let head = fork.head().and_then(|head| fork.commits.iter().position(|one| one.sha == *head));
        if head.is_some_and(|at| fork.ahead_of(&parent, at) > 0) {
            return Err(ApiError::new(StatusCode::CONFLICT, "There are merge conflicts"));
        }
        if branch != fork.default_branch || branch != parent.default_branch {
            return Err(ApiError::unprocessable(format!("The branch {branch} is not there")));
        }
        let is_new = fork.head() != parent.head();
        for commit in &parent.commits {
            fork.add_commit(&commit.sha, None);
        }
        fork.branches
            .extend(parent.branches.get_key_value(&branch).map(|(name, one)| (name.clone(), one.clone())));
        Ok(is_new)
    })?;
    let kind = if merged { "fast-forward" } else { "none" };
    let message = "Successfully fetched and fast-forwarded";
    ok(&json!({ "message": message, "merge_type": kind, "base_branch": branch }))
}

/// `POST /repos/{owner}/{name}/git/trees`: the files of another tree, and further ones
pub(super) async fn create_tree(request: RepoRequest, body: Bytes) -> ApiResult {
    let sha = request.change(|repo, _| {
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
        let body = object(&body)?;
        let [_, tree] = required(&body, ["message", "tree"])?;
        let parent = body.get("parents").and_then(|parents| parents.get(0)?.as_str());
        let parent = parent.and_then(|parent| repo.find_commit(parent));
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

fn keep<T>(kept: &mut BTreeMap<String, T>, sha: String, thing: T) -> ApiResult<()> {
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
    fn files_of_tree(&self, tree: &str) -> Option<Files> {
        let on_branch = self.branches.values().find(|branch| self.tree_of(&branch.head) == tree);
        on_branch.map(|branch| &branch.files).or_else(|| self.trees.get(tree)).cloned()
    }
}
