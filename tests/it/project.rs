//! Finding the package, its source and its repository.

use std::path::Path;
use std::process::Command;

use floe::error::{Exit, Failure};
use floe::project::cargo::{self, Project};
use floe::project::git;
#[cfg(unix)]
use floe::project::git::FileStatus;
use floe::project::repository;

use crate::support::peers::peer;
use crate::support::sample::{Sample, floe};

const WORKSPACE: &str = "[workspace]\nmembers = [\"one\", \"two\", \"lib\"]\nresolver = \"2\"\n\
    [workspace.package]\nversion = \"2.1.0-rc.1\"\nlicense = \"MIT\"\n";
const MEMBER: &str = "edition = \"2021\"\nversion.workspace = true\nlicense.workspace = true\n";

fn workspace() -> Sample {
    Sample::with_manifest(WORKSPACE)
        .file("one/Cargo.toml", format!("[package]\nname = \"one\"\n{MEMBER}"))
        .file("one/src/main.rs", "fn main() {}")
        .file("one/src/bin/zeta.rs", "fn main() {}")
        .file("one/src/bin/alpha.rs", "fn main() {}")
        .file("two/Cargo.toml", format!("[package]\nname = \"two\"\n{MEMBER}"))
        .file("two/src/main.rs", "fn main() {}")
        .file("lib/Cargo.toml", format!("[package]\nname = \"lib\"\n{MEMBER}"))
        .file("lib/src/lib.rs", "")
}

fn load(sample: &Sample, manifest: &str, package: Option<&str>) -> anyhow::Result<Project> {
    cargo::load(Some(&sample.path().join(manifest)), package)
}

fn failure(result: anyhow::Result<Project>) -> Failure {
    result.map(|project| project.name).unwrap_err().downcast::<Failure>().unwrap()
}

#[test]
fn every_field_of_a_package_is_read() {
    let sample = Sample::tool().manifest_lines(
        "description = \"Does things\"\nlicense = \"MIT\"\nrepository = \"https://github.com/acme/tool\"\n\
         [package.metadata.floe]\ntargets = [\"x86_64-musl\"]\n",
    );
    let project = sample.load().unwrap();
    assert_eq!((project.name.as_str(), project.version.to_string().as_str()), ("tool", "1.4.0"));
    assert_eq!(project.about.description.as_deref(), Some("Does things"));
    assert_eq!(project.about.license.as_deref(), Some("MIT"));
    assert_eq!(project.binaries, ["tool"]);
    assert_eq!(project.root.canonicalize().unwrap(), sample.path().canonicalize().unwrap());
    assert_eq!(project.workspace_root, project.root);
    assert_eq!(project.config.targets.len(), 1);
}

#[test]
fn an_empty_text_counts_as_unset_and_an_older_license_is_an_expression() {
    for (license, expected) in [
        ("MIT/Apache-2.0", Some("MIT OR Apache-2.0")),
        ("Unlicense / MIT / 0BSD", Some("Unlicense OR MIT OR 0BSD")),
        ("MIT AND ISC", Some("MIT AND ISC")),
        (" ", None),
    ] {
        let lines = format!("license = \"{license}\"\ndescription = \"\"\nhomepage = \" \"\n");
        let about = Sample::tool().manifest_lines(&lines).load().unwrap().about;
        assert_eq!(about.license.as_deref(), expected);
        assert_eq!((about.description, about.homepage), (None, None));
    }
}

#[test]
fn a_member_is_found_by_its_folder_or_by_name() {
    let sample = workspace();
    let one = load(&sample, "one/Cargo.toml", None).unwrap();
    assert_eq!(one.version.to_string(), "2.1.0-rc.1");
    assert_eq!(one.about.license.as_deref(), Some("MIT"));
    assert_eq!(one.binaries, ["one", "alpha", "zeta"]);
    assert_ne!(one.root, one.workspace_root);
    assert_eq!(load(&sample, "Cargo.toml", Some("two")).unwrap().name, "two");
    assert_eq!(load(&sample, "one/Cargo.toml", Some("two")).unwrap().name, "two");
}

#[test]
fn the_only_member_with_a_binary_needs_no_name() {
    let sample = workspace().file("Cargo.toml", WORKSPACE.replace("\"two\", ", ""));
    assert_eq!(load(&sample, "Cargo.toml", None).unwrap().name, "one");
    assert_eq!(load(&sample, "lib/Cargo.toml", None).unwrap().name, "one");
}

