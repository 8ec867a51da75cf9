//! Creating, changing, publishing and listing releases.

use floe_rehearsal::github::{EmbeddedGitHub, GitHubOptions};
use serde_json::json;

use super::{GUEST, Hub, OWNER, each, to};

#[tokio::test]
async fn a_release_is_drafted_published_edited_and_deleted() {
    let hub = Hub::new().await;
    let draft = hub.made(json!({ "tag_name": "v1.0.0", "name": "One", "body": "<b>", "draft": true })).await;
    assert!(draft["html_url"].as_str().unwrap().contains("/acme/floe/releases/tag/untagged-"));
    assert_eq!((&draft["published_at"], &draft["draft"]), (&json!(null), &json!(true)));
    assert_eq!(draft["target_commitish"], "main");
    assert_eq!(hub.get("/repos/acme/floe/releases/tags/v1.0.0", OWNER).await.status, 404);
    assert_eq!(hub.upload(&draft, "floe.tar.gz", b"archive").await.status, 201);

    let url = draft["url"].as_str().unwrap();
    let answer = hub.patch(url, json!({ "draft": false, "make_latest": "true" })).await;
    let release = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(release["html_url"], format!("{}/acme/floe/releases/tag/v1.0.0", hub.server.url()));
    assert_eq!(
        (&release["id"], &release["draft"], &release["body"]),
        (&draft["id"], &json!(false), &json!("<b>"))
    );
    assert!(release["published_at"].as_str().unwrap().ends_with('Z'));
    for path in ["/tags/v1.0.0", "/latest"] {
        assert_eq!(hub.get(&format!("/repos/acme/floe/releases{path}"), "").await.json(), release);
    }
    let page = hub.get(release["html_url"].as_str().unwrap(), "").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/plain; charset=utf-8"));
    assert_eq!(page.bytes, b"<b>");
    assert_eq!(hub.get("/acme/floe/releases/latest", "").await.header("location"), release["html_url"]);

    let edited = hub.patch(url, json!({ "body": "other" })).await.json();
    assert_eq!(
        (&edited["body"], &edited["name"], &edited["draft"]),
        (&json!("other"), &json!("One"), &json!(false))
    );
    assert_eq!(hub.delete(url).await.status, 204);
    assert_eq!(hub.get(url, OWNER).await.status, 404);
    assert_eq!(std::fs::read_dir(hub.folder.path().join("assets")).unwrap().count(), 0);
    // The tag stays, and its name can be used again.
    assert_eq!(hub.get("/repos/acme/floe/git/ref/tags/v1.0.0", "").await.status, 200);
    hub.made(json!({ "tag_name": "v1.0.0" })).await;
}

#[tokio::test]
async fn make_latest_decides_which_release_is_the_latest() {
    let hub = Hub::new().await;
    assert_eq!(hub.get("/repos/acme/floe/releases/latest", "").await.status, 404);
    hub.made(json!({ "tag_name": "v2.0.0-rc.1", "prerelease": true })).await;
    assert_eq!(hub.latest().await, "none");
    hub.made(json!({ "tag_name": "v1.1.0" })).await;
    assert_eq!(hub.latest().await, "v1.1.0");
    let backport = hub.made(json!({ "tag_name": "v1.0.1", "make_latest": "false" })).await;
    assert_eq!(hub.latest().await, "v1.1.0");
    // Without `make_latest` a published release becomes the latest, whatever its version.
    let stolen = hub.made(json!({ "tag_name": "v1.0.0" })).await;
    assert_eq!(hub.latest().await, "v1.0.0");
    hub.patch(stolen["url"].as_str().unwrap(), json!({ "make_latest": "false" })).await;
    assert_ne!(hub.latest().await, "v1.0.0");
    hub.patch(backport["url"].as_str().unwrap(), json!({ "make_latest": "true" })).await;
    assert_eq!(
        (hub.latest().await.as_str(), hub.github.latest(&hub.repo).as_deref()),
        ("v1.0.1", Some("v1.0.1"))
    );
    hub.delete(backport["url"].as_str().unwrap()).await;
    assert_ne!(hub.latest().await, "v2.0.0-rc.1");

    let answer = hub.post(
        "/repos/acme/floe/releases",
        json!({ "tag_name": "v1.0.1", "draft": true, "make_latest": "true" }),
    );
    let answer = answer.await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["errors"][0]["message"], "Latest release cannot be draft or prerelease");
}

