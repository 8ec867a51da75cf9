//! The JSON of the API, with addresses as the client knows this server. octocrab and others require most of the fields.

use floe_core::model::Digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::access::Caller;
use super::state::{StoredAsset, StoredRelease, StoredRepo, StoredState};

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

pub(super) fn release(repo: &StoredRepo, release: &StoredRelease, caller: &Caller) -> Value {
    let (api, page) = (caller.api(repo), caller.page(repo));
    let (id, tag) = (release.id, encoded(&release.tag_name));
    let source = |kind: &str| match release.draft {
        true => Value::Null,
        false => Value::String(format!("{api}/{kind}/{tag}")),
    };
    let assets: Vec<Value> = release.assets.iter().map(|one| asset(repo, release, one, caller)).collect();
    // The other fields are stored under GitHub's names.
    let own = json!({
        "url": format!("{api}/releases/{id}"),
        "assets_url": format!("{api}/releases/{id}/assets"),
        "upload_url": format!("{}/uploads/repos/{}/releases/{id}/assets{{?name,label}}", caller.base, repo.repo),
        "html_url": format!("{page}/releases/tag/{}", page_name(release)),
        "node_id": node_id("RE", id),
        "author": user(caller, &release.author),
        "assets": assets,
        "tarball_url": source("tarball"),
        "zipball_url": source("zipball"),
    });
    with(json!(release), own)
}

pub(super) fn asset(
    repo: &StoredRepo,
    release: &StoredRelease,
    asset: &StoredAsset,
    caller: &Caller,
) -> Value {
    let (tag, name) = (page_name(release), encoded(&asset.name));
    let own = json!({
        "url": format!("{}/releases/assets/{}", caller.api(repo), asset.id),
        "browser_download_url": format!("{}/releases/download/{tag}/{name}", caller.page(repo)),
        "node_id": node_id("RA", asset.id),
        "uploader": user(caller, &asset.uploader),
        "state": asset.state(),
        "download_count": 0,
    });
    with(json!(asset), own)
}

/// A JSON object with further fields, which replace those of the same name.
fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// The addresses of a repository in the API: names without `_url`, each with its path.
const URLS: &str = "
    archive /{archive_format}{/ref}   assignees /assignees{/user}       blobs /git/blobs{/sha}
    branches /branches{/branch}       comments /comments{/number}       commits /commits{/sha}
    compare /compare/{base}...{head}  contents /contents/{+path}        contributors /contributors
    deployments /deployments          downloads /downloads              events /events
    forks /forks                      git_commits /git/commits{/sha}    git_refs /git/refs{/sha}
    git_tags /git/tags{/sha}          hooks /hooks                      issues /issues{/number}
    keys /keys{/key_id}               labels /labels{/name}             languages /languages
    merges /merges                    milestones /milestones{/number}   pulls /pulls{/number}
    releases /releases{/id}           stargazers /stargazers            statuses /statuses/{sha}
    subscribers /subscribers          subscription /subscription        tags /tags
    teams /teams                      trees /git/trees{/sha}            issue_events /issues/events{/number}
    issue_comment /issues/comments{/number}  collaborators /collaborators{/collaborator}
    notifications /notifications{?since,all,participating}";

/// The addresses of a user in the API, in the same way.
const USER_URLS: &str = "
    followers /followers       following /following{/other_user}    gists /gists{/gist_id}
    starred /starred{/owner}{/repo}  subscriptions /subscriptions   organizations /orgs
    repos /repos               events /events{/privacy}             received_events /received_events";

fn urls(table: &str, api: &str) -> Value {
    let words: Vec<&str> = table.split_whitespace().collect();
    words.chunks(2).map(|pair| (format!("{}_url", pair[0]), format!("{api}{}", pair[1]))).collect()
}

/// A repository, with the rights of the caller, and of a fork its parent. It has no issues, forks or watchers.
pub(super) fn repository(stored: &StoredState, repo: &StoredRepo, caller: &Caller) -> Value {
    let (api, page) = (caller.api(repo), caller.page(repo));
    let host = caller.base.trim_start_matches("http://");
    let mut shown = json!({
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.repo.name(),
        "full_name": repo.repo.to_string(),
        "owner": user(caller, repo.repo.owner()),
        "private": repo.private,
        "visibility": if repo.private { "private" } else { "public" },
        "description": null, "homepage": null, "language": null, "license": null, "mirror_url": null,
        "url": api,
        "html_url": page,
        "clone_url": format!("{page}.git"),
        "svn_url": page,
        "git_url": format!("git://{host}/{}.git", repo.repo),
        "ssh_url": format!("git@{host}:{}.git", repo.repo),
        "fork": repo.parent.is_some(), "archived": repo.archived, "disabled": false, "is_template": false,
        "allow_forking": true, "web_commit_signoff_required": false, "topics": [],
        "has_issues": true, "has_projects": true, "has_wiki": true, "has_pages": false,
        "has_discussions": false, "has_downloads": true,
        "forks": 0, "forks_count": 0, "open_issues": 0, "open_issues_count": 0, "stargazers_count": 0,
        "watchers": 0, "watchers_count": 0, "subscribers_count": 0, "network_count": 0, "size": 0,
        "created_at": repo.commits.first().map(|commit| &commit.date),
        "updated_at": repo.commits.last().map(|commit| &commit.date),
        "pushed_at": repo.commits.last().map(|commit| &commit.date),
        "default_branch": repo.default_branch,
    });
    shown = with(shown, urls(URLS, &api));
    if let Some(parent) = repo.parent.as_ref().and_then(|parent| stored.repo(&parent.to_string())) {
        shown["parent"] = repository(stored, parent, caller);
    }
    if let Some(account) = &caller.account {
        // GitHub shows the rights of the user of a token. An app's token has no user, whatever it may do.
        let rights = |may: bool| may && !account.is_app();
        let (push, admin) = (rights(caller.can_push(repo)), rights(caller.is_admin(repo)));
        shown["permissions"] =
            json!({ "admin": admin, "maintain": admin, "push": push, "triage": push, "pull": true });
    }
    shown
}

pub(super) fn user(caller: &Caller, login: &str) -> Value {
    let id = Digest::of(login.as_bytes()).hex();
    // Invented, but always the same for a login.
    let id = u64::from_str_radix(&id[..8], 16).unwrap_or(1);
    let (api, page) = (format!("{}/users/{login}", caller.base), format!("{}/{login}", caller.site()));
    let own = json!({
        "login": login,
        "id": id,
        "node_id": node_id("U", id),
        "avatar_url": format!("{}/avatars/{id}", caller.site()),
        "gravatar_id": "",
        "url": api,
        "html_url": page,
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
        "site_admin": false,
    });
    with(urls(USER_URLS, &api), own)
}

/// A user with the public part of the profile, which is empty.
pub(super) fn public_user(caller: &Caller, login: &str) -> Value {
    let date = "2008-01-14T04:33:35Z";
    let own = json!({
        "name": null, "company": null, "location": null, "email": null, "hireable": null, "bio": null,
        "twitter_username": null, "blog": "", "public_repos": 0, "public_gists": 0, "followers": 0,
        "following": 0, "created_at": date, "updated_at": date, "user_view_type": "public",
    });
    with(user(caller, login), own)
}

/// An invented GraphQL id.
pub(super) fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_{id:012x}")
}
