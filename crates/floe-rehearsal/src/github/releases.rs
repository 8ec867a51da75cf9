//! Releases: listed, found, made, changed and deleted.
//!
//! A draft is shown to nobody who cannot push, and never by its tag.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};

use super::access::Caller;
use super::latest::MakeLatest;
use super::release_params::ReleaseParams;
use super::response::{ApiError, custom, json_answer};
use super::state::{StoredRelease, StoredRepo, now};
use super::{EmbeddedGitHub, notes, page, view};

/// `GET /repos/{owner}/{name}/releases`
pub(super) async fn list(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ApiError> {
    github.store.read(|stored| {
        let repo = caller.readable(stored, &owner, &name)?;
        let drafts_too = caller.can_push(repo);
        let newest = repo.releases.iter().map(|release| release.id).max().unwrap_or(0);
        let newest = github.quirks.newest_release(newest);
        let shown = repo.releases.iter().rev().filter(|release| drafts_too || !release.draft);
        let shown = shown.filter(|release| release.id <= newest);
        let shown = shown.map(|release| view::release(repo, release, &caller.base)).collect();
        Ok(page::answer(shown, &caller.base, &uri))
    })
}

/// `GET /repos/{owner}/{name}/releases/{id}`
pub(super) async fn by_id(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    github.show(&caller, &owner, &name, |repo| {
        repo.release(number(&id).ok()?).filter(|release| !release.draft || caller.can_push(repo))
    })
}

/// `GET /repos/{owner}/{name}/releases/tags/{tag}`
pub(super) async fn by_tag(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, tag)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    github.show(&caller, &owner, &name, |repo| repo.published(&tag))
}

/// `GET /repos/{owner}/{name}/releases/latest`
pub(super) async fn latest(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    github.show(&caller, &owner, &name, StoredRepo::latest_release)
}

/// `POST /repos/{owner}/{name}/releases`
pub(super) async fn create(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let immutable = github.is_immutable();
    let answer = github.store.change(|stored| {
        let id = stored.next_id();
        let repo = caller.writable(stored, &owner, &name)?;
        let mut params = ReleaseParams::read(&bytes)?;
        let Some(tag_name) = params.tag_name.take() else {
            return Err(ApiError::invalid_request("\"tag_name\" wasn't supplied."));
        };
        let (draft, make_latest) = (params.draft.unwrap_or(false), params.make_latest);
        check_latest(make_latest, draft, params.prerelease.unwrap_or(false))?;
        if params.generate_release_notes {
            let made = notes::made(repo, &tag_name, None, &caller.base)?;
            params.body = Some([params.body.unwrap_or_default(), made].join("\n").trim_start().to_owned());
            params.name = params.name.or(Some(tag_name.clone()));
        }
        let mut release = fresh(id, tag_name, &repo.default_branch, caller.login());
        params.apply(&mut release);
        repo.releases.push(release);
        if !draft {
            repo.publish(id, make_latest, immutable)?;
        }
        let release = repo.release(id).ok_or_else(ApiError::not_found)?;
        Ok(view::release(repo, release, &caller.base))
    })?;
    let mut response = json_answer(StatusCode::CREATED, &answer);
    if let Some(Ok(location)) = answer["url"].as_str().map(HeaderValue::from_str) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `PATCH /repos/{owner}/{name}/releases/{id}`
pub(super) async fn update(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, String)>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let (id, immutable) = (number(&id)?, github.is_immutable());
    let answer = github.store.change(|stored| {
        let repo = caller.writable(stored, &owner, &name)?;
        let before = repo.release(id).ok_or_else(ApiError::not_found)?.clone();
        let params = ReleaseParams::read(&bytes)?;
        check_frozen(&before, &params)?;
        let draft = params.draft.unwrap_or(before.draft);
        let make_latest = params.make_latest;
        check_latest(make_latest, draft, params.prerelease.unwrap_or(before.prerelease))?;
        let moved = params.tag_name.as_ref().is_some_and(|tag| *tag != before.tag_name);
        let is_latest = repo.latest_release().is_some_and(|latest| latest.id == id);
        let unmoved = Some(if is_latest { MakeLatest::Yes } else { MakeLatest::No });
        let release = repo.release_mut(id).ok_or_else(ApiError::not_found)?;
        params.apply(release);
        release.updated_at = now();
        // A published release that changes its tag has to be acceptable under the new one, like a new release.
        release.draft = draft || before.draft || moved;
        if !draft && (before.draft || moved) {
            let make_latest = make_latest.or(unmoved.filter(|_| !before.draft));
            repo.publish(id, make_latest, immutable)?;
        } else if let (false, Some(params)) = (draft, make_latest) {
            repo.make_latest(id, params);
        }
        let release = repo.release(id).ok_or_else(ApiError::not_found)?;
        Ok(view::release(repo, release, &caller.base))
    })?;
    Ok(json_answer(StatusCode::OK, &answer))
}

