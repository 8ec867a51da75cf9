//! `floe plan` before anything is built.

use expect_test::expect;
use floe_rehearsal::github::StoredRef;

use crate::support::scenario::{COMMIT, READER, Scenario};

#[test]
fn a_release_is_planned_before_it_is_built() {
    let scenario = Scenario::empty("1.4.0").before_anything_is_built("");
    let outcome = scenario.run(["plan"]).exit(0);
    expect![[r#"
        Release v1.4.0 of acme/tool at 3f9ac21
          stage   push     image (linux/amd64, linux/arm64)                     todo
          stage   draft    release v1.4.0                                       todo
          stage   upload   SHA256SUMS                                           todo
          stage   upload   tool-aarch64-apple-darwin.cdx.json                   todo
          stage   upload   tool-aarch64-apple-darwin.tar.gz                     todo
          stage   upload   tool-aarch64-unknown-linux-gnu.cdx.json              todo
          stage   upload   tool-aarch64-unknown-linux-gnu.tar.gz                todo
          stage   upload   tool-aarch64-unknown-linux-musl.cdx.json             todo
          stage   upload   tool-aarch64-unknown-linux-musl.tar.gz               todo
          stage   upload   tool-installer.ps1                                   todo
          stage   upload   tool-installer.sh                                    todo
          stage   upload   tool-manifest.json                                   todo
          stage   upload   tool-x86_64-apple-darwin.cdx.json                    todo
          stage   upload   tool-x86_64-apple-darwin.tar.gz                      todo
          stage   upload   tool-x86_64-pc-windows-msvc.cdx.json                 todo
          stage   upload   tool-x86_64-pc-windows-msvc.zip                      todo
          stage   upload   tool-x86_64-unknown-linux-gnu.cdx.json               todo
          stage   upload   tool-x86_64-unknown-linux-gnu.tar.gz                 todo
          stage   upload   tool-x86_64-unknown-linux-musl.cdx.json              todo
          stage   upload   tool-x86_64-unknown-linux-musl.tar.gz                todo
          reveal  publish  v1.4.0 as latest                                     todo
          reveal  tag      ghcr.io/acme/tool:1.4.0, 1.4, 1, latest              todo
          notes: GitHub's, from the beginning
        22 steps, 0 done, 22 to do; nothing is public yet
    "#]]
    .assert_eq(&outcome.stdout);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_release_that_is_public_already_is_no_error() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    // Neither the files nor the image are compared, so the release is not called complete.
    let mut scenario = scenario.before_anything_is_built("");
    for image in ["image = false\n", ""] {
        scenario = scenario.in_project(&format!("[package.metadata.floe]\nsbom = false\n{image}"));
        let plan = scenario.run(["plan"]).exit(0).no_writes().stdout;
        let last = "13 steps, 13 done, 0 to do; the release is public; its files and image are compared if a dist is given";
        assert_eq!(plan.lines().last(), Some(last), "{plan}");
        assert!(!plan.contains("notes: ") && !plan.contains("push ") && !plan.contains("ghcr.io"), "{plan}");
    }
}

#[test]
fn a_package_that_does_not_own_the_latest_release_has_a_hint() {
    for (setting, expected) in [("", false), ("latest = true\n", false), ("latest = false\n", true)] {
        let scenario =
            Scenario::empty("1.4.0").before_anything_is_built(&format!("[package.metadata.floe]\n{setting}"));
        let plan = scenario.run(["plan"]).exit(0).stdout;
        let line =
            "  latest: is not this package's; `latest = true` under [package.metadata.floe] makes it so\n";
        assert_eq!(plan.contains(line), expected, "{plan}");
    }
}

#[test]
fn a_plan_is_refused_where_publishing_would_be() {
    let wants_changelog = "[package.metadata.floe]\nnotes = \"changelog\"\n";
    let scenario = Scenario::empty("1.4.0").before_anything_is_built(wants_changelog);
    scenario.run(["plan"]).exit(3).says("the project has no changelog with a section for 1.4.0").no_writes();
    std::fs::write(scenario.path().join("Changes.md"), "## 1.3.0\n\nOld.\n").unwrap();
    scenario.run(["plan"]).exit(3).says("`Changes.md` has no section for 1.4.0").no_writes();

    let scenario = Scenario::empty("1.4.0").before_anything_is_built("");
    std::fs::write(scenario.path().join("Cargo.toml"), "[package]\nname = \"tool\"\nversion = \"1.5.0\"\n")
        .unwrap();
    scenario.run(["plan"]).exit(3).says("`v1.4.0` does not name the version of `tool`, which is 1.5.0");

    let scenario = Scenario::empty("1.4.0").before_anything_is_built("");
    let commit = "00000000000000000000000000000000000000aa".parse().unwrap();
    let other = StoredRef { commit, annotated: false };
    scenario.github.push_tag(&scenario.repo(), "v1.5.0", other).unwrap();
    std::fs::write(scenario.path().join("Cargo.toml"), "[package]\nname = \"tool\"\nversion = \"1.5.0\"\n")
        .unwrap();
    let scenario = scenario.at("1.5.0");
    scenario
        .run(["plan"])
        .exit(4)
        .says("tag `v1.5.0` points to commit 0000000 on GitHub, but 3f9ac21 was built");
    scenario.at("1.6.0").run(["plan"]).exit(3);
}

#[test]
fn a_changelog_that_gives_no_notes_is_a_warning() {
    let plan = |name: &str, changelog: &str| {
        let scenario = Scenario::empty("1.4.0").before_anything_is_built("");
        std::fs::write(scenario.path().join(name), changelog).unwrap();
        let outcome = scenario.run(["plan"]).exit(0);
        let notes = outcome.stdout.lines().find(|line| line.contains("notes: ")).unwrap().trim();
        format!("{}{notes}\n", outcome.stderr.replace("     warning", "warning"))
    };
    expect![[r#"
        warning `CHANGELOG.md` has no section for 1.4.0, so GitHub generates the notes: write what changed below a heading `## 1.4.0`, or set `notes = "github"` in [package.metadata.floe]
        notes: GitHub's, from the beginning
        warning `HISTORY.md` has nothing below its heading for 1.4.0, so GitHub generates the notes: write what changed below a heading `## 1.4.0`, or set `notes = "github"` in [package.metadata.floe]
        notes: GitHub's, from the beginning
        warning `NEWS.rst` is not Markdown and is not read for 1.4.0, so GitHub generates the notes: write what changed below a heading `## 1.4.0`, or set `notes = "github"` in [package.metadata.floe]
        notes: GitHub's, from the beginning
        notes: as the project wrote them
        notes: as the project wrote them
    "#]]
    .assert_eq(
        &[
            plan("CHANGELOG.md", "# Changelog\n\n## 1.3.0\n\nOld.\n"),
            plan("HISTORY.md", "## 1.4.0\n\n## 1.3.0\n\nOld.\n"),
            plan("NEWS.rst", "1.4.0\n-----\n\nNew.\n"),
            plan("Changelog.md", "\u{feff}[1.4.0](https://x) - 2026-08-03\n---\n\nNew.\n"),
            plan("releases.md", "## 2026-03-01, Version 1.4\n\nNew.\n"),
        ]
        .concat(),
    );
}

#[test]
fn a_token_that_may_only_read_gets_a_warning() {
    let scenario = Scenario::empty("1.4.0").before_anything_is_built("").token(Some(READER));
    scenario.run(["plan"]).exit(0).no_writes().says("no token that may push is set, so drafts");
}

#[test]
fn a_publish_with_no_dist_and_a_plan_with_no_project_are_wrong_usage() {
    let scenario = Scenario::empty("1.4.0").before_anything_is_built("");
    scenario.run(["publish"]).exit(2).says("floe package native/ --out dist");
    std::fs::remove_file(scenario.path().join("Cargo.toml")).unwrap();
    scenario.run(["plan"]).exit(2).says("there is neither a dist nor a project to plan");
}

#[test]
fn the_same_dist_twice_counts_once_and_another_is_a_problem() {
    let scenario = Scenario::new("1.4.0");
    let copy = scenario.path().join("copy");
    copy_folder(&scenario.dist(), &copy);
    scenario.run(["publish", "copy"]).exit(0);
    scenario.run(["publish"]).exit(0).no_writes();
    crate::support::scenario::make_dist_from(b"other", &copy, "1.4.0", &["x86_64-gnu".parse().unwrap()]);
    scenario.run(["publish", "copy"]).exit(3).says("x86_64-gnu").no_writes();
}

#[cfg(target_os = "linux")]
#[test]
fn downloaded_programs_for_this_machine_are_run() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let outcome = scenario.run(["verify", "--release", "v1.4.0", "--run=--version"]).exit(0);
    let ran = outcome.stderr.lines().filter(|line| line.trim_start().starts_with("Ran tool for")).count();
    assert_eq!(ran, 2, "{}", outcome.stderr);
    assert!(outcome.stdout.contains(": verified, not signed\n"), "{}", outcome.stdout);
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The certificate of a signature names the ref and the commit that the run was started for.
#[test]
fn a_run_that_is_not_for_the_commit_of_the_tag_is_refused() {
    let scenario = Scenario::empty("1.4.0").before_anything_is_built("");
    let other = "0".repeat(40);
    let run = |reference: &str, sha: &str| {
        scenario.run_with(&[("GITHUB_REF", reference), ("GITHUB_SHA", sha)], &["plan", "--from-tag"])
    };
    run("refs/tags/v1.4.0", COMMIT).exit(0);
    for (reference, sha) in [
        ("refs/heads/main", COMMIT),
        ("refs/heads/v1.4.0", COMMIT),
        ("refs/tags/v1.5.0", COMMIT),
        ("refs/tags/v1.4.0", &other),
        ("", ""),
    ] {
        let outcome = run(reference, sha).exit(3).no_writes();
        let outcome = outcome.says("this run is not for the commit of `v1.4.0`").says("nothing was built");
        outcome.says("hint: run it from the tag: `gh workflow run release.yml --ref v1.4.0`");
    }
    scenario.run(["plan"]).exit(0);
}
