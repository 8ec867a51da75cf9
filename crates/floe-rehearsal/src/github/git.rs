//! Refs, tags and commits as a release needs them. There is no git repository: a commit is a name with a date, each is the
//! parent of the next, and a tag peels to one.

use std::cmp::Ordering;

use axum::response::IntoResponse as _;
use floe_core::model::{Commit, Digest};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::access::{Caller, RepoRequest};
use super::branches;
use super::response::{ApiError, ApiResult, ok, page};
use super::state::{StoredCommit, StoredRepo, StoredTag};
use super::view;

/// `GET /repos/{owner}/{name}/git/ref/{ref}`, where the ref is `tags/…` or `heads/…`
pub(super) async fn one_ref(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let found = refs(repo, &request.caller).into_iter().find(|(name, _)| *name == request.parameter);
        ok(&found.ok_or_else(ApiError::not_found)?.1)
    })
}

/// `DELETE /repos/{owner}/{name}/git/refs/{ref}`, of a tag only
pub(super) async fn delete_ref(request: RepoRequest) -> ApiResult {
    request.change(|repo, _| {
        let tag = request.parameter.strip_prefix("tags/").unwrap_or_default();
        repo.check_unprotected(tag)?;
        repo.tags.remove(tag).ok_or_else(|| ApiError::unprocessable("Reference does not exist"))
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl StoredRepo {
    /// Creates a lightweight tag of a commit.
    pub(super) fn create_tag(&mut self, name: &str, sha: &str) -> ApiResult<()> {
        if self.tags.contains_key(name) {
            return Err(ApiError::unprocessable("Reference already exists"));
        }
        let commit = self.find_commit(sha).map(|commit| commit.sha.clone());
        let commit = commit.ok_or_else(|| ApiError::unprocessable("Object does not exist"))?;
        self.check_unspent(name)?;
        self.tags.insert(name.to_owned(), StoredTag { commit, annotated: false });
        Ok(())
    }
}

/// `GET /repos/{owner}/{name}/git/matching-refs/{prefix}`
pub(super) async fn matching_refs(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let refs = refs(repo, &request.caller).into_iter();
        let below = refs.filter(|(name, _)| name.starts_with(&request.parameter));
        page(&request, below.map(|(_, view)| view))
    })
}

/// `GET /repos/{owner}/{name}/git/tags/{sha}`: the tag object of an annotated tag
pub(super) async fn tag_object(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let (sha, api) = (&request.parameter, request.caller.api(repo));
        let is_it = |name: &str, tag: &StoredTag| tag.annotated && object_name(repo, name, tag) == *sha;
        let found = repo.tags.iter().find(|(name, tag)| is_it(name, tag));
        let (name, tag) = found.ok_or_else(ApiError::not_found)?;
        let commit = repo.commit(tag.commit.as_str()).ok_or_else(ApiError::not_found)?;
        ok(&json!({
            "node_id": format!("TA_{sha}"),
            "tag": name,
            "sha": sha,
            "url": format!("{api}/git/tags/{sha}"),
            "message": format!("{name}\n"),
            "tagger": person(commit),
            "object": object(&api, "commit", tag.commit.as_str()),
            "verification": unsigned(),
        }))
    })
}

/// `GET /repos/{owner}/{name}/tags`
pub(super) async fn tags(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let api = request.caller.api(repo);
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
        page(&request, tags)
    })
}

/// `GET /repos/{owner}/{name}/commits/{ref}`, where the ref is a commit, a tag or a branch
pub(super) async fn commit(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let name = &request.parameter;
        let unknown = || ApiError::unprocessable(format!("No commit found for SHA: {name}"));
        let commit = repo.commit(name).ok_or_else(unknown)?;
        let accept = request.header(header::ACCEPT);
        if accept.contains("github.sha") || accept.contains("github.v3.sha") {
            let content_type = [(header::CONTENT_TYPE, "application/vnd.github.sha; charset=utf-8")];
            return Ok((content_type, commit.sha.to_string()).into_response());
        }
        ok(&commit_view(repo, &request.caller, commit))
    })
}

/// `GET /repos/{owner}/{name}/commits?sha={ref}`: the newest first
pub(super) async fn commits(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let last = request.query("sha").map_or_else(|| repo.default_branch.clone(), |sha| sha.into_owned());
        let last = repo.position(&last).ok_or_else(ApiError::not_found)?;
        let commits = repo.commits[..=last].iter().rev();
        page(&request, commits.map(|commit| commit_view(repo, &request.caller, commit)))
    })
}

/// `GET /repos/{owner}/{name}/git/commits/{sha}`
pub(super) async fn git_commit(request: RepoRequest) -> ApiResult {
    request.read(|repo| {
        let commit = repo.find_commit(&request.parameter).ok_or_else(ApiError::not_found)?;
        let mut view = commit_view(repo, &request.caller, commit);
        let mut shown = view["commit"].take();
        for own in ["sha", "node_id", "html_url", "parents"] {
            shown[own] = view[own].take();
        }
        ok(&shown)
    })
}