#[test]
fn several_packages_are_listed() {
    let failure = failure(load(&workspace(), "Cargo.toml", None));
    assert!(failure.to_string().contains("several packages with a binary: `one`, `two`"), "{failure}");
    assert_eq!(failure.hint.as_deref(), Some("choose the one to release: `--package one`"));
    assert_eq!(failure.exit, Exit::Usage);
}

#[test]
fn a_package_that_cannot_be_released_is_an_error_with_a_hint() {
    let sample = workspace();
    for (manifest, package, message, hint) in [
        ("Cargo.toml", Some("lib"), "the package `lib` has no binary", "give one of `one`, `two`"),
        ("Cargo.toml", Some("three"), "there is no package `three`", "give one of `one`, `two`"),
    ] {
        let failure = failure(load(&sample, manifest, package));
        assert!(failure.to_string().contains(message), "{failure}");
        assert!(failure.hint.as_deref().unwrap().contains(hint), "{failure}");
    }
    let library =
        Sample::with_manifest("[package]\nname = \"lib\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
            .file("src/lib.rs", "");
    assert!(failure(library.load()).to_string().ends_with("has no binary, so there is nothing to release"));
}

#[test]
fn a_broken_manifest_shows_cargos_message() {
    let error =
        Sample::with_manifest("[package]\nname = 7\n").load().map(|project| project.name).unwrap_err();
    let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()).unwrap();
    assert!(failure.details.concat().contains("name = 7"), "{:?}", failure.details);
}

#[test]
fn the_documented_configuration_is_accepted_as_it_is() {
    let text = include_str!("../../docs/configuration.md").replace("\r\n", "\n");
    let (_, table) = text.split_once("```toml\n").unwrap();
    let (table, _) = table.split_once("```").unwrap();
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\ndescription = \"A tool\"\n\
        license = \"MIT\"\nrepository = \"https://github.com/acme/tool\"\n[features]\nvendored = []\n";
    let sample = Sample::with_manifest(&format!("{manifest}{table}"))
        .file("src/main.rs", "fn main() {}")
        .file("src/bin/toolctl.rs", "fn main() {}");
    let project = sample.load().unwrap();
    assert_eq!((&*project.name, project.binaries.len()), ("tool", 2));
}

#[test]
fn a_wrong_configuration_is_a_usage_error() {
    let sample =
        Sample::tool().manifest_lines("[package.metadata.floe]\nbinary = [\"a\"]\nbinaries = [\"tol\"]\n");
    let failure = failure(sample.load());
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.to_string().contains("Cargo.toml` is invalid"), "{failure}");
    let [missing, unknown] = &failure.details[..] else { panic!("{:?}", failure.details) };
    assert!(missing.contains("the package has no binary `tol`"), "{missing}");
    assert!(unknown.contains("floe.binary` is not a key (did you mean `binaries`?)"), "{unknown}");
    let sample =
        Sample::tool().manifest_lines("[package.metadata.floe]\ntargets = [\"x86\"]\nbinaries = [\"tol\"]\n");
    assert_eq!(self::failure(sample.load()).details.len(), 2);
    let sample = Sample::tool()
        .manifest_lines("[features]\ndefault = []\ntls = []\n[package.metadata.floe]\nfeatures = [\"tsl\"]");
    let failure = self::failure(sample.load());
    let [unknown] = &failure.details[..] else { panic!("{:?}", failure.details) };
    assert!(unknown.ends_with("no feature `tsl`; it has `default`, `tls`"), "{unknown}");
    assert_eq!(failure.exit, Exit::Usage);
}

#[test]
fn without_a_repository_there_is_no_commit_and_the_time_is_1980() {
    let project = Sample::tool().load().unwrap();
    let source = cargo::source(&project, None, None).unwrap();
    assert_eq!((source.commit, source.epoch), (None, 315_532_800));
    let commit = "a".repeat(40).parse().unwrap();
    let source = cargo::source(&project, Some(&commit), Some(7)).unwrap();
    assert_eq!((source.commit, source.epoch), (Some(commit), 7));
}

/// Runs git in a folder without any user's configuration; the test fails if git does.
pub fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new(peer("git").unwrap())
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .env("GIT_COMMITTER_DATE", "1700000000 +0200")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn git_gives_the_commit_only_if_nothing_is_modified() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool();
    let project = sample.load().unwrap();
    let source = || cargo::source(&project, None, None).unwrap();
    git(sample.path(), &["init", "--quiet"]);
    assert_eq!((source().commit, source().epoch), (None, 315_532_800));
    git(sample.path(), &["add", "Cargo.toml", "src"]);
    assert_eq!(source().commit, None);
    git(sample.path(), &["commit", "--quiet", "-m", "begin"]);
    // README.md is there but not tracked: that is no modification.
    assert_eq!(source().epoch, 1_700_000_000);
    assert_eq!(source().commit.unwrap().as_str().len(), 40);
    std::fs::write(sample.path().join("src/main.rs"), "fn main() { loop {} }").unwrap();
    assert_eq!((source().commit, source().epoch), (None, 1_700_000_000));
}

