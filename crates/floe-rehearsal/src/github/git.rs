//! Refs, tags and commits: get, list and compare.

use axum::response::IntoResponse as _;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::access::{Caller, RepoRequest};
use super::objects::invented_name;
use super::response::{ApiError, ApiResult, ok, page};
use super::state::{StoredCommit, StoredRef, StoredRepo, StoredState};
use super::view;

/// `GET /repos/{owner}/{name}/git/ref/{ref}`, where the ref is `tags/…` or `heads/…`
pub(super) fn one_ref(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let found = repo.refs.get_key_value(&request.parameter).ok_or_else(ApiError::not_found)?;
    ok(&ref_view(repo, &request.caller, found))
}

/// `GET /repos/{owner}/{name}/git/matching-refs/{prefix}`
pub(super) fn matching_refs(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let below = repo.refs.iter().filter(|(path, _)| path.starts_with(&request.parameter));
    page(request, below.map(|found| ref_view(repo, &request.caller, found)))
}

pub(super) fn ref_view(repo: &StoredRepo, caller: &Caller, (path, to): (&String, &StoredRef)) -> Value {
    let (api, encoded) = (caller.api(repo), view::encoded(path));
    let (kind, sha) = match to.annotated {
        true => ("tag", object_name(repo, path, to)),
        false => ("commit", to.commit.to_string()),
    };
    json!({
        "ref": format!("refs/{path}"),
        "node_id": format!("REF_{encoded}"),
        "url": format!("{api}/git/refs/{encoded}"),
        "object": object(&api, kind, &sha),
    })
}

/// `GET /repos/{owner}/{name}/branches/{branch}`
pub(super) fn branch(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let (name, api) = (&request.parameter, request.caller.api(repo));
    let head = repo.branch(name).ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "Branch not found"))?;
    ok(&json!({
        "name": name,
        "commit": { "sha": head, "url": format!("{api}/commits/{head}") },
        "protected": repo.protected && *name == repo.default_branch,
        "protection_url": format!("{api}/branches/{}/protection", view::encoded(name)),
    }))
}

/// `GET /repos/{owner}/{name}/git/tags/{sha}`: the tag object of an annotated tag
pub(super) fn tag_object(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let (sha, api) = (&request.parameter, request.caller.api(repo));
    let mut annotated = repo.refs.iter().filter(|(_, to)| to.annotated);
    let found = annotated.find(|(path, to)| object_name(repo, path, to) == *sha);
    let (path, to) = found.ok_or_else(ApiError::not_found)?;
    let commit = repo.find_commit(to.commit.as_str()).ok_or_else(ApiError::not_found)?;
    let name = path.trim_start_matches("tags/");
    ok(&json!({
        "node_id": format!("TA_{sha}"),
        "tag": name,
        "sha": sha,
        "url": format!("{api}/git/tags/{sha}"),
        "message": format!("{name}\n"),
        "tagger": person(commit),
        "object": object(&api, "commit", to.commit.as_str()),
        "verification": unsigned(),
    }))
}

/// `GET /repos/{owner}/{name}/tags`
pub(super) fn tags(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let api = request.caller.api(repo);
    let tags = repo.refs.iter().rev().filter_map(|(path, to)| Some((path.strip_prefix("tags/")?, to)));
    let view = |(name, to): (&str, &StoredRef)| {
        let encoded = view::encoded(name);
        json!({
            "name": name,
            "node_id": format!("REF_{encoded}"),
            "commit": { "sha": to.commit, "url": format!("{api}/commits/{}", to.commit) },
            "zipball_url": format!("{api}/zipball/refs/tags/{encoded}"),
            "tarball_url": format!("{api}/tarball/refs/tags/{encoded}"),
        })
    };
    page(request, tags.map(view))
}

/// `GET /repos/{owner}/{name}/commits/{ref}`, where the ref is a commit, a tag or a branch
pub(super) fn commit(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let name = &request.parameter;
    let unknown = || ApiError::unprocessable(format!("No commit found for SHA: {name}"));
    let commit = repo.commit(name).ok_or_else(unknown)?;
    let accept = request.header(header::ACCEPT);
    if accept.contains("github.sha") || accept.contains("github.v3.sha") {
        let content_type = [(header::CONTENT_TYPE, "application/vnd.github.sha; charset=utf-8")];
        return Ok((content_type, commit.sha.to_string()).into_response());
    }
    ok(&commit_view(repo, &request.caller, commit))
}

