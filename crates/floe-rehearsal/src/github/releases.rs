//! Releases: list, get, create, change and delete. Only callers who can push see drafts, and never by tag.

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::access::{Caller, RepoRequest};
use super::body::JsonBody;
use super::objects::is_ref_name;
use super::publish::MakeLatest;
use super::response::{ApiError, ApiResult, custom, json_response, ok, page};
use super::state::{StoredRelease, StoredRepo, now};
use super::view;

/// The most characters in the notes of a release.
const BODY_LIMIT: usize = 125_000;

/// `GET /repos/{owner}/{name}/releases`
pub(super) fn list(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let listed = request.github.quirks().listed_releases(&repo.releases).into_iter().rev();
    let listed = listed.filter(|release| request.caller.sees(repo, release));
    page(request, listed.map(|release| view::release(repo, release, &request.caller)))
}

/// `GET /repos/{owner}/{name}/releases/{id}`
pub(super) fn by_id(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    show(request, repo, visible(request, repo))
}

/// The release with the id in the path, if the caller may see it.
pub(super) fn visible<'a>(request: &RepoRequest, repo: &'a StoredRepo) -> Option<&'a StoredRelease> {
    repo.release(request.id().ok()?).filter(|release| request.caller.sees(repo, release))
}

/// `GET /repos/{owner}/{name}/releases/tags/{tag}`
pub(super) fn by_tag(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    show(request, repo, repo.published(&request.parameter))
}

/// `GET /repos/{owner}/{name}/releases/latest`
pub(super) fn latest(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    show(request, repo, repo.latest_release())
}

fn show(request: &RepoRequest, repo: &StoredRepo, release: Option<&StoredRelease>) -> ApiResult {
    ok(&view::release(repo, release.ok_or_else(ApiError::not_found)?, &request.caller))
}

/// The properties of a request that creates or changes a release. Absent ones do not change it.
struct ReleaseParams {
    tag_name: Option<String>,
    target_commitish: Option<String>,
    name: Option<String>,
    body: Option<String>,
    draft: Option<bool>,
    prerelease: Option<bool>,
    make_latest: Option<MakeLatest>,
    generate_release_notes: bool,
}

impl ReleaseParams {
    fn parse(body: &JsonBody) -> ApiResult<Self> {
        let params = ReleaseParams {
            tag_name: body.text("tag_name")?,
            target_commitish: body.text("target_commitish")?.filter(|text| !text.is_empty()),
            name: body.text("name")?,
            body: body.text("body")?,
            draft: body.flag("draft")?,
            prerelease: body.flag("prerelease")?,
            make_latest: make_latest(body)?,
            generate_release_notes: body.flag("generate_release_notes")?.unwrap_or(false),
        };
        if params.body.as_ref().is_some_and(|body| body.chars().count() > BODY_LIMIT) {
            let message = format!("body is too long (maximum is {BODY_LIMIT} characters)");
            return Err(ApiError::invalid([custom("Release", "body", &message)]));
        }
        if params.tag_name.as_ref().is_some_and(|tag| !is_ref_name(tag)) {
            return Err(ApiError::invalid([
                custom("Release", "tag_name", "tag_name is not a valid tag"),
                custom("Release", "tag_name", "tag_name is not well-formed"),
            ]));
        }
        Ok(params)
    }

    /// Changes `release`, except for the properties that publishing decides.
    fn apply(self, release: &mut StoredRelease) {
        if let Some(tag) = self.tag_name {
            release.tag_name = tag;
        }
        if let Some(target) = self.target_commitish {
            release.target_commitish = target;
        }
        release.name = self.name.or(release.name.take());
        release.body = self.body.or(release.body.take());
        release.prerelease = self.prerelease.unwrap_or(release.prerelease);
    }
}

fn make_latest(body: &JsonBody) -> ApiResult<Option<MakeLatest>> {
    match body.text("make_latest")?.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(MakeLatest::Yes)),
        Some("false") => Ok(Some(MakeLatest::No)),
        Some("legacy") => Ok(Some(MakeLatest::Legacy)),
        Some(other) => Err(ApiError::invalid_request(&format!(
            "For 'properties/make_latest', {other} is not a member of [\"true\", \"false\", \"legacy\"]."
        ))),
    }
}

/// `POST /repos/{owner}/{name}/releases`
pub(super) async fn create(request: RepoRequest, body: Bytes) -> ApiResult {
    request.change(|repo, id| {
        let mut params = ReleaseParams::parse(&JsonBody::parse(&body)?)?;
        let missing = || ApiError::invalid_request("\"tag_name\" wasn't supplied.");
        let tag_name = params.tag_name.take().ok_or_else(missing)?;
        if params.generate_release_notes {
            let notes = generated_notes(repo, &tag_name, None, &request.caller)?;
            params.body = Some([params.body.unwrap_or_default(), notes].join("\n").trim_start().to_owned());
            params.name = params.name.or(Some(tag_name.clone()));
        }
        params.draft = params.draft.or(Some(false));
        repo.add_draft(id, tag_name, params.target_commitish.take(), request.caller.login());
        let shown = save(&request, repo, id, params)?;
        let location = [(header::LOCATION, format!("{}/releases/{id}", request.caller.api(repo)))];
        Ok((StatusCode::CREATED, location, shown).into_response())
    })
}