#[tokio::test]
async fn with_legacy_date_and_version_decide() {
    let hub = Hub::new().await;
    for name in ["v1.0.0", "v1.1.0", "v1.0.1"] {
        hub.made(json!({ "tag_name": name, "make_latest": "legacy" })).await;
    }
    // The commit of `v1.0.1` is the youngest of these.
    assert_eq!(hub.latest().await, "v1.0.1");
    let commit = super::commit_name(1).parse().unwrap();
    let date = "2026-11-30T10:00:00Z".parse().unwrap();
    hub.github.edit(&hub.repo, |stored| stored.set_date(&commit, date)).unwrap();
    // The date of a published release does not change any more.
    assert_eq!(hub.latest().await, "v1.0.1");
    hub.github.push_tag(&hub.repo, "v0.9.0", to(1, false)).unwrap();
    hub.made(json!({ "tag_name": "v0.9.0", "make_latest": "legacy" })).await;
    assert_eq!(hub.latest().await, "v0.9.0");
    // Of one commit the higher version wins.
    hub.github.push_tag(&hub.repo, "v0.10.0", to(1, false)).unwrap();
    hub.made(json!({ "tag_name": "v0.10.0", "make_latest": "legacy" })).await;
    assert_eq!(hub.latest().await, "v0.10.0");
}

#[tokio::test]
async fn a_release_is_as_old_as_its_commit() {
    let hub = Hub::new().await;
    let date = async |name: &str| {
        let commit = hub.get(&format!("/repos/acme/floe/commits/{name}"), "").await.json();
        commit["commit"]["committer"]["date"].clone()
    };
    let draft = hub.made(json!({ "tag_name": "v1.1.0", "draft": true })).await;
    let published = hub.patch(draft["url"].as_str().unwrap(), json!({ "draft": false })).await.json();
    assert_eq!(
        (&draft["created_at"], &published["created_at"]),
        (&date("v1.1.0").await, &date("v1.1.0").await)
    );
    assert_ne!(date("v1.1.0").await, date("v1.0.0").await);
    assert!(published["published_at"].as_str() > published["created_at"].as_str());
    // Without a tag it is the commit of the target.
    let made = hub.made(json!({ "tag_name": "v7.0.0", "target_commitish": super::commit_name(3) })).await;
    assert_eq!(made["created_at"], date("v1.0.1").await);
}

#[tokio::test]
async fn only_accounts_that_can_push_see_drafts() {
    let hub = Hub::new().await;
    hub.made(json!({ "tag_name": "v1.0.0" })).await;
    let first = hub.made(json!({ "tag_name": "v1.1.0", "draft": true })).await;
    let second = hub.made(json!({ "tag_name": "v1.1.0", "draft": true })).await;
    let asset = hub.upload(&second, "a.txt", b"a").await.json();
    let list = "/repos/acme/floe/releases";
    assert_eq!(each(&hub.get(list, OWNER).await.json(), "tag_name"), ["v1.1.0", "v1.1.0", "v1.0.0"]);
    for token in [GUEST, ""] {
        assert_eq!(each(&hub.get(list, token).await.json(), "tag_name"), ["v1.0.0"]);
        for url in [&first["url"], &first["assets_url"], &asset["url"], &asset["browser_download_url"]] {
            assert_eq!(hub.get(url.as_str().unwrap(), token).await.status, 404, "{url}");
        }
    }
    // Of two drafts of a tag only one can be published.
    let publish = json!({ "draft": false });
    assert_eq!(hub.patch(second["url"].as_str().unwrap(), publish.clone()).await.status, 200);
    let refused = hub.patch(first["url"].as_str().unwrap(), publish).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.json()["errors"],
        json!([{ "resource": "Release", "code": "already_exists", "field": "tag_name" }])
    );
}

#[tokio::test]
async fn lists_have_pages_of_at_most_a_hundred() {
    let hub = Hub::new().await;
    let ids: Vec<u64> = (0..130).map(|_| hub.github.add_draft(&hub.repo, "v1.0.0").unwrap()).collect();
    let default = hub.get("/repos/acme/floe/releases", OWNER).await;
    assert_eq!(default.json().as_array().unwrap().len(), 30);
    let url = format!("{}/repos/acme/floe/releases", hub.server.url());
    let links = "<URL?page=2>; rel=\"next\", <URL?page=5>; rel=\"last\"";
    assert_eq!(default.header("link"), links.replace("URL", &url));
    assert_eq!(hub.get("/repos/acme/floe/releases", "").await.header("link"), "");

    let mut next = Some(format!("{url}?per_page=500"));
    let mut seen = Vec::new();
    let mut last_link = String::new();
    while let Some(url) = next.take() {
        let page = hub.get(&url, OWNER).await;
        seen.extend(page.json().as_array().unwrap().iter().map(|release| release["id"].as_u64().unwrap()));
        last_link = page.header("link").to_owned();
        let link = last_link.split(", ").find(|link| link.contains("rel=\"next\""));
        next = link.map(|link| link[1..link.find('>').unwrap()].to_owned());
    }
    assert!(seen.iter().rev().eq(&ids), "newest first, each once");
    let links = "<URL?per_page=500&page=1>; rel=\"prev\", <URL?per_page=500&page=1>; rel=\"first\"";
    assert_eq!(last_link, links.replace("URL", &url));

    let names: Vec<String> = (0..101).map(|n| format!("asset-{n:03}")).collect();
    for name in &names {
        hub.github.add_asset(&hub.repo, ids[0], name, name.as_bytes()).unwrap();
    }
    let assets = format!("/repos/acme/floe/releases/{}/assets?per_page=100", ids[0]);
    assert_eq!(each(&hub.get(&assets, OWNER).await.json(), "name"), names[..100]);
    assert_eq!(each(&hub.get(&format!("{assets}&page=2"), OWNER).await.json(), "name"), names[100..]);
    assert_eq!(hub.get(&format!("{assets}&page=3"), OWNER).await.json(), json!([]));
}

