//! A hostile registry: challenges and redirects that lead elsewhere, endless answers, blobs that are too large.

use floe_rehearsal::interceptor::{Fault, What};

use super::server::{Answer, Server};
use super::{Ended, Work};
use crate::support::scenario::{Scenario, TOKEN};

/// `floe plan` with credentials for a registry that gives these answers.
fn plan(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> (Ended, Server) {
    let server = Server::new(move |request, url| match request.contains("/repos/") {
        true if request.contains("/releases?") => Answer::Whole(200, String::new(), "[]".to_owned()),
        true if request.ends_with("/repos/acme/tool") => {
            Answer::Whole(200, String::new(), r#"{"private":false}"#.to_owned())
        }
        true => Answer::Whole(404, String::new(), "{}".to_owned()),
        false => answer(request, url),
    });
    let work = Work::dist();
    let arguments =
        ["plan", "dist", "--target", "x86_64-musl", "--repo", "acme/tool", "--api-url", &server.url];
    let more = ["--registry-url", &server.url, "--first-wait", "1", "--tries", "2", "--tag", "v1.4.0"];
    let secrets = [("FLOE_REGISTRY_USER", "tester"), ("FLOE_REGISTRY_TOKEN", "the-secret")];
    (super::run_with(work.0.path(), &[&arguments[..], &more].concat(), &secrets), server)
}

/// A challenge that names this token service.
fn challenge(realm: &str) -> Answer {
    Answer::Whole(401, format!("www-authenticate: Bearer realm=\"{realm}\",service=\"x\"\r\n"), String::new())
}

#[test]
fn credentials_are_not_sent_to_a_token_service_of_another_site() {
    for (realm, words) in [
        ("http://10.0.0.1/token", "would be reached without TLS"),
        ("https://evil.example/token", "sends the token to another site, `evil.example`"),
        ("https://user:secret@evil.example/token", "contains a user or a password"),
        ("file:///etc/passwd", "would be reached without TLS"),
        ("nowhere", "is not a URL"),
        ("https://169.254.169.254/token", "is no server's address"),
    ] {
        let (ended, _) = plan(move |_, _| challenge(realm));
        ended.with(1, words);
    }
}

#[test]
fn tokens_that_fit_no_header_and_endless_answers_are_refused() {
    let (ended, _) = plan(|_, _| Answer::Whole(403, String::new(), String::new()));
    ended.with(1, "the registry answered 403");
    for (token, words) in [
        (r#"{"token":"a\nb"}"#, "contains a token that no HTTP header can hold"),
        (r#"{"token":""}"#, "contains a token that no HTTP header can hold"),
        (r#"{"token":5}"#, "holds no token"),
        ("[", "cannot be parsed"),
    ] {
        let answer = move |request: &str, url: &str| match request.contains("/token") {
            true => Answer::Whole(200, String::new(), token.to_owned()),
            false => challenge(&format!("{url}/token")),
        };
        plan(answer).0.with(1, words);
    }
    let endless = |status: u16| {
        move |request: &str, url: &str| match request.contains("/token") {
            true => Answer::Endless(status, String::new(), "{\"token\":"),
            false => challenge(&format!("{url}/token")),
        }
    };
    plan(endless(200)).0.with(1, "the registry's answer is larger than 4.0 MiB");
    plan(endless(403)).0.with(1, "the registry answered 403");
}

#[test]
fn an_upload_on_another_server_is_sent_without_the_token() {
    let other = Server::new(|_, _| Answer::Whole(201, String::new(), String::new()));
    let session = |location: &str| What::Answer {
        status: 202,
        headers: vec![("location".to_owned(), location.to_owned())],
        body: String::new(),
    };
    let begin = |location: &str| {
        let scenario = Scenario::new("1.4.0");
        scenario.disturb_registry(Fault::route("POST", "/blobs/uploads/", 0, 100, session(location)))
    };
    let outcome = begin(&format!("{}/upload?signed=1", other.url)).run(["publish"]);
    assert!(other.saw("put /upload?signed=1"), "{}", outcome.stderr);
    assert!(!other.saw("authorization") && !other.saw(TOKEN), "the token went to another server");
    for location in ["http://10.0.0.1/upload?signed=1", "file:///upload?signed=1"] {
        let outcome = begin(location).run(["publish"]).exit(1).says("which would be reached without TLS");
        assert!(!outcome.stderr.contains("signed=1"), "{}", outcome.stderr);
    }
}

#[test]
fn a_blob_or_manifest_that_is_too_large_is_refused() {
    let published = || {
        let scenario = Scenario::new("1.4.0");
        scenario.run(["publish"]).exit(0);
        scenario.token(None)
    };
    let answer = |body: String| What::Answer { status: 200, headers: Vec::new(), body };
    let verify = ["verify", "--release", "v1.4.0"];
    let scenario =
        published().disturb_registry(Fault::route("GET", "/blobs/", 1, 1, answer("x".repeat(1 << 20))));
    scenario.run(verify).exit(3).says("bytes that its manifest says");
    let scenario =
        published().disturb_registry(Fault::route("GET", "/manifests/", 1, 1, answer(" ".repeat(5 << 20))));
    scenario.run(verify).exit(1).says("the registry's answer is larger than 4.0 MiB");
}

#[test]
fn a_blob_on_another_server_is_pulled_without_the_token() {
    let other = Server::new(|_, _| Answer::Whole(200, String::new(), "x".to_owned()));
    let redirected = |location: &str| {
        let scenario = Scenario::new("1.4.0");
        scenario.run(["publish"]).exit(0);
        let headers = vec![("location".to_owned(), location.to_owned())];
        let redirect = What::Answer { status: 307, headers, body: String::new() };
        scenario.token(None).disturb_registry(Fault::route("GET", "/blobs/", 0, 100, redirect))
    };
    let verify = ["verify", "--release", "v1.4.0"];
    redirected(&format!("{}/blob?signed=1", other.url)).run(verify).exit(3).says("in the registry");
    assert!(
        other.saw("get /blob?signed=1") && !other.saw("authorization"),
        "the token went to another server"
    );
    redirected("http://10.0.0.1/blob").run(verify).exit(1).says("redirected to an address that is not used");
}

#[test]
fn a_token_that_expires_while_blobs_are_pulled_is_renewed() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let challenge = format!("Bearer realm=\"{}/token\",service=\"x\"", scenario.registry_url());
    let headers = vec![("www-authenticate".to_owned(), challenge)];
    let expired = What::Answer { status: 401, headers, body: String::new() };
    let scenario = scenario.token(None).disturb_registry(Fault::route("GET", "/blobs/", 1, 1, expired));
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
}

#[test]
fn an_endless_answer_of_a_token_service_ends_an_anonymous_pull() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let mut scenario = scenario.token(None);
    for (status, words) in [
        (200, "the registry's answer is larger than 4.0 MiB"),
        (403, "the registry does not allow anonymous pulls"),
    ] {
        let server = Server::new(move |request, url| match request.contains("/token") {
            true => Answer::Endless(status, String::new(), "{\"token\":"),
            false => challenge(&format!("{url}/token")),
        });
        scenario = scenario.registry_at(&server.url);
        scenario.run(["verify", "--release", "v1.4.0"]).exit(1).says(words);
    }
}
