//! A GitHub without digests of its assets, as Enterprise Servers before June 2025.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use floe_core::model::Target;
use http::header;
use serde_json::Value;

use crate::support::scenario::{Scenario, make_dist};

fn remove_digests(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(remove_digests),
        Value::Object(fields) => {
            fields.entry("digest").and_modify(|digest| *digest = Value::Null);
            fields.values_mut().for_each(remove_digests);
        }
        _ => {}
    }
}

async fn without_digests(request: Request, next: Next) -> Response {
    let (mut head, body) = next.run(request).await.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| !kind.as_bytes().starts_with(b"application/json")) {
        return Response::from_parts(head, body);
    }
    let mut json = serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap();
    remove_digests(&mut json);
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(json.to_string()))
}

fn scenario() -> Scenario {
    let scenario = Scenario::behind("1.4.0", |router| router.layer(from_fn(without_digests)));
    make_dist(&scenario.dist(), "1.4.0", &Target::defaults().collect::<Vec<_>>());
    scenario
}

/// Replaces an asset by bytes of the same size.
fn replace(scenario: &Scenario, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
    let (github, repo) = (&scenario.github, scenario.repo());
    let [release] = &github.releases(&repo)[..] else { panic!("one release") };
    let asset = release.assets.iter().find(|asset| asset.name == name).unwrap();
    let mut bytes = std::fs::read(github.asset_file(asset.id)).unwrap();
    let size = bytes.len();
    edit(&mut bytes);
    assert_eq!(bytes.len(), size);
    github.remove_asset(&repo, asset.id).unwrap();
    github.add_asset(&repo, release.id, name, &bytes).unwrap();
}

/// Replaces a digit of a digest in a text.
fn another_digit(text: &mut [u8]) {
    text[0] = if text[0] == b'0' { b'1' } else { b'0' };
}

#[test]
fn the_published_release_is_complete() {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    scenario.run(["publish"]).exit(0).no_writes();
    scenario.run(["plan"]).exit(0).no_writes();
}

#[test]
fn another_dist_of_equal_sizes_is_a_conflict() {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    replace(&scenario, "SHA256SUMS", |sums| another_digit(sums));
    for verb in ["plan", "publish"] {
        scenario.run([verb]).exit(4).no_writes().says("SHA256SUMS");
    }
}

#[test]
fn the_files_of_a_draft_are_uploaded_again() {
    let scenario = scenario().arguments(&["--tries", "1"]);
    let refused = floe_rehearsal::interceptor::What::answer(500, "");
    let fault = floe_rehearsal::interceptor::Fault::next("PATCH", "/releases/", refused);
    let scenario = scenario.disturb_github(fault);
    scenario.run(["publish"]).exit(1);
    replace(&scenario, "SHA256SUMS", |sums| another_digit(sums));
    scenario.run(["publish"]).exit(0);
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
}
