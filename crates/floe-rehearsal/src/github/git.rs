//! Tags and commits as a release needs them. There is no git repository: a commit is a name, and a tag peels to one.

use axum::response::IntoResponse as _;
use floe_core::model::Digest;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::access::RepoRequest;
use super::response::{ApiError, ApiResult, json_response};
use super::state::{StoredRepo, StoredTag};
use super::{page, view};

/// The date of every commit; a release must not depend on it.
const COMMIT_DATE: &str = "1980-01-01T00:00:00Z";

/// `GET /repos/{owner}/{name}/git/ref/{ref}`, where the ref is `tags/…` or `heads/…`
pub(super) async fn one_ref(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let found = refs(repo, &request.caller.base).into_iter().find(|(name, _)| *name == request.parameter);
        let (_, found) = found.ok_or_else(ApiError::not_found)?;
        Ok(json_response(StatusCode::OK, &found))
    })
}

/// `GET /repos/{owner}/{name}/git/refs/tags`
pub(super) async fn tag_refs(request: RepoRequest) -> ApiResult {
    refs_below(&request, "tags/")
}

/// `GET /repos/{owner}/{name}/git/matching-refs/{prefix}`
pub(super) async fn matching_refs(request: RepoRequest) -> ApiResult {
    refs_below(&request, &request.parameter)
}

fn refs_below(request: &RepoRequest, prefix: &str) -> ApiResult {
    request.read(|repo| {
        let below = refs(repo, &request.caller.base).into_iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(page::response(below.map(|(_, view)| view).collect(), request))
    })
}

/// `GET /repos/{owner}/{name}/git/tags/{sha}`: the tag object of an annotated tag
pub(super) async fn tag_object(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let (sha, base) = (&request.parameter, &request.caller.base);
        let (name, tag) = repo
            .tags
            .iter()
            .find(|(name, tag)| tag.annotated && object_name(repo, name, tag) == *sha)
            .ok_or_else(ApiError::not_found)?;
        let object = json!({
            "node_id": format!("TA_{sha}"),
            "tag": name,
            "sha": sha,
            "url": object_url(repo, base, "tags", sha),
            "message": format!("{name}\n"),
            "tagger": person(),
            "object": object(repo, base, "commit", tag.commit.as_str()),
            "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null },
        });
        Ok(json_response(StatusCode::OK, &object))
    })
}

/// `GET /repos/{owner}/{name}/tags`
pub(super) async fn tags(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let api = format!("{}/repos/{}", request.caller.base, repo.repo);
        let tags = repo.tags.iter().rev().map(|(name, tag)| {
            let encoded = view::encoded(name);
            json!({
                "name": name,
                "node_id": format!("REF_{encoded}"),
                "commit": { "sha": tag.commit, "url": format!("{api}/commits/{}", tag.commit) },
                "zipball_url": format!("{api}/zipball/refs/tags/{encoded}"),
                "tarball_url": format!("{api}/tarball/refs/tags/{encoded}"),
            })
        });
        Ok(page::response(tags.collect(), &request))
    })
}

/// `GET /repos/{owner}/{name}/commits/{ref}`, where the ref is a commit, a tag or a branch
pub(super) async fn commit(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let name = &request.parameter;
        let sha = peeled(repo, name)
            .ok_or_else(|| ApiError::unprocessable(format!("No commit found for SHA: {name}")))?;
        let accept = request.header(header::ACCEPT);
        if accept.contains("github.sha") || accept.contains("github.v3.sha") {
            let content_type = [(header::CONTENT_TYPE, "application/vnd.github.sha; charset=utf-8")];
            return Ok((content_type, sha).into_response());
        }
        Ok(json_response(StatusCode::OK, &commit_view(repo, &request.caller.base, &sha)))
    })
}

/// All refs without `refs/`, with their JSON.
fn refs(repo: &StoredRepo, base: &str) -> Vec<(String, Value)> {
    let view = |path: String, object: Value| {
        let encoded = view::encoded(&path);
        let view = json!({
            "ref": format!("refs/{path}"),
            "node_id": format!("REF_{encoded}"),
            "url": format!("{base}/repos/{}/git/refs/{encoded}", repo.repo),
            "object": object,
        });
        (path, view)
    };
    let branch = repo.head.iter().map(|head| {
        view(format!("heads/{}", repo.default_branch), object(repo, base, "commit", head.as_str()))
    });
    let tags = repo.tags.iter().map(|(name, tag)| {
        let object = match tag.annotated {
            true => object(repo, base, "tag", &object_name(repo, name, tag)),
            false => object(repo, base, "commit", tag.commit.as_str()),
        };
        view(format!("tags/{name}"), object)
    });
    branch.chain(tags).collect()
}

fn object(repo: &StoredRepo, base: &str, kind: &str, sha: &str) -> Value {
    json!({ "type": kind, "sha": sha, "url": object_url(repo, base, &format!("{kind}s"), sha) })
}

fn object_url(repo: &StoredRepo, base: &str, kinds: &str, sha: &str) -> String {
    format!("{base}/repos/{}/git/{kinds}/{sha}", repo.repo)
}

/// An invented name for the tag object of an annotated tag, always the same for the same tag.
fn object_name(repo: &StoredRepo, name: &str, tag: &StoredTag) -> String {
    let text = format!("tag {} {name} {}", repo.repo, tag.commit);
    Digest::of(text.as_bytes()).hex()[..tag.commit.as_str().len()].to_owned()
}

/// The commit of a branch, a tag or a commit's own name, which may be abbreviated.
fn peeled(repo: &StoredRepo, name: &str) -> Option<String> {
    let name = name.strip_prefix("refs/").unwrap_or(name);
    let tag = repo.tags.get(name.strip_prefix("tags/").unwrap_or(name)).map(|tag| &tag.commit);
    let branch = name.strip_prefix("heads/").unwrap_or(name) == repo.default_branch;
    let head = repo.head.as_ref().filter(|_| branch || name == "HEAD");
    let commit = || repo.commits().find(|commit| name.len() >= 7 && commit.as_str().starts_with(name));
    head.or(tag).or_else(commit).map(|commit| commit.as_str().to_owned())
}

fn commit_view(repo: &StoredRepo, base: &str, sha: &str) -> Value {
    let (api, page) = (format!("{base}/repos/{}", repo.repo), format!("{base}/{}", repo.repo));
    json!({
        "sha": sha,
        "node_id": format!("C_{sha}"),
        "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{page}/commit/{sha}"),
        "comments_url": format!("{api}/commits/{sha}/comments"),
        "commit": {
            "url": object_url(repo, base, "commits", sha),
            "author": person(),
            "committer": person(),
            "message": "A commit",
            "comment_count": 0,
            "tree": { "sha": sha, "url": object_url(repo, base, "trees", sha) },
        },
        "author": null,
        "committer": null,
        "parents": [],
    })
}

fn person() -> Value {
    json!({ "name": "rehearsal", "email": "rehearsal@localhost", "date": COMMIT_DATE })
}