/// `GET /repos/{owner}/{name}/compare/{base}...{head}`, each a commit, a tag or a branch, after an owner or not
pub(super) async fn compare(request: RepoRequest) -> ApiResult {
    if let Some(comparison) = branches::compare_with_parent(&request)? {
        return ok(&comparison);
    }
    request.read(|repo| {
        let (base, head) = request.parameter.split_once("...").ok_or_else(ApiError::not_found)?;
        let position = |name: &str| repo.position(name.rsplit(':').next().unwrap_or(name));
        let (base_at, head_at) = position(base).zip(position(head)).ok_or_else(ApiError::not_found)?;
        let view = |at: usize| commit_view(repo, &request.caller, &repo.commits[at]);
        let page = format!("{}/compare/{}", request.caller.page(repo), view::encoded(&request.parameter));
        let between: Vec<Value> = (base_at + 1..=head_at).map(view).collect();
        let status = match head_at.cmp(&base_at) {
            Ordering::Greater => "ahead",
            Ordering::Less => "behind",
            Ordering::Equal => "identical",
        };
        ok(&json!({
            "url": format!("{}/compare/{}", request.caller.api(repo), view::encoded(&request.parameter)),
            "html_url": page,
            "permalink_url": page,
            "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"),
            "base_commit": view(base_at),
            "merge_base_commit": view(base_at.min(head_at)),
            "status": status,
            "ahead_by": between.len(),
            "behind_by": base_at.saturating_sub(head_at),
            "total_commits": between.len(),
            "commits": between,
            "files": [],
        }))
    })
}

impl StoredRepo {
    /// The commit of a branch, a tag or a commit's own name, which may be abbreviated.
    pub(super) fn commit(&self, name: &str) -> Option<&StoredCommit> {
        self.position(name).map(|at| &self.commits[at])
    }

    fn position(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix("refs/").unwrap_or(name);
        let tag = self.tags.get(name.strip_prefix("tags/").unwrap_or(name)).map(|tag| &tag.commit);
        let branch = name.strip_prefix("heads/").unwrap_or(name);
        let head = if name == "HEAD" { self.head() } else { self.head_of(branch) };
        let named = head.or(tag);
        self.commits.iter().position(|commit| match named {
            Some(named) => commit.sha == *named,
            None => name.len() >= 7 && commit.sha.as_str().starts_with(name),
        })
    }

    /// Fails if the tag belongs to an immutable release.
    pub(super) fn check_unprotected(&self, tag: &str) -> ApiResult<()> {
        if self.published(tag).is_some_and(|release| release.immutable) {
            return Err(ApiError::unprocessable("Cannot update this protected ref."));
        }
        Ok(())
    }
}

/// All refs without `refs/`, with their JSON.
fn refs(repo: &StoredRepo, caller: &Caller) -> Vec<(String, Value)> {
    let api = caller.api(repo);
    let view = |path: String, object: Value| {
        let encoded = view::encoded(&path);
        let view = json!({
            "ref": format!("refs/{path}"),
            "node_id": format!("REF_{encoded}"),
            "url": format!("{api}/git/refs/{encoded}"),
            "object": object,
        });
        (path, view)
    };
    let commit = |sha: &Commit| object(&api, "commit", sha.as_str());
    let branches = repo.branches.iter().map(|(name, one)| view(format!("heads/{name}"), commit(&one.head)));
    let tags = repo.tags.iter().map(|(name, tag)| {
        let own = tag.annotated.then(|| object(&api, "tag", &object_name(repo, name, tag)));
        view(format!("tags/{name}"), own.unwrap_or_else(|| commit(&tag.commit)))
    });
    branches.chain(tags).collect()
}

fn object(api: &str, kind: &str, sha: &str) -> Value {
    json!({ "type": kind, "sha": sha, "url": format!("{api}/git/{kind}s/{sha}") })
}

/// An invented name for the tag object of an annotated tag, always the same for the same tag.
fn object_name(repo: &StoredRepo, name: &str, tag: &StoredTag) -> String {
    invented_name(&format!("tag {} {name} {}", repo.repo, tag.commit))
}

/// An invented name for a git object, always the same for the same text.
pub(super) fn invented_name(text: &str) -> String {
    Digest::of(text.as_bytes()).hex()[..40].to_owned()
}

fn commit_view(repo: &StoredRepo, caller: &Caller, commit: &StoredCommit) -> Value {
    let (api, page, sha) = (caller.api(repo), caller.page(repo), &commit.sha);
    let at = repo.commits.iter().position(|known| known.sha == *sha).unwrap_or(0);
    let parents = repo.commits[..at].last().map(|parent| {
        let sha = &parent.sha;
        json!({ "sha": sha, "url": format!("{api}/commits/{sha}"), "html_url": format!("{page}/commit/{sha}") })
    });
    let tree = repo.tree_of(sha);
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
        "parents": parents.into_iter().collect::<Vec<Value>>(),
    })
}

fn person(commit: &StoredCommit) -> Value {
    json!({ "name": "rehearsal", "email": "rehearsal@localhost", "date": commit.date })
}

fn unsigned() -> Value {
    json!({ "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null })
}
