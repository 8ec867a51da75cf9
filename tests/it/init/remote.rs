//! `floe init` asks the repository of floe for the commit that a new workflow calls. Here that repository is a local folder.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;

use super::{WORKFLOW, bare, end, files, text};
use crate::project::git;
use crate::support::peers::peer;
use crate::support::sample::{self, Sample};

const URL: &str = concat!("github:acme/floe/v", env!("CARGO_PKG_VERSION"));
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// A folder with the repository `acme/floe`, whose tag for this version has its own object, and its commit.
struct Remotes {
    folder: TempDir,
    commit: String,
}

impl Remotes {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let floe = folder.path().join("acme/floe");
        fs::create_dir_all(&floe).unwrap();
        git(&floe, &["init", "--quiet", "--initial-branch=main"]);
        git(&floe, &["commit", "--quiet", "--allow-empty", "-m", "begin"]);
        git(&floe, &["tag", "-m", "annotated", TAG]);
        let commit = fs::read_to_string(floe.join(".git/refs/heads/main")).unwrap().trim().to_owned();
        // A tag whose name ends in the same way has another commit.
        git(&floe, &["commit", "--quiet", "--allow-empty", "-m", "other"]);
        git(&floe, &["tag", &format!("x/{TAG}")]);
        Remotes { folder, commit }
    }

    /// `floe init` that finds these repositories: its exit code and stderr.
    fn floe(&self, sample: &Sample, arguments: &[&str]) -> (Option<i32>, String) {
        floe(self.folder.path(), sample, arguments)
    }
}

fn floe(github: &Path, sample: &Sample, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = sample::floe(sample.path());
    let command = sample::github_for_git(&mut command, github).arg("init").args(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_new_workflow_calls_the_commit_that_the_tag_names() {
    if peer("git").is_none() {
        return;
    }
    let remotes = Remotes::new();
    let expected = format!("uses: acme/floe/.github/workflows/release.yml@{} # {TAG}\n", remotes.commit);
    for url in [URL, "github:acme/floe", "git+https://github.com/acme/floe"] {
        let sample = bare();
        let (code, stderr) = remotes.floe(&sample, &["--yes", "--floe-url", url]);
        assert_eq!(code, Some(0), "{stderr}");
        let asked = format!("Asking https://github.com/acme/floe for the commit of {TAG}\n");
        assert!(stderr.contains(&asked) && !stderr.contains("by its tag"), "{stderr}");
        assert!(text(&sample, WORKFLOW).contains(&expected), "{}", text(&sample, WORKFLOW));
        // The commit stays, and is not asked for again.
        let written = files(sample.path());
        for again in [&["--yes"][..], &["--check"], &["--yes", "--floe-url", url]] {
            let (code, stderr) = floe(Path::new("/nothing-is-here"), &sample, again);
            assert_eq!(code, Some(0), "{stderr}");
            assert!(!stderr.contains("Asking"), "{stderr}");
            assert_eq!(files(sample.path()), written);
        }
    }
}

#[test]
fn a_given_commit_or_branch_is_called_without_a_question() {
    let commit = "c".repeat(40);
    let branch = ["--yes", "--floe-url", "github:acme/floe/main"];
    for (arguments, called) in
        [(&["--yes", "--floe-url", URL, "--pin", &commit][..], &*commit), (&branch, "main")]
    {
        let sample = bare();
        let (code, stderr) = floe(Path::new("/nothing-is-here"), &sample, arguments);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(!stderr.contains("Asking"), "{stderr}");
        assert!(text(&sample, WORKFLOW).contains(&format!("release.yml@{called}")));
    }
}

#[test]
fn a_tag_that_floe_does_not_have_is_an_error() {
    if peer("git").is_none() {
        return;
    }
    let remotes = Remotes::new();
    let sample = bare();
    let before = files(sample.path());
    let (code, stderr) = remotes.floe(&sample, &["--yes", "--floe-url", "github:acme/floe/v0.0.1"]);
    assert_eq!(code, Some(2), "{stderr}");
    expect_test::expect![[r#"
        error: `https://github.com/acme/floe` has no tag `v0.0.1`
        nothing was written

        hint: name a tag, a branch or a commit that it has with `floe init --floe-url`
    "#]]
    .assert_eq(end(&stderr));
    assert_eq!(files(sample.path()), before);
}

#[test]
fn a_remote_that_cannot_be_asked_is_a_warning() {
    for github in ["/nothing-is-here", "https://127.0.0.1:1"] {
        let sample = bare();
        let (code, stderr) = floe(Path::new(github), &sample, &["--yes", "--floe-url", URL]);
        assert_eq!(code, Some(0), "{stderr}");
        let start = "warning the workflow calls floe by its tag, which can be moved, because git cannot ask \
                     `https://github.com/acme/floe` for the commit: ";
        let line = stderr
            .lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap_or_else(|| panic!("{stderr}"));
        assert!(
            line.ends_with("; run `floe init` again after `nix flake lock`, or give `--pin COMMIT`"),
            "{line}"
        );
        assert!(text(&sample, WORKFLOW).contains(&format!("release.yml@{TAG}\n")));
        // With `--strict`, nothing is written.
        let sample = bare();
        let before = files(sample.path());
        let (code, stderr) = floe(Path::new(github), &sample, &["--yes", "--strict", "--floe-url", URL]);
        assert_ne!(code, Some(0), "{stderr}");
        assert!(stderr.contains(&start[8..]), "{stderr}");
        assert_eq!(files(sample.path()), before);
    }
}

#[test]
fn settings_of_the_project_s_repository_do_not_redirect_the_question() {
    if peer("git").is_none() {
        return;
    }
    let remotes = Remotes::new();
    let sample = bare();
    super::commit(&sample);
    // Git takes the longest address that fits, so this one would win.
    git(sample.path(), &["config", "url./nothing-is-here/.insteadOf", "https://github.com/acme/"]);
    let (code, stderr) = remotes.floe(&sample, &["--yes", "--floe-url", URL]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(text(&sample, WORKFLOW).contains(&remotes.commit));
}
