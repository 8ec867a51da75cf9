//! `floe init` as people run it: on fresh projects, on those that have files of the same names, again, and in CI.
//!
//! Each runs the real program on a project made from nothing; what was printed and what lies there afterwards count.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use expect_test::expect;
use floe::project::init::template::Floe;

use crate::peers::peer;
use crate::project::git;
use crate::sample::Sample;

mod places;

const WORKFLOW: &str = ".github/workflows/release.yml";
const FOREIGN: &str = "on: push\njobs: {}\n";

/// A run's exit code and what it said on stderr, with the project's folder as `<folder>`.
fn floe(sample: &Sample, arguments: &[&str]) -> (Option<i32>, String) {
    floe_in(sample, sample.path(), arguments)
}

fn floe_in(sample: &Sample, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_floe"))
        .arg("init")
        .args(arguments)
        .current_dir(folder)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.stdout.is_empty(), "files are the result, not what is printed");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let real = sample.path().canonicalize().unwrap().display().to_string();
    let text = stderr.replace(&real, "<folder>").replace(&sample.path().display().to_string(), "<folder>");
    (output.status.code(), text.replace("<folder>\\", "<folder>/"))
}

/// What follows the differences: what was written, or why it was not.
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

/// With its address and version where they differ from build to build.
fn plain(text: &str) -> String {
    let own = Floe::own(None).unwrap();
    text.replace(&own.repo.to_string(), "acme/floe").replace(&own.version.to_string(), "<floe>")
}

/// Puts all that is there under git, with a remote.
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

        +# What a release holds; `floe targets` lists what there is. What is not named here is not built.
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
        error: nothing was written: there is no terminal to ask on

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
             warning this is no git repository, and a release begins with a tag: `git init`, commit, and push to GitHub
             warning Cargo.lock is missing, and a release is built from it: `cargo generate-lockfile`, and commit it
             warning flake.lock does not say which floe is meant: `git add flake.nix && nix flake lock`, and commit both
             warning there is no LICENSE file, so the archives hold none: add one beside Cargo.toml
             warning binaries keep their symbols: `strip = true` below [profile.release] makes downloads smaller

        Try these two:
          floe rehearse                             the whole release on this machine; nothing leaves it
          git tag v1.4.0 && git push origin v1.4.0  the release itself, once all this is committed and pushed
    "#]]
    .assert_eq(end(&stderr));
    let project = sample.load().unwrap();
    let targets: Vec<&str> = project.config.targets.iter().map(|target| target.name()).collect();
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
    assert!(
        stderr
            .ends_with("Checked .github/workflows/release.yml, Cargo.toml, flake.nix: nothing has drifted\n")
    );
}

