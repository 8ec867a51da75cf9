//! `floe init` in workspaces, below the root of a repository, and where there is nothing to release.
//!
//! A refusal has a hint, and then nothing is written.

use std::fs;
#[cfg(unix)]
use std::process::{Command, Stdio};

use expect_test::expect;

use super::{WORKFLOW, bare, commit, end, files, floe, floe_in, names, text};
use crate::project::git;
use crate::support::sample::Sample;
use crate::support::{self, peers::peer};

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
fn a_workspace_with_several_programs_needs_package() {
    let sample = workspace();
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(2));
    expect![[r#"
        error: `<folder>/Cargo.toml` has several packages with a binary: `one`, `three`, `two`

        hint: choose the one to release: `--package one`
    "#]]
    .assert_eq(&stderr);
    assert_eq!(files(sample.path()), before);

    let (code, stderr) = floe(&sample, &["--yes", "--package", "two"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("\n  floe rehearse --package two  "), "{stderr}");
    assert!(text(&sample, "flake.nix").contains("mkRelease { src = self; package = \"two\"; };"));
    assert!(text(&sample, "crates/two/Cargo.toml").ends_with("\"x86_64-windows\",\n]\n"));
    assert!(text(&sample, "CHANGELOG.md").contains("changes to two"));
    assert!(!text(&sample, "crates/one/Cargo.toml").contains("floe"));
    assert_eq!(floe(&sample, &["--check", "--package", "two"]).0, Some(0));
}

#[test]
fn a_second_package_is_refused_because_a_flake_releases_one() {
    let sample = workspace();
    assert_eq!(floe(&sample, &["--yes", "--package", "two"]).0, Some(0));
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--yes", "--package", "one"]);
    assert_eq!(code, Some(4), "{stderr}");
    expect![[r#"
        error: a file is in the way
          `flake.nix` releases `two`, and a flake releases one package
        nothing was written

        hint: release `one` without a flake, with `floe package` and `floe publish`, or from a repository of its own, or replace what git has committed with `floe init --force`
    "#]]
    .assert_eq(end(&stderr));
    assert_eq!(floe(&sample, &["--check", "--package", "one"]).0, Some(3));
    assert_eq!(files(sample.path()), before);
    // A flake that someone wrote for both is theirs.
    let both = "{ outputs = { floe, self }: f (map floe.lib.mkRelease [\n  { package = \"one\"; }\n  { package = \"two\"; }\n]); }\n";
    let sample = sample.file("flake.nix", both);
    assert_eq!(floe(&sample, &["--check", "--package", "two"]).0, Some(0));
}

#[test]
fn in_a_subfolder_of_a_repository_flake_and_workflow_go_to_the_root() {
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
    let (code, stderr) =
        floe_in(&sample, &sample.path().join("rust/tool/src"), &["--yes", "--floe-url", "github:acme/floe"]);
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
    let warnings: Vec<&str> = end(&stderr).lines().filter(|line| line.contains("warning")).collect();
    assert!(stderr.contains("\n  cargo generate-lockfile  "), "{stderr}");
    assert!(stderr.contains("\n  git add --all && nix flake lock  "), "{stderr}");
    // Another step names a path that git finds from here, too.
    git(&sample.path().join("rust/tool/src"), &["add", ":/flake.nix"]);
    assert!(
        warnings[0]
            .ends_with("version 1.4.0 is already tagged as `1.4.0`: raise `version` before the next release")
    );
    assert!(warnings[1].contains("tags look like `1.4.0` here"), "{warnings:?}");
    assert!(stderr.contains("\n  git tag v1.4.1 && git push origin v1.4.1  "), "{stderr}");
}

#[test]
fn names_and_versions_that_no_release_may_have_are_reported() {
    let reported = |sample: &Sample, arguments: &[&str]| floe(sample, arguments).1;
    let table = |name: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"2.0.0\"\nedition = \"2021\"\nrepository = \"https://github.com/acme/tool\"\n[package.metadata.floe]\n"
        )
    };
    let both =
        workspace().file("crates/one/Cargo.toml", table("one")).file("crates/two/Cargo.toml", table("two"));
    let stderr = reported(&both, &["--check", "--package", "two"]);
    let why = "`floe publish` would fail: `two` and `one` would both release tags like `v2.0.0`; write `tag-prefix = \"two-\"`";
    assert!(stderr.contains(why), "{stderr}");
    // So are the files that archives would lack.
    let lacking = Sample::tool()
        .manifest_lines("readme = \"GONE.md\"\n[package.metadata.floe]\nexclude = [\"nothing\"]");
    let stderr = reported(&lacking, &["--check"]);
    for why in
        ["the archives lack `GONE.md`, which `readme` in Cargo.toml names", "`exclude` names `nothing`"]
    {
        assert!(stderr.contains(why), "{stderr}");
    }
    let packaged = Sample::tool().manifest_lines("[package.metadata.floe.deb]");
    let stderr = reported(&packaged, &["--check"]);
    assert!(stderr.contains("`deb` needs a `maintainer` in its table, or `authors`"), "{stderr}");
    let build = bare();
    let manifest = text(&build, "Cargo.toml").replace("version = \"1.4.0\"", "version = \"1.4.0+musl\"");
    let stderr = reported(&build.file("Cargo.toml", manifest), &["--check"]);
    assert!(stderr.contains("`floe publish` would fail: version 1.4.0+musl cannot be released"), "{stderr}");
}

#[test]
fn a_second_publisher_is_reported_and_a_changelog_of_another_name_is_kept() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool().file("Cargo.lock", "version = 4\n").file(
        ".github/workflows/cd.yml",
        "jobs:\n  a:\n    steps:\n      - uses: softprops/action-gh-release@v2\n",
    );
    fs::rename(sample.path().join("CHANGELOG.md"), sample.path().join("CHANGES.md")).unwrap();
    commit(&sample);
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!names(sample.path()).contains(&"CHANGELOG.md".to_owned()), "it keeps one under another name");
    let line = "`.github/workflows/cd.yml` also publishes releases, with `softprops/action-gh-release`";
    assert!(stderr.contains(&format!("     warning {line}")), "{stderr}");
}

