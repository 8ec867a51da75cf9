//! Tags and commits, as far as a release asks for them.
//!
//! There is no repository behind it: a commit is its name, and a tag peels to one.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::{Value, json};

use super::access::Caller;
use super::response::{ApiError, json_answer};
use super::state::{StoredRepo, StoredTag};
use super::{EmbeddedGitHub, page, view};
use floe_core::model::Digest;

type OwnerNamePath = Path<(String, String, String)>;

/// When every commit here was made: nobody looks at it, and a release must not depend on it.
const LONG_AGO: &str = "1980-01-01T00:00:00Z";

/// `GET /repos/{owner}/{name}/git/ref/{ref}`, where the ref is `tags/…` or `heads/…`
pub(super) async fn one_ref(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, path)): OwnerNamePath,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let found = refs(repo, &caller.base).into_iter().find(|(name, _)| *name == path);
        let (_, found) = found.ok_or_else(ApiError::not_found)?;
        Ok(json_answer(StatusCode::OK, &found))
    })
}

/// `GET /repos/{owner}/{name}/git/refs/tags`
pub(super) async fn tag_refs(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ApiError> {
    github.refs_below(&caller, (&owner, &name), "tags/", &uri)
}

/// `GET /repos/{owner}/{name}/git/matching-refs/{prefix}`
pub(super) async fn matching_refs(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, prefix)): OwnerNamePath,
    uri: Uri,
) -> Result<Response, ApiError> {
    github.refs_below(&caller, (&owner, &name), &prefix, &uri)
}

/// `GET /repos/{owner}/{name}/git/tags/{sha}`: the tag object of an annotated tag
pub(super) async fn tag_object(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, sha)): OwnerNamePath,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let found = repo
            .tags
            .iter()
            .find(|(name, tag)| tag.annotated && object_name(repo, name, tag) == sha)
            .ok_or_else(ApiError::not_found)?;
        let (tag_name, tag) = found;
        let answer = json!({
            "node_id": format!("TA_{sha}"),
            "tag": tag_name,
            "sha": sha,
            "url": object_url(repo, &caller.base, "tags", &sha),
            "message": format!("{tag_name}\n"),
            "tagger": person(),
            "object": object(repo, &caller.base, "commit", tag.commit.as_str()),
            "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null },
        });
        Ok(json_answer(StatusCode::OK, &answer))
    })
}

/// `GET /repos/{owner}/{name}/tags`
pub(super) async fn tags(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let api = format!("{}/repos/{}", caller.base, repo.repo);
        let shown = repo.tags.iter().rev().map(|(name, tag)| {
            json!({
                "name": name,
                "node_id": format!("REF_{}", view::encoded(name)),
                "commit": { "sha": tag.commit, "url": format!("{api}/commits/{}", tag.commit) },
                "zipball_url": format!("{api}/zipball/refs/tags/{}", view::encoded(name)),
                "tarball_url": format!("{api}/tarball/refs/tags/{}", view::encoded(name)),
            })
        });
        Ok(page::answer(shown.collect(), &caller.base, &uri))
    })
}

/// `GET /repos/{owner}/{name}/commits/{ref}`, where the ref is a commit, a tag or a branch
pub(super) async fn commit(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, path)): OwnerNamePath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let sha = peeled(repo, &path)
            .ok_or_else(|| ApiError::unprocessable(format!("No commit found for SHA: {path}")))?;
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
        if accept.contains("github.sha") || accept.contains("github.v3.sha") {
            let kind = [(header::CONTENT_TYPE, "application/vnd.github.sha; charset=utf-8")];
            return Ok((kind, sha).into_response());
        }
        Ok(json_answer(StatusCode::OK, &commit_view(repo, &caller.base, &sha)))
    })
}

impl EmbeddedGitHub {
    fn refs_below(
        &self,
        caller: &Caller,
        (owner, name): (&str, &str),
        prefix: &str,
        uri: &Uri,
    ) -> Result<Response, ApiError> {
        self.store.read(|stored| {
            let repo = caller.readable(stored, owner, name)?;
            let below = refs(repo, &caller.base).into_iter().filter(|(name, _)| name.starts_with(prefix));
            Ok(page::answer(below.map(|(_, shown)| shown).collect(), &caller.base, uri))
        })
    }
}

/// All refs without their `refs/`, and how each is shown.
fn refs(repo: &StoredRepo, base: &str) -> Vec<(String, Value)> {
    let shown = |path: String, object: Value| {
        let url = format!("{base}/repos/{}/git/refs/{}", repo.repo, view::encoded(&path));
        let node_id = format!("REF_{}", view::encoded(&path));
        let value =
            json!({ "ref": format!("refs/{path}"), "node_id": node_id, "url": url, "object": object });
        (path, value)
    };
    let branch = repo.head.iter().map(|head| {
        shown(format!("heads/{}", repo.default_branch), object(repo, base, "commit", head.as_str()))
    });
    let tags = repo.tags.iter().map(|(name, tag)| {
        let object = match tag.annotated {
            true => object(repo, base, "tag", &object_name(repo, name, tag)),
            false => object(repo, base, "commit", tag.commit.as_str()),
        };
        shown(format!("tags/{name}"), object)
    });
    branch.chain(tags).collect()
}

fn object(repo: &StoredRepo, base: &str, kind: &str, sha: &str) -> Value {
    json!({ "type": kind, "sha": sha, "url": object_url(repo, base, &format!("{kind}s"), sha) })
}

fn object_url(repo: &StoredRepo, base: &str, kinds: &str, sha: &str) -> String {
    format!("{base}/repos/{}/git/{kinds}/{sha}", repo.repo)
}

/// The name of the tag object of an annotated tag: made up, but always the same for the same tag.
fn object_name(repo: &StoredRepo, name: &str, tag: &StoredTag) -> String {
    let text = format!("tag {} {name} {}", repo.repo, tag.commit);
    Digest::of(text.as_bytes()).hex()[..tag.commit.as_str().len()].to_owned()
}

/// The commit that a name stands for.
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
    json!({ "name": "rehearsal", "email": "rehearsal@localhost", "date": LONG_AGO })
}
