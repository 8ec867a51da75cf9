//! The JSON of the API, with addresses as the client knows this server. octocrab and others require most of the fields.

use floe_core::model::Digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::access::Caller;
use super::state::{StoredAsset, StoredRelease, StoredRepo};

/// Everything but unreserved characters (RFC 3986) and the slash.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A tag or an asset name as part of an address.
pub(super) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PATH).to_string()
}

/// The last part of the address of a release's page, which hides the tag of a draft.
fn page_name(release: &StoredRelease) -> String {
    match release.draft {
        true => format!("untagged-{}", &Digest::of(&release.id.to_be_bytes()).hex()[..20]),
        false => encoded(&release.tag_name),
    }
}

pub(super) fn release(repo: &StoredRepo, release: &StoredRelease, base: &str) -> Value {
    let (api, page) = (format!("{base}/repos/{}", repo.repo), format!("{base}/{}", repo.repo));
    let (id, tag) = (release.id, encoded(&release.tag_name));
    let source = |kind: &str| match release.draft {
        true => Value::Null,
        false => Value::String(format!("{api}/{kind}/{tag}")),
    };
    let assets: Vec<Value> = release.assets.iter().map(|one| asset(repo, release, one, base)).collect();
    json!({
        "url": format!("{api}/releases/{id}"),
        "assets_url": format!("{api}/releases/{id}/assets"),
        "upload_url": format!("{base}/uploads/repos/{}/releases/{id}/assets{{?name,label}}", repo.repo),
        "html_url": format!("{page}/releases/tag/{}", page_name(release)),
        "id": id,
        "node_id": node_id("RE", id),
        "author": user(base, &release.author),
        "tag_name": release.tag_name,
        "target_commitish": release.target_commitish,
        "name": release.name,
        "body": release.body,
        "draft": release.draft,
        "immutable": release.immutable,
        "prerelease": release.prerelease,
        "created_at": release.created_at,
        "updated_at": release.updated_at,
        "published_at": release.published_at,
        "assets": assets,
        "tarball_url": source("tarball"),
        "zipball_url": source("zipball"),
    })
}

pub(super) fn asset(repo: &StoredRepo, release: &StoredRelease, asset: &StoredAsset, base: &str) -> Value {
    let (tag, name) = (page_name(release), encoded(&asset.name));
    json!({
        "url": format!("{base}/repos/{}/releases/assets/{}", repo.repo, asset.id),
        "browser_download_url": format!("{base}/{}/releases/download/{tag}/{name}", repo.repo),
        "id": asset.id,
        "node_id": node_id("RA", asset.id),
        "name": asset.name,
        "label": asset.label,
        "state": asset.state,
        "content_type": asset.content_type,
        "size": asset.size,
        "digest": asset.digest,
        "download_count": asset.download_count,
        "created_at": asset.created_at,
        "updated_at": asset.updated_at,
        "uploader": user(base, &asset.uploader),
    })
}

/// A repository, with the rights of the caller.
pub(super) fn repository(repo: &StoredRepo, caller: &Caller) -> Value {
    let base = &caller.base;
    let (push, admin) = (caller.can_push(repo), caller.is_admin(repo));
    let api = format!("{base}/repos/{}", repo.repo);
    let mut shown = json!({
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.repo.name(),
        "full_name": repo.repo.to_string(),
        "owner": user(base, repo.repo.owner()),
        "private": repo.private,
        "visibility": if repo.private { "private" } else { "public" },
        "html_url": format!("{base}/{}", repo.repo),
        "url": api,
        "releases_url": format!("{api}/releases{{/id}}"),
        "tags_url": format!("{api}/tags"),
        "fork": false,
        "archived": false,
        "disabled": false,
        "default_branch": repo.default_branch,
    });
    if let Some(account) = &caller.account {
        // GitHub shows the rights of the user of a token. An app's token has no user, whatever it may do.
        let (push, admin) = if account.token.starts_with("ghs_") { (false, false) } else { (push, admin) };
        shown["permissions"] =
            json!({ "admin": admin, "maintain": admin, "push": push, "triage": push, "pull": true });
    }
    shown
}

pub(super) fn user(base: &str, login: &str) -> Value {
    let id = Digest::of(login.as_bytes()).hex();
    // Invented, but always the same for a login.
    let id = u64::from_str_radix(&id[..8], 16).unwrap_or(1);
    let api = format!("{base}/users/{login}");
    json!({
        "login": login,
        "id": id,
        "node_id": node_id("U", id),
        "avatar_url": format!("{base}/avatars/{id}"),
        "gravatar_id": "",
        "url": api,
        "html_url": format!("{base}/{login}"),
        "followers_url": format!("{api}/followers"),
        "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"),
        "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
        "type": "User",
        "site_admin": false,
    })
}

/// An invented GraphQL id.
fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_{id:012x}")
}
