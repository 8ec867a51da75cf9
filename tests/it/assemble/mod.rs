//! `floe assemble`: dists and binaries become one dist that describes itself.

use std::fs;
use std::path::{Path, PathBuf};

use floe_core::model::{Builder, Target};
use serde_json::Value;

use crate::support::binaries::binary;
use crate::support::scenario::{Outcome, READER, Scenario, make_dist, make_dist_from};

const ASSEMBLE: [&str; 5] = ["assemble", "--out", "release", "--repo", "acme/tool"];

/// A project beside a dist of all targets; nothing is named on the command line.
fn scenario() -> Scenario {
    Scenario::new("1.4.0").before_anything_is_built("[package.metadata.floe]\nsbom = false\n")
}

fn assemble(scenario: &Scenario, more: &[&str]) -> Outcome {
    scenario.run([&ASSEMBLE, more].concat())
}

fn write(path: PathBuf, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// One leg of the Linux targets and the image, and one for each native target, as the workflow hands them over.
fn make_legs(legs: &Path, runner: &str) {
    let of = |builder| Target::defaults().filter(move |target| target.builder == builder);
    make_dist(&legs.join("leg-linux/dist"), "1.4.0", &of(Builder::Nix).collect::<Vec<_>>());
    write(legs.join("leg-linux/runner"), runner);
    for target in of(Builder::Native) {
        let leg = legs.join(format!("leg-{}", target.name));
        write(leg.join(format!("native/{target}/tool{}", target.exe)), binary(target, b"1.4.0"));
        write(leg.join("runner"), "github-hosted\n");
    }
}

fn manifest(scenario: &Scenario) -> Value {
    let path = scenario.path().join("published/assets/tool-manifest.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn an_assembled_dist_is_published_without_the_project_and_without_cargo() {
    let scenario = scenario();
    let sums = assemble(&scenario, &["dist"]).exit(0).stdout.trim().to_owned();
    let folder = scenario.path().join("release");
    assert!(
        folder.join("dist/tool-installer.sh").is_file() && folder.join("dist/tool-installer.ps1").is_file()
    );
    let checksums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let subjects = fs::read_to_string(folder.join("subjects")).unwrap();
    let own = format!("{}  SHA256SUMS\n", &sums["sha256:".len()..]);
    let image =
        subjects.strip_prefix(&format!("{checksums}{own}")).expect("all files, and SHA256SUMS itself");
    assert!(image.ends_with("  ghcr.io/acme/tool\n") && image.lines().count() == 1, "{image}");

    fs::remove_file(scenario.path().join("Cargo.toml")).unwrap();
    fs::remove_dir_all(scenario.path().join("dist")).unwrap();
    let nothing: &[(&str, &str)] = &[("PATH", "")];
    for command in [
        vec!["verify", "release/dist", "--expect", &sums],
        vec!["plan", "release/dist", "--expect", &sums],
        vec!["publish", "release/dist", "--expect", &sums],
    ] {
        scenario.run_with(nothing, &command).exit(0);
    }
    let plain = Scenario::new("1.4.0");
    plain.run(["publish"]).exit(0);
    assert_eq!(scenario.state(), plain.state());
    scenario.run_with(nothing, &["publish", "release/dist"]).exit(0).no_writes();
}

#[test]
fn an_assembled_dist_shows_the_installers_and_the_files_of_package_managers() {
    let scenario = crate::publish::channels::scenario("1.4.0");
    assemble(&scenario, &["dist"]).exit(0);
    let dist = scenario.path().join("release/dist");
    let formula = fs::read_to_string(dist.join("channels/homebrew/Formula/tool.rb")).unwrap();
    assert!(formula.contains("class Tool < Formula"), "{formula}");
    assert!(dist.join("channels/scoop/bucket/tool.json").is_file());
    // A file that was edited is not published.
    fs::write(dist.join("channels/homebrew/Formula/tool.rb"), formula.clone() + "# by hand\n").unwrap();
    scenario.run(["verify", "release/dist"]).exit(3).says("channels/homebrew/Formula/tool.rb");
    fs::write(dist.join("channels/homebrew/Formula/tool.rb"), formula).unwrap();
    scenario.run(["verify", "release/dist"]).exit(0);
}

#[test]
fn the_manifest_names_the_runners_and_settings_that_differ() {
    let scenario = scenario();
    make_legs(&scenario.path().join("legs"), "self-hosted\n");
    let inputs = r#"{"dry-run": false, "cache": "none", "nix-config": "builders = x", "runner": "own"}"#;
    assemble(&scenario, &["legs", "--inputs", inputs]).exit(0);
    scenario.run(["publish", "release/dist"]).exit(0);
    let verify = scenario.run(["verify", "--release", "v1.4.0", "--keep", "published"]).exit(0);
    verify
        .says("was built on a self-hosted runner")
        .says("the project set `nix-config` to `builders = x`")
        .says("no claim of SLSA Build L3");
    let built_on = &manifest(&scenario)["built_on"];
    assert_eq!(built_on["inputs"], serde_json::json!({ "nix-config": "builders = x", "runner": "own" }));
    let runners = built_on["runners"].as_object().unwrap();
    let own: Vec<&String> =
        runners.iter().filter(|(_, at)| *at == "self-hosted").map(|(leg, _)| leg).collect();
    assert_eq!(own, ["aarch64-gnu, aarch64-musl, x86_64-gnu, x86_64-musl"]);
    assert_eq!(runners["x86_64-windows"], "github-hosted");
}

#[test]
fn legs_of_githubs_own_machines_with_default_settings_are_level_3() {
    let scenario = scenario();
    make_legs(&scenario.path().join("legs"), "github-hosted\n");
    assemble(&scenario, &["legs", "--inputs", "null"]).exit(0);
    scenario.run(["publish", "release/dist"]).exit(0);
    let verify = scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    verify.says("Built on github-hosted runners, default settings");
    // A leg that says nothing of its machine is named.
    fs::remove_dir_all(scenario.path().join("release")).unwrap();
    fs::remove_file(scenario.path().join("legs/leg-linux/runner")).unwrap();
    assemble(&scenario, &["legs"]).exit(0);
    let description = fs::read_to_string(scenario.path().join("release/dist/floe-release.json")).unwrap();
    assert!(
        description.contains("\"aarch64-gnu, aarch64-musl, x86_64-gnu, x86_64-musl\": \"unknown\""),
        "{description}"
    );
}

#[test]
fn legs_that_do_not_make_one_release_are_refused_and_leave_nothing() {
    let scenario = scenario();
    let legs = scenario.path().join("legs");
    make_legs(&legs, "github-hosted\n");
    let refused = |code: i32, why: &str, more: &[&str]| {
        assemble(&scenario, &[&["legs"], more].concat()).exit(code).says(why);
        assert!(!scenario.path().join("release").exists(), "{why}");
    };
    // A second leg brings another archive for a target that there is already.
    make_dist_from(b"other", &legs.join("leg-other/dist"), "1.4.0", &["x86_64-gnu".parse().unwrap()]);
    refused(3, "x86_64-gnu", &[]);
    fs::remove_dir_all(legs.join("leg-other")).unwrap();
    write(legs.join("leg-linux/runner"), "git hub\n");
    refused(1, "failed to read `legs/leg-linux/runner`", &[]);
    write(legs.join("leg-linux/runner"), "x".repeat(65));
    refused(1, "failed to read `legs/leg-linux/runner`", &[]);
    write(legs.join("leg-linux/runner"), "github-hosted\n");
    refused(2, "`--inputs` is not a JSON object", &["--inputs", "x"]);
    fs::rename(legs.join("leg-x86_64-macos"), scenario.path().join("away")).unwrap();
    refused(3, "x86_64-macos", &[]);
    write(legs.join("leg-empty/readme.txt"), "");
    refused(2, "`legs/leg-empty` is neither a dist, nor binaries, nor the output of a machine", &[]);
    scenario
        .run([&ASSEMBLE[..], &["nowhere"]].concat())
        .exit(2)
        .says("invalid value 'nowhere' for '<FOLDER>...': it is not there");
    fs::create_dir_all(scenario.path().join("release/.floe-killed.part")).unwrap();
    let killed = "it holds `.floe-killed.part` of another run, which may have been killed";
    assemble(&scenario, &["dist"]).exit(2).says(killed);
    write(scenario.path().join("release/.empty"), "");
    fs::remove_dir(scenario.path().join("release/.floe-killed.part")).unwrap();
    assemble(&scenario, &["dist"]).exit(2).says("`release` is not empty");
}

#[test]
fn an_assembled_dist_cannot_become_another_release() {
    let scenario = scenario();
    assemble(&scenario, &["dist"]).exit(0);
    for (flag, value) in [
        ("--target", Some("x86_64-gnu")),
        ("--no-image", None),
        ("--image", Some("ghcr.io/acme/other")),
        ("--notes-file", Some("release/SHA256SUMS")),
        ("--package", Some("other")),
    ] {
        let command = [&["publish", "release/dist", flag], value.as_slice()].concat();
        let outcome = scenario.run(command).exit(2).no_writes();
        outcome.says(&format!("which `{flag}` cannot change")).says("hint: ");
    }
    scenario.run(["publish", "release/dist", "dist"]).exit(2).says("give that dist alone").no_writes();
    // Another file, another schema, and another digest.
    let path = scenario.path().join("release/dist/floe-release.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"schema\": 1", "\"schema\": 2")).unwrap();
    scenario
        .run(["plan", "release/dist"])
        .exit(1)
        .says("this floe reads schema 1, but the file says schema 2");
    fs::write(&path, text).unwrap();
    let other = format!("sha256:{}", "0".repeat(64));
    let verify = scenario.run(["verify", "release/dist", "--expect", &other]).exit(3);
    verify.says("but sha256:000").says("do not publish it");
}

#[test]
fn a_plan_that_only_reads_says_what_it_could_not_ask() {
    let scenario = scenario().token(Some(READER));
    assemble(&scenario, &["dist"]).exit(0);
    scenario.run(["plan", "release/dist"]).exit(1);
    let plan = scenario.run(["plan", "release/dist", "--read-only", "-v"]).exit(0).no_writes();
    let plan = plan.says("drafts and the permission to write contents are not checked");
    let plan = plan.says("this run has no permission to write; the job that publishes checks it");
    assert!(plan.stdout.contains("0 done"), "{}", plan.stdout);
}

/// The digest that was signed is compared before a downloaded program is run.
#[test]
fn a_published_release_of_another_digest_is_not_run() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let other = format!("sha256:{}", "0".repeat(64));
    let verify =
        scenario.run(["verify", "--release", "v1.4.0", "--expect", &other, "--run=--version"]).exit(3);
    let verify = verify.says("do not run the downloaded files");
    assert!(!verify.stderr.contains("Ran "), "{}", verify.stderr);
}

