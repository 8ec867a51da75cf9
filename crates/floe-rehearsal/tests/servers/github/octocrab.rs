//! The embedded GitHub with octocrab, whose models have to parse every response.

use octocrab::Octocrab;
use octocrab::models::repos::Object;
use octocrab::params::repos::Reference;

use super::{Hub, OWNER, commit_name};

fn crab(hub: &Hub) -> Octocrab {
    crate::install_tls();
    let builder = Octocrab::builder().base_uri(hub.server.url()).unwrap();
    builder.upload_uri(hub.server.url()).unwrap().personal_token(OWNER).build().unwrap()
}

#[tokio::test]
async fn octocrab_releases() {
    let hub = Hub::new().await;
    let crab = crab(&hub);
    let repos = crab.repos("acme", "floe");
    assert_eq!(repos.get().await.unwrap().default_branch.as_deref(), Some("main"));
    hub.github.add_repo(&"acme/fork".parse().unwrap(), "main", Some(&hub.repo)).unwrap();
    let parent = crab.repos("acme", "fork").get().await.unwrap().parent.unwrap();
    assert_eq!(parent.full_name.as_deref(), Some("acme/floe"));
    let Object::Tag { sha, .. } = repos.get_ref(&Reference::Tag("v1.1.0".to_owned())).await.unwrap().object
    else {
        panic!("`v1.1.0` is annotated");
    };
    let object = repos.get_tag(sha).await.unwrap().object;
    assert_eq!(serde_json::to_value(object).unwrap()["sha"], commit_name(2));
    assert_eq!(crab.commits("acme", "floe").get("v1.1.0").await.unwrap().sha, commit_name(2));
    assert_eq!(repos.list_tags().send().await.unwrap().items.len(), 5);

    let releases = repos.releases();
    let draft = releases.create("v1.1.0").draft(true).name("Two").body("Notes").send().await.unwrap();
    let asset = releases.upload_asset(*draft.id, "a.txt", "hello".into()).send().await.unwrap();
    assert_eq!((asset.state.as_str(), asset.size), ("uploaded", 5));
    let taken = releases.upload_asset(*draft.id, "a.txt", "hello".into()).send().await.unwrap_err();
    let octocrab::Error::GitHub { source, .. } = taken else {
        panic!("not an error of GitHub: {taken:?}");
    };
    assert_eq!(source.errors.unwrap()[0]["code"], "already_exists");
    let listed = releases.list().per_page(100).send().await.unwrap();
    assert_eq!(listed.items[0].assets[0].digest, asset.digest);
    let published = releases.update(*draft.id).draft(false).send().await.unwrap();
    assert!(published.published_at.is_some());
    assert_eq!(releases.get_latest().await.unwrap().id, draft.id);
    assert_eq!(releases.get_by_tag("v1.1.0").await.unwrap().html_url, published.html_url);
    for tag in ["v1.0.0", "v1.0.1"] {
        releases.create(tag).send().await.unwrap();
    }
    let first = releases.list().per_page(1).send().await.unwrap();
    assert_eq!(crab.all_pages(first).await.unwrap().len(), 3);
    assert!(crab.ratelimit().get().await.unwrap().rate.remaining < 5000);
}
