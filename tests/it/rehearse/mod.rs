//! `floe rehearse` as a process, in Cargo projects with an empty `main`.
//!
//! They need Rust alone: Cargo builds them without a dependency and without a network.

mod channels;
mod faults;
#[cfg(unix)]
mod nix;
mod page;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use floe_core::model::{Digest, Repo, Target};
use floe_rehearsal::github::{EmbeddedGitHub, GitHubOptions};
use floe_rehearsal::registry::{EmbeddedRegistry, RegistryOptions};
use serde_json::Value;

use crate::support::sample::{Sample, floe};
use crate::support::scenario::make_dist;

/// A run that succeeded.
struct Run {
    summary: Value,
    stderr: String,
}

fn sample(version: &str) -> Sample {
    Sample::with_manifest(&manifest(version))
        .file("src/main.rs", "fn main() {}\n")
        .file("README.md", "# tool\n")
        .file("LICENSE-MIT", "Permission is hereby granted.\n")
}

fn manifest(version: &str) -> String {
    format!(
        "[package]\nname = \"tool\"\nversion = \"{version}\"\nedition = \"2021\"\n\
         repository = \"https://github.com/acme/tool\"\n"
    )
}

#[track_caller]
fn rehearse(folder: &Path, arguments: &[&str]) -> Run {
    let output = floe(folder).args(["rehearse", "--json"]).args(arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    Run { summary: serde_json::from_slice(&output.stdout).unwrap(), stderr }
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str], exit: i32) -> String {
    let mut command = floe(folder);
    let output = command.arg("rehearse").args(arguments).env_remove("GITHUB_REPOSITORY").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(exit), "{stderr}");
    stderr
}

/// The releases and the latest release in a rehearsal's folder.
fn releases(folder: &Path) -> (Vec<String>, Option<String>) {
    let root = folder.join("target/rehearsal/servers/github");
    let options = GitHubOptions::new(root);
    let (github, repo): (EmbeddedGitHub, Repo) =
        (EmbeddedGitHub::open(options).unwrap(), "acme/tool".parse().unwrap());
    let mut tags: Vec<String> = github.releases(&repo).into_iter().map(|release| release.tag_name).collect();
    tags.sort();
    (tags, github.latest(&repo))
}

/// The image's tags in a rehearsal's folder.
fn image_tags(folder: &Path) -> BTreeMap<String, Digest> {
    let root = folder.join("target/rehearsal/servers/registry");
    EmbeddedRegistry::open(RegistryOptions::ghcr(root)).unwrap().tags("acme/tool")
}

#[test]
fn a_project_is_rehearsed_again_and_on_to_its_next_version() {
    let project = sample("1.4.0");
    let first = rehearse(project.path(), &[]);
    assert_eq!((&first.summary["schema"], &first.summary["version"]), (&1.into(), &"1.4.0".into()));
    let left = project.path().join("target/rehearsal");
    for path in [
        "dist",
        "release/assets/SHA256SUMS",
        "release/assets/tool-manifest.json",
        "release/notes.md",
        "servers/github",
        "servers/registry",
        "plan.json",
        "receipt.json",
        "report.html",
    ] {
        assert!(left.join(path).exists(), "{path} is not there");
    }
    for file in first.summary["files"].as_array().unwrap() {
        let bytes = std::fs::read(left.join("release/assets").join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["digest"], Digest::of(&bytes).to_string());
    }

    // From empty servers again: the same bytes, and the same steps.
    let second = rehearse(project.path(), &[]);
    for same in ["files", "image", "commit", "done"] {
        assert_eq!(second.summary[same], first.summary[same], "{same}");
    }

    // The dist in its own folder, which is not emptied before it is read.
    for arguments in [&["target/rehearsal/dist"][..], &["target/rehearsal/../rehearsal/dist/", "--keep"]] {
        assert_eq!(rehearse(project.path(), arguments).summary["files"], first.summary["files"]);
        assert!(left.join("dist/image/index.json").is_file());
    }

    let kept = rehearse(project.path(), &["--keep"]);
    assert_eq!(kept.summary["done"], 0);
    assert!(kept.stderr.contains("0 to do; the release is public and complete"), "{}", kept.stderr);
    assert_eq!(releases(project.path()), (vec!["v1.4.0".to_owned()], Some("v1.4.0".to_owned())));

    let project = project.file("Cargo.toml", manifest("1.5.0"));
    let next = rehearse(project.path(), &["--keep"]);
    assert_eq!((&next.summary["version"], &next.summary["done"]), (&"1.5.0".into(), &first.summary["done"]));
    let both = vec!["v1.4.0".to_owned(), "v1.5.0".to_owned()];
    assert_eq!(releases(project.path()), (both.clone(), Some("v1.5.0".to_owned())));
    // The binaries of an image are built on Linux alone.
    if !cfg!(target_os = "linux") {
        return;
    }
    assert!(left.join("dist/image/index.json").exists() && left.join("release/image/index.json").exists());
    let tags = image_tags(project.path());
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["1", "1.4", "1.4.0", "1.5", "1.5.0", "latest"]);
    assert_eq!((tags["1"], tags["latest"]), (tags["1.5.0"], tags["1.5.0"]));
    assert_eq!(tags["1.4.0"].to_string(), first.summary["image"].as_str().unwrap());

    // The servers hold what other sources made.
    let project = project.file("README.md", "# other\n");
    let failed = refused(project.path(), &["--keep"], 4);
    let found = "hold another release of this version\n";
    assert!(failed.contains(found) && !failed.contains("floe plan"), "{failed}");
    assert!(failed.contains("\n  `SHA256SUMS` of the published release `v1.5.0` is not"), "{failed}");
    let hint = "\nhint: rehearse without `--keep`, or in another folder: `--out FOLDER`\n";
    assert!(failed.ends_with(hint) && !failed.contains("raise the version"), "{failed}");
    assert_eq!(releases(project.path()), (both, Some("v1.5.0".to_owned())));
}