#[tokio::test]
async fn an_immutable_release_is_frozen_and_its_tag_spent() {
    let hub = Hub::with(|options| options.immutable = true).await;
    let enabled = hub.get("/repos/acme/floe/immutable-releases", OWNER).await;
    assert_eq!(enabled.json(), json!({ "enabled": true, "enforced_by_owner": false }));
    assert_eq!(hub.get("/repos/acme/floe/immutable-releases", GUEST).await.status, 404);

    let draft = hub.made(json!({ "tag_name": "v1.0.0", "draft": true })).await;
    assert_eq!(draft["immutable"], false);
    let asset = hub.upload(&draft, "a.txt", b"a").await.json();
    let (url, asset) = (draft["url"].as_str().unwrap(), asset["url"].as_str().unwrap());
    assert_eq!(hub.patch(url, json!({ "draft": false })).await.json()["immutable"], true);

    // Switching it off does not change published releases.
    hub.github.options().immutable = false;
    assert_eq!(hub.get("/repos/acme/floe/immutable-releases", OWNER).await.status, 404);
    let answer = hub.upload(&draft, "b.txt", b"b").await;
    assert_eq!(
        (answer.status, &answer.json()["message"]),
        (422, &json!("Cannot upload assets to an immutable release."))
    );
    for (answer, message) in [
        (hub.delete(asset).await, "Cannot delete asset from an immutable release"),
        (hub.patch(url, json!({ "draft": true })).await, "state cannot be changed when release is immutable"),
        (
            hub.patch(url, json!({ "tag_name": "v9" })).await,
            "tag_name cannot be changed when release is immutable",
        ),
    ] {
        assert_eq!((answer.status, &answer.json()["errors"][0]["message"]), (422, &json!(message)));
    }
    assert!(hub.github.push_tag(&hub.repo, "v1.0.0", to(9, false)).is_err());
    assert!(hub.github.delete_tag(&hub.repo, "v1.0.0").is_err());
    let deleted = hub.delete("/repos/acme/floe/git/refs/tags/v1.0.0").await;
    assert_eq!(
        (deleted.status, &deleted.json()["message"]),
        (422, &json!("Cannot update this protected ref."))
    );
    assert_eq!(hub.patch(url, json!({ "body": "late words" })).await.json()["body"], "late words");

    assert_eq!(hub.delete(url).await.status, 204);
    let again = hub.made(json!({ "tag_name": "v1.0.0", "draft": true })).await;
    let spent = json!({ "resource": "Release", "code": "custom", "field": "tag_name",
        "message": "tag_name was used by an immutable release" });
    let answer = hub.patch(again["url"].as_str().unwrap(), json!({ "draft": false })).await;
    assert_eq!((answer.status, &answer.json()["errors"]), (422, &json!([spent])));
    hub.github.delete_tag(&hub.repo, "v1.0.0").unwrap();
    let answer = hub.patch(again["url"].as_str().unwrap(), json!({ "draft": false })).await;
    let errors = answer.json()["errors"].to_string();
    assert!(errors.contains("Cannot create ref due to creations being restricted."), "{errors}");
    assert!(hub.github.publish_draft(&hub.repo, again["id"].as_u64().unwrap()).is_err());
}

