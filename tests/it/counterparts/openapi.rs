//! GitHub's OpenAPI description judges every answer of the embedded GitHub.
//!
//! `FLOE_TOOLS` is a folder with `api.github.com.json` of the npm package `@octokit/openapi` and Python's `jsonschema`;
//! `.ci/run` fills it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use floe_core::model::Target;
use serde_json::{Value, json};

use super::gh::Gh;
use crate::support::peers::{self, peer};
use crate::support::scenario::{COMMIT, READER, Scenario, TOKEN, make_dist};

type Records = Arc<Mutex<Vec<Value>>>;

/// Records an answer of the API.
async fn record(State(records): State<Records>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let is_rest = ["/repos/", "/uploads/", "/user", "/users/", "/orgs/", "/rate_limit"];
    if !is_rest.iter().any(|start| path.starts_with(start)) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let kind = parts.headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    records.lock().unwrap().push(json!({
        "method": method, "path": path.strip_prefix("/uploads").unwrap_or(&path),
        "status": parts.status.as_u16(), "type": kind, "body": text,
    }));
    Response::from_parts(parts, Body::from(bytes))
}

/// The Python interpreter and the tools; `None` where they are not installed.
fn judge() -> Option<(PathBuf, PathBuf)> {
    Some((peer("python3")?, peers::tools()?))
}

/// The lines of the judge about these records.
fn judged((python, tools): &(PathBuf, PathBuf), home: &Path, records: &[Value]) -> Vec<String> {
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    std::fs::write(home.join("records.jsonl"), lines).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/counterparts/openapi.py");
    let mut command = peers::command(python, home);
    command.arg(script).arg(tools.join("api.github.com.json")).arg("records.jsonl");
    let output = command.env("PYTHONPATH", tools).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Sends a GET to every route, and to some that do not exist.
fn read_everything(gh: &Gh, token: &str) {
    let digest = format!("sha256:{}", "0".repeat(64));
    let repo = |rest: &str| format!("repos/acme/tool{rest}");
    let release = gh.json(&["api", &repo("/releases/latest")]);
    let asset = release["assets"][0]["id"].to_string();
    let release = release["id"].to_string();
    let tag = gh.json(&["api", &repo("/git/ref/tags/v1.4.0")])["object"]["sha"].as_str().unwrap().to_owned();
    for path in [
        "user".to_owned(),
        "rate_limit".to_owned(),
        format!("users/acme/attestations/{digest}"),
        format!("orgs/acme/attestations/{digest}"),
        "repos/acme/nothing".to_owned(),
        repo(""),
        repo("/immutable-releases"),
        repo(&format!("/attestations/{digest}")),
        repo("/tags"),
        repo("/git/ref/tags/v9"),
        repo("/git/matching-refs/tags/v1"),
        repo(&format!("/git/tags/{tag}")),
        repo(&format!("/git/tags/{COMMIT}")),
        repo(&format!("/git/commits/{COMMIT}")),
        repo("/git/commits/main"),
        repo("/commits"),
        repo("/commits?sha=v9"),
        repo("/commits/v1.4.0"),
        repo("/commits/v9"),
        repo("/compare/v1.4.0...main"),
        repo("/compare/v1.4.0...v9"),
        repo("/readme"),
        repo("/readme?ref=v9"),
        repo("/contents/"),
        repo("/contents/README.md"),
        repo("/contents/nothing"),
        repo("/tarball/v1.4.0"),
        repo("/zipball/v1.4.0"),
        repo("/releases"),
        repo("/releases/tags/v1.4.0"),
        repo("/releases/tags/v9"),
        repo(&format!("/releases/{release}")),
        repo(&format!("/releases/{release}/assets")),
        repo(&format!("/releases/assets/{asset}")),
        repo("/releases/assets/1"),
    ] {
        let header = format!("Authorization: {token}");
        // Half of them are errors, whose bodies are judged too.
        let _ = gh.try_run(&["api", "-H", &header, &path]);
    }
}

#[test]
fn every_response_matches_githubs_openapi_description() {
    let Some(judge) = judge() else { return };
    let Some(program) = peer("gh") else { return };
    let records = Records::default();
    let layer = from_fn_with_state(records.clone(), record);
    let scenario = Scenario::behind("1.4.0", |router| router.layer(layer));
    make_dist(&scenario.dist(), "1.4.0", &Target::defaults().collect::<Vec<_>>());
    scenario.github.options().immutable = true;
    scenario.run(["plan"]).exit(0);
    scenario.run(["publish"]).exit(0);
    scenario.run(["publish"]).exit(0);
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    let gh = Gh::new(program, &scenario.github_url(), TOKEN);
    let late = ["api", "-X", "PATCH", "repos/acme/tool/releases/latest", "-f", "body=x"];
    gh.try_run(&late).unwrap_err();
    gh.tour();
    for token in [TOKEN, READER, "wrong"] {
        read_everything(&gh, &format!("token {token}"));
    }
    let repo = |rest: &str| format!("repos/acme/tool{rest}");
    for (path, fields) in [
        (repo("/releases"), vec!["name=x"]),
        (repo("/releases"), vec!["tag_name=a b"]),
        (repo("/releases"), vec!["tag_name=v1.4.0"]),
        (repo("/releases"), vec!["tag_name=v5", "target_commitish=nothing"]),
        (repo("/releases"), vec!["tag_name=v5", "make_latest=perhaps"]),
        (repo("/releases/generate-notes"), vec!["tag_name=v1.4.0"]),
        (repo("/releases/generate-notes"), vec!["name=x"]),
    ] {
        let fields = fields.iter().flat_map(|field| ["-f", field]);
        let arguments: Vec<&str> = ["api", &path].into_iter().chain(fields).collect();
        let _ = gh.try_run(&arguments);
    }

    let records = records.lock().unwrap().clone();
    let lines = judged(&judge, gh.home.path(), &records);
    let routes: usize = lines.last().unwrap().split_whitespace().nth(3).unwrap().parse().unwrap();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(records.len() > 150 && routes >= 30, "{lines:?}");

    // The judge sees what is missing and what has another form.
    let index = |path: &str| {
        let is_it = |record: &&Value| record["path"] == path && record["status"] == 200;
        records.iter().find(is_it).unwrap().clone()
    };
    for (path, change, expected) in [
        ("/repos/acme/tool", ("clone_url", None), "'clone_url' is a required property"),
        (
            "/repos/acme/tool/releases/latest",
            ("created_at", Some(json!("yesterday"))),
            "is not a 'date-time'",
        ),
        ("/repos/acme/tool/releases/latest", ("id", Some(json!("1"))), "'1' is not of type 'integer'"),
        ("/user", ("login", None), "is not valid under any of the given schemas"),
    ] {
        let mut record = index(path);
        let mut body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
        match change {
            (field, None) => drop(body.as_object_mut().unwrap().remove(field)),
            (field, Some(value)) => body[field] = value,
        }
        record["body"] = body.to_string().into();
        let lines = judged(&judge, gh.home.path(), &[record]);
        assert!(lines[0].contains(expected), "{lines:?}");
    }
}
