//! Tags and commits.

use http::Method;
use serde_json::json;

use super::{Hub, OWNER, commit_name, each};

#[tokio::test]
async fn a_tag_peels_to_its_commit() {
    let hub = Hub::new().await;
    let light = hub.get("/repos/acme/floe/git/ref/tags/v1.0.0", "").await.json();
    assert_eq!((&light["ref"], &light["object"]["type"]), (&json!("refs/tags/v1.0.0"), &json!("commit")));
    assert_eq!(light["object"]["sha"], commit_name(1));
    for (name, commit) in [("v1.1.0", 2), ("tools/v1.0.0", 5)] {
        let annotated = hub.get(&format!("/repos/acme/floe/git/ref/tags/{name}"), "").await.json();
        assert_eq!(annotated["object"]["type"], "tag");
        assert_ne!(annotated["object"]["sha"], commit_name(commit));
        let object = hub.get(annotated["object"]["url"].as_str().unwrap(), "").await.json();
        assert_eq!((&object["tag"], &object["object"]["type"]), (&json!(name), &json!("commit")));
        assert_eq!(object["object"]["sha"], commit_name(commit));
    }
    let encoded = hub.get("/repos/acme/floe/git/ref/tags%2Ftools%2Fv1.0.0", "").await.json();
    assert_eq!(encoded["ref"], "refs/tags/tools/v1.0.0");
    assert_eq!(hub.get("/repos/acme/floe/git/ref/tags/v1.0", "").await.status, 404);
    assert_eq!(hub.get(&format!("/repos/acme/floe/git/tags/{}", commit_name(1)), "").await.status, 404);
    assert_eq!(hub.get("/repos/acme/secret/git/ref/tags/v1.0.0", "").await.status, 404);
    assert_eq!(hub.get("/repos/acme/secret/git/ref/tags/v1.0.0", OWNER).await.status, 200);
}

#[tokio::test]
async fn refs_and_tags_are_listed() {
    let hub = Hub::new().await;
    let below = hub.get("/repos/acme/floe/git/matching-refs/tags/v1.0", "").await.json();
    assert_eq!(each(&below, "ref"), ["refs/tags/v1.0.0", "refs/tags/v1.0.1"]);
    assert_eq!(
        hub.get("/repos/acme/floe/git/matching-refs/tags/", "").await.json().as_array().unwrap().len(),
        5
    );
    let page = hub.get("/repos/acme/floe/tags?per_page=2", "").await;
    assert_eq!(each(&page.json(), "name"), ["v2.0.0-rc.1", "v1.1.0"]);
    assert!(page.header("link").contains("rel=\"next\""));
    // An annotated tag is listed with the commit it peels to.
    assert_eq!(page.json()[1]["commit"]["sha"], commit_name(2));
}

#[tokio::test]
async fn a_commit_is_found_by_each_of_its_names() {
    let hub = Hub::new().await;
    let sha = commit_name(2);
    for name in ["v1.1.0", "tags/v1.1.0", &sha, &sha[..12]] {
        let commit = hub.get(&format!("/repos/acme/floe/commits/{name}"), "").await.json();
        assert_eq!(commit["sha"], sha, "{name}");
    }
    for page in ["", "?sha=v1.1.0&per_page=1"] {
        let list = hub.get(&format!("/repos/acme/floe/commits{page}"), "").await.json();
        let (newest, length) = if page.is_empty() { (commit_name(5), 5) } else { (sha.clone(), 1) };
        assert_eq!((&list[0]["sha"], list.as_array().unwrap().len()), (&json!(newest), length));
    }
    let commit = hub.get(&format!("/repos/acme/floe/git/commits/{sha}"), "").await.json();
    assert_eq!((&commit["sha"], &commit["parents"][0]["sha"]), (&json!(sha), &json!(commit_name(1))));
    assert_eq!(hub.get("/repos/acme/floe/git/commits/v1.1.0", "").await.status, 404);
    for kind in ["application/vnd.github.sha", "application/vnd.github.v3.sha"] {
        let head = || hub.request(Method::GET, "/repos/acme/floe/commits/main", "").header("accept", kind);
        let name = hub.send(head()).await;
        assert_eq!(name.bytes, commit_name(5).as_bytes());
        let again = hub.send(head().header("if-none-match", name.header("etag"))).await;
        assert_eq!((again.status, again.bytes.len()), (304, 0), "{kind}");
    }
    let unknown = hub.get("/repos/acme/floe/commits/v9", "").await;
    assert_eq!((unknown.status, &unknown.json()["message"]), (422, &json!("No commit found for SHA: v9")));
}

#[tokio::test]
async fn two_commits_are_compared_along_the_history() {
    let hub = Hub::new().await;
    for (range, status, commits, behind) in [
        ("v1.0.0...v1.0.1", "ahead", vec![2, 3], 0),
        ("acme:v1.1.0...acme:main", "ahead", vec![3, 4, 5], 0),
        ("tools%2Fv1.0.0...v1.1.0", "behind", vec![], 3),
        ("v1.1.0...v1.1.0", "identical", vec![], 0),
    ] {
        let compared = hub.get(&format!("/repos/acme/floe/compare/{range}"), "").await.json();
        assert_eq!(
            (&compared["status"], &compared["behind_by"]),
            (&json!(status), &json!(behind)),
            "{range}"
        );
        let names: Vec<String> = commits.into_iter().map(commit_name).collect();
        assert_eq!(each(&compared["commits"], "sha"), names, "{range}");
        assert_eq!(
            (&compared["ahead_by"], &compared["total_commits"]),
            (&json!(names.len()), &json!(names.len()))
        );
    }
    for wrong in ["v1.0.0..v1.0.1", "v1.0.0...v9", "v1.0.0"] {
        assert_eq!(hub.get(&format!("/repos/acme/floe/compare/{wrong}"), "").await.status, 404, "{wrong}");
    }
}

#[tokio::test]
async fn a_tag_can_be_deleted_once_by_those_who_can_push() {
    let hub = Hub::new().await;
    let tag = "/repos/acme/floe/git/refs/tags/tools%2Fv1.0.0";
    assert_eq!(hub.send(hub.request(Method::DELETE, tag, super::GUEST)).await.status, 403);
    assert_eq!(hub.delete("/repos/acme/floe/git/refs/heads/main").await.status, 422);
    assert_eq!(hub.delete(tag).await.status, 204);
    let again = hub.delete(tag).await;
    assert_eq!((again.status, &again.json()["message"]), (422, &json!("Reference does not exist")));
    let create =
        |name: &str, sha: String| hub.post("/repos/acme/floe/git/refs", json!({ "ref": name, "sha": sha }));
    assert_eq!(create("refs/tags/tools/v1.0.0", commit_name(5)).await.status, 201);
    for (name, sha, why) in [
        ("refs/tags/tools/v1.0.0", commit_name(5), "Reference already exists"),
        ("refs/tags/v7.0.0", "f".repeat(40), "Object does not exist"),
        ("tags/v7.0.0", commit_name(5), "Reference name must start with 'refs/'."),
        ("refs/tags/", commit_name(5), "Reference name must start with 'refs/'."),
        ("refs/heads/a..b", commit_name(5), "Reference name must start with 'refs/'."),
    ] {
        let refused = create(name, sha).await;
        assert_eq!((refused.status, &refused.json()["message"]), (422, &json!(why)), "{name}");
    }
    // Its commit stays.
    assert_eq!(hub.get(&format!("/repos/acme/floe/commits/{}", commit_name(5)), "").await.status, 200);
}
