//! SBOMs that are missing, damaged or another's: in a dist, in a published release, and beside a rebuild.

use std::fs;

use expect_test::expect;
use floe_core::model::{Digest, Sbom, Target};
use serde_json::{Value, json};

use super::release::{ARCHIVE, Published};
use crate::support::scenario::{Scenario, make_dist_with_sboms};
use crate::support::words::{flip_bit, problems};

const MUSL: &str = "tool-x86_64-unknown-linux-musl.cdx.json";
const ARM: &str = "tool-aarch64-unknown-linux-musl.cdx.json";

/// A scenario whose dist has an SBOM for each target.
fn scenario() -> Scenario {
    let scenario = Scenario::empty("1.4.0");
    make_dist_with_sboms(b"1.4.0", &scenario.dist(), "1.4.0", &Target::defaults().collect::<Vec<_>>());
    scenario
}

fn published() -> Published {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    Published { scenario: scenario.token(None) }
}

/// A project that wants what `setting` says, in the folder where floe runs.
fn project(scenario: &Scenario, setting: &str) {
    let manifest = format!(
        "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n[package.metadata.floe]\n{setting}\n"
    );
    fs::create_dir(scenario.path().join("src")).unwrap();
    fs::write(scenario.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    fs::write(scenario.path().join("Cargo.toml"), manifest).unwrap();
}

/// Changes an SBOM of a dist, and the record so that it fits.
fn change(scenario: &Scenario, change: impl FnOnce(&mut Value)) {
    let path = scenario.dist().join(MUSL);
    let mut sbom: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut sbom);
    let text = sbom.to_string();
    fs::write(&path, &text).unwrap();
    let path = scenario.dist().join(format!("{ARCHIVE}.json"));
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["sbom"]["digest"] = Digest::of(text.as_bytes()).to_string().into();
    fs::write(&path, record.to_string()).unwrap();
}

#[test]
fn sboms_are_published_covered_and_verified() {
    let published = published();
    let outcome = published.scenario.run(["verify", "--release", "v1.4.0", "--strict"]).exit(0);
    // Seven archives with their SBOMs, two installers, the checksums and the manifest.
    assert!(outcome.stdout.starts_with("tool 1.4.0: 18 files, "), "{}", outcome.stdout);
    let line = "  sbom       7 of 7 archives have one, which names their binaries; ";
    assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
    let sums = fs::read_to_string(published.asset_file("SHA256SUMS")).unwrap();
    assert_eq!(sums.lines().filter(|line| line.ends_with(".cdx.json")).count(), 7);
    let manifest = published.manifest();
    let files = manifest["files"].as_array().unwrap();
    assert!(files.iter().all(|file| !file["file"].as_str().unwrap().ends_with(".json")), "{files:?}");
    for artifact in manifest["artifacts"].as_array().unwrap() {
        let target: Target = artifact["target"].as_str().unwrap().parse().unwrap();
        assert_eq!(artifact["sbom"]["file"], Sbom::file_name("tool", target));
        let bytes = fs::read(published.asset_file(artifact["sbom"]["file"].as_str().unwrap())).unwrap();
        assert_eq!(artifact["sbom"]["digest"], Digest::of(&bytes).to_string());
    }
    // A second run has nothing to send.
    let scenario = published.scenario.token(Some(crate::support::scenario::TOKEN));
    scenario.run(["publish"]).exit(0).no_writes();
}

