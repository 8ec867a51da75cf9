//! The files that are rendered from a release manifest, judged by the programs that read them.

#[cfg(target_os = "linux")]
mod installer;
mod judges;
mod names;
mod powershell;
#[cfg(target_os = "linux")]
mod processors;

use std::fs;

use crate::support::scenario::Scenario;
use crate::verify::release::Published;

#[test]
fn a_rendered_file_in_a_dist_is_exactly_what_is_published() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["verify", "dist", "--render"]).exit(0);
    let installer = scenario.dist().join("tool-installer.sh");
    let text = fs::read_to_string(&installer).unwrap();
    scenario.run(["verify", "dist"]).exit(0);
    fs::write(&installer, text.replace("tar -xzf", "tar -xvzf")).unwrap();
    for command in [&["verify", "dist"][..], &["publish"]] {
        let outcome = scenario.run(command).exit(3).no_writes();
        outcome.says("tool-installer.sh` is not what floe renders for this release: it was edited, or is of another release\n");
    }
    scenario.run(["verify", "dist", "--render"]).exit(0);
    assert_eq!(fs::read_to_string(&installer).unwrap(), text);
    // Another file of that kind has no place.
    fs::create_dir_all(scenario.dist().join("channels/scoop")).unwrap();
    let other = scenario.dist().join("channels/scoop/tool.json");
    fs::write(&other, "{}").unwrap();
    scenario.run(["verify", "dist"]).exit(3).says("tool.json` is not what floe renders");
    fs::remove_file(&other).unwrap();
    scenario.run(["publish"]).exit(0);
}

#[test]
fn an_installer_must_follow_from_the_published_manifest() {
    let published = Published::new();
    let script = fs::read_to_string(published.asset_file("tool-installer.sh")).unwrap();
    let forged = script.replace("verify\n", ":\n");
    assert_ne!(forged, script);
    let digest = floe_core::model::Digest::of(forged.as_bytes());
    let manifest = published.manifest().to_string();
    let old = floe_core::model::Digest::of(script.as_bytes());
    let size = format!("\"size\":{}", script.len());
    assert!(manifest.contains(&size) && manifest.matches(&old.to_string()).count() == 2, "{manifest}");
    let manifest = manifest
        .replace(&old.to_string(), &digest.to_string())
        .replace(&size, &format!("\"size\":{}", forged.len()));
    let sums = fs::read_to_string(published.asset_file("SHA256SUMS")).unwrap();
    let own = floe_core::model::Digest::of(&fs::read(published.asset_file("tool-manifest.json")).unwrap());
    let sums = sums
        .replace(&old.hex(), &digest.hex())
        .replace(&own.hex(), &floe_core::model::Digest::of(manifest.as_bytes()).hex());
    published.replace("tool-installer.sh", forged.as_bytes());
    published.replace("tool-manifest.json", manifest.as_bytes());
    published.replace("SHA256SUMS", sums.as_bytes());
    published.problems(expect_test::expect!["`tool-installer.sh` does not follow from the manifest"]);
}

#[test]
fn releases_without_installers_and_files_of_the_same_name() {
    let scenario = Scenario::new("1.4.0");
    let manifest = |lines: &str| {
        let text = format!(
            "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n\n[package.metadata.floe]\nsbom = false\n{lines}\n"
        );
        fs::create_dir_all(scenario.path().join("src")).unwrap();
        fs::write(scenario.path().join("src/main.rs"), "fn main() {}\n").unwrap();
        fs::write(scenario.path().join("Cargo.toml"), text).unwrap();
    };
    manifest("assets = [\"tool-installer.sh\"]");
    fs::write(scenario.dist().join("tool-installer.sh"), "mine").unwrap();
    scenario
        .run(["verify", "dist"])
        .exit(3)
        .says("`assets` names `tool-installer.sh`, which floe makes itself");
    manifest("assets = [\"tool-installer.sh\"]\ninstallers = []");
    scenario.run(["verify", "dist"]).exit(0);
    fs::remove_file(scenario.dist().join("tool-installer.sh")).unwrap();
    manifest("installers = []");
    let outcome = scenario.run(["plan"]).exit(0);
    assert!(!outcome.stdout.contains("installer"), "{}", outcome.stdout);
}
