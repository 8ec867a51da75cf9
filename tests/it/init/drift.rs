//! `floe init --check` and a second `floe init`: what counts as drift, and what is repaired.
//!
//! Every kind of drift is made in a project that `floe init` has written.

use std::fs;

use expect_test::expect;

use super::{WORKFLOW, commit, end, files, floe, floe_in, git, plain, text};
use crate::support::peers::peer;
use crate::support::sample::Sample;

#[test]
fn check_reports_each_drifted_file_and_init_repairs_what_it_may() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let workflow = text(&sample, WORKFLOW).replace("      packages: write # the image\n", "");
    let sample = sample.file(WORKFLOW, &workflow);
    fs::remove_file(sample.path().join("CHANGELOG.md")).unwrap();
    commit(&sample);
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("\n+      packages: write # the image\n"), "{stderr}");
    expect![[r#"
        error: 2 files differ from the templates of floe <floe>
          `.github/workflows/release.yml` lacks one line of floe's template
          `CHANGELOG.md` is missing
        nothing was written

        hint: write missing files with `floe init`; replace what git has committed with `floe init --force`
    "#]]
    .assert_eq(&plain(end(&stderr)));
    assert_eq!(files(sample.path()), before);

    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3));
    expect![[r#"
        error: 1 file differs from the templates of floe <floe>
          `.github/workflows/release.yml` lacks one line of floe's template
    "#]]
    .assert_eq(&plain(end(&stderr)).split_inclusive('\n').take(2).collect::<String>());
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

#[test]
fn windows_line_ends_stay_and_are_no_drift() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let windows = |text: String| text.replace('\n', "\r\n");
    let whole = windows(text(&sample, WORKFLOW));
    let sample = sample.file(WORKFLOW, &whole);
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
    let sample = sample.file(WORKFLOW, whole.replace("      packages: write # the image\r\n", ""));
    commit(&sample);
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3));
    let changed = stderr.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++")).count();
    assert_eq!(changed, 1, "{stderr}");
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    assert_eq!(text(&sample, WORKFLOW), whole);
    // So do those of a file that is replaced whole.
    let sample = sample.file("flake.nix", "{\r\n  outputs = _: { };\r\n}\r\n");
    let user = ["-c", "user.name=Acme", "-c", "user.email=acme@example.org"];
    git(sample.path(), &[&user[..], &["commit", "--quiet", "--all", "--message=flake"]].concat());
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    let flake = text(&sample, "flake.nix");
    assert!(flake.contains("mkRelease") && windows(flake.replace("\r\n", "\n")) == flake, "{flake:?}");
}

