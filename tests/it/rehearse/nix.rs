//! `floe rehearse` of a project with a flake: the commands that Nix gets, and the use of what it builds.
//!
//! The `nix` here is a few lines of shell that make a dist with floe itself. It tests the wiring and nothing of Nix.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use floe_core::model::Target;

use crate::support::binaries::binary;
use crate::support::sample::{self, Sample};

/// A project with a flake, and a folder with a `nix` and a store that it writes to.
struct Place {
    project: Sample,
    folder: tempfile::TempDir,
}

impl Place {
    /// `eval` is the shell command of the stand-in for `nix eval`.
    fn new(eval: &str) -> Self {
        let project = Sample::tool().file("flake.nix", "{ }\n").manifest_lines(
            "repository = \"https://github.com/acme/tool\"\n[package.metadata.floe]\nnotes = \"github\"",
        );
        let folder = tempfile::tempdir().unwrap();
        for target in targets() {
            let path = folder.path().join("built").join(target.triple).join("tool");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, binary(target, b"nix")).unwrap();
        }
        let (here, floe) = (folder.path().display(), env!("CARGO_BIN_EXE_floe"));
        let script = format!(
            "#!/bin/sh\nset -e\n\
             echo \"token ${{GITHUB_TOKEN-none}}: $*\" >>'{here}/asked'\n\
             case \" $* \" in *' eval '*) {eval} ;; esac\n\
             while [ \"$1\" != --out-link ]; do shift; done\n\
             '{floe}' package '{here}/built' --out '{here}/store'\n\
             '{floe}' image '{here}'/built/*-musl/tool --out '{here}/store/image' --repo acme/tool >/dev/null\n\
             ln -s '{here}/store' \"$2\"\n"
        );
        let nix = folder.path().join("bin/nix");
        fs::create_dir(nix.parent().unwrap()).unwrap();
        fs::write(&nix, script).unwrap();
        fs::set_permissions(nix, fs::Permissions::from_mode(0o755)).unwrap();
        Place { project, folder }
    }

    fn rehearse(&self, arguments: &[&str]) -> Output {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.path("bin")).chain(std::env::split_paths(&path));
        let mut command = sample::floe(self.project.path());
        command.args(["rehearse", "--json"]).args(arguments);
        command.env("PATH", std::env::join_paths(folders).unwrap()).env("GITHUB_TOKEN", "secret");
        command.output().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn left(&self, path: &str) -> PathBuf {
        self.project.path().join("target/rehearsal").join(path)
    }
}

fn targets() -> Vec<Target> {
    ["x86_64-gnu", "x86_64-musl", "aarch64-musl"].map(|name| name.parse().unwrap()).into()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_dist_of_a_flake_is_rehearsed() {
    let place = Place::new("printf tool-1.4.0-dist; exit");
    let output = place.rehearse(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("       Using Nix: the flake's `dist`, "), "{}", stderr(&output));
    let link = place.left("dist");
    let expected = format!(
        "token none: --extra-experimental-features nix-command flakes eval .#dist.name --no-write-lock-file --raw\n\
         token none: --extra-experimental-features nix-command flakes build .#dist --no-write-lock-file --out-link {}\n",
        link.display()
    );
    assert_eq!(fs::read_to_string(place.path("asked")).unwrap(), expected);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // Checksums, manifest and installer besides the three archives and their SBOMs.
    assert_eq!(summary["files"].as_array().unwrap().len(), 9);
    assert!(summary["image"].as_str().is_some());
    assert!(!place.project.path().join("target/release").exists(), "Cargo built something");

    // The old dist is a link to Nix's store, where nothing may be deleted.
    let before = names(&place.path("store"));
    let again = place.rehearse(&["--with", "cargo"]);
    assert!(again.status.success(), "{}", stderr(&again));
    assert!(!link.is_symlink() && place.project.path().join("target/release").exists());
    assert_eq!(names(&place.path("store")), before);
}

#[test]
fn without_a_dist_in_the_flake_cargo_builds_and_the_reason_is_shown() {
    let place = Place::new("echo \"error: attribute 'dist' is missing\" >&2; exit 1");
    let output = place.rehearse(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let why = "the flake has no `dist` for this system: attribute 'dist' is missing\n";
    let said = format!("       Using Cargo, for this machine only: {why}");
    assert!(stderr(&output).contains(&said), "{}", stderr(&output));

    let broken = Place::new("echo 'error: syntax error, unexpected end of file' >&2; exit 1");
    let output = broken.rehearse(&[]);
    let warning = "     warning the flake does not evaluate: syntax error, unexpected end of file; a release of it would fail\n";
    assert!(output.status.success() && stderr(&output).contains(warning), "{}", stderr(&output));

    let output = place.rehearse(&["--with", "nix"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = format!(
        "error: Nix cannot build the dist: {why}\n\
         hint: rehearse with Cargo, for this machine only: `floe rehearse --with cargo`\n"
    );
    assert_eq!(stderr(&output), said);
}

#[test]
fn without_a_flake_nix_is_not_asked() {
    let place = Place::new("exit 1");
    fs::remove_file(place.project.path().join("flake.nix")).unwrap();
    let output = place.rehearse(&["--with", "nix"]);
    assert!(stderr(&output).starts_with("error: Nix cannot build the dist: there is no flake.nix\n"));
    assert!(!place.path("asked").exists());
}