/// `DELETE /repos/{owner}/{name}/releases/{id}`
pub(super) async fn delete(
    State(github): State<EmbeddedGitHub>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let id = number(&id)?;
    let gone = github.store.change(|stored| {
        let repo = caller.writable(stored, &owner, &name)?;
        let place = repo.releases.iter().position(|release| release.id == id);
        let release = repo.releases.remove(place.ok_or_else(ApiError::not_found)?);
        if release.immutable {
            repo.spent_tags.insert(release.tag_name.clone());
        }
        Ok(release)
    })?;
    github.store.forget(&gone.assets);
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl EmbeddedGitHub {
    fn show<'a>(
        &'a self,
        caller: &Caller,
        owner: &str,
        name: &str,
        find: impl for<'b> FnOnce(&'b StoredRepo) -> Option<&'b StoredRelease>,
    ) -> Result<Response, ApiError> {
        self.store.read(|stored| {
            let repo = caller.readable(stored, owner, name)?;
            let release = find(repo).ok_or_else(ApiError::not_found)?;
            Ok(json_answer(StatusCode::OK, &view::release(repo, release, &caller.base)))
        })
    }
}

/// An id in a path; anything else is not there.
pub(super) fn number(id: &str) -> Result<u64, ApiError> {
    id.parse().map_err(|_| ApiError::not_found())
}

/// A draft with nothing in it.
pub(super) fn fresh(id: u64, tag_name: String, branch: &str, author: &str) -> StoredRelease {
    StoredRelease {
        id,
        tag_name,
        target_commitish: branch.to_owned(),
        name: None,
        body: None,
        draft: true,
        prerelease: false,
        immutable: false,
        author: author.to_owned(),
        created_at: now(),
        updated_at: now(),
        published_at: None,
        assets: Vec::new(),
    }
}

/// A release that is not public or not ready cannot be made the latest.
fn check_latest(params: Option<MakeLatest>, draft: bool, prerelease: bool) -> Result<(), ApiError> {
    if params == Some(MakeLatest::Yes) && (draft || prerelease) {
        let message = "Latest release cannot be draft or prerelease";
        return Err(ApiError::invalid([custom("Release", "make_latest", message)]));
    }
    Ok(())
}

/// Of an immutable release only the title, the notes and the marks can be changed.
fn check_frozen(release: &StoredRelease, params: &ReleaseParams) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    let mut frozen = |name: &str, changes: bool| {
        if release.immutable && changes {
            let message = format!("{name} cannot be changed when release is immutable");
            errors.push(custom("Release", name, &message));
        }
    };
    frozen("state", params.draft == Some(true));
    frozen("tag_name", params.tag_name.as_ref().is_some_and(|tag| *tag != release.tag_name));
    let target = params.target_commitish.as_ref();
    frozen("target_commitish", target.is_some_and(|target| *target != release.target_commitish));
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}