#[test]
fn a_workflow_that_calls_a_newer_floe_is_neither_compared_nor_replaced() {
    let sample = Sample::tool();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let own = env!("CARGO_PKG_VERSION");
    let newer =
        text(&sample, WORKFLOW).replace(&format!("v{}", own), "v999.0.0").replace("packages: write", "");
    let sample = sample.file(WORKFLOW, &newer);
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3));
    expect![[r#"
        error: 1 file differs from the templates of floe <floe>
          `.github/workflows/release.yml` calls floe 999.0.0, which is newer than this floe
        nothing was written

        hint: check with the version of floe that the workflow calls
    "#]]
    .assert_eq(&plain(end(&stderr)));
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    assert_eq!(text(&sample, WORKFLOW), newer);
}

#[test]
fn a_second_run_moves_an_older_floe_and_a_commit_only_to_a_given_one() {
    let sample = Sample::tool();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let own = env!("CARGO_PKG_VERSION");
    let written = |sample: &Sample| (text(sample, "flake.nix"), text(sample, WORKFLOW));
    let current = written(&sample);
    let with = |sample: Sample, reference: &str| {
        let (flake, workflow) = (&current.0, current.1.replace(&format!("@v{}", own), reference));
        let older = flake.replace(&format!("/v{}", own), "/v0.0.1");
        sample.file("flake.nix", older).file(WORKFLOW, workflow)
    };
    let sample = with(sample, "@v0.0.1");
    assert_eq!(floe(&sample, &["--check"]).0, Some(0), "an older version is no drift");
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert_eq!(written(&sample), current);

    let (old, new) = ("b".repeat(40), "c".repeat(40));
    let sample = with(sample, &format!("@{old} # v0.0.1"));
    assert_eq!(floe_in(&sample, sample.path(), &["--yes"]).0, Some(0));
    assert!(text(&sample, WORKFLOW).contains(&format!("@{old} # v0.0.1\n")));
    assert_eq!(floe(&sample, &["--yes", "--pin", &new]).0, Some(0));
    assert!(text(&sample, WORKFLOW).contains(&format!("@{new} # v{}\n", own)));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
    let pinned = text(&sample, WORKFLOW);
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert_eq!(text(&sample, WORKFLOW), pinned, "the given version is called by its commit already");
    let branch = ["--yes", "--floe-url", "github:acme/floe/main"];
    assert_eq!(floe_in(&sample, sample.path(), &branch).0, Some(0));
    assert!(text(&sample, WORKFLOW).contains("release.yml@main\n"));
    let sample = sample.file("flake.nix", &current.0);

    let fork = current.1.replace("acme/floe", "fork/floe").replace(own, "0.0.1");
    let sample = sample.file(WORKFLOW, &fork);
    assert_eq!(floe_in(&sample, sample.path(), &["--yes", "--pin", &new]).0, Some(0));
    assert_eq!(text(&sample, WORKFLOW), fork);
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert_eq!(text(&sample, WORKFLOW), current.1, "the given address replaces that of a fork");
}

#[test]
fn a_tag_prefix_is_part_of_the_workflow_and_of_the_next_tag() {
    let prefixed = "[package.metadata.floe]\ntag-prefix = \"tool-\"";
    let sample = Sample::tool().manifest_lines(prefixed);
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(text(&sample, WORKFLOW).contains("    tags: [\"tool-v[0-9]*\"]\n"));
    assert!(stderr.contains("\n  git tag tool-v1.4.0 && git push origin tool-v1.4.0  "), "{stderr}");
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
    // cargo-binstall does not guess the prefix.
    let manifest = text(&sample, "Cargo.toml");
    assert!(
        manifest.contains(
            "[package.metadata.binstall]\npkg-url = \"{ repo }/releases/download/tool-v{ version }/"
        ),
        "{manifest}"
    );
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert_eq!(text(&sample, "Cargo.toml"), manifest);
    // A workflow that was written before the prefix would never run.
    let workflow = text(&sample, WORKFLOW).replace("tool-v[0-9]*", "v[0-9]*");
    let sample = sample.file(WORKFLOW, workflow);
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("\n-    tags: [\"v[0-9]*\"]\n+    tags: [\"tool-v[0-9]*\"]\n"), "{stderr}");
}

#[test]
fn the_workflow_is_called_by_the_commit_that_the_lock_file_pins() {
    if peer("git").is_none() {
        return;
    }
    let (own, rev) = (format!("v{}", env!("CARGO_PKG_VERSION")), "d".repeat(40));
    let lock = |owner: &str, reference: &str| {
        let original =
            format!(r#"{{"owner": "{owner}", "repo": "floe", "type": "github", "ref": "{reference}"}}"#);
        let locked = format!(r#"{{"owner": "{owner}", "repo": "floe", "type": "github", "rev": "{rev}"}}"#);
        format!(
            r#"{{"nodes": {{"root": {{"inputs": {{"floe": "floe_2"}}}}, "floe_2": {{"original": {original}, "locked": {locked}}}}}}}"#
        )
    };
    let mut sample = Sample::tool();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let by_tag = text(&sample, WORKFLOW);
    assert!(by_tag.contains(&format!("@{own}\n")), "{by_tag}");
    // Another floe, another version, and no lock file at all.
    for (owner, reference) in [("fork", own.as_str()), ("acme", "v0.0.1"), ("acme", "main")] {
        sample = sample.file("flake.lock", lock(owner, reference));
        assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
        assert_eq!(text(&sample, WORKFLOW), by_tag, "{owner} {reference}");
    }
    let sample = sample.file("flake.lock", lock("acme", &own));
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert!(text(&sample, WORKFLOW).contains(&format!("@{rev} # {own}\n")));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}
