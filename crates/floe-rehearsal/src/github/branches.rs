//! Branches besides the default one, and forks that catch up with the repository that they come from.

use std::collections::BTreeMap;

use bytes::Bytes;
use floe_core::model::Commit;
use http::StatusCode;
use serde_json::json;

use super::access::RepoRequest;
use super::release_params::{object, text};
use super::response::{ApiError, ApiResult, json_response};
use super::state::{StoredCommit, StoredRepo, key};
use super::view;

/// `GET /repos/{owner}/{name}/branches/{branch}`
pub(super) async fn one(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let name = &request.parameter;
        let head =
            repo.head_of(name).ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "Branch not found"))?;
        let api = request.caller.api(repo);
        let protected = repo.protected && *name == repo.default_branch;
        let view = json!({
            "name": name,
            "commit": { "sha": head, "url": format!("{api}/commits/{head}") },
            "protected": protected,
            "protection_url": format!("{api}/branches/{}/protection", view::encoded(name)),
        });
        Ok(json_response(StatusCode::OK, &view))
    })
}

/// `POST /repos/{owner}/{name}/git/refs`, of a branch or a lightweight tag
pub(super) async fn create_ref(request: RepoRequest, body: Bytes) -> ApiResult {
    let (name, sha) = request.change(|repo, _| {
        repo.check_writable()?;
        if repo.head.is_none() {
            return Err(ApiError::new(StatusCode::CONFLICT, "Git Repository is empty."));
        }
        let body = object(&body)?;
        let (Some(name), Some(sha)) = (text(&body, "ref")?, text(&body, "sha")?) else {
            return Err(ApiError::invalid_request("\"ref\" and \"sha\" must be supplied."));
        };
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
        repo.files.insert(branch.to_owned(), files);
        repo.heads.insert(branch.to_owned(), commit);
        Ok((name, sha))
    })?;
    let view = json!({ "ref": name, "object": { "type": "commit", "sha": sha } });
    Ok(json_response(StatusCode::CREATED, &view))
}

/// `PATCH /repos/{owner}/{name}/git/refs/heads/{branch}`: moves a branch to another commit
pub(super) async fn update_ref(request: RepoRequest, body: Bytes) -> ApiResult {
    let sha = request.change(|repo, _| {
        repo.check_writable()?;
        let branch = request.parameter.strip_prefix("heads/").unwrap_or_default().to_owned();
        let body = object(&body)?;
        let sha: Commit = text(&body, "sha")?
            .and_then(|sha| sha.parse().ok())
            .ok_or_else(|| ApiError::invalid_request("\"sha\" wasn't supplied."))?;
        if repo.head_of(&branch).is_none() || branch == repo.default_branch {
            return Err(ApiError::unprocessable("Reference does not exist"));
        }
        let is_forced = body.get("force").and_then(serde_json::Value::as_bool).unwrap_or_default();
        let parent = repo.loose.get(sha.as_str()).map(|made| &made.parent);
        if !is_forced && parent.is_some() && parent != repo.head_of(&branch) {
            return Err(ApiError::unprocessable("Update is not a fast forward"));
        }
        let files = repo.files_of(&sha)?;
        repo.files.insert(branch.clone(), files);
        repo.heads.insert(branch, sha.clone());
        Ok(sha)
    })?;
    let view =
        json!({ "ref": format!("refs/{}", request.parameter), "object": { "type": "commit", "sha": sha } });
    Ok(json_response(StatusCode::OK, &view))
}

/// A commit of a fork compared with the branch of the repository that it comes from, `{owner}:{branch}...{commit}`; `None`
/// for any other comparison. It says only how many commits the fork has of its own.
pub(super) fn compare_with_parent(request: &RepoRequest) -> Result<Option<serde_json::Value>, ApiError> {
    request.github.store.read(|stored| {
        let fork = request.readable(stored)?;
        let parts = request.parameter.split_once("...");
        let (Some((base, head)), Some(parent)) = (parts, &fork.parent) else { return Ok(None) };
        let Some((owner, branch)) = base.split_once(':') else { return Ok(None) };
        if owner != parent.owner() {
            return Ok(None);
        }
        let parent = stored.repos.get(&key(parent.owner(), parent.name())).ok_or_else(ApiError::not_found)?;
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
    fn files_of(&mut self, commit: &Commit) -> Result<BTreeMap<String, String>, ApiError> {
        let from = std::iter::once((&self.default_branch, &self.head))
            .filter_map(|(name, head)| Some((name, head.as_ref()?)))
            .chain(&self.heads)
            .find(|(_, head)| *head == commit)
            .map(|(name, _)| name.clone());
        if let Some(from) = from {
            return Ok(self.files.get(&from).cloned().unwrap_or_default());
        }
        if let Some(files) = self.take_loose(commit) {
            return Ok(files);
        }
        let is_known = self.commits.iter().any(|known| known.sha == *commit);
        if is_known { Ok(BTreeMap::new()) } else { Err(ApiError::unprocessable("Object does not exist")) }
    }
}

/// `POST /repos/{owner}/{name}/merge-upstream`: brings a branch of a fork to that of the repository it comes from
pub(super) async fn merge_upstream(request: RepoRequest, body: Bytes) -> ApiResult {
    let branch = text(&object(&body)?, "branch")?.unwrap_or_default();
    let merged = request.github.store.change(|stored| {
        let fork = request.writable(stored)?;
        fork.check_writable()?;
        let parent = fork.parent.clone();
        let parent = parent.ok_or_else(|| {
            ApiError::unprocessable("This branch could not be synced: the repository is not a fork")
        })?;
        let parent =
            stored.repos.get(&key(parent.owner(), parent.name())).cloned().ok_or_else(ApiError::not_found)?;
        let fork = request.writable(stored)?;
        let head = fork.head.as_ref().and_then(|head| fork.commits.iter().position(|one| one.sha == *head));
        if head.is_some_and(|at| fork.ahead_of(&parent, at) > 0) {
            return Err(ApiError::new(StatusCode::CONFLICT, "There are merge conflicts"));
        }
        if branch != fork.default_branch || branch != parent.default_branch {
            return Err(ApiError::unprocessable(format!("The branch {branch} is not there")));
        }
        let theirs = parent.files.get(&branch).cloned().unwrap_or_default();
        let is_new = fork.head != parent.head;
        for commit in &parent.commits {
            fork.add_commit(&commit.sha, None);
        }
        fork.head = parent.head;
        fork.files.insert(branch.clone(), theirs);
        Ok(is_new)
    })?;
    let kind = if merged { "fast-forward" } else { "none" };
    let view = json!({ "message": "Successfully fetched and fast-forwarded", "merge_type": kind, "base_branch": branch });
    Ok(json_response(StatusCode::OK, &view))
}
