//! Pull requests into a repository from a branch of a fork: create and list.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::access::{Caller, RepoRequest};
use super::body::JsonBody;
use super::response::{ApiError, ApiResult, custom, json_response, page};
use super::state::{StoredPull, StoredRepo};

/// `GET /repos/{owner}/{name}/pulls?head={owner}:{branch}&state={open|closed|all}`
pub(super) fn list(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let state = request.query("state").unwrap_or("open".into());
    let head = request.query("head");
    let wanted = repo.pulls.iter().rev().filter(|pull| {
        let is_state = state == "all" || (state == "open") == pull.open;
        is_state && head.as_ref().is_none_or(|head| *head == head_of(pull))
    });
    page(request, wanted.map(|pull| shown(repo, pull, &request.caller)))
}

/// `POST /repos/{owner}/{name}/pulls`: everybody may, who owns the branch that it comes from
pub(super) async fn create(request: RepoRequest, body: Bytes) -> ApiResult {
    let body = JsonBody::parse(&body)?;
    let [title, head, base] = ["title", "head", "base"].map(|name| body.required(name));
    let (title, head, base) = (title?, head?, base?);
    request.github.store.change(|stored| {
        let repo = request.readable(stored)?;
        let invalid = |field: &str, message: &str| ApiError::invalid([custom("PullRequest", field, message)]);
        if base != repo.default_branch {
            return Err(invalid("base", "is invalid"));
        }
        let is_fork = |fork: &&StoredRepo| fork.parent.as_ref() == Some(&repo.repo);
        let mut forks = stored.repos.iter().filter(is_fork);
        let found = head.split_once(':').and_then(|(owner, branch)| {
            let fork = forks.find(|fork| fork.repo.owner() == owner)?;
            Some((fork, branch, fork.branch(branch)?))
        });
        let (fork, branch, commit) = found.ok_or_else(|| invalid("head", "is invalid"))?;
        request.caller.check_push(fork)?;
        if repo.pulls.iter().any(|pull| pull.open && head_of(pull) == head) {
            return Err(invalid("head", &format!("A pull request already exists for {head}.")));
        }
        if repo.find_commit(commit.as_str()).is_some() {
            return Err(invalid("head", &format!("No commits between {base} and {head}")));
        }
        let pull = StoredPull {
            number: repo.pulls.len() as u64 + 1,
            title,
            from: fork.repo.clone(),
            branch: branch.to_owned(),
            open: true,
            merged: false,
        };
        let view = shown(repo, &pull, &request.caller);
        let into = repo.repo.clone();
        stored.repo_mut(&into).ok_or_else(ApiError::not_found)?.pulls.push(pull);
        Ok(json_response(StatusCode::CREATED, &view))
    })
}

fn head_of(pull: &StoredPull) -> String {
    format!("{}:{}", pull.from.owner(), pull.branch)
}

fn shown(repo: &StoredRepo, pull: &StoredPull, caller: &Caller) -> Value {
    let number = pull.number;
    json!({
        "number": number,
        "title": pull.title,
        "state": if pull.open { "open" } else { "closed" },
        "url": format!("{}/pulls/{number}", caller.api(repo)),
        "html_url": format!("{}/pull/{number}", caller.page(repo)),
        "merged_at": pull.merged.then_some("2026-01-01T00:00:00Z"),
        "head": { "label": head_of(pull), "ref": pull.branch },
        "base": { "ref": repo.default_branch },
    })
}
