//! The stage of a driven release: a small project with a tag, and substitutes for Nix and for the released floe.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use floe_core::model::{Builder, Digest, Target};
use serde_json::{Value, json};

use super::text;
use crate::support::binaries::binary;
use crate::support::peers::peer;

/// floe as it was built for these tests; its registry is the embedded one.
const FLOE: &str = "#!/usr/bin/env bash\ncase $1 in\nplan | publish | verify) exec \"$FLOE_UNDER_TEST\" \"$@\" --registry-url \"$REGISTRY\" --first-wait 1 ;;\n*) exec \"$FLOE_UNDER_TEST\" \"$@\" ;;\nesac\n";

/// A repository with a small project in its folder `root`; its commit.
pub fn make_repository(folder: &Path, root: &str) -> String {
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n";
    for (path, content) in [
        ("Cargo.toml", manifest),
        ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"tool\"\nversion = \"1.4.0\"\n"),
        ("src/main.rs", "fn main() {}\n"),
        ("README.md", "# tool\n"),
        ("CHANGELOG.md", "# Changelog\n\n## 1.4.0\n\nIt is faster.\n"),
    ] {
        write(&folder.join(root).join(path), content);
    }
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "--message=tool: begin"]);
    git(folder, &["tag", "--annotate", "--message=1.4.0", "v1.4.0"]);
    git(folder, &["rev-parse", "HEAD"])
}

pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(peer("git").unwrap());
    command.current_dir(folder).args(["-c", "user.name=Acme", "-c", "user.email=acme@example.org"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The substitutes, in a folder of their own.
pub fn make_standin(folder: &Path) {
    let standin = folder.join("standin");
    for (name, script) in [("nix", &*text("tests/it/workflows/nix.sh")), ("floe", FLOE)] {
        write(&standin.join(name), script);
        make_executable(&standin.join(name));
    }
    for target in Target::defaults().filter(|target| target.builder == Builder::Nix) {
        let leg = if target.platform.is_some() { "image" } else { "alone" };
        let program = standin.join(leg).join(target.name).join("tool");
        write(&program, binary(target, b"1.4.0"));
        make_executable(&program);
    }
}

/// The row of the matrix in which the release is verified here, with the released floe as a file.
pub fn trial(folder: &Path) -> Value {
    let (name, file) = ("floe-x86_64-unknown-linux-musl", "floe-x86_64-unknown-linux-musl.tar.gz");
    let served = folder.join("served");
    write(&served.join(name).join("floe"), FLOE);
    make_executable(&served.join(name).join("floe"));
    let status = Command::new("tar").current_dir(&served).args(["-czf", file, name]).status().unwrap();
    assert!(status.success());
    let digest = Digest::of(&fs::read(served.join(file)).unwrap());
    json!({
        "runner": "ubuntu-24.04", "file": file, "url": format!("file://{}", served.join(file).display()),
        "digest": format!("{}  {file}", digest.hex()), "unpack": "tar -xzf",
    })
}

/// Copies a file or a folder; modes are lost.
pub fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        return write(to, fs::read(from).unwrap());
    }
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    found.sort();
    found
}

/// The digest of everything in a folder.
pub fn digest(folder: &Path) -> Digest {
    let all = files(folder)
        .into_iter()
        .flat_map(|path| [path.display().to_string().into_bytes(), fs::read(path).unwrap()]);
    Digest::of(&all.collect::<Vec<_>>().concat())
}

pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[cfg(unix)]
pub fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
pub fn make_executable(_: &Path) {}