/// `PATCH /repos/{owner}/{name}/releases/{id}`
pub(super) fn update(request: &RepoRequest, repo: &mut StoredRepo, body: &JsonBody) -> ApiResult {
    save(request, repo, request.id()?, ReleaseParams::parse(body)?)
}

/// Changes a release or a new draft, publishes it if it is to be no draft, and shows it.
fn save(request: &RepoRequest, repo: &mut StoredRepo, id: u64, params: ReleaseParams) -> ApiResult {
    let before = repo.release(id).ok_or_else(ApiError::not_found)?.clone();
    check_frozen(&before, &params)?;
    let draft = params.draft.unwrap_or(before.draft);
    let make_latest = params.make_latest;
    if make_latest == Some(MakeLatest::Yes) && (draft || params.prerelease.unwrap_or(before.prerelease)) {
        let message = "Latest release cannot be draft or prerelease";
        return Err(ApiError::invalid([custom("Release", "make_latest", message)]));
    }
    let retagged = params.tag_name.as_ref().is_some_and(|tag| *tag != before.tag_name);
    let is_latest = repo.latest_release().is_some_and(|latest| latest.id == id);
    let unchanged = if is_latest { MakeLatest::Yes } else { MakeLatest::No };
    let release = repo.release_mut(id).ok_or_else(ApiError::not_found)?;
    params.apply(release);
    release.updated_at = now();
    // A published release with another tag has to pass the checks of a new one.
    release.draft = draft || before.draft || retagged;
    if !draft && (before.draft || retagged) {
        let make_latest = make_latest.or((!before.draft).then_some(unchanged));
        repo.publish(id, make_latest, request.github.options().immutable)?;
    } else if let (false, Some(make_latest)) = (draft, make_latest) {
        repo.make_latest(id, make_latest);
    }
    show(request, repo, repo.release(id))
}

/// `DELETE /repos/{owner}/{name}/releases/{id}`
pub(super) async fn delete(request: RepoRequest) -> ApiResult {
    let id = request.id()?;
    let deleted = request.change(|repo, _| {
        let position = repo.releases.iter().position(|release| release.id == id);
        let release = repo.releases.remove(position.ok_or_else(ApiError::not_found)?);
        if release.immutable {
            repo.spent_tags.insert(release.tag_name.clone());
        }
        Ok(release)
    })?;
    request.github.delete_bytes(&deleted.assets);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /repos/{owner}/{name}/releases/generate-notes`
pub(super) async fn generate_notes(request: RepoRequest, bytes: Bytes) -> ApiResult {
    request.read(|repo| {
        request.caller.check_push(repo)?;
        let body = JsonBody::parse(&bytes)?;
        let (tag, previous) = (body.required("tag_name")?, body.text("previous_tag_name")?);
        let body = generated_notes(repo, &tag, previous.as_deref(), &request.caller)?;
        ok(&json!({ "name": tag, "body": body }))
    })
}

/// The notes of `tag` as GitHub writes them, without pull requests: the changes since `previous`, or since the release that was published last.
fn generated_notes(
    repo: &StoredRepo,
    tag: &str,
    previous: Option<&str>,
    caller: &Caller,
) -> ApiResult<String> {
    if previous.is_some_and(|previous| repo.tag(previous).is_none()) {
        return Err(ApiError::invalid([json!("Invalid previous_tag parameter")]));
    }
    let last = repo.releases.iter().rev().find(|release| !release.draft && release.tag_name != tag);
    let previous = previous.or(last.map(|release| release.tag_name.as_str()));
    let (page, encoded) = (caller.page(repo), view::encoded(tag));
    Ok(match previous {
        Some(previous) => format!(
            "## What's Changed\n* Changes from {previous} to {tag}\n\n\n\
             **Full Changelog**: {page}/compare/{}...{encoded}",
            view::encoded(previous)
        ),
        None => format!("**Full Changelog**: {page}/commits/{encoded}"),
    })
}

/// `GET /repos/{owner}/{name}/attestations/{digest}`: those that were added from outside the API
pub(super) fn attestations(request: &RepoRequest, repo: &StoredRepo) -> ApiResult {
    let found = repo.attestations.get(&request.parameter).into_iter().flatten();
    let api = request.caller.api(repo);
    let found: Vec<Value> = found
        .map(|bundle| json!({ "bundle": bundle, "bundle_url": format!("{api}/attestations"), "repository_id": repo.id, "initiator": "github" }))
        .collect();
    ok(&json!({ "attestations": found }))
}

/// `GET /{users|orgs}/{owner}/attestations/{digest}`: the same of all repositories of an owner
pub(super) async fn no_attestations() -> Response {
    json_response(StatusCode::OK, &json!({ "attestations": [] }))
}

/// Of an immutable release only title, notes and flags can change.
fn check_frozen(release: &StoredRelease, params: &ReleaseParams) -> ApiResult<()> {
    let mut errors = Vec::new();
    let mut frozen = |name: &str, changes: bool| {
        if release.immutable && changes {
            let message = format!("{name} cannot be changed when release is immutable");
            errors.push(custom("Release", name, &message));
        }
    };
    let changes = |new: &Option<String>, old: &String| new.as_ref().is_some_and(|new| new != old);
    frozen("state", params.draft == Some(true));
    frozen("tag_name", changes(&params.tag_name, &release.tag_name));
    frozen("target_commitish", changes(&params.target_commitish, &release.target_commitish));
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}
