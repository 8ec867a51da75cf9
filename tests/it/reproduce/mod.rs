//! `floe reproduce` on one published release, with rebuilds that are equal, nearly equal, or incomplete.
//!
//! The published one is always the same; the rebuilds are dists that floe packed from other bytes.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use expect_test::expect;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use floe_core::model::{Builder, Digest, Target};
use serde_json::Value;

use crate::support::peers::peer;
use crate::support::scenario::{Outcome, Scenario, make_dist, make_dist_with};
use crate::support::words::error_of;

/// The seed of the published binaries, and one that differs from it in one bit.
const SEED: &[u8] = b"1.4.0";
const OTHER: &[u8] = b"1.4.1";
const GNU: &str = "tool-x86_64-unknown-linux-gnu.tar.gz";

/// A release that was published for all seven targets, seen by somebody without a token.
fn published() -> Scenario {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    scenario.token(None)
}

fn nix() -> Vec<Target> {
    Target::defaults().filter(|target| target.builder == Builder::Nix).collect()
}

/// The folder of a rebuild of what Nix builds, with this seed for each target.
fn rebuild<'s>(scenario: &Scenario, seed: impl Fn(Target) -> &'s [u8]) -> PathBuf {
    let folder = scenario.path().join("again");
    make_dist_with(seed, &folder, "1.4.0", &nix());
    folder
}

fn compare(scenario: &Scenario) -> Outcome {
    scenario.run(["reproduce", "v1.4.0", "--rebuilt", "again"]).no_writes()
}

