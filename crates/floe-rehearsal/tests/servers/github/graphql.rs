//! The GraphQL API.

use http::Method;
use serde_json::{Value, json};

use super::{GUEST, Hub, OWNER};

async fn query(hub: &Hub, token: &str, query: &str, variables: Value) -> Value {
    let request = hub.request(Method::POST, "/graphql", token);
    let answer = hub.send(request.json(&json!({ "query": query, "variables": variables }))).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    answer.json()
}

/// The repository `acme/floe` as a query selects it.
async fn repository(hub: &Hub, token: &str, fields: &str) -> Value {
    let text =
        format!("query($o: String!, $n: String!) {{ repository(owner: $o, name: $n) {{ {fields} }} }}");
    let answer = query(hub, token, &text, json!({ "o": "acme", "n": "floe" })).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["repository"].clone()
}

#[tokio::test]
async fn a_draft_is_found_by_its_tag_and_only_by_those_who_can_push() {
    let hub = Hub::new().await;
    let draft = hub.made(json!({ "tag_name": "v1.0.0", "name": "v1.1.0", "draft": true })).await;
    let by_tag = "release(tagName: \"v1.0.0\") { databaseId, isDraft }";
    let found = repository(&hub, OWNER, by_tag).await;
    assert_eq!(found, json!({ "release": { "databaseId": draft["id"], "isDraft": true } }));
    assert_eq!(repository(&hub, GUEST, by_tag).await, json!({ "release": null }));
    // A title is no tag.
    assert_eq!(
        repository(&hub, OWNER, "release(tagName: \"v1.1.0\") { id }").await,
        json!({ "release": null })
    );
    let published = hub.made(json!({ "tag_name": "v1.0.0" })).await;
    hub.made(json!({ "tag_name": "v1.0.0", "draft": true })).await;
    let found = repository(&hub, OWNER, by_tag).await;
    assert_eq!(found["release"], json!({ "databaseId": published["id"], "isDraft": false }));
    let rest = hub.get("/repos/acme/floe/releases/tags/v1.0.0", "").await.json();
    let same = repository(&hub, GUEST, "r: latestRelease { id url createdAt } owner { login }").await;
    let expected = json!({ "id": rest["node_id"], "url": rest["html_url"], "createdAt": rest["created_at"] });
    assert_eq!(same, json!({ "r": expected, "owner": { "login": "acme" } }));
    hub.github.edit(&hub.repo, |stored| stored.archived = true).unwrap();
    assert_eq!(repository(&hub, OWNER, "isArchived").await, json!({ "isArchived": true }));
}

#[tokio::test]
async fn connections_have_pages() {
    let hub = Hub::new().await;
    for name in ["v1.0.0", "v1.1.0", "v1.0.1"] {
        hub.made(json!({ "tag_name": name })).await;
    }
    let mut seen = Vec::new();
    let mut after = Value::Null;
    loop {
        let text = "query Q($after: String, $direction: OrderDirection) {
            repository(owner: \"acme\", name: \"floe\") {
                releases(first: 2, after: $after, orderBy: {field: CREATED_AT, direction: $direction}) {
                    totalCount nodes { tagName } edges { node { isLatest } } pageInfo { hasNextPage endCursor }
                }
            }
        }";
        let answer = query(&hub, OWNER, text, json!({ "after": after, "direction": "ASC" })).await;
        let page = &answer["data"]["repository"]["releases"];
        assert_eq!(page["totalCount"], 3);
        seen.extend(super::each(&page["nodes"], "tagName").into_iter().map(str::to_owned));
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["edges"], json!([{ "node": { "isLatest": true } }]));
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, ["v1.0.0", "v1.1.0", "v1.0.1"]);
    let newest = repository(&hub, GUEST, "releases(first: 1) { nodes { tagName } } watchers { totalCount }");
    let expected =
        json!({ "releases": { "nodes": [{ "tagName": "v1.0.1" }] }, "watchers": { "totalCount": 0 } });
    assert_eq!(newest.await, expected);
}

