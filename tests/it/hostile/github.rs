//! A hostile GitHub and `floe verify --release`: endless answers and lists, names that lead out of a folder, addresses
//! that lead elsewhere.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::server::{Answer, Server};
use super::{Ended, Work};

const REPOSITORY: &str = "GET /repos/acme/tool";
const TIME: &str = "2026-01-02T03:04:05Z";

fn json(value: &Value) -> Answer {
    Answer::Whole(200, "content-type: application/json\r\n".to_owned(), value.to_string())
}

/// A release with these assets; `other` answers first.
fn github(
    assets: impl Fn(&str) -> Value + Send + Sync + 'static,
    other: impl Fn(&str, &str) -> Option<Answer> + Send + Sync + 'static,
) -> Server {
    Server::new(move |request, url| match request {
        _ if let Some(answer) = other(request, url) => answer,
        REPOSITORY => json(&json!({ "private": false })),
        "GET /repos/acme/tool/releases/tags/v1%2E4%2E0" => json(&json!({
            "id": 1, "node_id": "R", "tag_name": "v1.4.0", "target_commitish": "main", "draft": false,
            "prerelease": false, "url": url, "html_url": url, "upload_url": url, "assets_url": url, "assets": [],
        })),
        "GET /repos/acme/tool/releases/1/assets?per_page=100" => json(&assets(url)),
        _ => Answer::Whole(404, String::new(), "{}".to_owned()),
    })
}

fn asset(name: &str, size: i64, url: &str) -> Value {
    json!({
        "id": 7, "node_id": "A", "name": name, "size": size, "state": "uploaded", "content_type": "text/plain",
        "download_count": 0, "created_at": TIME, "updated_at": TIME, "url": "https://x.org",
        "browser_download_url": url,
    })
}

fn verify(server: &Server) -> Ended {
    let arguments = ["verify", "--release", "v1.4.0", "--repo", "acme/tool", "--api-url", &server.url];
    Work::new().run(
        &[&arguments[..], &["--registry-url", &server.url, "--first-wait", "1", "--tries", "2"]].concat(),
    )
}