#[test]
fn nothing_is_built_for_a_release_that_is_missing_something_else() {
    let project = sample("1.4.0").file("dist/a", "");
    let place = "repository = \"https://github.com/acme/tool\"\n";
    let nowhere = manifest("1.4.0").replace(place, "");
    let elsewhere = manifest("1.4.0").replace("github.com", "gitlab.com");
    let without_notes = manifest("1.4.0") + "[package.metadata.floe]\nnotes = \"changelog\"\n";
    let hint = "or set `GITHUB_REPOSITORY` to `owner/name`\n";
    let mut project = Some(project);
    for (manifest, exit, error, way_out) in [
        (nowhere, 2, "error: the repository of `tool` is unknown\n", hint),
        (elsewhere, 2, "of `tool` is not a repository on GitHub\n", hint),
        (without_notes, 3, "error: the release has no notes: ", "`floe publish` also take `--notes-file`\n"),
    ] {
        let sample = project.take().unwrap().file("Cargo.toml", manifest);
        for arguments in [&[][..], &["--with", "cargo"], &["dist"], &["--keep", "--faults", "7"]] {
            let failed = refused(sample.path(), arguments, exit);
            assert!(failed.contains(error) && failed.ends_with(way_out), "{arguments:?}: {failed}");
            assert!(!sample.path().join("target/rehearsal").exists(), "{arguments:?}");
        }
        project = Some(sample);
    }
}

/// A rehearsal is quick where dependencies are those of `cargo build --release`, although floe itself was started by Cargo
/// here as by `cargo run`, and this build script watches what Cargo then sets.
#[test]
fn a_quick_rehearsal_compiles_no_dependency_again() {
    let project = sample("1.4.0")
        .manifest_lines("[dependencies]\npart = { path = \"part\" }")
        .file("src/main.rs", "fn main() { part::part() }\n")
        .file("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"1.0.0\"\nedition = \"2021\"\n")
        .file("part/src/lib.rs", "pub fn part() {}\n")
        .file(
            "part/build.rs",
            "fn main() { println!(\"cargo::rerun-if-env-changed=CARGO_MANIFEST_DIR\") }\n",
        );
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release"]).current_dir(project.path());
    for variable in ["CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR", "RUSTFLAGS"] {
        cargo.env_remove(variable);
    }
    let output = cargo.output().unwrap();
    let built = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && built.contains("Compiling part v1.0.0"), "{built}");
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let run = rehearse(project.path(), &[]);
    // Where the standard library for musl is installed, a static binary is built as well, which shares nothing.
    let host = run.stderr.split("(static)").next().unwrap();
    assert!(!host.contains("Compiling part"), "{}", run.stderr);
    let said = "       Using profile `release` without link-time optimisation; `--exact` takes the profile of releases\n";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn an_exact_rehearsal_builds_with_the_profile_of_releases() {
    let project = sample("1.4.0").manifest_lines(
        "[package.metadata.floe]\nprofile = \"dist\"\n[profile.dist]\ninherits = \"release\"\nlto = true\n",
    );
    rehearse(project.path(), &[]);
    assert!(!project.path().join("target/dist").exists());
    let exact = rehearse(project.path(), &["--exact"]);
    let said = "       Using profile `dist` as it is\n";
    assert!(exact.stderr.contains(said), "{}", exact.stderr);
    assert!(project.path().join("target/dist").is_dir());
}