#[test]
fn the_files_say_what_the_templates_say_with_floes_address() {
    let sample = bare();
    let commit = "c".repeat(40);
    assert_eq!(floe(&sample, &["--yes", "--pin", &commit]).0, Some(0));
    expect![[r##"
        {
          # Where floe lives, and which of it: as `github:owner/name/v1.0.0`, or what `nix registry add floe …` says.
          inputs.floe.url = "github:acme/floe/v<floe>";

          # What else can be said, and what comes out, stands in the head of floe's nix/mkRelease.nix.
          outputs = { self, floe }: floe.lib.mkRelease { src = self; };
        }
    "##]]
    .assert_eq(&plain(&text(&sample, "flake.nix")));
    expect![[r#"
        # Changelog

        Every change that users of tool can see, newest first. The format is that of
        [Keep a Changelog](https://keepachangelog.com), and versions follow [SemVer](https://semver.org).

        ## Unreleased
    "#]]
    .assert_eq(&text(&sample, "CHANGELOG.md"));
    let call = format!("    uses: acme/floe{}{commit} # v<floe>\n", "/.github/workflows/release.yml@");
    assert!(plain(&text(&sample, WORKFLOW)).contains(&call));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

#[test]
fn what_it_shows_is_a_patch_that_git_applies() {
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
fn somebody_elses_files_stop_it_and_only_what_git_keeps_is_replaced() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool().file("flake.nix", "{ outputs = _: { }; }\n").file(WORKFLOW, FOREIGN);
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(4));
    expect![[r#"
        error: 2 files stand where floe's would go
          `.github/workflows/release.yml` is there and does not call floe
          `flake.nix` is there and does not call floe
        nothing was written

        hint: rename `.github/workflows/release.yml` if it does something else, or take it away if floe replaces it; let your flake call floe too, with the input `floe.url = "github:acme/floe/v<floe>";` and, as its outputs, `nixpkgs.lib.recursiveUpdate (floe.lib.mkRelease { src = self; }) { … yours … }`; or put floe's in place of what git has committed: `floe init --force`
    "#]]
    .assert_eq(&plain(end(&stderr)));
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(4), "nothing keeps them");
    commit(&sample);
    let sample = sample.file("flake.nix", "{ outputs = _: { a = 1; }; }\n");
    let (code, stderr) = floe(&sample, &["--yes", "--force"]);
    assert_eq!(code, Some(4));
    assert!(stderr.contains("`flake.nix` is not committed as it is"), "{stderr}");
    git(sample.path(), &["checkout", "--quiet", "flake.nix"]);
    assert_eq!(files(sample.path()), before);

    let (code, stderr) = floe(&sample, &["--yes", "--force"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("\n-{ outputs = _: { }; }\n"), "{stderr}");
    assert!(stderr.contains("     Changed .github/workflows/release.yml\n"), "{stderr}");
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

#[test]
fn a_flake_and_a_workflow_that_call_floe_in_their_own_way_are_left() {
    let own = Floe::own(None).unwrap();
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
    assert!(theirs.contains(&own.repo.to_string()));
}

#[test]
fn check_tells_each_file_that_has_drifted_and_init_mends_what_it_may() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let own = Floe::own(None).unwrap();
    let older = |text: String| text.replace(&format!("v{}", own.version), "v0.0.1");
    let flake = older(text(&sample, "flake.nix"));
    let workflow = older(text(&sample, WORKFLOW)).replace("      packages: write # the image\n", "");
    let sample = sample.file("flake.nix", &flake).file(WORKFLOW, &workflow);
    fs::remove_file(sample.path().join("CHANGELOG.md")).unwrap();
    commit(&sample);
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("\n+      packages: write # the image\n"), "{stderr}");
    expect![[r#"
        error: 3 files have drifted from what floe <floe> would write
          `.github/workflows/release.yml` lacks a line that floe's has
          `.github/workflows/release.yml` names floe 0.0.1, and this is floe <floe>
          `CHANGELOG.md` is missing
          `flake.nix` names floe 0.0.1, and this is floe <floe>
        nothing was written

        hint: `floe init` writes what is missing and moves the version of floe that files name; `floe init --force` puts floe's own text in place of what git has committed
    "#]]
    .assert_eq(&plain(end(&stderr)));
    assert_eq!(files(sample.path()), before);

    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3));
    expect![[r#"
        error: 1 file has drifted from what floe <floe> would write
          `.github/workflows/release.yml` lacks a line that floe's has
    "#]]
    .assert_eq(&plain(end(&stderr)).split_inclusive('\n').take(2).collect::<String>());
    git(sample.path(), &["commit", "--quiet", "-a", "-m", "newer floe"]);
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

#[test]
fn a_newer_floe_is_neither_judged_nor_taken_back_by_an_older_one() {
    let sample = Sample::tool();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let own = Floe::own(None).unwrap();
    let newer = text(&sample, WORKFLOW)
        .replace(&format!("v{}", own.version), "v999.0.0")
        .replace("packages: write", "");
    let sample = sample.file(WORKFLOW, &newer);
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3));
    expect![[r#"
        error: 1 file has drifted from what floe <floe> would write
          `.github/workflows/release.yml` names floe 999.0.0, which this floe <floe> is too old for
        nothing was written

        hint: use the newer floe that the files name
    "#]]
    .assert_eq(&plain(end(&stderr)));
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    assert_eq!(text(&sample, WORKFLOW), newer);
}

#[test]
fn who_takes_the_notes_from_github_needs_no_changelog() {
    let sample = bare().manifest_lines("[package.metadata.floe]\nnotes = \"github\"");
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert!(!names(sample.path()).contains(&"CHANGELOG.md".to_owned()));
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text.find(start).unwrap_or_else(|| panic!("no `{start}` in\n{text}"));
    let rest = &text[from..];
    &rest[..rest[1..].find(end).map_or(rest.len(), |at| at + 1)]
}
