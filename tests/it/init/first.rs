//! `floe init` for the first time: without the address of floe, in projects that lack something, and as JSON.

use std::fs;

use expect_test::expect;
use serde_json::{Value, json};

use super::{FOREIGN, WORKFLOW, bare, commit, files, floe, floe_in, output_in, plain, text};
use crate::project::git;
use crate::support::peers::peer;
use crate::support::sample::Sample;

/// Whether this source has been published, so that its Cargo.toml names an owner.
fn is_published() -> bool {
    !env!("CARGO_PKG_REPOSITORY").contains("/OWNER/")
}

#[test]
fn a_floe_without_an_address_writes_no_file_that_calls_it() {
    let placeholder = ["--yes", "--floe-url", "github:OWNER/floe"];
    let without: &[&str] = if is_published() { &placeholder } else { &["--yes"] };
    for arguments in [&placeholder[..], without] {
        let sample = bare();
        let before = files(sample.path());
        let (code, stderr) = floe_in(&sample, sample.path(), arguments);
        assert_eq!(code, Some(2), "{stderr}");
        expect![[r#"
            error: this floe does not know where it is published
              `.github/workflows/release.yml` would call floe at `OWNER/floe`, which is a placeholder
              `flake.nix` would call floe at `OWNER/floe`, which is a placeholder
            nothing was written

            hint: say where with `floe init --floe-url github:owner/floe/v<floe>`
        "#]]
        .assert_eq(&plain(super::end(&stderr)));
        assert_eq!(files(sample.path()), before);
    }
}

#[test]
fn the_given_address_is_written_and_is_needed_only_once() {
    let sample = bare();
    let floe = |arguments: &[&str]| floe_in(&sample, sample.path(), arguments);
    let url = "git+https://github.com/acme/floe?ref=refs/tags/v0.1.0";
    assert_eq!(floe(&["--yes", "--floe-url", url]).0, Some(0));
    assert!(text(&sample, "flake.nix").contains(&format!("inputs.floe.url = \"{url}\";")));
    assert!(text(&sample, WORKFLOW).contains("uses: acme/floe/.github/workflows/release.yml@v0.1.0\n"));
    let written = files(sample.path());
    assert_eq!(floe(&["--check"]).0, Some(0));
    assert_eq!(floe(&["--yes"]).0, Some(0));
    assert_eq!(files(sample.path()), written);
    // Another address is reported, and moves both calls.
    let (code, stderr) = floe(&["--check", "--floe-url", "github:fork/floe/v0.1.0"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains(
            "`--floe-url` names another floe than is called (.github/workflows/release.yml, flake.nix)"
        ),
        "{stderr}"
    );
    assert!(!floe(&["--check", "--floe-url", url]).1.contains("another floe"));
    assert_eq!(floe(&["--yes", "--floe-url", "github:fork/floe/v0.1.0"]).0, Some(0));
    assert!(text(&sample, "flake.nix").contains("inputs.floe.url = \"github:fork/floe/v0.1.0\";"));
    assert!(text(&sample, WORKFLOW).contains("uses: fork/floe/.github/workflows/release.yml@v0.1.0\n"));
}

#[test]
fn files_that_call_the_placeholder_are_repaired() {
    let sample = bare();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let written = files(sample.path());
    let flake = text(&sample, "flake.nix").replace("acme/floe", "OWNER/floe");
    let workflow = text(&sample, WORKFLOW).replace("acme/floe", "OWNER/floe");
    let sample = sample.file("flake.nix", flake).file(WORKFLOW, workflow);
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    assert_eq!(files(sample.path()), written);
}

#[test]
fn an_address_that_no_workflow_can_call_is_a_usage_error() {
    for url in ["path:/srv/floe", "github:acme", "github:acme/floe?dir=a", "github:acme/floe/v1\"; x = \""] {
        let sample = bare();
        let before = files(sample.path());
        let (code, stderr) = floe_in(&sample, sample.path(), &["--yes", "--floe-url", url]);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(
            stderr.contains(&format!("`{url}`")) && stderr.contains("\nhint: name a version of floe"),
            "{stderr}"
        );
        assert_eq!(files(sample.path()), before);
    }
    let sample = bare();
    let (code, stderr) =
        floe_in(&sample, sample.path(), &["--yes", "--floe-url", "github:acme/floe/v999.0.0"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("warning `--floe-url` names floe 999.0.0, but this is floe"), "{stderr}");
}

fn checked(sample: &Sample) -> (Option<i32>, Value) {
    let (code, stdout, stderr) = output_in(sample, sample.path(), &["--check", "--json"]);
    let value: Value =
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}\n{stdout}{stderr}"));
    // The text has the same warnings, whether JSON is printed, too, or not.
    let text = floe_in(sample, sample.path(), &["--check"]).1;
    for warning in value["warnings"].as_array().unwrap() {
        let line = format!("warning {}", warning.as_str().unwrap());
        assert!(text.contains(&line) && stderr.contains(&line), "{line}\n{text}\n{stderr}");
    }
    (code, value)
}

#[test]
fn an_input_without_a_plain_url_is_not_moved_silently() {
    let url = "github:fork/floe/v0.1.0";
    for inputs in [
        "inputs.floe.follows = \"tools/floe\";",
        "inputs.floe = import ./floe.nix;",
        "inputs.floe.url = \"github:${owner}/floe\";",
        "inputs.floe.url = ''github:acme/floe'';",
        "# inputs.floe.url = \"github:acme/floe\";\n",
        "",
    ] {
        let flake =
            format!("{{ {inputs} outputs = {{ self, floe }}: floe.lib.mkRelease {{ src = self; }}; }}\n");
        let sample = Sample::tool().file("flake.nix", &flake);
        let expected = "warning `flake.nix` does not show the URL of floe as one string, so `--floe-url` does not move it: \
             give its input the URL `github:fork/floe/v0.1.0`";
        for arguments in [&["--yes", "--floe-url", url][..], &["--check", "--floe-url", url]] {
            let stderr = floe_in(&sample, sample.path(), arguments).1;
            assert!(stderr.contains(expected), "{inputs}\n{stderr}");
        }
        assert_eq!(text(&sample, "flake.nix"), flake);
        let stderr = floe_in(&sample, sample.path(), &["--check"]).1;
        assert!(!stderr.contains(expected), "without the argument: {stderr}");
    }
}

fn states(value: &Value) -> Value {
    let files = value["files"].as_array().unwrap();
    files.iter().map(|file| (file["path"].as_str().unwrap().to_owned(), file["state"].clone())).collect()
}

#[test]
fn check_as_json_has_the_state_of_each_file() {
    let sample = bare();
    let (code, value) = checked(&sample);
    assert_eq!(code, Some(3));
    assert_eq!(
        states(&value),
        json!({ WORKFLOW: "missing", "CHANGELOG.md": "missing", "Cargo.toml": "same", "flake.nix": "missing" })
    );
    assert_eq!(value["hint"], "write missing files with `floe init`");
    assert_eq!(value["schema"], 1);

    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let (code, value) = checked(&sample);
    assert_eq!((code, &value["hint"]), (Some(0), &Value::Null));
    assert_eq!(states(&value), json!({ WORKFLOW: "same", "Cargo.toml": "same", "flake.nix": "same" }));
    let warnings = value["warnings"].as_array().unwrap();
    assert!(
        warnings.contains(&json!(
            "to do before a release: `cargo generate-lockfile` (a release is built from Cargo.lock)"
        )),
        "{warnings:?}"
    );

    let workflow = text(&sample, WORKFLOW).replace("      packages: write # the image\n", "");
    let sample = sample.file(WORKFLOW, workflow).file("flake.nix", "{ outputs = { self }: { lib = 1; }; }\n");
    let (code, value) = checked(&sample);
    assert_eq!(code, Some(3));
    assert_eq!(states(&value), json!({ WORKFLOW: "drifted", "Cargo.toml": "same", "flake.nix": "foreign" }));
    assert_eq!(value["files"][0]["drift"], "lacks one line of floe's template");
    let add = value["files"][2]["add"].as_array().unwrap();
    assert!(
        add.contains(&json!("        release = inputs.floe.lib.mkRelease { src = inputs.self; };")),
        "{add:?}"
    );
    let sample = sample.file(WORKFLOW, FOREIGN);
    assert_eq!(states(&checked(&sample).1)[WORKFLOW], "foreign");
}

#[test]
fn json_is_for_checks_only() {
    let (code, stderr) = floe_in(&bare(), bare().path(), &["--json"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("--check"), "{stderr}");
}

/// The commands that a first run ends with.
fn steps(sample: &Sample, arguments: &[&str]) -> String {
    let (code, stderr) = floe(sample, &[&["--yes"], arguments].concat());
    assert_eq!(code, Some(0), "{stderr}");
    let steps = stderr.split_once("\nNext steps:\n").unwrap().1.lines();
    steps.map(|line| line.trim().split("  ").next().unwrap().to_owned() + "\n").collect()
}

#[test]
fn the_next_steps_name_what_the_project_lacks() {
    let rest = "floe rehearse\ngit tag v1.4.0 && git push origin v1.4.0\n";
    let named = "repository = \"https://github.com/acme/tool\"";
    let tool = || {
        let sample = Sample::tool().manifest_lines(named);
        std::fs::remove_file(sample.path().join("Cargo.lock")).unwrap();
        sample
    };
    let everything = "repository = \"https://github.com/owner/name\"\ngit init\ncargo generate-lockfile\n\
                      git add --all && nix flake lock\n";
    assert_eq!(steps(&bare(), &[]), format!("{everything}{rest}"));
    assert_eq!(
        steps(&tool(), &[]),
        format!("git init\ncargo generate-lockfile\ngit add --all && nix flake lock\n{rest}")
    );
    let locked = tool().locked();
    assert_eq!(steps(&locked, &[]), format!("git init\ngit add --all && nix flake lock\n{rest}"));
    if peer("git").is_none() {
        return;
    }
    let committed = tool().file("Cargo.lock", "version = 4\n");
    commit(&committed);
    assert_eq!(steps(&committed, &[]), format!("git add :/flake.nix && nix flake lock\n{rest}"));
    // As `cargo new` leaves a project: a repository without a commit, a remote or a lock file.
    let new = bare();
    git(new.path(), &["init", "--quiet"]);
    let lines = steps(&new, &[]);
    assert_eq!(lines, format!("{}{rest}", everything.replace("git init\n", "")));
    // The remote alone would not complete the flake that is written already.
    git(new.path(), &["remote", "add", "origin", "git@github.com:acme/tool.git"]);
    assert!(steps(&new, &[]).starts_with("repository = "));
    fs::remove_file(new.path().join("flake.nix")).unwrap();
    assert!(steps(&new, &[]).starts_with("cargo generate-lockfile\n"));
    assert!(text(&new, "flake.nix").contains("repo = \"acme/tool\";"));
}

#[test]
fn a_virtual_workspace_with_several_programs_says_what_to_type() {
    let member =
        |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"1.4.0\"\nedition = \"2021\"\n");
    let sample = Sample::with_manifest("[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"2\"\n")
        .file("one/Cargo.toml", member("one"))
        .file("one/src/main.rs", "fn main() {}\n")
        .file("two/Cargo.toml", member("two"))
        .file("two/src/main.rs", "fn main() {}\n");
    let (code, stderr) = floe(&sample, &["--check", "--json"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.ends_with("\nhint: choose the one to release: `--package one`\n"), "{stderr}");
    let lines = steps(&sample, &["--package", "two"]);
    assert!(lines.contains("\nfloe rehearse --package two\n"), "{lines}");
    assert!(plain(&text(&sample, "flake.nix")).contains("mkRelease { src = self; package = \"two\"; };"));
}
