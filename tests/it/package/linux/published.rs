//! Packages that are published, verified again, and rebuilt.

use std::fs;

use expect_test::expect;
use floe_core::model::{Digest, Record, Target};

use super::{ABOUT, TABLES, packages};
use crate::support::scenario::{Scenario, make_dist_with_lines};
use crate::verify::release::{ARCHIVE, Published};

/// A project on the servers, with its dist.
fn scenario() -> Scenario {
    let lines = format!("{ABOUT}{TABLES}");
    let scenario = Scenario::empty("1.4.0").in_project(&lines);
    make_dist_with_lines(&lines, &scenario.dist(), "1.4.0", &Target::defaults().collect::<Vec<_>>());
    scenario
}

#[test]
fn a_release_covers_its_packages_and_whoever_verifies_it_makes_them_again() {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    scenario.run(["verify", "--release", "v1.4.0", "--keep", "kept"]).exit(0);
    let assets = scenario.path().join("kept/assets");
    assert_eq!(packages(&assets), packages(&scenario.dist()));
    assert_eq!(packages(&assets).len(), 4);
    let sums = fs::read_to_string(assets.join("SHA256SUMS")).unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(assets.join("tool-manifest.json")).unwrap()).unwrap();
    let [release] = &scenario.github.releases(&scenario.repo())[..] else { panic!("one release") };
    let notes = release.body.clone().unwrap();
    for name in packages(&assets) {
        let digest = Digest::of(&fs::read(assets.join(&name)).unwrap()).hex();
        assert!(sums.contains(&format!("{digest}  {name}\n")), "{sums}");
        let is_listed = |one: &serde_json::Value| one["file"] == name.as_str();
        assert!(manifest["files"].as_array().unwrap().iter().any(is_listed));
        let row = |line: &str| line.starts_with(&format!("| [{name}](")) && line.contains(&digest);
        assert!(notes.lines().any(row), "{notes}");
    }
}

#[test]
fn a_rebuild_has_the_same_packages() {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    let again = |folder: &str, target: &str| {
        let out = scenario.path().join(folder);
        make_dist_with_lines(&format!("{ABOUT}{TABLES}"), &out, "1.4.0", &[target.parse().unwrap()]);
        let outcome = scenario.run(["reproduce", "v1.4.0", "--rebuilt", folder]);
        outcome
            .stdout
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    let whole = scenario.run(["reproduce", "v1.4.0", "--rebuilt", "dist"]).exit(0).stdout;
    assert!(whole.lines().all(|line| line.ends_with("  match")), "{whole}");
    let lines = again("musl", "x86_64-musl");
    let at = |name: &str| lines.iter().position(|line| line.starts_with(&format!("{name} "))).unwrap();
    assert!(lines[at("tool_1.4.0_amd64.deb")].ends_with(" match"), "{lines:?}");
    assert_eq!(lines[at("tool_1.4.0_arm64.deb") + 1], "no rebuilt dist holds aarch64-musl", "{lines:?}");
}

#[test]
fn a_published_package_that_was_not_made_of_its_archive_is_wrong() {
    for revision in [1, 2] {
        let scenario = scenario();
        let (path, at) = (
            scenario.dist().join("tool_1.4.0_amd64.deb"),
            scenario.dist().join("tool-x86_64-unknown-linux-musl.tar.gz.json"),
        );
        let mut bytes = fs::read(&path).unwrap();
        *bytes.iter_mut().rfind(|byte| **byte != b'\n').unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        let mut record: Record = serde_json::from_slice(&fs::read(&at).unwrap()).unwrap();
        record.packages[0].digest = Digest::of(&bytes);
        record.packages[0].revision = revision;
        fs::write(&at, floe_core::model::to_json(&record)).unwrap();
        scenario.run(["publish"]).exit(0);
        let outcome = scenario.run(["verify", "--release", "v1.4.0"]);
        match revision {
            1 => outcome
                .exit(3)
                .says("amd64.deb` does not follow from `tool-x86_64-unknown-linux-musl.tar.gz`"),
            // Nothing can be said of rules that this floe does not know.
            _ => outcome.exit(0).says("amd64.deb` was made by another version of floe, so only its digest"),
        };
    }
}

#[test]
fn a_manifest_that_says_two_things_of_one_package_is_wrong() {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    let published = Published { scenario };
    published.forge_manifest(|manifest| {
        let artifacts = manifest["artifacts"].as_array_mut().unwrap();
        let artifact = artifacts.iter_mut().find(|artifact| artifact["file"] == ARCHIVE).unwrap();
        artifact["packages"][0]["digest"] = Digest::of(b"another").to_string().into();
        let files = manifest["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["file"] == "tool_1.4.0_amd64.deb").unwrap();
        file["size"] = 7.into();
    });
    published.problems(expect![[r#"
        `tool_1.4.0_amd64.deb`, a package of `tool-x86_64-unknown-linux-musl.tar.gz`, is not one of the manifest's files
        `tool_1.4.0_amd64.deb` has 1328 bytes, but the manifest says 7"#]]);
}

#[test]
fn a_dist_without_a_promised_package_is_not_published() {
    let scenario = scenario();
    fs::remove_file(scenario.dist().join("tool-1.4.0-1.aarch64.rpm")).unwrap();
    scenario.run(["publish"]).exit(3).says("`tool-1.4.0-1.aarch64.rpm` is missing").no_writes();
    make_dist_with_lines(ABOUT, &scenario.dist(), "1.4.0", &Target::defaults().collect::<Vec<_>>());
    scenario.run(["publish"]).exit(3).says("`tool_1.4.0_amd64.deb` is missing").no_writes();
}
