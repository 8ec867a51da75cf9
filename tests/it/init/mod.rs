//! `floe init` on fresh projects, on projects that have files of the same names, a second time, and in CI.
//!
//! Each test runs the program on a project made for it, and checks its output and the files it leaves.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use expect_test::expect;

use crate::project::git;
use crate::support;
use crate::support::peers::peer;
use crate::support::sample::Sample;

mod drift;
mod existing;
mod first;
mod places;
mod remote;

const WORKFLOW: &str = ".github/workflows/release.yml";
const FOREIGN: &str = "on: push\njobs: {}\n";

/// A run that is given the address of floe: its exit code and its stderr, with the project's folder as `<folder>`.
fn floe(sample: &Sample, arguments: &[&str]) -> (Option<i32>, String) {
    let url = concat!("github:acme/floe/v", env!("CARGO_PKG_VERSION"));
    floe_in(sample, sample.path(), &[arguments, &["--floe-url", url]].concat())
}

/// A run in a folder, with these arguments only.
fn floe_in(sample: &Sample, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (code, stdout, stderr) = output_in(sample, folder, arguments);
    assert!(stdout.is_empty(), "the files are the result, so stdout is empty");
    (code, stderr)
}

/// As [`floe_in`], with stdout before stderr; without what it says of floe's remote, which these runs cannot reach.
fn output_in(sample: &Sample, folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        support::sample::floe(folder).arg("init").args(arguments).stdin(Stdio::null()).output().unwrap();
    let real = floe::files::resolve(sample.path()).unwrap().display().to_string();
    let plain = |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        let text = text.replace(&real, "<folder>").replace(&sample.path().display().to_string(), "<folder>");
        let is_about_remote = |line: &str| {
            line.contains("Asking https://github.com/") || line.contains("the workflow calls floe by its tag")
        };
        let text: String = text.split_inclusive('\n').filter(|line| !is_about_remote(line)).collect();
        text.replace("<folder>\\", "<folder>/")
    };
    (output.status.code(), plain(output.stdout), plain(output.stderr))
}

/// The output after the differences: what was written, or why nothing was.
fn end(stderr: &str) -> &str {
    let marks = ["       Wrote", "     Changed", "   Unchanged", "error: "];
    let starts = marks.iter().filter_map(|mark| match stderr.starts_with(mark) {
        true => Some(0),
        false => stderr.find(&format!("\n{mark}")).map(|at| at + 1),
    });
    &stderr[starts.min().unwrap_or_else(|| panic!("no end in\n{stderr}"))..]
}