#[test]
fn programs_that_the_signing_action_left_unsigned_are_refused() {
    let scenario = scenario();
    make_legs(&scenario.path().join("legs"), "github-hosted\n");
    let mut refused = assemble(&scenario, &["legs", "--inputs", r#"{"sign": true}"#]).exit(3);
    refused = refused.says("the workflow signs, but not every program is signed");
    for target in ["aarch64-macos", "x86_64-macos", "x86_64-windows"] {
        refused = refused.says(&format!("`tool` for {target} has no signature with a certificate"));
    }
    assert!(!scenario.path().join("release/dist").exists());
    assemble(&scenario, &["legs", "--inputs", r#"{"sign": false}"#]).exit(0);
}

#[test]
fn options_that_only_publishing_uses_are_refused_and_not_in_the_help() {
    let scenario = scenario();
    write(scenario.path().join("bundle.json"), "");
    for (option, value) in [
        ("--attestation", "bundle.json"),
        ("--registry-url", "https://ghcr.io"),
        ("--feed-url", "https://feed.example"),
        ("--tries", "3"),
    ] {
        assemble(&scenario, &["dist", option, value])
            .exit(2)
            .says(&format!("cannot be used with '{option} "));
        let help = scenario.run(["assemble", "--help"]).exit(0);
        let is_listed = |line: &str| line.trim_start().starts_with(&format!("{option} <"));
        assert!(!help.stdout.lines().any(is_listed), "{}", help.stdout);
    }
    assert!(!scenario.path().join("release/dist").exists());
}