#[test]
fn the_flags_of_a_project_reach_its_build_from_any_folder() {
    for config in [
        "[build]\nrustflags = [\"--cfg\", \"wanted\"]\n",
        "[target.'cfg(any(unix, windows))']\nrustflags = \"--cfg wanted\"\n[build]\nrustflags = [\"--cfg\", \"other\"]\n",
    ] {
        let project = sample("1.4.0")
            .file(".cargo/config.toml", config)
            .file("src/main.rs", "#[cfg(not(wanted))]\ncompile_error!(\"a flag is lost\");\nfn main() {}\n");
        let elsewhere = tempfile::tempdir().unwrap();
        let manifest = project.path().join("Cargo.toml");
        let arguments = ["--manifest-path", manifest.to_str().unwrap()];
        rehearse(elsewhere.path(), &arguments);
        rehearse(elsewhere.path(), &[&arguments[..], &["--exact"]].concat());
    }
    let project = sample("1.4.0").file(".cargo/config.toml", "[build]\ntarget-dir = \"out\"\n");
    let elsewhere = tempfile::tempdir().unwrap();
    rehearse(elsewhere.path(), &["--manifest-path", project.path().join("Cargo.toml").to_str().unwrap()]);
    assert!(project.path().join("out").is_dir() && !project.path().join("target").exists());
}

/// Programs depend on older versions of themselves, for instance to read what those wrote.
#[test]
fn a_dependency_may_have_the_name_of_the_package() {
    for (version, members) in [("1.4.0", ""), ("1.4.0", "members = [\"cli\"]\n"), ("1.4.0-rc.1", "")] {
        let old = "[dependencies]\nold = { package = \"tool\", path = \"old\" }\n";
        let project = sample(version)
            .manifest_lines(&format!("{old}[workspace]\nexclude = [\"old\"]\n{members}"))
            .file("src/main.rs", "fn main() { old::old() }\n")
            .file("old/Cargo.toml", manifest("0.9.0"))
            .file("old/src/lib.rs", "pub fn old() {}\n")
            .file("cli/Cargo.toml", manifest("0.1.0").replace("tool\"\nv", "cli\"\nv"))
            .file("cli/src/main.rs", "fn main() {}\n");
        let run = rehearse(project.path(), &["--package", "tool"]);
        assert!(run.stderr.contains(&format!("Building tool {version} for ")), "{}", run.stderr);
    }
}

#[test]
fn included_files_of_cargos_configuration_count() {
    let version = Command::new(env!("CARGO")).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    // Older ones ignore `include`.
    if minor.is_none_or(|minor| minor < 95) {
        return;
    }
    for include in ["include = [\"more.toml\"]\n", "[[include]]\npath = \"more.toml\"\noptional = true\n"] {
        let project = sample("1.4.0")
            .file(".cargo/config.toml", include)
            .file(
                ".cargo/more.toml",
                "[build]\ntarget = \"wasm32-unknown-unknown\"\nrustflags = [\"--cfg\", \"wanted\"]\n",
            )
            .file("src/main.rs", "#[cfg(not(wanted))]\ncompile_error!(\"a flag is lost\");\nfn main() {}\n");
        for arguments in [&[][..], &["--exact"]] {
            rehearse(project.path(), arguments);
        }
    }
}

