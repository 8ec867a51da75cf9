//! The objects of the GraphQL API as JSON, with the fields that `gh` selects.

use serde_json::{Value, json};

use super::super::access::Caller;
use super::super::state::{StoredRelease, StoredRepo, StoredState};
use super::super::view as rest;

/// The type `Release` with its fields, those of an example, by which `gh` finds out what there is; or null.
pub(super) fn type_named(name: &str, example: Option<&StoredRepo>, caller: &Caller) -> Value {
    let Some(repo) = example.filter(|_| name == "Release") else { return Value::Null };
    let example = release(repo, &StoredRelease::default(), caller);
    let fields = example.as_object().into_iter().flat_map(serde_json::Map::keys);
    let fields = fields.filter(|field| !field.starts_with("__")).map(|field| json!({ "name": field }));
    json!({ "name": name, "kind": "OBJECT", "fields": fields.collect::<Value>() })
}

pub(super) fn user(caller: &Caller, login: &str) -> Value {
    let user = rest::user(caller, login);
    json!({ "__typename": "User", "id": user["node_id"], "login": login, "name": null, "url": user["html_url"] })
}

pub(super) fn repository(stored: &StoredState, repo: &StoredRepo, caller: &Caller) -> Value {
    let shown = rest::repository(stored, repo, caller);
    let parent = shown["parent"].as_object().map(|parent| {
        let owner = parent["owner"]["login"].as_str().unwrap_or_default();
        json!({
            "__typename": "Repository",
            "id": parent["node_id"], "name": parent["name"], "owner": user(caller, owner),
        })
    });
    let permission = match (caller.is_admin(repo), caller.can_push(repo)) {
        (true, _) => "ADMIN",
        (_, true) => "WRITE",
        _ => "READ",
    };
    let releases = repo.releases.iter().rev().filter(|release| caller.sees(repo, release));
    let refs = repo.refs.keys().flat_map(|path| names(path).map(|name| (name, reference(path))));
    let default = repo.head().map(|_| reference(&format!("heads/{}", repo.default_branch)));
    json!({
        "__typename": "Repository",
        "id": shown["node_id"], "databaseId": repo.id, "name": repo.repo.name(),
        "nameWithOwner": repo.repo.to_string(), "owner": user(caller, repo.repo.owner()),
        "url": shown["html_url"], "sshUrl": shown["ssh_url"], "resourcePath": format!("/{}", repo.repo),
        "description": null, "homepageUrl": null, "mirrorUrl": null, "securityPolicyUrl": null,
        "openGraphImageUrl": format!("{}/opengraph", caller.page(repo)), "usesCustomOpenGraphImage": false,
        "createdAt": shown["created_at"], "pushedAt": shown["pushed_at"], "updatedAt": shown["updated_at"],
        "archivedAt": null, "diskUsage": 0, "forkCount": 0, "stargazerCount": 0,
        "isArchived": repo.archived, "isEmpty": repo.head().is_none(), "isFork": shown["fork"], "isInOrganization": false,
        "isMirror": false, "isPrivate": repo.private, "isTemplate": false, "isDisabled": false,
        "isUserConfigurationRepository": false, "isBlankIssuesEnabled": true, "isSecurityPolicyEnabled": false,
        "visibility": if repo.private { "PRIVATE" } else { "PUBLIC" },
        "hasIssuesEnabled": true, "hasProjectsEnabled": true, "hasWikiEnabled": true, "hasDiscussionsEnabled": false,
        "mergeCommitAllowed": true, "squashMergeAllowed": true, "rebaseMergeAllowed": true,
        "deleteBranchOnMerge": false, "autoMergeAllowed": false,
        "viewerCanAdminister": permission == "ADMIN", "viewerPermission": permission, "viewerHasStarred": false,
        "viewerSubscription": "UNSUBSCRIBED", "viewerDefaultMergeMethod": "MERGE",
        "viewerDefaultCommitEmail": null, "viewerPossibleCommitEmails": [],
        "codeOfConduct": null, "licenseInfo": null, "primaryLanguage": null, "parent": parent,
        "templateRepository": null, "contactLinks": [], "fundingLinks": [], "issueTemplates": [],
        "pullRequestTemplates": [],
        "watchers": [], "issues": [], "pullRequests": [], "repositoryTopics": [],
        "languages": [], "labels": [], "milestones": [], "assignableUsers": [],
        "mentionableUsers": [], "projects": [], "projectsV2": [], "forks": [],
        "defaultBranchRef": default,
        // By name, with and without its prefixes.
        "ref": refs.collect::<Value>(),
        "latestRelease": repo.latest_release().map(|latest| release(repo, latest, caller)),
        "releases": releases.clone().map(|one| release(repo, one, caller)).collect::<Value>(),
        // By tag, where a published release comes before drafts.
        "release": releases.clone().rev().filter(|one| one.draft).chain(releases.filter(|one| !one.draft))
            .map(|one| (one.tag_name.clone(), release(repo, one, caller))).collect::<Value>(),
    })
}

/// A ref, whose path is `heads/…` or `tags/…`.
fn reference(path: &str) -> Value {
    let (_, name) = path.split_once('/').unwrap_or_default();
    json!({ "__typename": "Ref", "id": format!("REF_refs/{path}"), "name": name })
}

/// The names that a ref is found by.
fn names(path: &str) -> [String; 3] {
    let (_, name) = path.split_once('/').unwrap_or_default();
    [format!("refs/{path}"), path.to_owned(), name.to_owned()]
}

/// The fields that `gh` lists; it reads the rest of a release over the REST API.
fn release(repo: &StoredRepo, release: &StoredRelease, caller: &Caller) -> Value {
    let shown = rest::release(repo, release, caller);
    json!({
        "__typename": "Release",
        "id": shown["node_id"], "databaseId": release.id, "name": release.name, "tagName": release.tag_name,
        "isDraft": release.draft, "isPrerelease": release.prerelease, "immutable": release.immutable,
        "isLatest": repo.latest_release().is_some_and(|latest| latest.id == release.id),
        "createdAt": release.created_at, "publishedAt": release.published_at, "url": shown["html_url"],
    })
}