#[tokio::test]
async fn a_ref_is_found_by_each_of_its_names() {
    let hub = Hub::new().await;
    for (name, shown) in [
        ("refs/tags/v1.1.0", "v1.1.0"),
        ("tags/v1.1.0", "v1.1.0"),
        ("v1.1.0", "v1.1.0"),
        ("tools/v1.0.0", "tools/v1.0.0"),
        ("refs/heads/main", "main"),
    ] {
        let found = repository(&hub, OWNER, &format!("ref(qualifiedName: \"{name}\") {{ name }}")).await;
        assert_eq!(found["ref"]["name"], shown, "{name}");
    }
    for wrong in ["refs/tags/v9", "1.1.0", "refs/heads/v1.1.0"] {
        let found = repository(&hub, OWNER, &format!("ref(qualifiedName: \"{wrong}\") {{ name }}")).await;
        assert_eq!(found, json!({ "ref": null }), "{wrong}");
    }
}

#[tokio::test]
async fn a_fork_names_its_parent() {
    let hub = Hub::new().await;
    hub.github.add_repo(&"acme/fork".parse().unwrap(), "main", Some(&hub.repo)).unwrap();
    let fields = "isFork parent { id name owner { login } }";
    let of = async |name: &str| {
        let text = format!("{{ repository(owner: \"acme\", name: \"{name}\") {{ id {fields} }} }}");
        query(&hub, GUEST, &text, json!({})).await["data"]["repository"].clone()
    };
    let (fork, parent) = (of("fork").await, of("floe").await);
    assert_eq!((&parent["isFork"], &parent["parent"]), (&json!(false), &Value::Null));
    let expected = json!({ "id": parent["id"], "name": "floe", "owner": { "login": "acme" } });
    assert_eq!((&fork["isFork"], &fork["parent"]), (&json!(true), &expected));
}

#[tokio::test]
async fn a_missing_object_is_an_error_with_its_name() {
    let hub = Hub::new().await;
    let error = async |text: &str| {
        let answer = query(&hub, OWNER, text, json!({})).await;
        (answer["data"].clone(), answer["errors"][0]["message"].as_str().unwrap().to_owned())
    };
    let (data, message) = error("{ repository(owner: \"acme\", name: \"x\") { id } }").await;
    assert_eq!(data, json!({ "repository": null }));
    assert_eq!(message, "Could not resolve to a Repository with the name 'acme/x'.");
    let inside = |fields: &str| format!("{{ repository(owner: \"acme\", name: \"floe\") {{ {fields} }} }}");
    for (text, expected) in [
        (inside("owner { salary }"), "Field 'salary' doesn't exist on type 'User'"),
        (inside("releases { nodes { id } } x"), "Field 'x' doesn't exist on type 'Repository'"),
        ("{ search }".to_owned(), "Field 'search' doesn't exist on type 'Query'"),
        (inside("owner"), "Field must have selections (field 'owner')"),
        (inside("name { x }"), "Selections can't be made on scalars (field 'name')"),
        (
            inside("releases(first: 101) { nodes { id } }"),
            "a page is the `first` nodes, 100 at most, `after` a cursor",
        ),
        (
            inside("releases(last: 1) { nodes { id } }"),
            "a page is the `first` nodes, 100 at most, `after` a cursor",
        ),
        ("mutation { x }".to_owned(), "expected `query`, found `mutation`"),
    ] {
        let (data, message) = error(&text).await;
        assert_eq!((data, message.as_str()), (Value::Null, expected), "{text}");
    }
    let anonymous =
        hub.request(Method::POST, "/graphql", "").json(&json!({ "query": "{ viewer { login } }" }));
    assert_eq!(hub.send(anonymous).await.status, 401);
}

#[tokio::test]
async fn a_type_lists_its_fields() {
    let hub = Hub::new().await;
    let text =
        "query { R: __type(name: \"Release\") { fields { name } } N: __type(name: \"Nothing\") { name }
        viewer { login } __typename }";
    let answer = query(&hub, OWNER, text, json!({})).await;
    let names = super::each(&answer["data"]["R"]["fields"], "name");
    assert!(
        names.contains(&"immutable") && names.contains(&"tagName") && !names.contains(&"__typename"),
        "{names:?}"
    );
    assert_eq!((&answer["data"]["N"], &answer["data"]["__typename"]), (&Value::Null, &json!("Query")));
    assert_eq!(answer["data"]["viewer"]["login"], format!("{OWNER}-login"));
}
