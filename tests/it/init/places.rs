//! Where the files go: workspaces, projects below the root of their repository, and what is no project at all.
//!
//! What cannot be done is said with a way out, and nothing is written.

use std::fs;
use std::process::{Command, Stdio};

use expect_test::expect;

use super::{bare, commit, end, files, floe, floe_in, names, text};
use crate::peers::peer;
use crate::project::git;
use crate::sample::Sample;

fn workspace() -> Sample {
    let member =
        |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"2.0.0\"\nedition = \"2021\"\n");
    Sample::with_manifest("[workspace]\nmembers = [\"crates/*\"]\nresolver = \"2\"\n")
        .file("crates/one/Cargo.toml", member("one"))
        .file("crates/one/src/main.rs", "fn main() {}\n")
        .file("crates/two/Cargo.toml", member("two"))
        .file("crates/two/src/main.rs", "fn main() {}\n")
        .file("crates/three/Cargo.toml", member("three"))
        .file("crates/three/src/bin/three.rs", "fn main() {}\n")
}

#[test]
fn a_workspace_with_several_programs_wants_to_know_which() {
    let sample = workspace();
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(2));
    expect![[r#"
        error: `<folder>/Cargo.toml` has several packages with a binary: `one`, `three`, `two`

        hint: say which one is released: `--package one`
    "#]]
    .assert_eq(&stderr);
    assert_eq!(files(sample.path()), before);

    let (code, stderr) = floe(&sample, &["--yes", "--package", "two"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("\n  floe rehearse --package two  "), "{stderr}");
    assert!(text(&sample, "flake.nix").contains("mkRelease { src = self; package = \"two\"; };"));
    assert!(text(&sample, "crates/two/Cargo.toml").ends_with("\"x86_64-windows\",\n]\n"));
    assert!(text(&sample, "CHANGELOG.md").contains("users of two"));
    assert!(!text(&sample, "crates/one/Cargo.toml").contains("floe"));
    assert_eq!(floe(&sample, &["--check", "--package", "two"]).0, Some(0));
}

#[test]
fn below_the_root_of_a_repository_the_flake_and_the_workflow_stand_at_its_root() {
    if peer("git").is_none() {
        return;
    }
    let sample = bare();
    for name in ["src/main.rs", "Cargo.toml"] {
        let moved = sample.path().join("rust/tool").join(name);
        fs::create_dir_all(moved.parent().unwrap()).unwrap();
        fs::rename(sample.path().join(name), moved).unwrap();
    }
    commit(&sample);
    git(sample.path(), &["tag", "1.3.0"]);
    git(sample.path(), &["tag", "1.4.0"]);
    let (code, stderr) = floe_in(&sample, &sample.path().join("rust/tool/src"), &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        text(&sample, "flake.nix").contains("{ src = ./rust/tool; inherit self; repo = \"acme/tool\"; };")
    );
    assert_eq!(
        names(sample.path()),
        [
            ".github/workflows/release.yml",
            "flake.nix",
            "rust/tool/CHANGELOG.md",
            "rust/tool/Cargo.toml",
            "rust/tool/src/main.rs"
        ]
    );
    let told: Vec<&str> = end(&stderr).lines().filter(|line| line.contains("warning")).collect();
    assert!(
        told[0].ends_with("write `repository = \"https://github.com/acme/tool\"` below [package]"),
        "{told:?}"
    );
    assert!(
        told[2].ends_with("the version 1.4.0 has its tag already: raise `version` before the next release")
    );
    assert!(told[3].contains("tags are written like `1.4.0` here"), "{told:?}");
    assert!(stderr.contains("\n  git tag v1.4.1 && git push origin v1.4.1  "), "{stderr}");
}

#[test]
fn what_git_ignores_and_a_second_releaser_are_told() {
    if peer("git").is_none() {
        return;
    }
    let sample =
        Sample::tool().file("Cargo.lock", "version = 4\n").file(".gitignore", "/target\nCargo.lock\n").file(
            ".github/workflows/cd.yml",
            "jobs:\n  a:\n    steps:\n      - uses: softprops/action-gh-release@v2\n",
        );
    fs::rename(sample.path().join("CHANGELOG.md"), sample.path().join("CHANGES.md")).unwrap();
    commit(&sample);
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!names(sample.path()).contains(&"CHANGELOG.md".to_owned()), "it keeps one under another name");
    for line in [
        "git ignores Cargo.lock",
        "`.github/workflows/cd.yml` publishes releases too (`softprops/action-gh-release` in line 4)",
        "`CHANGES.md` is not read",
    ] {
        assert!(stderr.contains(&format!("     warning {line}")), "{line}\n{stderr}");
    }
}

#[test]
fn where_there_is_nothing_to_release_nothing_is_written() {
    let library =
        Sample::with_manifest("[package]\nname = \"lib\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
            .file("src/lib.rs", "");
    let (code, stderr) = floe(&library, &["--yes"]);
    assert_eq!(code, Some(1));
    expect![[r#"
        error: `<folder>/Cargo.toml` has no binary, so there is nothing to release

        hint: add `src/main.rs` or a `[[bin]]` to the package, or give another `--manifest-path`
    "#]]
    .assert_eq(&stderr);
    assert_eq!(names(library.path()), ["Cargo.toml", "src/lib.rs"]);

    let empty = Sample::with_manifest("");
    fs::remove_file(empty.path().join("Cargo.toml")).unwrap();
    let (code, stderr) = floe(&empty, &["--yes"]);
    assert_eq!((code, names(empty.path()).len()), (Some(1), 0));
    assert!(stderr.starts_with("error: there is no `Cargo.toml` in `<folder>` or above it\n"), "{stderr}");
}

#[test]
fn a_table_that_cargo_does_not_understand_is_taken_back_with_all_the_rest() {
    let sample = Sample::with_manifest(
        "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\nmetadata = { deb = { a = 1 } }\n",
    )
    .file("src/main.rs", "fn main() {}\n");
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("everything was put back as it was"), "{stderr}");
    assert_eq!(files(sample.path()), before);
    assert!(!sample.path().join(".github").exists());
}

#[test]
fn targets_that_the_project_names_itself_are_not_named_again() {
    let sample = Sample::tool().manifest_lines("[package.metadata.floe]\ntargets = [\"x86_64-gnu\"]");
    let (code, stderr) = floe(&sample, &["--yes", "--target", "x86_64-musl"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("says its targets itself"), "{stderr}");
    let manifest = text(&sample, "Cargo.toml");
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert_eq!(text(&sample, "Cargo.toml"), manifest);
    let broken = sample.file("Cargo.toml", manifest.replace("x86_64-gnu", "x86_64-gnuu"));
    assert_eq!(floe(&broken, &["--check"]).0, Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_it_asks() {
    use std::io::Write as _;

    let Some(script) = peer("script") else { return };
    for (answer, written) in [("n\n", false), ("\n", false), ("y\n", true)] {
        let sample = Sample::tool();
        let before = files(sample.path());
        let command = format!("{} init", env!("CARGO_BIN_EXE_floe"));
        let mut child = Command::new(&script)
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(sample.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("Write these 3 files? [y/N] "), "{said}");
        assert_eq!(output.status.success(), written, "{said}");
        assert_eq!(files(sample.path()) != before, written);
    }
}
