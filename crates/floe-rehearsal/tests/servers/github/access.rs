//! Authentication, rights, limits and error messages.

use http::Method;
use serde_json::json;

use super::{GUEST, Hub, OWNER};

#[tokio::test]
async fn an_error_names_the_missing_permission() {
    let hub = Hub::new().await;
    let repo = "/repos/acme/floe";
    let wrong = hub.get(repo, "not-a-token").await;
    let expected = json!({ "message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401" });
    assert_eq!((wrong.status, wrong.json()), (401, expected));
    let create = |token: &str, repo: &str| {
        let request = hub.request(Method::POST, &format!("/repos/{repo}/releases"), token);
        hub.send(request.json(&json!({ "tag_name": "v1.0.0" })))
    };
    let forbidden = create(GUEST, "acme/floe").await;
    assert_eq!(
        (forbidden.status, forbidden.header("x-accepted-github-permissions")),
        (403, "contents=write")
    );
    assert_eq!(forbidden.json()["message"], "Resource not accessible by integration");
    assert_eq!(create("", "acme/floe").await.status, 401);
    assert_eq!(create("", "acme/secret").await.status, 404);
    assert_eq!(create(OWNER, "acme/other").await.status, 404);
    assert_eq!(create(OWNER, "ACME/Secret").await.status, 201);
    assert_eq!(hub.get("/repos/acme/secret/releases/tags/v1.0.0", "").await.json()["message"], "Not Found");
    assert_eq!(hub.get("/acme/secret/releases/tag/v1.0.0", "").await.status, 404);
    assert_eq!(hub.get("/nowhere/at/all", "").await.json()["status"], "404");
    assert_eq!(hub.delete("/user").await.status, 404);
    assert!(hub.github.releases(&hub.repo).is_empty());
}