#[test]
fn a_repository_that_ignores_the_project_gives_no_commit() {
    if peer("git").is_none() {
        return;
    }
    let sample =
        Sample::tool().file(".gitignore", "unpacked/\n").file("unpacked/src/main.rs", "fn main() {}").file(
            "unpacked/Cargo.toml",
            "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
        );
    git(sample.path(), &["init", "--quiet"]);
    git(sample.path(), &["add", "."]);
    git(sample.path(), &["commit", "--quiet", "-m", "begin"]);
    let project = load(&sample, "unpacked/Cargo.toml", None).unwrap();
    assert_eq!(cargo::source(&project, None, None).unwrap().commit, None);
}

#[test]
fn the_repository_is_given_or_found() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool().manifest_lines("repository = \"https://github.com/acme/from-cargo\"");
    let project = sample.load().unwrap();
    let given = "acme/given".parse().unwrap();
    assert_eq!(repository::find(Some(&project), Some(&given), None).unwrap(), given);
    git(sample.path(), &["init", "--quiet"]);
    let found = |sample: &Sample| git::origin(sample.path()).unwrap().map(|repo| repo.repo.to_string());
    assert_eq!(found(&sample), None);
    git(sample.path(), &["remote", "add", "origin", "git@github.com:acme/from-git.git"]);
    assert_eq!(found(&sample).as_deref(), Some("acme/from-git"));
    git(sample.path(), &["remote", "set-url", "origin", "file:///srv/git/tool.git"]);
    assert_eq!(found(&sample), None);
}

#[test]
fn a_given_repository_is_found_with_no_cargo_and_no_git_in_any_folder() {
    let two = workspace();
    let broken = Sample::with_manifest("[package]\nname = 7\n").file(".git/config", "[remote");
    let empty = tempfile::tempdir().unwrap();
    for folder in [two.path(), broken.path(), empty.path()] {
        for arguments in [
            &["verify", "--release", "v1.0.0"][..],
            &["reproduce", "v1.0.0", "--rebuilt", two.path().to_str().unwrap()],
        ] {
            let output = Command::new(env!("CARGO_BIN_EXE_floe"))
                .args(arguments)
                .args(["--repo", "acme/tool", "--tries", "1", "--api-url", "http://127.0.0.1:1"])
                .current_dir(folder)
                // Not even a program that is called by its path is there.
                .env("PATH", empty.path())
                .env("CARGO", empty.path().join("cargo"))
                .env("GITHUB_REPOSITORY", "not a repository")
                .output()
                .unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(!stderr.contains("Cargo.toml") && !stderr.contains("GITHUB_REPOSITORY"), "{stderr}");
            assert!(stderr.contains("127.0.0.1"), "{arguments:?} in {}: {stderr}", folder.display());
        }
    }
}