/// A server that gives this answer to every request.
fn always(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Ended {
    verify(&Server::new(move |_, _| answer()))
}

#[test]
fn endless_answers_are_refused() {
    always(|| Answer::Endless(500, String::new(), "{\"message\":")).with(1, "GitHub answered 500");
    always(|| Answer::Endless(422, String::new(), "x")).with(1, "GitHub answered 422");
    always(|| Answer::Endless(200, String::new(), "[")).with(1, "GitHub's answer is larger than 64.0 MiB");
    let huge = "content-length: 999999999999\r\n".to_owned();
    always(move || Answer::Endless(200, huge.clone(), "0,"))
        .with(1, "GitHub's answer is larger than 64.0 MiB");
}

#[test]
fn messages_of_the_server_are_escaped() {
    let said =
        json!({ "message": "\u{1b}]0;x\u{7}no\n::add-mask::x\nhint: run `curl evil`\u{202e}" }).to_string();
    let ended = always(move || Answer::Whole(422, String::new(), said.clone()));
    ended.with(1, r"\u{1b}]0;x\u{7}no\n::add-mask::x\nhint: run `curl evil`\u{202e}");
    let long = json!({ "message": "y".repeat(100_000) }).to_string();
    let ended = always(move || Answer::Whole(422, String::new(), long.clone()));
    assert!(ended.stderr.len() < 2000, "{} bytes", ended.stderr.len());
    for odd in [
        "[".repeat(100_000),
        "{\"private\":1e999}".to_owned(),
        "{\"private\":true,\"private\":false}".to_owned(),
    ] {
        always(move || Answer::Whole(200, String::new(), odd.clone())).with(1, "cannot be parsed");
    }
}

#[test]
fn an_answer_that_names_no_commit_is_refused() {
    let plan = |status: u16, text: String| {
        let answer = move |request: &str, _: &str| {
            let asked = request == "GET /repos/acme/tool/commits/refs/tags/v1%2E4%2E0";
            asked.then(|| Answer::Whole(status, String::new(), text.clone()))
        };
        let (server, work) = (github(|_| json!([]), answer), Work::dist());
        let servers = ["--api-url", &server.url, "--registry-url", &server.url, "--tries", "1"];
        let dist = ["plan", "dist", "--target", "x86_64-musl", "--repo", "acme/tool"];
        work.run(&[&dist[..], &servers].concat())
    };
    let commit = "3f9ac21".repeat(6);
    for text in [
        "",
        "v1.4.0",
        &commit[..39],
        &format!("{commit}0\n{commit}0"),
        "{\"sha\":\"x\"}",
        &"a".repeat(100_000),
    ] {
        let ended = plan(200, text.to_owned());
        ended.with(1, "GitHub's answer for the tag is not the name of a commit");
        assert!(ended.stderr.len() < 2000, "{} bytes", ended.stderr.len());
    }
    // The tag is absent by these words alone.
    for (status, words, seen) in [
        (422, "No commit found for SHA: refs/tags/v1.4.0", "`git push origin v1.4.0`"),
        (409, "Git Repository is empty.", "`git push origin v1.4.0`"),
        (422, "Validation Failed", "GitHub answered 422 Unprocessable Entity: Validation Failed"),
        (409, "The repository is being moved", "GitHub answered 409 Conflict: The repository is being moved"),
    ] {
        plan(status, json!({ "message": words }).to_string()).with(1, seen);
    }
}

#[test]
fn a_token_with_a_line_break_is_refused_and_not_shown() {
    let work = Work::dist();
    let arguments =
        ["plan", "dist", "--target", "x86_64-musl", "--repo", "acme/tool", "--api-url", "http://127.0.0.1:9"];
    for token in ["se-cret\nx", "se-cret\u{1}x"] {
        let ended = super::run_with(work.0.path(), &arguments, &[("GITHUB_TOKEN", token)]);
        ended.with(1, "`FLOE_CHANNEL_TOKEN` contains a line break");
        assert!(!ended.stderr.contains("se-cret"), "{}", ended.stderr);
    }
}

#[test]
fn a_list_has_a_last_page_and_stays_on_its_server() {
    let count = AtomicUsize::new(0);
    let endless = move |request: &str, url: &str| {
        request.contains("/assets?").then(|| {
            let page = count.fetch_add(1, Ordering::Relaxed);
            let next = format!("{url}/repos/acme/tool/releases/1/assets?per_page=100&page={page}");
            Answer::Whole(200, format!("link: <{next}>; rel=\"next\"\r\n"), "[]".to_owned())
        })
    };
    verify(&github(|_| json!([]), endless))
        .with(1, "GitHub's list of the assets does not end after 1001 pages");
    for next in ["https://evil.example/x", "http://127.0.0.1:1/x", "file:///etc/passwd", "//evil.example/x"] {
        let elsewhere = move |request: &str, _: &str| {
            let link = format!("link: <{next}>; rel=\"next\"\r\n");
            request.contains("/assets?").then(|| Answer::Whole(200, link, "[]".to_owned()))
        };
        verify(&github(|_| json!([]), elsewhere)).with(1, "GitHub sent");
    }
}

#[test]
fn assets_that_cannot_be_files_of_one_folder_are_refused() {
    let two = |one: Value, other: Value| verify(&github(move |_| json!([one, other]), |_, _| None));
    let named = |name: &str| asset(name, 5, "http://127.0.0.1:1/");
    for name in ["../../evil", "/etc/passwd", "a\\b", "NUL", "con.tar.gz", ".bashrc", "", "a\u{1b}[2J"] {
        two(named("a"), named(name)).with(1, "is not the name of an asset");
    }
    for (one, other) in [("a", "a"), ("README", "readme")] {
        two(named(one), named(other)).with(1, "twice, or two names that differ only in case");
    }
    let here = "http://127.0.0.1:1/";
    two(asset("a", i64::MAX, here), asset("b", i64::MAX, here)).with(1, "bytes; it accepts files below");
    two(asset("a", -1, here), asset("b", 1, here)).with(1, "GitHub reports that `a` has -1 bytes");
    two(asset("a", 1, here), json!({ "id": -1 })).with(1, "cannot be parsed");
    let many = (0..1001).map(|number| named(&format!("a{number}"))).collect::<Vec<_>>();
    verify(&github(move |_| json!(many), |_, _| None)).with(1, "the release has 1001 assets");
}

#[test]
fn a_download_has_the_listed_size_and_an_allowed_address() {
    for url in ["file:///etc/passwd", "http://10.0.0.1/x", "ftp://x.org/x", "data:,x"] {
        let ended = verify(&github(move |_| json!([asset("SHA256SUMS", 5, url)]), |_, _| None));
        ended.with(1, "which would be reached without TLS");
    }
    for (url, words) in [
        ("https://user:secret@x.org/x", "which contains a user or a password"),
        ("https://169.254.169.254/x", "which is no server's address"),
        ("https://[::ffff:10.0.0.1]/x", "which is no server's address"),
    ] {
        let ended = verify(&github(move |_| json!([asset("SHA256SUMS", 5, url)]), |_, _| None));
        ended.with(1, words);
        assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    }
    verify(&github(|_| json!([asset("SHA256SUMS", 5, "nowhere")]), |_, _| None)).with(1, "cannot be parsed");
    let download = |answer: fn() -> Answer| {
        let here = |url: &str| json!([asset("SHA256SUMS", 5, &format!("{url}/file"))]);
        verify(&github(here, move |request, _| (request == "GET /file").then(answer)))
    };
    let endless = || Answer::Endless(200, String::new(), "too much");
    download(endless).with(1, "the server sends more than the 5 bytes that GitHub lists");
    let lying = || Answer::Endless(200, "content-length: 5000000000\r\n".to_owned(), "too much");
    download(lying).with(1, "the server sends more than the 5 bytes that GitHub lists");
    let elsewhere = || Answer::Whole(302, "location: http://10.0.0.1/x\r\n".to_owned(), String::new());
    download(elsewhere).with(1, "failed to download `SHA256SUMS`");
    let file = || Answer::Whole(302, "location: file:///etc/passwd\r\n".to_owned(), String::new());
    download(file).with(1, "failed to download `SHA256SUMS`");
    let circle = || Answer::Whole(302, "location: /file\r\n".to_owned(), String::new());
    download(circle).with(1, "failed to download `SHA256SUMS`");
}