#[test]
fn a_dist_with_a_wrong_sbom_is_refused_before_anything_is_sent() {
    let refused = |spoil: &dyn Fn(&Scenario)| {
        let scenario = scenario();
        spoil(&scenario);
        problems(&scenario.run(["publish"]).exit(3).no_writes().stderr)
    };
    let dist = |scenario: &Scenario, name: &str| scenario.dist().join(name);
    expect![[r#"
        `tool-x86_64-unknown-linux-musl.cdx.json` is missing, which a record or [package.metadata.floe] promises"#]]
    .assert_eq(&refused(&|scenario| fs::remove_file(dist(scenario, MUSL)).unwrap()));
    let swapped = refused(&|scenario| {
        fs::write(dist(scenario, MUSL), fs::read(dist(scenario, ARM)).unwrap()).unwrap();
    });
    assert!(
        swapped.contains("it describes aarch64-unknown-linux-musl, not x86_64-unknown-linux-musl"),
        "{swapped}"
    );
    assert!(swapped.contains("` has the digest sha256:"), "{swapped}");
    let damaged = refused(&|scenario| fs::write(dist(scenario, MUSL), "{\"bomFormat\": \"SPDX\"}").unwrap());
    assert!(damaged.contains("it cannot be read: unknown variant `SPDX`, expected `CycloneDX`"), "{damaged}");
    // Those of an older version that fit their record, and one that no record names.
    expect![[r#"
        `tool-x86_64-unknown-linux-musl.cdx.json` is not the SBOM of `tool-x86_64-unknown-linux-musl.tar.gz`: it describes version 1.3.0, not 1.4.0"#]]
    .assert_eq(&refused(&|scenario| {
        change(scenario, |sbom| sbom["metadata"]["component"]["version"] = "1.3.0".into());
    }));
    let other = refused(&|scenario| {
        let digest = Digest::of(b"another program").hex();
        change(scenario, |sbom| sbom["metadata"]["component"]["hashes"][0]["content"] = digest.into());
    });
    assert!(
        other.contains("it does not name `tool-x86_64-unknown-linux-musl/tool` by its digest sha256:"),
        "{other}"
    );
    assert!(other.contains("it names a binary sha256:"), "{other}");
    for (sbom, why) in [
        (json!({"specVersion": "1.5"}), "it cannot be read: it is CycloneDX 1.5, not 1.6"),
        (
            json!({"metadata": {"component": {"type": "application", "name": "evil"}}}),
            "it describes `evil`, not `tool`",
        ),
        (json!({"metadata": {"component": {"type": "application", "name": "tool"}}}), "it names no target"),
    ] {
        let refused = refused(&|scenario| {
            change(scenario, |whole| {
                whole.as_object_mut().unwrap().extend(sbom.as_object().unwrap().clone());
            });
        });
        assert!(refused.contains(why), "{why}: {refused}");
    }
    expect!["`dist/tool-riscv64gc-unknown-linux-gnu.cdx.json` is not part of the release; list further files as `assets` in [package.metadata.floe]"]
        .assert_eq(&refused(&|scenario| {
            fs::write(dist(scenario, "tool-riscv64gc-unknown-linux-gnu.cdx.json"), "{}").unwrap();
        }));
}

#[test]
fn a_project_gets_the_sboms_that_it_wants() {
    let scenario = scenario();
    project(&scenario, "sbom = false");
    scenario.run(["verify", "dist"]).exit(3).says(
        "`tool-x86_64-unknown-linux-musl.tar.gz` has an SBOM, but the release has none (`sbom = false`); pack it again",
    );
    let scenario = Scenario::new("1.4.0");
    project(&scenario, "");
    scenario.run(["verify", "dist"]).exit(3).says(
        "`tool-x86_64-unknown-linux-musl.tar.gz` has no SBOM; pack it again, or write `sbom = false` under",
    );
    // Nothing says what is wanted where there is no project.
    Scenario::new("1.4.0").run(["verify", "dist"]).exit(0);
}

#[test]
fn the_same_dist_twice_has_its_sboms_once() {
    let scenario = scenario();
    let other = scenario.path().join("other");
    make_dist_with_sboms(b"1.4.0", &other, "1.4.0", &Target::defaults().collect::<Vec<_>>());
    let once = scenario.run(["verify", "dist"]).exit(0);
    let twice = scenario.run(["verify", "dist", "other"]).exit(0);
    assert_eq!(once.stdout, twice.stdout);
    flip_bit(&other.join(MUSL));
    scenario.run(["verify", "dist", "other"]).exit(3).says("have the same name and differ");
}

#[test]
fn a_published_sbom_of_something_else_is_found() {
    let verify = |published: &Published| {
        problems(&published.scenario.run(["verify", "--release", "v1.4.0"]).exit(3).stderr)
    };
    let swapped = published();
    let arm = fs::read(swapped.asset_file(ARM)).unwrap();
    swapped.replace(MUSL, &arm);
    let said = verify(&swapped);
    assert!(
        said.contains("it describes aarch64-unknown-linux-musl, not x86_64-unknown-linux-musl"),
        "{said}"
    );
    assert!(said.contains(&format!("`{MUSL}` is sha256:<0>, but the manifest says sha256:<1>")), "{said}");

    // An attacker who swaps the program and makes the manifest fit must lie in the SBOM, too.
    let forged = published();
    let program = crate::support::binaries::binary("x86_64-musl".parse().unwrap(), b"evil");
    forged.forge_program(ARCHIVE, &program);
    let said = verify(&forged);
    assert!(said.contains("it does not name `tool-x86_64-unknown-linux-musl/tool` by its digest"), "{said}");

    let renamed = published();
    renamed.forge_manifest(|manifest| {
        let artifacts = manifest["artifacts"].as_array_mut().unwrap();
        let artifact = artifacts.iter_mut().find(|artifact| artifact["file"] == ARCHIVE).unwrap();
        artifact["sbom"] = json!({ "file": ARM, "digest": Digest::of(&arm).to_string() });
    });
    let said = verify(&renamed);
    assert!(
        said.contains(&format!("the manifest calls the SBOM for x86_64-musl `{ARM}`, not `{MUSL}`")),
        "{said}"
    );
    assert!(said.contains("`SHA256SUMS` names"), "{said}");
}

#[test]
fn a_rebuild_is_compared_with_the_sboms_bit_by_bit() {
    let published = published();
    let outcome = published.scenario.run(["reproduce", "v1.4.0", "--rebuilt", "dist"]).exit(0);
    assert!(outcome.stdout.lines().all(|line| line.ends_with("  match")), "{}", outcome.stdout);

    let again = published.scenario.path().join("again");
    let targets: Vec<Target> =
        ["x86_64-musl", "aarch64-musl", "x86_64-gnu"].map(|one| one.parse().unwrap()).to_vec();
    make_dist_with_sboms(b"1.4.0", &again, "1.4.0", &targets);
    // The digest of the SBOM is in the record, so both are changed.
    let path = again.join(MUSL);
    let mut sbom: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    sbom["components"][0]["version"] = "0.4.2".into();
    fs::write(&path, sbom.to_string()).unwrap();
    let record = again.join(format!("{ARCHIVE}.json"));
    let mut value: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    value["sbom"]["digest"] = Digest::of(sbom.to_string().as_bytes()).to_string().into();
    fs::write(&record, value.to_string()).unwrap();
    let outcome = published.scenario.run(["reproduce", "v1.4.0", "--rebuilt", "again"]).exit(3);
    let at = outcome.stdout.find(MUSL).unwrap();
    let shown: Vec<&str> = outcome.stdout[at..].lines().take(2).map(str::trim).collect();
    expect![[r#"
        tool-x86_64-unknown-linux-musl.cdx.json` differs, as that file does
        tool-aarch64-apple-darwin.cdx.json        not claimed"#]]
    .assert_eq(&shown.join("\n"));
    // A target that was not rebuilt: its SBOM goes with the archive.
    let verdict = |name: &str| {
        let line = outcome.stdout.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(verdict("tool-aarch64-unknown-linux-gnu.cdx.json"), "missing");
    assert_eq!(verdict("tool-aarch64-apple-darwin.cdx.json"), "not claimed");
}
