//! The installer for Unix shells on systems that this machine is not: `uname` is a stand-in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use floe::channels::render;
use floe_core::model::{Channels, Digest, Target};

use super::installer::SHELLS;
use crate::support::peers::peer;
use crate::verify::release::tar_gz;

/// The installer of a release of these targets, beside their archives. Each program prints its target.
fn installer(folder: &Path, targets: &[&str]) {
    installer_of(folder, targets, |name| format!("echo {name}"));
}

/// The same of programs that run a line of a script.
fn installer_of(folder: &Path, targets: &[&str], line: impl Fn(&str) -> String) {
    let mut manifest: Value = serde_json::from_str(include_str!("../compat/manifest.json")).unwrap();
    let artifact = manifest["artifacts"][0].clone();
    let artifacts = targets.iter().map(|name| {
        let target: Target = name.parse().unwrap();
        let program = format!("#!/bin/sh\n{}\n", line(name));
        let bytes = tar_gz(&target.top_folder("tool"), &[("tool", program.as_bytes())]);
        let file = target.archive_file("tool");
        fs::write(folder.join(&file), &bytes).unwrap();
        let mut artifact = artifact.clone();
        artifact["target"] = target.triple.into();
        artifact["file"] = file.into();
        artifact["digest"] = Digest::of(&bytes).to_string().into();
        artifact["requires"] = json!({});
        artifact
    });
    manifest["artifacts"] = artifacts.collect();
    let manifest = serde_json::from_value(manifest).unwrap();
    let files = render(&manifest, &Channels::default()).unwrap();
    fs::write(folder.join("installer.sh"), &files[0].bytes).unwrap();
}

/// Runs it on a system and a processor, as `uname` names them.
fn run(folder: &Path, system: &str, processor: &str) -> Output {
    command(Path::new("sh"), &[], folder, (system, processor)).output().unwrap()
}

fn command(shell: &Path, arguments: &[&str], folder: &Path, (system, processor): (&str, &str)) -> Command {
    let stand_in = format!("#!/bin/sh\ncase $1 in -s) echo {system} ;; -m) echo {processor} ;; esac\n");
    let uname = folder.join("bin").join("uname");
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::write(&uname, stand_in).unwrap();
    fs::set_permissions(&uname, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(shell);
    command
        .args(arguments)
        .arg(folder.join("installer.sh"))
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder);
    command.env("TOOL_DOWNLOAD_URL", format!("file://{}", folder.display()));
    command
}

#[test]
fn a_program_that_cannot_start_leaves_the_older_one() {
    if peer("curl").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let program = folder.join(".local/bin/tool");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    for (line, expected) in [
        ("exit 126", Some("126")),
        ("kill -SEGV $$", Some("signal 11")),
        ("kill -KILL $$", Some("signal 9")),
        ("kill -ABRT $$", Some("signal 6")),
        // It knows no such option.
        ("exit 2", None),
        ("exit 255", None),
    ] {
        installer_of(folder, &["x86_64-musl"], |_| line.to_owned());
        for (shell, arguments) in SHELLS {
            let Some(shell) = peer(shell) else { continue };
            fs::write(&program, "older").unwrap();
            let output = command(&shell, arguments, folder, ("Linux", "x86_64")).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let is_older = fs::read_to_string(&program).unwrap() == "older";
            assert_eq!(is_older, expected.is_some(), "{shell:?} {line}: {said}");
            let why = expected.map(|code| format!("(it ended with {code}); nothing was installed"));
            assert!(why.is_none_or(|why| said.contains(&why)), "{shell:?} {line}: {said}");
        }
    }
}

#[test]
fn each_processor_gets_its_own_archive_or_an_error() {
    // It reads the archives from a folder, which wget cannot.
    if peer("curl").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let all = ["x86_64-musl", "aarch64-musl", "armv7-musl", "riscv64-musl", "x86_64-macos", "aarch64-macos"];
    let few = ["armv7-musl", "x86_64-macos"];
    for (targets, system, processor, expected) in [
        (&all[..], "Linux", "x86_64", Some("x86_64-musl")),
        (&all, "Linux", "amd64", Some("x86_64-musl")),
        (&all, "Linux", "aarch64", Some("aarch64-musl")),
        (&all, "Linux", "armv7l", Some("armv7-musl")),
        (&all, "Linux", "armv8l", Some("armv7-musl")),
        (&all, "Linux", "riscv64", Some("riscv64-musl")),
        (&all, "Linux", "armv6l", None),
        (&all, "Linux", "i686", None),
        (&all, "FreeBSD", "amd64", None),
        (&all, "Darwin", "arm64", Some("aarch64-macos")),
        (&all, "Darwin", "x86_64", Some("x86_64-macos")),
        (&few, "Darwin", "arm64", Some("x86_64-macos")),
        (&few, "Linux", "armv7l", Some("armv7-musl")),
        (&few, "Linux", "aarch64", None),
        (&few, "Linux", "riscv64", None),
    ] {
        installer(folder, targets);
        let output = run(folder, system, processor);
        let said = String::from_utf8_lossy(&output.stderr);
        let program = folder.join(".local/bin/tool");
        let installed = fs::read_to_string(&program).ok();
        assert_eq!(output.status.success(), expected.is_some(), "{system} {processor}: {said}");
        assert_eq!(installed, expected.map(|name| format!("#!/bin/sh\necho {name}\n")), "{said}");
        assert!(expected.is_some() || said.contains("no archive for "), "{said}");
        let _ = fs::remove_file(program);
    }
}
