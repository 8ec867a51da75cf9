//! Verifying once and publishing by digest: `floe verify` prints it, `--expect` takes it, and nothing else is published.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::scenario::{Outcome, Scenario, make_dist_from};
use crate::support::words::flip_bit;

const ARCHIVE: &str = "tool-x86_64-apple-darwin.tar.gz";

/// The digest that `floe verify` prints for these dists.
fn sums(scenario: &Scenario, dists: &[&str]) -> String {
    let command = [&["verify", "--tag", "v1.4.0", "--json"], dists].concat();
    let verdict = json(scenario.run(command));
    verdict["sums"].as_str().unwrap().to_owned()
}

fn json(outcome: Outcome) -> Value {
    serde_json::from_str(&outcome.exit(0).stdout).unwrap()
}

/// The blobs of the image: a layer, and a document.
fn blobs(scenario: &Scenario) -> (PathBuf, PathBuf) {
    let blobs = fs::read_dir(scenario.dist().join("image/blobs/sha256")).unwrap();
    let (layers, documents): (Vec<PathBuf>, Vec<PathBuf>) = blobs
        .map(|blob| blob.unwrap().path())
        .partition(|path| fs::read(path).unwrap().starts_with(b"\x1f\x8b"));
    (layers[0].clone(), documents[0].clone())
}

#[track_caller]
fn asked_nothing(scenario: &Scenario, outcome: Outcome) -> Outcome {
    assert!(
        scenario.github_interceptor().log().is_empty() && scenario.registry_interceptor().log().is_empty()
    );
    outcome
}

#[test]
fn a_release_is_published_by_the_digest_that_verify_prints() {
    let scenario = Scenario::new("1.4.0");
    let sums = sums(&scenario, &["dist"]);
    let line = scenario.run(["verify", "dist", "--tag", "v1.4.0"]).exit(0).stdout;
    assert!(line.contains(&format!(", SHA256SUMS {sums}: verified")), "{line}");
    scenario.run(["plan", "--expect", &sums]).exit(0).only_asked();
    scenario.run(["publish", "--expect", &sums]).exit(0);

    let plain = Scenario::new("1.4.0");
    plain.run(["publish"]).exit(0);
    assert_eq!(scenario.state(), plain.state());
    assert_eq!(json(scenario.run(["verify", "--release", "v1.4.0", "--json"]))["sums"], sums.as_str());
    scenario.run(["publish", "--expect", &sums]).exit(0).no_writes();
}

#[test]
fn a_dist_with_another_digest_is_refused_before_any_request() {
    let scenario = Scenario::new("1.4.0");
    let other = format!("sha256:{}", "0".repeat(64));
    let sums = sums(&scenario, &["dist"]);
    for verb in ["plan", "publish"] {
        let outcome = scenario.run([verb, "--expect", &other]).exit(3);
        let both = format!("error: `SHA256SUMS` would have the digest {sums}, but {other} is expected");
        asked_nothing(&scenario, outcome).says(&both).says("nothing was sent").says("hint: ");
    }
    // It covers what the release is called, too.
    let image = ["publish", "--expect", &sums, "--image", "ghcr.io/acme/other"];
    let outcome = scenario.run(image).exit(3);
    asked_nothing(&scenario, outcome).says("the image `ghcr.io/acme/other`");
    let verdict =
        json(scenario.run(["verify", "dist", "--tag", "v1.4.0", "--image", "ghcr.io/acme/other", "--json"]));
    let sums = verdict["sums"].as_str().unwrap();
    let plan = scenario.run(["plan", "--expect", sums, "--image", "ghcr.io/acme/other"]).exit(1);
    plan.says("error: failed to ask for the right to push `ghcr.io/acme/other`");
    scenario.run(["plan", "--expect", "latest"]).exit(2).says("is not a digest of the form sha256:");
}

#[test]
fn a_file_with_other_bytes_ends_the_run_before_anything_is_public() {
    let whole = Scenario::new("1.4.0");
    whole.run(["publish"]).exit(0);
    let sums = sums(&whole, &["dist"]);
    for number in 0..2 {
        let scenario = Scenario::new("1.4.0");
        let broken = [scenario.dist().join(ARCHIVE), blobs(&scenario).0][number].clone();
        flip_bit(&broken);
        // Nothing is unpacked, so only the sending finds it.
        scenario.run(["plan", "--expect", &sums]).exit(0);
        let outcome = scenario.run(["publish", "--expect", &sums]).exit(3);
        let outcome = outcome.says("is not the promised file: it has the digest sha256:");
        let outcome = outcome.says("nothing is public yet").says("hint: the dist is not what was verified");
        assert!(!outcome.stderr.contains("try 2 of"), "{}", outcome.stderr);
        assert!(!scenario.state().contains("published"), "{}", scenario.state());
        flip_bit(&broken);
        scenario.run(["publish", "--expect", &sums]).exit(0);
        assert_eq!(scenario.state(), whole.state());
    }
}

#[test]
fn with_expect_all_is_verified_that_needs_no_unpacking() {
    let sums = sums(&Scenario::new("1.4.0"), &["dist"]);
    let refused = |scenario: &Scenario, said: &str| {
        let outcome = scenario.run(["publish", "--expect", &sums]).exit(3);
        asked_nothing(scenario, outcome).says("error: the release has ").says(said);
    };
    refused(
        &Scenario::new("1.4.0").without("tool-x86_64-pc-windows-msvc.zip"),
        "target x86_64-windows is missing",
    );
    refused(&Scenario::new("1.4.0").at("1.5.0"), "tag `v1.5.0` names version 1.5.0");
    let shorter = Scenario::new("1.4.0");
    for path in [&shorter.dist().join(ARCHIVE), &blobs(&shorter).0] {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[1..]).unwrap();
    }
    refused(&shorter, &format!("`{ARCHIVE}` has "));
    refused(&shorter, " bytes, not ");
    let other = Scenario::new("1.4.0");
    flip_bit(&blobs(&other).1);
    refused(&other, "the image `dist/image` is broken");
    let unread = Scenario::new("1.4.0");
    fs::write(unread.dist().join(format!("{ARCHIVE}.json")), "{}").unwrap();
    refused(&unread, "has no usable record");
}

#[test]
fn several_dists_have_one_digest_in_whatever_order_they_are_given() {
    let scenario = Scenario::new("1.4.0");
    let one = sums(&scenario, &["dist"]);
    let part = scenario.path().join("part");
    make_dist_from(b"1.4.0", &part, "1.4.0", &["x86_64-musl".parse().unwrap()]);
    fs::remove_dir_all(part.join("image")).unwrap();
    assert_eq!(sums(&scenario, &["dist", "part"]), one);
    fs::remove_file(scenario.dist().join("tool-x86_64-unknown-linux-musl.tar.gz")).unwrap();
    fs::remove_file(scenario.dist().join("tool-x86_64-unknown-linux-musl.tar.gz.json")).unwrap();
    assert_eq!(sums(&scenario, &["part", "dist"]), one);
    scenario.run(["publish", "part", "--expect", &one]).exit(0);
}

#[test]
fn a_dist_is_verified_even_if_its_destination_is_unknown() {
    let scenario = Scenario::new("1.4.0").arguments(&["--server-url", "http://github.example.org"]);
    let outcome = scenario.run(["verify", "dist", "--json"]).exit(0);
    let outcome = outcome.says("the digest of `SHA256SUMS`, for `floe publish --expect`, is unknown: ");
    assert_eq!(json(outcome)["sums"], Value::Null);
}
