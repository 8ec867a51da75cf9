//! Files that were added to a published release: they are named, and make it neither right nor wrong.

use expect_test::expect;
use serde_json::Value;

use super::release::{ARCHIVE, Published};
use crate::support::artifacts::add_starter;
use crate::support::scenario::Scenario;
use crate::support::words::flip_bit;

const DEB: &str = "tool_1.4.0_amd64.deb";

/// Each kind of file that a later workflow or a person may add.
fn with_added_files() -> Published {
    let published = Published::new();
    published.add(DEB, b"a package");
    // It looks like an archive, like a manifest, and like an upload that broke off.
    published.add("tool-riscv64gc-unknown-linux-gnu.tar.gz", b"not even gzip");
    published.add("update-manifest.json", b"{}");
    let github = &published.scenario.github;
    add_starter(github, &published.repo(), published.id(), "half.zip");
    published
}

#[test]
fn added_files_are_named_and_do_not_fail_the_verification() {
    let published = with_added_files();
    let outcome =
        published.scenario.run(["verify", "--release", "v1.4.0", "--keep", "kept"]).exit(0).no_writes();
    assert!(
        outcome.stdout.contains(": verified, but 4 further files are not covered, not signed\n"),
        "{}",
        outcome.stdout
    );
    let warnings: Vec<&str> =
        outcome.stderr.lines().map(str::trim).filter(|line| line.starts_with("warning ")).collect();
    expect![[r#"
             warning `tool_1.4.0_amd64.deb` is not covered by this release: neither `SHA256SUMS` nor the manifest names it, so it was not checked
             warning `tool-riscv64gc-unknown-linux-gnu.tar.gz` is not covered by this release: neither `SHA256SUMS` nor the manifest names it, so it was not checked
             warning `update-manifest.json` is not covered by this release: neither `SHA256SUMS` nor the manifest names it, so it was not checked
             warning `half.zip` is not covered by this release: neither `SHA256SUMS` nor the manifest names it, so it was not checked"#]]
    .assert_eq(&warnings.join("\n"));
    // A file that was not checked is not left beside those that were.
    let kept = published.scenario.path().join("kept/assets");
    assert!(kept.join(ARCHIVE).exists());
    for name in [DEB, "update-manifest.json", "half.zip"] {
        assert!(!kept.join(name).exists(), "{name}");
    }
    let json = published.scenario.run(["verify", "--release", "v1.4.0", "--json"]).exit(0).stdout;
    let verdict: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(verdict["uncovered"][0], DEB);
    assert_eq!(verdict["files"].as_array().unwrap().len(), 11);
}

#[test]
fn a_covered_file_that_is_wrong_stays_wrong_beside_an_added_one() {
    let published = with_added_files();
    flip_bit(&published.asset_file(ARCHIVE));
    let outcome = published.scenario.run(["verify", "--release", "v1.4.0"]).exit(3);
    assert!(!outcome.stderr.contains("not covered"), "{}", outcome.stderr);
    outcome.says(&format!("  `{ARCHIVE}` is sha256:"));
}

#[test]
fn with_strict_an_added_file_fails_the_command() {
    let published = with_added_files();
    for verb in [&["verify", "--release", "v1.4.0"][..], &["reproduce", "v1.4.0", "--rebuilt", "dist"]] {
        let outcome = published.scenario.run([verb, &["--strict"]].concat()).exit(1).no_writes();
        outcome.says("error: 4 warnings are errors because of `--strict`");
    }
    let scenario = published.scenario.token(Some(crate::support::scenario::TOKEN));
    let publish = scenario.run(["publish", "--strict", "--attest", "none"]);
    publish.exit(1).no_writes().says("error: 1 warning is an error");
}

#[test]
fn a_signature_of_the_checksums_needs_no_cover_and_is_not_counted_as_verified() {
    let published = Published::new();
    published.add("SHA256SUMS.minisig", b"untrusted comment");
    let outcome = published.scenario.run(["verify", "--release", "v1.4.0", "--strict"]).exit(0);
    assert!(outcome.stdout.starts_with("tool 1.4.0: 11 files, "), "{}", outcome.stdout);
}

#[test]
fn a_promised_package_is_published_verified_and_not_claimed_by_a_rebuild() {
    let scenario = Scenario::new("1.4.0");
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\n\
                    [package.metadata.floe]\nsbom = false\nassets = [\"{name}_{version}_amd64.deb\", \"themes.tar.gz\"]\n";
    std::fs::create_dir(scenario.path().join("src")).unwrap();
    std::fs::write(scenario.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    std::fs::write(scenario.path().join("Cargo.toml"), manifest).unwrap();
    let deb = scenario.dist().join(DEB);
    scenario.run(["publish"]).exit(3).says(&format!("`{DEB}` is missing"));
    std::fs::write(&deb, "a package").unwrap();
    std::fs::write(scenario.dist().join("themes.tar.gz"), "an archive without a record").unwrap();
    scenario.run(["publish"]).exit(0);
    let verify = ["verify", "--release", "v1.4.0", "--strict"];
    let outcome = scenario.run(verify).exit(0);
    assert!(outcome.stdout.starts_with("tool 1.4.0: 13 files, "), "{}", outcome.stdout);
    // It is compared if a rebuild has it.
    let reproduce = ["reproduce", "v1.4.0", "--rebuilt", "dist"];
    assert_eq!(unmatched(&scenario.run(reproduce).exit(0).stdout), "");
    std::fs::write(&deb, "another package").unwrap();
    let outcome = scenario.run(reproduce).exit(3);
    assert!(
        unmatched(&outcome.stdout).ends_with(&format!("{DEB}                    differs")),
        "{}",
        outcome.stdout
    );
    std::fs::write(scenario.dist().join("notes.txt"), "of no release").unwrap();
    scenario.run(reproduce).exit(1).says("`dist/notes.txt` is not part of the release");
    std::fs::remove_file(scenario.dist().join("notes.txt")).unwrap();
    std::fs::remove_file(&deb).unwrap();
    let outcome = scenario.run(reproduce).exit(0);
    expect![[r#"
        SHA256SUMS                              not claimed
        tool-manifest.json                      not claimed
        tool_1.4.0_amd64.deb                    not claimed"#]]
    .assert_eq(&unmatched(&outcome.stdout));
    let release = scenario.github.releases(&scenario.repo()).remove(0);
    let asset = release.assets.iter().find(|asset| asset.name == DEB).unwrap().id;
    flip_bit(&scenario.github.asset_file(asset));
    scenario.run(verify).exit(3).says(&format!("  `{DEB}` is sha256:"));
}

/// The verdicts other than `match`, a line each.
fn unmatched(stdout: &str) -> String {
    let verdicts = stdout.lines().filter(|line| !line.starts_with(' ') && !line.ends_with("  match"));
    verdicts.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_that_only_one_of_checksums_and_manifest_names_is_wrong() {
    let published = Published::new();
    let sums = std::fs::read_to_string(published.asset_file("SHA256SUMS")).unwrap();
    let less: String =
        sums.lines().filter(|line| !line.ends_with(ARCHIVE)).map(|line| format!("{line}\n")).collect();
    published.replace("SHA256SUMS", less.as_bytes());
    published.problems(expect!["`tool-x86_64-unknown-linux-musl.tar.gz` is not in `SHA256SUMS`"]);
    let less: String = sums
        .lines()
        .filter(|line| !line.ends_with("-manifest.json"))
        .map(|line| format!("{line}\n"))
        .collect();
    published.replace("SHA256SUMS", less.as_bytes());
    published.problems(expect!["`tool-manifest.json` is not in `SHA256SUMS`"]);
}

#[test]
fn publishing_again_and_reproducing_treat_added_files_alike() {
    let published = with_added_files();
    let outcome = published.scenario.run(["reproduce", "v1.4.0", "--rebuilt", "dist"]).exit(0).no_writes();
    assert!(outcome.stdout.contains(&format!("{DEB}  ")), "{}", outcome.stdout);
    let uncovered = outcome.stdout.lines().filter(|line| line.ends_with("  not covered")).count();
    assert_eq!(uncovered, 4, "{}", outcome.stdout);
    outcome.says(&format!("warning `{DEB}` is not covered by this release")).says("12 match, 4 not covered");
    let scenario = published.scenario.token(Some(crate::support::scenario::TOKEN));
    let state = scenario.state();
    for verb in ["plan", "publish"] {
        let outcome = scenario.run([verb]).exit(0).no_writes();
        outcome
            .says(&format!("warning `v1.4.0` is published with `{DEB}`, `"))
            .says("not covered by this release");
    }
    assert_eq!(scenario.state(), state);
}

#[test]
fn a_published_file_that_was_replaced_or_removed_is_still_a_conflict() {
    let published = with_added_files();
    published.replace(ARCHIVE, b"another");
    let scenario = published.scenario.token(Some(crate::support::scenario::TOKEN));
    let outcome = scenario.run(["publish"]).exit(4).no_writes();
    outcome.says(&format!("`{ARCHIVE}` of the published release `v1.4.0` is not the one of this dist"));
}