/// Every file below a folder but git's own and Cargo's, with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().unwrap().to_str().unwrap() {
                ".git" | "target" => {}
                _ if path.is_dir() => folders.push(path),
                _ => {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                    found.push((name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    found.sort();
    found
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_iter().map(|(name, _)| name).collect()
}

fn text(sample: &Sample, name: &str) -> String {
    fs::read_to_string(sample.path().join(name)).unwrap()
}

/// With a fixed version of floe.
fn plain(text: &str) -> String {
    text.replace(env!("CARGO_PKG_VERSION"), "<floe>")
}

/// Commits all files to a new git repository with a remote.
fn commit(sample: &Sample) {
    git(sample.path(), &["init", "--quiet"]);
    git(sample.path(), &["add", "."]);
    git(sample.path(), &["commit", "--quiet", "-m", "begin"]);
    git(sample.path(), &["remote", "add", "origin", "git@github.com:acme/tool.git"]);
}

fn bare() -> Sample {
    Sample::with_manifest(
        "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\" # as ever\n\n[dependencies]\n",
    )
    .file("src/main.rs", "fn main() {}\n")
}

#[test]
fn without_a_terminal_it_shows_everything_and_writes_nothing() {
    let sample = bare();
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--target", "x86_64-musl"]);
    assert_eq!(code, Some(1));
    expect![[r#"
             Project tool 1.4.0 in <folder>
        diff --git a/.github/workflows/release.yml b/.github/workflows/release.yml
        new file mode 100644
        --- /dev/null
    "#]]
    .assert_eq(&stderr.split_inclusive('\n').take(4).collect::<String>());
    expect![[r#"
        --- a/Cargo.toml
        +++ b/Cargo.toml
        @@ -3,4 +3,10 @@
         version = "1.4.0"
         edition = "2021" # as ever

        +# The targets of a release; others are not built. `floe targets` lists all that floe knows.
        +[package.metadata.floe]
        +targets = [
        +    "x86_64-musl",
        +]
        +
         [dependencies]
    "#]]
    .assert_eq(&between(&stderr, "--- a/Cargo.toml", "diff --git").replace("\n \n", "\n\n"));
    assert!(stderr.contains("+++ b/CHANGELOG.md") && stderr.contains("+++ b/flake.nix"));
    expect![[r#"
        error: nothing was written, because there is no terminal to ask on

        hint: write these 4 files with `floe init --yes`
    "#]]
    .assert_eq(end(&stderr));
    assert_eq!(files(sample.path()), before);
}

#[test]
fn it_writes_all_once_and_the_second_run_changes_nothing() {
    let sample = bare();
    let (code, stderr) = floe(&sample, &["--yes", "--target", "x86_64-musl", "--target", "aarch64-macos"]);
    assert_eq!(code, Some(0), "{stderr}");
    expect![[r#"
               Wrote .github/workflows/release.yml
               Wrote CHANGELOG.md
             Changed Cargo.toml
               Wrote flake.nix
             warning `tool` has no LICENSE file to put into the archives: add one, or set `license-file` in Cargo.toml

        Next steps:
          repository = "https://github.com/owner/name"  add this to [package] in Cargo.toml, with your names
          git init                                      a release starts with a tag
          cargo generate-lockfile                       a release is built from Cargo.lock
          git add --all && nix flake lock               pin floe in flake.lock; a flake sees only files that git knows
          floe rehearse                                 run the whole release on this machine; nothing is uploaded
          git tag v1.4.0 && git push origin v1.4.0      release, after these files are committed and pushed
    "#]]
    .assert_eq(end(&stderr));
    let project = sample.load().unwrap();
    let targets: Vec<&str> = project.config.targets.iter().map(|target| target.name).collect();
    assert_eq!(targets, ["x86_64-musl", "aarch64-macos"]);

    let written = files(sample.path());
    let (code, stderr) = floe(&sample, &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(end(&stderr).starts_with("   Unchanged .github/workflows/release.yml, Cargo.toml, flake.nix\n"));
    assert!(!stderr.contains("diff --git"), "{stderr}");
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    assert_eq!(files(sample.path()), written);
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.ends_with("Checked .github/workflows/release.yml, Cargo.toml, flake.nix: no drift\n"));
}

#[test]
fn the_files_are_the_templates_with_floes_address() {
    let sample = bare();
    let commit = "c".repeat(40);
    assert_eq!(floe(&sample, &["--yes", "--pin", &commit]).0, Some(0));
    expect![[r#"
        {
          # A version of floe, such as `github:owner/name/v1.0.0`, or `flake:floe`, which `nix registry add floe …` sets.
          inputs.floe.url = "github:acme/floe/v<floe>";

          # floe's docs/nix.md lists all arguments and outputs. A release does not wait for the project's own checks;
          # `checks = { clippy = true; tests = true; };` adds them to `nix flake check`.
          outputs = { self, floe }: floe.lib.mkRelease { src = self; };
        }
    "#]]
    .assert_eq(&plain(&text(&sample, "flake.nix")));
    expect![[r#"
        # Changelog

        All notable changes to tool, newest first. The format is based on
        [Keep a Changelog](https://keepachangelog.com), and versions follow [SemVer](https://semver.org).

        ## Unreleased
    "#]]
    .assert_eq(&text(&sample, "CHANGELOG.md"));
    let call = format!("    uses: acme/floe{}{commit} # v<floe>\n", "/.github/workflows/release.yml@");
    assert!(plain(&text(&sample, WORKFLOW)).contains(&call));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

#[test]
fn the_shown_difference_is_a_patch_that_git_applies() {
    if peer("git").is_none() {
        return;
    }
    let sample = bare();
    commit(&sample);
    let (_, stderr) = floe(&sample, &[]);
    let patch = between(&stderr, "diff --git", "error: ");
    let applied = bare().file("init.patch", patch);
    git(applied.path(), &["apply", "init.patch"]);
    fs::remove_file(applied.path().join("init.patch")).unwrap();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert_eq!(files(applied.path()), files(sample.path()));
}

#[test]
fn foreign_files_stop_it_and_only_committed_ones_are_replaced() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool().file("flake.nix", "{ outputs = _: { }; }\n").file(WORKFLOW, FOREIGN);
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(4));
    expect![[r#"
        error: 2 files are in the way
          `.github/workflows/release.yml` exists and does not call floe
            let pushed tags of releases start it, unless they do:
                on:
                  push:
                    tags: ["v[0-9]*"]
            add below `jobs:`:
                  release:
                    if: startsWith(github.ref, 'refs/tags/v')
                    # The version of floe. Dependabot can keep it up to date.
                    uses: acme/floe/.github/workflows/release.yml@v<floe>
                    permissions:
                      contents: write # the draft, its assets, and the release
                      packages: write # the image
                      id-token: write # the identity that signs what was built
                      attestations: write # the signatures
          `flake.nix` exists and does not call floe
            add beside `outputs`:
                inputs.floe.url = "github:acme/floe/v<floe>";
            write `outputs` like this, with its present value in place of `…`:
                outputs = inputs:
                  let
                    yours = (…) (builtins.removeAttrs inputs [ "floe" ]);
                    release = inputs.floe.lib.mkRelease { src = inputs.self; };
                    merge = name: own: release.${name} // builtins.mapAttrs (system: value: release.${name}.${system} or { } // value) own;
                  in
                  release // yours // builtins.mapAttrs merge (builtins.intersectAttrs release yours);
            an output that both define, such as `packages.x86_64-linux.default`, stays yours: a release needs floe's `dist` and `gate`
        nothing was written

        hint: add these lines, or delete `.github/workflows/release.yml` if floe replaces it, or replace what git has committed with `floe init --force`
    "#]]
    .assert_eq(&plain(end(&stderr)));
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(4), "without git they would be lost");
    commit(&sample);
    let sample = sample.file("flake.nix", "{ outputs = _: { a = 1; }; }\n");
    let (code, stderr) = floe(&sample, &["--yes", "--force"]);
    assert_eq!(code, Some(4));
    assert!(stderr.contains("`flake.nix` has content that git has not committed"), "{stderr}");
    git(sample.path(), &["checkout", "--quiet", "flake.nix"]);
    assert_eq!(files(sample.path()), before);

    let (code, stderr) = floe(&sample, &["--yes", "--force"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("\n-{ outputs = _: { }; }\n"), "{stderr}");
    assert!(stderr.contains("     Changed .github/workflows/release.yml\n"), "{stderr}");
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

#[test]
fn a_flake_and_a_workflow_with_their_own_call_of_floe_are_left() {
    let flake =
        "{ outputs = inputs: inputs.floe.lib.mkRelease { src = ./.; env.A = \"b\"; } // { a = 1; }; }\n";
    let sample = bare().file("flake.nix", flake).file(WORKFLOW, FOREIGN);
    let other = bare();
    assert_eq!(floe(&other, &["--yes"]).0, Some(0));
    // It is called from another file, with a line more, so that release.yml is free to be anything.
    let theirs = text(&other, WORKFLOW)
        .replace("name: release", "name: 'floe'")
        .replace("    with:\n", "    with:\n      cache: mine\n");
    assert!(theirs.contains("cache: mine"));
    let sample = sample.file(".github/workflows/floe.yaml", &theirs);
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(text(&sample, ".github/workflows/floe.yaml"), theirs);
    assert_eq!((text(&sample, "flake.nix"), text(&sample, WORKFLOW)), (flake.to_owned(), FOREIGN.to_owned()));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
    assert!(theirs.contains("acme/floe"));
}

#[test]
fn a_changelog_without_the_required_section_is_reported() {
    let sample = Sample::tool().manifest_lines("[package.metadata.floe]\nnotes = \"changelog\"");
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains(
            "`CHANGELOG.md` has no section for 1.4.0; write what changed below a heading `## 1.4.0`"
        ),
        "{stderr}"
    );
    let sample = sample.file("CHANGELOG.md", "# Changelog\n\n## 1.4.0\n\nFirst.\n");
    assert!(!floe(&sample, &["--yes"]).1.contains("section"));
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_that_leads_out_of_the_project() {
    let sample = Sample::tool();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), sample.path().join(".github")).unwrap();
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(4));
    assert!(stderr.contains("`.github/workflows/release.yml` leads out of the repository"), "{stderr}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(!sample.path().join("flake.nix").exists(), "all or none");
}

#[test]
fn a_project_with_notes_from_github_needs_no_changelog() {
    let sample = bare().manifest_lines("[package.metadata.floe]\nnotes = \"github\"");
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert!(!names(sample.path()).contains(&"CHANGELOG.md".to_owned()));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

#[test]
fn channels_without_their_keys_or_secrets_are_named() {
    let tables = "[package.metadata.floe]\nnotes = \"github\"\n\
                  [package.metadata.floe.homebrew]\ntap = \"acme/homebrew-tap\"\n\
                  [package.metadata.floe.chocolatey]";
    let sample = bare().manifest_lines(tables);
    let said = |run: (Option<i32>, String)| {
        for text in [
            "no workflow passes on the secret that `homebrew` needs",
            "gh secret set CHANNEL_TOKEN",
            "no workflow passes on the secret that `chocolatey` needs",
            "gh secret set CHOCOLATEY_KEY",
            "`homebrew` needs a `description` in Cargo.toml",
        ] {
            assert!(run.0 == Some(0) && run.1.contains(text), "{text}: {}", run.1);
        }
    };
    said(floe(&sample, &["--yes"]));
    said(floe(&sample, &["--check"]));
    let (path, described) = (sample.path().join("Cargo.toml"), "[package]\ndescription = \"A tool.\"\n");
    let manifest = fs::read_to_string(&path).unwrap().replacen("[package]\n", described, 1);
    fs::write(path, manifest).unwrap();
    let workflow = fs::read_to_string(sample.path().join(WORKFLOW)).unwrap();
    let secrets = "    secrets:\n      channel-token: ${{ secrets.CHANNEL_TOKEN }}\n      chocolatey-key: ${{ secrets.CHOCOLATEY_KEY }}\n";
    fs::write(sample.path().join(WORKFLOW), workflow + secrets).unwrap();
    let (_, quiet) = floe(&sample, &["--check"]);
    assert!(!quiet.contains("secret set") && !quiet.contains("`homebrew` needs"), "{quiet}");
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text.find(start).unwrap_or_else(|| panic!("no `{start}` in\n{text}"));
    let rest = &text[from..];
    &rest[..rest[1..].find(end).map_or(rest.len(), |at| at + 1)]
}