#[test]
fn git_names_the_repository_of_a_workspace_with_several_programs() {
    if peer("git").is_none() {
        return;
    }
    let sample = workspace();
    git(sample.path(), &["init", "--quiet"]);
    git(sample.path(), &["remote", "add", "origin", "git@github.com:acme/from-git.git"]);
    let output = floe(sample.path())
        .args(["verify", "--release", "v1.0.0", "--tries", "1", "--api-url", "http://127.0.0.1:1"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("127.0.0.1") && !stderr.contains("several packages"), "{stderr}");
}

#[test]
fn a_repository_elsewhere_than_at_github_is_named_in_the_error() {
    for (lines, message) in [
        ("", "error: the repository of `tool` is unknown\n"),
        (
            "repository = \"https://gitlab.com/acme/tool\"",
            "error: `repository = \"https://gitlab.com/acme/tool\"` of `tool` is not a repository on GitHub\n",
        ),
        (
            "repository = \"acme/tool\"",
            "error: `repository = \"acme/tool\"` of `tool` is not a repository on GitHub\n",
        ),
    ] {
        let sample = Sample::tool().manifest_lines(lines);
        let output = floe(sample.path()).args(["plan", "--commit", &"a".repeat(40)]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.starts_with(message) && stderr.contains("or set `GITHUB_REPOSITORY` to `owner/name`"),
            "{stderr}"
        );
    }
}

#[test]
fn the_changelog_is_found_by_any_usual_name_and_markdown_goes_first() {
    let member = workspace();
    let found = |sample: &Sample| {
        let changelog = load(sample, "one/Cargo.toml", None).unwrap().changelog().unwrap()?;
        let path = changelog.path.canonicalize().unwrap();
        let path = path.strip_prefix(sample.path().canonicalize().unwrap()).unwrap().to_owned();
        Some((path.to_str().unwrap().replace('\\', "/"), changelog.is_markdown))
    };
    assert_eq!(found(&member), None);
    let mut sample = member;
    for (name, expected) in [
        ("NEWS.rst", ("NEWS.rst", false)),
        ("one/HISTORY", ("one/HISTORY", false)),
        ("Changes.md", ("Changes.md", true)),
        ("one/News.md", ("one/News.md", true)),
        ("CHANGELOG.md", ("CHANGELOG.md", true)),
        ("one/CHANGELOG.md", ("one/CHANGELOG.md", true)),
    ] {
        sample = sample.file(name, "");
        assert_eq!(found(&sample), Some((expected.0.to_owned(), expected.1)), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn no_program_that_the_repository_configures_is_run() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool().file(".gitattributes", "* filter=own\n");
    let project = sample.load().unwrap();
    git(sample.path(), &["init", "--quiet"]);
    git(sample.path(), &["add", "."]);
    git(sample.path(), &["commit", "--quiet", "-m", "begin"]);
    let ran = sample.path().join("ran");
    let command = format!("touch '{}'; cat", ran.display());
    for key in ["filter.own.clean", "filter.own.process", "core.fsmonitor", "gpg.program"] {
        git(sample.path(), &["config", key, &command]);
    }
    git(sample.path(), &["config", "filter.own.required", "true"]);
    git(sample.path(), &["config", "log.showSignature", "true"]);
    // Other times than the index has make git compare the content.
    let manifest = sample.path().join("Cargo.toml");
    std::fs::write(&manifest, std::fs::read(&manifest).unwrap()).unwrap();
    assert!(cargo::source(&project, None, None).unwrap().commit.is_some());
    assert_eq!(git::file_status(&manifest).unwrap(), FileStatus::Committed);
    assert!(!ran.exists());
    let _ = Command::new("git").arg("status").current_dir(sample.path()).output().unwrap();
    assert!(ran.exists(), "git itself runs it");
}

#[cfg(unix)]
#[test]
fn no_program_that_a_submodule_configures_is_run() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool();
    let project = sample.load().unwrap();
    let (below, deep) = (sample.path().join("vendor/a"), sample.path().join("vendor/a/b"));
    let ran = sample.path().join("ran");
    for folder in [&deep, &below, &sample.path().to_owned()] {
        std::fs::create_dir_all(folder).unwrap();
        git(folder, &["init", "--quiet"]);
        std::fs::write(folder.join("file"), "x").unwrap();
        std::fs::write(folder.join(".gitattributes"), "file filter=own\n").unwrap();
        git(folder, &["-c", "advice.addEmbeddedRepo=false", "add", "."]);
        git(folder, &["commit", "--quiet", "-m", "begin"]);
    }
    for folder in [&deep, &below] {
        git(folder, &["config", "filter.own.clean", &format!("touch '{}'; cat", ran.display())]);
        // Other times than the index has make git compare the content.
        std::fs::write(folder.join("file"), "x").unwrap();
    }
    assert!(cargo::source(&project, None, None).unwrap().commit.is_some());
    assert!(!ran.exists());
    let _ = Command::new("git").arg("status").current_dir(sample.path()).output().unwrap();
    assert!(ran.exists(), "git itself runs it");
}

#[test]
fn the_index_knows_the_executable_bit_of_tracked_files_only() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool().file("run.sh", "#!/bin/sh\n").file("new.sh", "#!/bin/sh\n");
    let executable = |name: &str| git::is_executable(&sample.path().join(name)).unwrap();
    assert_eq!(executable("run.sh"), None, "no repository");
    git(sample.path(), &["init", "--quiet"]);
    git(sample.path(), &["add", "Cargo.toml", "run.sh"]);
    assert_eq!((executable("run.sh"), executable("new.sh")), (Some(false), None));
    git(sample.path(), &["update-index", "--chmod=+x", "run.sh"]);
    assert_eq!(executable("run.sh"), Some(true));
}