/// The verdicts other than `match`, a line each.
fn without_matches(outcome: &Outcome) -> String {
    let verdicts = outcome.stdout.lines().filter(|line| !line.starts_with(' '));
    verdicts.filter(|line| !line.ends_with("  match")).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn prints(outcome: &Outcome, line: &str) {
    assert!(outcome.stdout.contains(line), "`{line}` is not in\n{}", outcome.stdout);
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The findings of one line, a clause a line.
fn findings(comparison: &Value, list: &str, name: &str) -> String {
    let lines = comparison[list].as_array().unwrap();
    let line = lines.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("no line {name}"));
    let findings = line["findings"].as_array().unwrap().iter().map(|finding| finding.as_str().unwrap());
    findings.collect::<Vec<_>>().join("\n")
}

fn compared(scenario: &Scenario, code: i32) -> Value {
    json(&scenario.run(["reproduce", "v1.4.0", "--rebuilt", "again", "--json"]).no_writes().exit(code))
}

#[test]
fn a_rebuild_of_everything_matches_to_the_last_byte() {
    let scenario = published();
    let outcome = scenario.run(["reproduce", "v1.4.0", "--rebuilt", "dist"]).exit(0).no_writes();
    expect![[r#"
        SHA256SUMS                              match
        tool-aarch64-apple-darwin.tar.gz        match
        tool-aarch64-unknown-linux-gnu.tar.gz   match
        tool-aarch64-unknown-linux-musl.tar.gz  match
        tool-installer.ps1                      match
        tool-installer.sh                       match
        tool-manifest.json                      match
        tool-x86_64-apple-darwin.tar.gz         match
        tool-x86_64-pc-windows-msvc.zip         match
        tool-x86_64-unknown-linux-gnu.tar.gz    match
        tool-x86_64-unknown-linux-musl.tar.gz   match
        image                                   match
        image linux/amd64                       match
        image linux/amd64 config                match
        image linux/amd64 layer 1               match
        image linux/arm64                       match
        image linux/arm64 config                match
        image linux/arm64 layer 1               match
    "#]]
    .assert_eq(&outcome.stdout);
    outcome.says("  Reproduced tool 1.4.0 from 3f9ac21: 12 match\n");
}

#[test]
fn archives_of_native_legs_are_not_claimed_and_files_that_depend_on_them_do_not_match() {
    let scenario = published();
    rebuild(&scenario, |_| SEED);
    let outcome = compare(&scenario).exit(0);
    expect![[r#"
        SHA256SUMS                              not claimed
        tool-aarch64-apple-darwin.tar.gz        not claimed
        tool-installer.ps1                      not claimed
        tool-installer.sh                       not claimed
        tool-manifest.json                      not claimed
        tool-x86_64-apple-darwin.tar.gz         not claimed
        tool-x86_64-pc-windows-msvc.zip         not claimed"#]]
    .assert_eq(&without_matches(&outcome));
    prints(&outcome, "    its lines for 4 of 9 files are the same; the other files were not rebuilt\n");
    prints(&outcome, "    x86_64-windows is built outside of Nix, and was not rebuilt\n");
    outcome.says("  Reproduced tool 1.4.0 from 3f9ac21: 5 match, 7 not claimed\n");
}

#[test]
fn one_bit_of_a_binary() {
    let scenario = published();
    rebuild(&scenario, |target| if target.name == "x86_64-gnu" { OTHER } else { SEED });
    let outcome = compare(&scenario).exit(3);
    expect![[r#"
        SHA256SUMS                              differs
        tool-aarch64-apple-darwin.tar.gz        not claimed
        tool-installer.ps1                      not claimed
        tool-installer.sh                       not claimed
        tool-manifest.json                      differs
        tool-x86_64-apple-darwin.tar.gz         not claimed
        tool-x86_64-pc-windows-msvc.zip         not claimed
        tool-x86_64-unknown-linux-gnu.tar.gz    differs"#]]
    .assert_eq(&without_matches(&outcome));
    expect![[r#"
        error: v1.4.0 of `acme/tool` was not reproduced: 4 match, 3 differs, 5 not claimed

        hint: build it from scratch with `nix run .#reproduce -- v1.4.0` in a checkout of v1.4.0; if that differs too, report it to the maintainers
    "#]]
    .assert_eq(&error_of(&outcome.stderr));
    let at = |server: &str| {
        let command = ["reproduce", "v1.4.0", "--rebuilt", "again", "--server-url", server];
        scenario.run(command).exit(3)
    };
    at("https://github.com").says("with `nix run github:acme/tool/v1.4.0#reproduce -- v1.4.0`; if");
    // The manifest names github.com, so on another server it is that of another release.
    at("https://github.example").says("error: release `v1.4.0` of `acme/tool` is wrong");
    let comparison = compared(&scenario, 3);
    assert_eq!(comparison["reproduced"], false);
    expect!["`tool-x86_64-unknown-linux-gnu/tool`: the bytes differ"].assert_eq(&findings(
        &comparison,
        "assets",
        GNU,
    ));
    expect!["its line of `tool-x86_64-unknown-linux-gnu.tar.gz` differs, as that file does"]
        .assert_eq(&findings(&comparison, "assets", "SHA256SUMS"));
}

#[test]
fn the_same_files_in_another_container() {
    let scenario = published();
    recompress(&rebuild(&scenario, |_| SEED), GNU);
    let comparison = compared(&scenario, 3);
    assert_eq!(findings(&comparison, "assets", GNU), "same content in another container");
}

#[test]
fn a_target_and_an_image_that_were_not_rebuilt() {
    let scenario = published();
    let targets: Vec<Target> = nix().into_iter().filter(|target| target.platform.is_none()).collect();
    make_dist(&scenario.path().join("again"), "1.4.0", &targets);
    let outcome = compare(&scenario).exit(3);
    let missing: Vec<&str> =
        outcome.stdout.lines().filter_map(|line| line.strip_suffix("  missing")).map(str::trim_end).collect();
    assert_eq!(
        missing,
        ["tool-aarch64-unknown-linux-musl.tar.gz", "tool-x86_64-unknown-linux-musl.tar.gz", "image"]
    );
    prints(&outcome, "    no rebuilt dist holds x86_64-musl\n");
    outcome.says("\nhint: build the missing targets too, and give each dist with `--rebuilt`\n");
}

#[test]
fn one_layer_of_the_image() {
    let scenario = published();
    rebuild(&scenario, |target| if target.name == "aarch64-musl" { OTHER } else { SEED });
    let comparison = compared(&scenario, 3);
    let differs: Vec<&str> = comparison["image"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["verdict"] == "differs")
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        differs,
        ["image", "image linux/arm64", "image linux/arm64 config", "image linux/arm64 layer 1"]
    );
    let index = findings(&comparison, "image", "image");
    assert_eq!(index.lines().next(), Some("because of linux/arm64 config, linux/arm64 layer 1"));
    expect!["`bin/tool`: the bytes differ"].assert_eq(&findings(
        &comparison,
        "image",
        "image linux/arm64 layer 1",
    ));
    let config = findings(&comparison, "image", "image linux/arm64 config");
    assert!(config.starts_with("`rootfs.diff_ids[0]`: \"sha256:"), "{config}");
}

#[test]
fn a_rebuild_of_something_else_is_not_compared() {
    let scenario = published();
    make_dist(&scenario.path().join("again"), "1.5.0", &nix());
    let outcome = compare(&scenario).exit(1);
    assert_eq!(outcome.stdout, "");
    let outcome = outcome.says("error: the rebuilt dist is not a dist of v1.4.0 of `acme/tool`\n");
    outcome.says("\nhint: build commit 3f9ac21 again, with nothing modified\n");
    fs::remove_dir_all(scenario.path().join("again")).unwrap();
}

#[test]
fn a_rebuilt_archive_of_a_native_leg_is_compared_like_the_others() {
    let scenario = published();
    let all: Vec<Target> = Target::defaults().collect();
    let seed = |target: Target| if target.name == "x86_64-windows" { OTHER } else { SEED };
    make_dist_with(seed, &scenario.path().join("again"), "1.4.0", &all);
    let comparison = compared(&scenario, 3);
    expect!["`tool-x86_64-pc-windows-msvc/tool.exe`: the bytes differ"].assert_eq(&findings(
        &comparison,
        "assets",
        "tool-x86_64-pc-windows-msvc.zip",
    ));
    let manifest = findings(&comparison, "assets", "tool-manifest.json");
    // The installer for Windows names the digest of that archive.
    let of = ["`artifacts.tool-x86_64-pc-windows-msvc.zip.", "`channels", "`files"];
    assert!(manifest.lines().all(|line| of.iter().any(|of| line.starts_with(of))), "{manifest}");
    let sums = findings(&comparison, "assets", "SHA256SUMS");
    expect![[r#"
        its line of `tool-installer.ps1` differs, as that file does
        its line of `tool-manifest.json` differs, as that file does
        its line of `tool-x86_64-pc-windows-msvc.zip` differs, as that file does"#]]
    .assert_eq(&sums);
}

#[test]
fn a_rebuild_of_nothing_that_was_published_is_no_verdict() {
    let scenario = Scenario::empty("1.4.0");
    make_dist(&scenario.dist(), "1.4.0", &["x86_64-macos".parse().unwrap()]);
    scenario.run(["publish", "--target", "x86_64-macos", "--no-image"]).exit(0);
    make_dist(&scenario.path().join("again"), "1.4.0", &["x86_64-gnu".parse().unwrap()]);
    let outcome = compare(&scenario).exit(1);
    assert_eq!(outcome.stdout, "");
    expect![[r#"
        error: nothing of v1.4.0 was rebuilt: the dist and the release share no file

        hint: build the tag's own dist: `nix build .#dist` in a checkout of v1.4.0, then `--rebuilt result`
    "#]]
    .assert_eq(&error_of(&outcome.stderr));
}

#[test]
fn a_published_release_that_is_not_sound_is_not_compared() {
    let scenario = published();
    rebuild(&scenario, |_| SEED);
    let [release] = &scenario.github.releases(&scenario.repo())[..] else { panic!("one release") };
    let asset = release.assets.iter().find(|asset| asset.name == GNU).unwrap().id;
    scenario.github.remove_asset(&scenario.repo(), asset).unwrap();
    let outcome = compare(&scenario).exit(3);
    assert_eq!(outcome.stdout, "");
    outcome.says("error: release `v1.4.0` of `acme/tool` is wrong\n");
}

#[test]
fn diffoscope_is_asked_where_it_is_installed() {
    if peer("diffoscope").is_none() {
        return;
    }
    let scenario = published();
    rebuild(&scenario, |target| if target.name == "x86_64-gnu" { OTHER } else { SEED });
    let outcome = compare(&scenario).exit(3).says(&format!("  Diffoscope says of {GNU}:\n--- "));
    outcome.says("│ ├── tool-x86_64-unknown-linux-gnu/tool\n");
}

/// in-toto's Statement v1 and its predicate "Test Result" v0.1, field by field.
#[test]
fn the_verdict_is_a_statement_that_can_be_signed() {
    let scenario = published();
    rebuild(&scenario, |_| SEED);
    let statement = |code: i32| -> Value {
        let outcome = scenario.run(["reproduce", "v1.4.0", "--rebuilt", "again", "--statement", "said.json"]);
        outcome.exit(code);
        serde_json::from_slice(&fs::read(scenario.path().join("said.json")).unwrap()).unwrap()
    };
    let said = statement(0);
    assert_eq!(keys(&said), ["_type", "predicate", "predicateType", "subject"]);
    assert_eq!(said["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(said["predicateType"], "https://in-toto.io/attestation/test-result/v0.1");
    let predicate = &said["predicate"];
    assert_eq!(keys(predicate), ["configuration", "failedTests", "passedTests", "result", "warnedTests"]);
    assert_eq!(
        (&predicate["result"], &predicate["failedTests"]),
        (&"PASSED".into(), &Value::Array(Vec::new()))
    );
    let source = &predicate["configuration"][0];
    assert_eq!(source["uri"], "git+https://github.com/acme/tool@refs/tags/v1.4.0");
    assert_eq!(source["digest"]["gitCommit"], crate::support::scenario::COMMIT);
    // Statements are looked up by digest alone, so the subjects are only those that were rebuilt.
    let names = subjects(&said);
    assert_eq!(predicate["passedTests"], serde_json::to_value(&names).unwrap());
    assert_eq!(
        names,
        [
            "tool-aarch64-unknown-linux-gnu.tar.gz",
            "tool-aarch64-unknown-linux-musl.tar.gz",
            "tool-x86_64-unknown-linux-gnu.tar.gz",
            "tool-x86_64-unknown-linux-musl.tar.gz",
            "ghcr.io/acme/tool",
        ]
    );
    let digest = |name: &str| Digest::of(&fs::read(scenario.dist().join(name)).unwrap()).hex();
    assert_eq!(said["subject"][2]["digest"]["sha256"], digest(GNU));
    // The same verdict is the same file: it holds no time and nothing of the machine.
    assert_eq!(statement(0), said);

    fs::remove_dir_all(scenario.path().join("again")).unwrap();
    rebuild(&scenario, |target| if target.name == "x86_64-gnu" { OTHER } else { SEED });
    let said = statement(3);
    assert_eq!(said["predicate"]["result"], "FAILED");
    assert_eq!(
        said["predicate"]["failedTests"],
        serde_json::json!(["SHA256SUMS", "tool-manifest.json", GNU])
    );
    let gnu = said["subject"].as_array().unwrap().iter().find(|subject| subject["name"] == GNU).unwrap();
    assert_eq!(gnu["digest"]["sha256"], digest(GNU));
    let rebuilt = Digest::of(&fs::read(scenario.path().join("again").join(GNU)).unwrap());
    assert_eq!(gnu["annotations"]["rebuilt"], rebuilt.to_string());
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The names of the subjects; each has a digest of 64 hex digits.
fn subjects(statement: &Value) -> Vec<&str> {
    let subjects = statement["subject"].as_array().unwrap().iter();
    subjects
        .map(|subject| {
            let digest = subject["digest"]["sha256"].as_str().unwrap();
            assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
            subject["name"].as_str().unwrap()
        })
        .collect()
}

/// The same tar, compressed in a hurry, with a record that fits it.
fn recompress(dist: &Path, archive: &str) {
    let path = dist.join(archive);
    let mut tar = Vec::new();
    GzDecoder::new(File::open(&path).unwrap()).read_to_end(&mut tar).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).unwrap();
    let bytes = gzip.finish().unwrap();
    fs::write(&path, &bytes).unwrap();
    let record = dist.join(format!("{archive}.json"));
    let mut value: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    value["archive"]["size"] = bytes.len().into();
    value["archive"]["digest"] = Digest::of(&bytes).to_string().into();
    fs::write(record, value.to_string()).unwrap();
}