#[test]
fn a_default_target_is_not_taken_for_this_machine() {
    let project =
        sample("1.4.0").file(".cargo/config.toml", "[build]\ntarget = \"wasm32-unknown-unknown\"\n");
    for arguments in [&[][..], &["--exact"]] {
        rehearse(project.path(), arguments);
    }
    let plain = sample("1.4.0");
    let mut command = floe(plain.path());
    let output =
        command.arg("rehearse").env("CARGO_BUILD_TARGET", "wasm32-unknown-unknown").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn flags_of_the_environment_reach_an_exact_build() {
    let project = sample("1.4.0")
        .file("src/main.rs", "#[cfg(not(wanted))]\ncompile_error!(\"a flag is lost\");\nfn main() {}\n");
    let own = |target: floe_core::model::Target| {
        format!("CARGO_TARGET_{}_RUSTFLAGS", target.triple.to_uppercase().replace('-', "_"))
    };
    let by_target: Vec<String> = floe_core::model::Target::all().map(own).collect();
    for names in [vec!["RUSTFLAGS".to_owned()], vec!["CARGO_BUILD_RUSTFLAGS".to_owned()], by_target] {
        let mut command = floe(project.path());
        let flags = names.iter().map(|name| (name, "--cfg wanted"));
        let output = command.args(["rehearse", "--exact"]).envs(flags).output().unwrap();
        assert!(output.status.success(), "{names:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn failed(project: &Sample, variables: &[(&str, &str)]) -> String {
    let mut command = floe(project.path());
    let output = command.arg("rehearse").envs(variables.iter().copied()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    stderr
}

#[test]
fn a_program_behind_a_feature_is_left_out_with_a_warning_or_built() {
    let gated = "[features]\nextra = []\n[[bin]]\nname = \"toold\"\npath = \"src/toold.rs\"\n\
        required-features = [\"extra\"]\n";
    let project = sample("1.4.0").manifest_lines(gated).file("src/toold.rs", "fn main() {}\n");
    let run = rehearse(project.path(), &[]);
    let warning = "`toold` is left out, because it requires the feature `extra`: \
        `features = [\"extra\"]` under [package.metadata.floe] builds it";
    assert!(run.stderr.contains(warning), "{}", run.stderr);

    let project = project.manifest_lines("[package.metadata.floe]\nfeatures = [\"extra\"]");
    let run = rehearse(project.path(), &[]);
    assert!(!run.stderr.contains("is left out"), "{}", run.stderr);
    let manifest = std::fs::read(project.path().join("target/rehearsal/release/assets/tool-manifest.json"));
    let manifest: Value = serde_json::from_slice(&manifest.unwrap()).unwrap();
    let binaries = manifest["artifacts"][0]["binaries"].as_array().unwrap();
    let names: Vec<&str> = binaries.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["tool", "toold"]);

    let only = sample("1.4.0").manifest_lines(
        "[features]\ncli = []\n[[bin]]\nname = \"tool\"\npath = \"src/main.rs\"\nrequired-features = [\"cli\"]",
    );
    let stderr = failed(&only, &[]);
    expect_test::expect![[r#"
        error: no binary of `tool` is built with the features that are on
          `tool` requires the feature `cli`

        hint: write `features = ["cli"]` under [package.metadata.floe]
    "#]]
    .assert_eq(&stderr);
}

#[test]
fn a_compile_error_gets_no_hint_about_the_linker() {
    let project = sample("1.4.0").file("src/main.rs", "fn main() { missing() }\n");
    let stderr = failed(&project, &[]);
    assert!(stderr.contains("error[E0425]: cannot find function `missing`"), "{stderr}");
    assert!(stderr.contains("error: failed to build `tool` for "), "{stderr}");
    assert!(!stderr.contains("hint:") && !stderr.contains("linker"), "{stderr}");
}

#[test]
fn the_same_dist_makes_the_same_release_in_any_folder() {
    let made = tempfile::tempdir().unwrap();
    let dist = made.path().join("dist");
    make_dist(&dist, "1.4.0", &Target::defaults().collect::<Vec<_>>());
    let summary = || {
        let project = sample("1.4.0");
        let mut run = rehearse(project.path(), &[dist.to_str().unwrap()]);
        run.summary.as_object_mut().unwrap().remove("millis");
        run.summary
    };
    let (one, other) = (summary(), summary());
    assert_eq!(one["files"].as_array().unwrap().len(), 11);
    assert!(one["image"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(one, other);
}

/// Where musl's standard library is not installed, the static binary is for glibc, and not every system can link that.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_failed_linker_gets_a_hint_about_static_libraries() {
    if crate::support::peers::has_musl() {
        return;
    }
    let stderr = failed(&sample("1.4.0"), &[("RUSTFLAGS", "-C linker=false")]);
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    assert!(stderr.contains(&format!("error: failed to build `tool` for {host}")), "{stderr}");
    assert!(
        stderr.contains("hint: if the linker misses static libraries, take musl's: `rustup target add "),
        "{stderr}"
    );
}