/// `GET /repos/{owner}/{name}/commits?sha={ref}`: the newest first
pub(super) fn commits(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let last = request.query("sha").unwrap_or("HEAD".into());
    let last = repo.commit(&last).ok_or_else(ApiError::not_found)?;
    page(request, repo.history(last).map(|commit| commit_view(repo, &request.caller, commit)))
}

/// `GET /repos/{owner}/{name}/git/commits/{sha}`
pub(super) fn git_commit(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let commit = repo.find_commit(&request.parameter).ok_or_else(ApiError::not_found)?;
    let mut view = commit_view(repo, &request.caller, commit);
    let mut shown = view["commit"].take();
    for own in ["sha", "node_id", "html_url", "parents"] {
        shown[own] = view[own].take();
    }
    ok(&shown)
}

/// `GET /repos/{owner}/{name}/compare/{base}...{head}`, each a commit, a tag or a branch, with or without an owner and a
/// colon before it
pub(super) async fn compare(request: RepoRequest) -> ApiResult {
    request.github.store.read(|stored| {
        let repo = request.readable(stored)?;
        let (base, head) = request.parameter.split_once("...").ok_or_else(ApiError::not_found)?;
        let both = history(stored, repo, base).zip(history(stored, repo, head));
        let (base, head) = both.ok_or_else(ApiError::not_found)?;
        let is_in = |history: &[&StoredCommit], one: &StoredCommit| history.iter().any(|c| c.sha == one.sha);
        let view = |commit: &&StoredCommit| commit_view(repo, &request.caller, commit);
        let ahead: Vec<Value> = head.iter().rev().filter(|one| !is_in(&base, one)).map(view).collect();
        let behind = base.iter().filter(|one| !is_in(&head, one)).count();
        let merge_base = base.iter().find(|one| is_in(&head, one)).ok_or_else(ApiError::not_found)?;
        let status = match (ahead.len(), behind) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            _ => "diverged",
        };
        let path = format!("compare/{}", view::encoded(&request.parameter));
        let page = format!("{}/{path}", request.caller.page(repo));
        ok(&json!({
            "url": format!("{}/{path}", request.caller.api(repo)),
            "html_url": page,
            "permalink_url": page,
            "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"),
            "base_commit": base.first().map(view),
            "merge_base_commit": view(merge_base),
            "status": status,
            "ahead_by": ahead.len(),
            "behind_by": behind,
            "total_commits": ahead.len(),
            "commits": ahead,
            "files": [],
        }))
    })
}

/// The history of a commit, the newest first. After another owner's name it is one of the repository that this one is a
/// fork of.
fn history<'a>(stored: &'a StoredState, repo: &'a StoredRepo, name: &str) -> Option<Vec<&'a StoredCommit>> {
    let (owner, name) = name.split_once(':').unwrap_or((repo.repo.owner(), name));
    let there = match owner == repo.repo.owner() {
        true => repo,
        false => stored.repo(repo.parent.as_ref().filter(|parent| parent.owner() == owner)?)?,
    };
    Some(there.history(there.commit(name)?).collect())
}

fn object(api: &str, kind: &str, sha: &str) -> Value {
    json!({ "type": kind, "sha": sha, "url": format!("{api}/git/{kind}s/{sha}") })
}

/// The name of the tag object of an annotated tag.
fn object_name(repo: &StoredRepo, path: &str, to: &StoredRef) -> String {
    invented_name(&format!("tag {} {path} {}", repo.repo, to.commit)).to_string()
}

fn commit_view(repo: &StoredRepo, caller: &Caller, commit: &StoredCommit) -> Value {
    let (api, page, sha, tree) = (caller.api(repo), caller.page(repo), &commit.sha, &commit.tree);
    let parent = |sha| json!({ "sha": sha, "url": format!("{api}/commits/{sha}"), "html_url": format!("{page}/commit/{sha}") });
    json!({
        "sha": sha,
        "node_id": format!("C_{sha}"),
        "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{page}/commit/{sha}"),
        "comments_url": format!("{api}/commits/{sha}/comments"),
        "commit": {
            "url": format!("{api}/git/commits/{sha}"),
            "author": person(commit),
            "committer": person(commit),
            "message": "A commit",
            "comment_count": 0,
            "tree": { "sha": tree, "url": format!("{api}/git/trees/{tree}") },
            "verification": unsigned(),
        },
        "author": null,
        "committer": null,
        "parents": commit.parent.iter().map(parent).collect::<Vec<Value>>(),
    })
}

fn person(commit: &StoredCommit) -> Value {
    json!({ "name": "rehearsal", "email": "rehearsal@localhost", "date": commit.date })
}

fn unsigned() -> Value {
    json!({ "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null })
}
