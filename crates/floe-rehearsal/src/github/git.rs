//! Refs, tags, commits and trees: get, list, compare and create; and forks that catch up with the repository that they come
//! from.

use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::access::{Caller, RepoRequest};
use super::body::JsonBody;
use super::objects::{check_path, invented_name, is_ref_name};
use super::response::{ApiError, ApiResult, json_response, ok, page, tagged};
use super::state::{StoredCommit, StoredRef, StoredRepo, StoredState};
use super::view;

/// `GET /repos/{owner}/{name}/git/ref/{ref}`, where the ref is `tags/…` or `heads/…`
pub(super) fn one_ref(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let found = repo.refs.get_key_value(&request.parameter).ok_or_else(ApiError::not_found)?;
    ok(&ref_view(repo, &request.caller, found))
}

/// `GET /repos/{owner}/{name}/branches/{branch}`
pub(super) fn branch(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let (name, api) = (&request.parameter, request.caller.api(repo));
    let missing = || ApiError::new(StatusCode::NOT_FOUND, "Branch not found");
    let head = repo.branch(name).ok_or_else(missing)?;
    ok(&json!({
        "name": name,
        "commit": { "sha": head, "url": format!("{api}/commits/{head}") },
        "protected": repo.protected && *name == repo.default_branch,
        "protection_url": format!("{api}/branches/{}/protection", view::encoded(name)),
    }))
}

/// `GET /repos/{owner}/{name}/git/matching-refs/{prefix}`
pub(super) fn matching_refs(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let below = repo.refs.iter().filter(|(path, _)| path.starts_with(&request.parameter));
    page(request, below.map(|found| ref_view(repo, &request.caller, found)))
}

fn ref_view(repo: &StoredRepo, caller: &Caller, (path, to): (&String, &StoredRef)) -> Value {
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
        return Ok(tagged("application/vnd.github.sha; charset=utf-8", commit.sha.to_string().into_bytes()));
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
        false => stored.repo(&repo.parent.as_ref().filter(|parent| parent.owner() == owner)?.to_string())?,
    };
    Some(there.history(there.commit(name)?).collect())
}

/// `POST /repos/{owner}/{name}/git/refs`, of a branch or a lightweight tag
pub(super) fn create_ref(request: &RepoRequest, repo: &mut StoredRepo, body: &JsonBody) -> ApiResult {
    if repo.refs.is_empty() {
        return Err(ApiError::new(StatusCode::CONFLICT, "Git Repository is empty."));
    }
    let (name, sha) = (body.required("ref")?, body.required("sha")?);
    let is_ref = |path: &&str| is_ref_name(path) && (path.starts_with("heads/") || path.starts_with("tags/"));
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
        check_path(path)?;
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
        let parent = stored.repo(&parent.to_string()).cloned().ok_or_else(ApiError::not_found)?;
        let fork = request.writable(stored)?;
        let missing = || ApiError::unprocessable(format!("The branch {branch} is not there"));
        let theirs = parent.commit(&format!("heads/{branch}"));
        let (ours, theirs) = fork.branch(&branch).zip(theirs).ok_or_else(missing)?;
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