#[test]
fn files_of_a_release_that_git_would_not_add_are_reported() {
    if peer("git").is_none() {
        return;
    }
    let all = ["Cargo.lock", "flake.nix", "flake.lock", WORKFLOW];
    for (ignore, expected) in [
        ("/target\n/Cargo.lock\n", &all[..1]),
        ("*.lock\n", &["Cargo.lock", "flake.lock"]),
        // Such a list names what git adds.
        ("/*\n!/.gitignore\n!/Cargo.*\n!/src\n", &all[1..]),
        ("/target\n", &[]),
    ] {
        let sample = Sample::tool().file("Cargo.lock", "version = 4\n").file(".gitignore", ignore);
        commit(&sample);
        for arguments in ["--check", "--yes"] {
            let (_, stderr) = floe(&sample, &[arguments]);
            let lines = stderr.lines().filter_map(|line| line.split_once(" is ignored by git"));
            let ignored: Vec<String> = lines.map(|(path, _)| path.replace("     warning ", "")).collect();
            let expected: Vec<String> = expected.iter().map(|path| format!("`{path}`")).collect();
            assert_eq!(ignored, expected, "{ignore}{stderr}");
        }
        // A file that git has is no longer ignored.
        git(sample.path(), &["add", "--force", "."]);
        assert!(!floe(&sample, &["--check"]).1.contains("`Cargo.lock` is ignored"), "{ignore}");
    }
}