#[tokio::test]
async fn publishing_creates_a_missing_tag_at_its_target() {
    let hub = Hub::new().await;
    let draft = hub.made(json!({ "tag_name": "v3.0.0", "draft": true })).await;
    assert_eq!(hub.get("/repos/acme/floe/git/ref/tags/v3.0.0", "").await.status, 404);
    assert_eq!(hub.patch(draft["url"].as_str().unwrap(), json!({ "draft": false })).await.status, 200);
    let made = hub.get("/repos/acme/floe/git/ref/tags/v3.0.0", "").await.json();
    assert_eq!(
        (&made["object"]["type"], &made["object"]["sha"]),
        (&json!("commit"), &json!(super::commit_name(5)))
    );

    let release = json!({ "tag_name": "v4.0.0", "target_commitish": "refs/tags/v1.0.0" });
    let answer = hub.post("/repos/acme/floe/releases", release).await;
    let expected = json!([
        { "resource": "Release", "code": "custom", "field": "tag_name", "message": "tag_name is not a valid tag" },
        { "resource": "Release", "code": "custom", "message": "Published releases must have a valid tag" },
        { "resource": "Release", "code": "invalid", "field": "target_commitish" },
    ]);
    assert_eq!((answer.status, &answer.json()["errors"]), (422, &expected));
    assert_eq!(hub.github.releases(&hub.repo).len(), 1);
}

#[tokio::test]
async fn notes_name_the_range() {
    let hub = Hub::new().await;
    let path = "/repos/acme/floe/releases/generate-notes";
    let asked = json!({ "tag_name": "v1.1.0", "previous_tag_name": "v1.0.0" });
    let notes = hub.post(path, asked).await.json();
    let compare = format!("**Full Changelog**: {}/acme/floe/compare/v1.0.0...v1.1.0", hub.server.url());
    assert_eq!(notes["name"], "v1.1.0");
    assert!(notes["body"].as_str().unwrap().starts_with("## What's Changed\n"));
    assert!(notes["body"].as_str().unwrap().ends_with(&compare), "{notes}");
    let wrong = hub.post(path, json!({ "tag_name": "v1.1.0", "previous_tag_name": "v0" })).await;
    assert_eq!((wrong.status, &wrong.json()["errors"][0]), (422, &json!("Invalid previous_tag parameter")));
    assert!(hub.github.releases(&hub.repo).is_empty());
    let made =
        hub.made(json!({ "tag_name": "v1.1.0", "body": "Mine", "generate_release_notes": true })).await;
    assert!(made["body"].as_str().unwrap().starts_with("Mine\n**Full Changelog**: "), "{made}");
}

#[tokio::test]
async fn a_change_that_cannot_be_saved_is_not_made() {
    let hub = Hub::new().await;
    let draft = hub.made(json!({ "tag_name": "v1.0.0", "draft": true })).await;
    // A folder in the place of the new state.
    let in_the_way = hub.folder.path().join("state.new");
    std::fs::create_dir(&in_the_way).unwrap();
    assert_eq!(hub.upload(&draft, "a.txt", b"bytes").await.status, 500);
    std::fs::remove_dir(&in_the_way).unwrap();
    assert!(hub.github.releases(&hub.repo)[0].assets.is_empty());
    assert_eq!(hub.upload(&draft, "a.txt", b"bytes").await.status, 201);
    std::fs::write(hub.folder.path().join("state.json"), "{}\n").unwrap();
    let options = GitHubOptions::new(hub.folder.path().to_owned());
    drop(hub.server);
    let spoilt = format!("{:#}", EmbeddedGitHub::open(options).err().unwrap());
    assert!(spoilt.contains("is not the state of an embedded server"), "{spoilt}");
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let hub = Hub::new().await;
    let draft = hub.made(json!({ "tag_name": "v1.0.0", "draft": true })).await;
    hub.upload(&draft, "a.txt", b"bytes").await;
    hub.github.push_tag(&hub.repo, "v1.1.0", to(9, false)).unwrap();
    hub.upload(&draft, "b.txt", b"more").await;
    let before = hub.github.releases(&hub.repo);
    // The server was killed while it saved another change, before the response.
    std::fs::write(hub.folder.path().join("state.new"), "{\"schema\":").unwrap();
    let hub = hub.restarted().await;
    assert_eq!(hub.github.releases(&hub.repo), before);
    // Stored state takes precedence over seeds.
    let moved = hub.get("/repos/acme/floe/git/ref/tags/v1.1.0", "").await.json();
    assert_eq!(moved["object"]["sha"], super::commit_name(9));
    let id = before[0].id;
    hub.github.publish_draft(&hub.repo, id).unwrap();
    let file = hub.get("/acme/floe/releases/download/v1.0.0/a.txt", "").await;
    assert_eq!(hub.get(file.header("location"), "").await.bytes, b"bytes");
    assert!(hub.made(json!({ "tag_name": "v1.1.0" })).await["id"].as_u64().unwrap() > id);
}
