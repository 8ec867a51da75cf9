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
    assert_eq!(hub.get("/repos/acme/floe/git/refs/tags", "").await.json().as_array().unwrap().len(), 5);
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
    let head = hub
        .request(Method::GET, "/repos/acme/floe/commits/main", "")
        .header("accept", "application/vnd.github.sha");
    assert_eq!(hub.send(head).await.bytes, commit_name(5).as_bytes());
    let unknown = hub.get("/repos/acme/floe/commits/v9", "").await;
    assert_eq!((unknown.status, &unknown.json()["message"]), (422, &json!("No commit found for SHA: v9")));
}