#[test]
fn a_remote_at_another_server_is_reported() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool();
    commit(&sample);
    for (remote, host) in [
        ("git@gitlab.com:acme/tool.git", Some("gitlab.com")),
        ("https://codeberg.org/acme/tool", Some("codeberg.org")),
        ("ssh://git@github.com.example:22/acme/tool.git", Some("github.com.example")),
        ("git@ssh.github.com:acme/tool.git", None),
        ("git@work:acme/tool.git", None),
    ] {
        git(sample.path(), &["remote", "set-url", "origin", remote]);
        let (_, stderr) = floe(&sample, &["--check"]);
        let said = stderr.lines().find_map(|line| line.split_once("`origin` is acme/tool at `"));
        assert_eq!(said.and_then(|(_, rest)| rest.split('`').next()), host, "{stderr}");
        assert!(said.is_none_or(|(why, _)| why.ends_with("`floe plan` would fail: git's ")), "{stderr}");
    }
    // A GitHub of one's own, which variables name for `floe plan`, too.
    git(sample.path(), &["remote", "set-url", "origin", "git@github.example.com:acme/tool.git"]);
    for (variable, url, is_reported) in [
        ("GITHUB_SERVER_URL", "https://github.example.com", false),
        ("GITHUB_API_URL", "https://github.example.com/api/v3", false),
        ("GITHUB_SERVER_URL", "https://other.example.com", true),
        ("GITHUB_SERVER_URL", "", true),
    ] {
        let output =
            support::sample::floe(sample.path()).args(["init", "--check"]).env(variable, url).output();
        let stderr = String::from_utf8(output.unwrap().stderr).unwrap();
        assert_eq!(stderr.contains("`floe plan` would fail: git's `origin`"), is_reported, "{url}: {stderr}");
    }
}

#[test]
fn a_failed_look_up_of_ignored_files_is_an_error_and_a_link_is_no_failure() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool().file("Cargo.lock", "version = 4\n").file(".gitignore", "*.lock\n");
    commit(&sample);
    #[cfg(unix)]
    {
        fs::create_dir(sample.path().join("ci")).unwrap();
        std::os::unix::fs::symlink("ci", sample.path().join(".github")).unwrap();
        let (_, stderr) = floe(&sample, &["--check"]);
        assert!(stderr.contains("`flake.lock` is ignored by git"), "{stderr}");
    }
    // In no repository, git gives no answer.
    let outside = Sample::tool();
    let error = floe::project::git::ignored(outside.path(), &["Cargo.toml"]).unwrap_err();
    assert!(error.to_string().starts_with("failed to ask git about"), "{error:#}");
}

#[test]
fn without_a_binary_or_a_manifest_nothing_is_written() {
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
fn metadata_in_an_inline_table_is_extended() {
    let sample = Sample::with_manifest(
        "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\nmetadata = { deb = { a = 1 } }\n",
    )
    .file("src/main.rs", "fn main() {}\n");
    let (code, stderr) = floe(&sample, &["--yes", "--target", "x86_64-musl"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(sample.load().unwrap().config.targets.len(), 1);
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
}

#[test]
fn the_flake_names_the_repository_only_where_cargo_toml_does_not() {
    if peer("git").is_none() {
        return;
    }
    for (repository, arguments) in [
        ("repository = \"https://github.com/acme/tool\"", "{ src = self; }"),
        ("repository = \"https://github.com/acme/tool.git\"", "{ src = self; }"),
        ("repository = \"https://github.com/acme/tool/\"", "{ src = self; }"),
        ("repository = \"https://github.com/acme/tool/tree/main/cli\"", "{ src = self; }"),
        ("repository = \"https://gitlab.com/acme/tool\"", "{ src = self; repo = \"acme/tool\"; }"),
        ("", "{ src = self; repo = \"acme/tool\"; }"),
    ] {
        let sample = Sample::tool().manifest_lines(repository);
        commit(&sample);
        let (code, stderr) = floe(&sample, &["--yes"]);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(!stderr.contains("the repository on GitHub is unknown"), "{repository}: {stderr}");
        assert!(text(&sample, "flake.nix").contains(&format!("mkRelease {arguments};")), "{repository}");
    }
}

#[test]
fn targets_in_cargo_toml_are_not_overridden() {
    let sample = Sample::tool().manifest_lines("[package.metadata.floe]\ntargets = [\"x86_64-gnu\"]");
    let (code, stderr) = floe(&sample, &["--yes", "--target", "x86_64-musl"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("already lists its targets"), "{stderr}");
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
        let command = format!("{} init --floe-url github:acme/floe", env!("CARGO_BIN_EXE_floe"));
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