#[tokio::test]
async fn an_account_is_shown_its_login_and_rights() {
    let hub = Hub::new().await;
    let answer = hub.get("/repos/acme/floe", OWNER).await;
    let repo = answer.json();
    assert_eq!(
        (&repo["full_name"], &repo["private"], &repo["default_branch"]),
        (&json!("acme/floe"), &json!(false), &json!("main"))
    );
    assert_eq!((&repo["permissions"]["push"], &repo["permissions"]["admin"]), (&json!(true), &json!(true)));
    assert_eq!(repo["html_url"], format!("{}/acme/floe", hub.server.url()));
    assert_eq!(answer.header("github-authentication-token-expiration"), "2031-01-02 03:04:05 UTC");
    let guest = hub.get("/repos/acme/secret", GUEST).await;
    assert_eq!(
        (&guest.json()["private"], &guest.json()["permissions"]["push"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(guest.header("github-authentication-token-expiration"), "");
    assert_eq!(hub.get("/repos/acme/floe", "").await.json()["permissions"], json!(null));
    let old_style = hub.request(Method::GET, "/user", "").header("authorization", format!("token {OWNER}"));
    assert_eq!(hub.send(old_style).await.json()["login"], format!("{OWNER}-login"));
    assert_eq!(hub.get("/user", "").await.status, 401);
    let version = hub.request(Method::GET, "/user", OWNER).header("x-github-api-version", "2026-03-10");
    assert_eq!(hub.send(version).await.header("x-github-api-version-selected"), "2026-03-10");
    assert_eq!(answer.header("x-github-api-version-selected"), "2022-11-28");
    let anonymous_client = crate::client().get(format!("{}/user", hub.server.url()));
    assert_eq!(hub.send(anonymous_client).await.status, 403);
}

#[tokio::test]
async fn the_requests_of_an_hour_are_limited() {
    let hub = Hub::with(|options| options.rate_limit = 2).await;
    let header = |answer: &super::Answer| answer.header("x-ratelimit-remaining").to_owned();
    assert_eq!(header(&hub.get("/user", OWNER).await), "1");
    assert_eq!(header(&hub.get("/rate_limit", OWNER).await), "1");
    assert_eq!(header(&hub.get("/user", OWNER).await), "0");
    let over = hub.get("/user", OWNER).await;
    assert_eq!((over.status, header(&over).as_str()), (403, "0"));
    assert!(over.json()["message"].as_str().unwrap().starts_with("API rate limit exceeded"));
    assert!(over.header("x-ratelimit-reset").parse::<u64>().unwrap() > 1_700_000_000);
    let rate = hub.get("/rate_limit", OWNER).await.json();
    assert_eq!((&rate["rate"]["used"], &rate["resources"]["core"]["limit"]), (&json!(2), &json!(2)));
    assert_eq!(hub.get("/user", GUEST).await.status, 200);
}

#[tokio::test]
async fn a_malformed_release_is_refused_with_the_name_of_the_property() {
    let hub = Hub::new().await;
    let message = async |json| {
        let answer = hub.post("/repos/acme/floe/releases", json).await;
        (answer.status, answer.json()["message"].as_str().unwrap().to_owned())
    };
    let invalid = |detail: &str| (422, format!("Invalid request.\n\n{detail}"));
    assert_eq!(message(json!({ "name": "x" })).await, invalid("\"tag_name\" wasn't supplied."));
    assert_eq!(
        message(json!({ "tag_name": "v1.0.0", "make_latest": true })).await,
        invalid("For 'properties/make_latest', true is not a string.")
    );
    assert_eq!(
        message(json!({ "tag_name": "v1.0.0", "draft": "yes" })).await,
        invalid("For 'properties/draft', \"yes\" is not a boolean.")
    );
    assert_eq!(message(json!([])).await, (400, "Body should be a JSON object".to_owned()));
    let request = hub.request(Method::POST, "/repos/acme/floe/releases", OWNER).body("{");
    assert_eq!(hub.send(request).await.json()["message"], "Problems parsing JSON");

    let errors = async |json| hub.post("/repos/acme/floe/releases", json).await.json()["errors"].clone();
    let long = json!({ "tag_name": "v1.0.0", "body": "é".repeat(125_001), "draft": true });
    let too_long = json!([{ "resource": "Release", "code": "custom", "field": "body",
        "message": "body is too long (maximum is 125000 characters)" }]);
    assert_eq!(errors(long).await, too_long);
    for name in ["", "a b", "a..b", "/a", "a.lock", "a~1", "-a"] {
        assert_eq!(
            errors(json!({ "tag_name": name })).await[1]["message"],
            "tag_name is not well-formed",
            "{name}"
        );
    }
    hub.made(json!({ "tag_name": "v1.0.0", "body": "é".repeat(125_000) })).await;
}

#[tokio::test]
async fn a_response_that_the_client_has_is_not_sent_or_counted_again() {
    let hub = Hub::new().await;
    let path = "/repos/acme/floe/releases";
    hub.made(json!({ "tag_name": "v1.0.0" })).await;
    let first = hub.get(path, OWNER).await;
    let used = |answer: &super::Answer| answer.header("x-ratelimit-used").parse::<u64>().unwrap();
    let etag = first.header("etag").to_owned();
    let ask = |token: &str, known: &str| {
        hub.send(hub.request(Method::GET, path, token).header("if-none-match", known))
    };
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let again = ask(OWNER, &known).await;
        assert_eq!(
            (again.status, again.bytes.len(), again.header("etag")),
            (304, 0, etag.as_str()),
            "{known}"
        );
        assert_eq!(used(&again), used(&first), "{known}");
    }
    let other = ask(OWNER, "\"other\"").await;
    assert_eq!((other.status, used(&other)), (200, used(&first) + 1));
    // Those of an anonymous client are counted.
    let before = used(&hub.get(path, "").await);
    let anonymous = ask("", &etag).await;
    assert_eq!((anonymous.status, used(&anonymous)), (304, before + 1));
    hub.made(json!({ "tag_name": "v1.1.0" })).await;
    assert_eq!(ask(OWNER, &etag).await.status, 200);
    // An error has no tag.
    assert_eq!(hub.get("/repos/acme/nothing", OWNER).await.header("etag"), "");
}

#[tokio::test]
async fn an_app_has_no_user() {
    let hub = Hub::with(|options| options.tokens[1].token = "ghs_app".to_owned()).await;
    assert_eq!(hub.get("/user", "ghs_app").await.status, 403);
    let user = hub.get("/user", OWNER).await.json();
    assert_eq!((&user["user_view_type"], &user["public_repos"]), (&json!("public"), &json!(0)));
}
