//! A signal while something is written: no file or folder under a temporary name stays behind.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::binaries::binary;
use crate::support::sample::{Sample, floe};

/// Large enough that writing it takes a while; it has no blocks on disk.
const SIZE: u64 = 1 << 30;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Runs floe in a project, and sends a signal as soon as a temporary name is in this folder.
fn stopped(sample: &Sample, folder: &Path, arguments: &[&str]) {
    for signal in ["INT", "TERM"] {
        let mut command = floe(sample.path());
        let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        while !names(folder).iter().any(|name| name.ends_with(".part")) {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
            std::thread::yield_now();
        }
        let kill = format!("kill -s {signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(&format!("error: stopped by SIG{signal}")), "{stderr}");
        assert!(stderr.ends_with("hint: run the same command again\n"), "{stderr}");
    }
}

#[test]
fn a_stopped_package_leaves_nothing() {
    let musl = "x86_64-musl".parse().unwrap();
    let sample = Sample::tool()
        .manifest_lines("[package.metadata.floe]\ninclude = [\"large\"]")
        .file("native/tool", binary(musl, b"tool"));
    File::create(sample.path().join("large")).unwrap().set_len(SIZE).unwrap();
    let out = sample.path().join("deep/dist");
    stopped(
        &sample,
        &out,
        &["package", "--target", "x86_64-musl", "--binary", "native/tool", "--out", "deep/dist"],
    );
    assert!(!sample.path().join("deep").exists());
}

#[test]
fn a_stopped_image_leaves_the_one_before_it() {
    let musl = "x86_64-musl".parse().unwrap();
    let sample = Sample::tool()
        .manifest_lines("repository = \"https://github.com/acme/tool\"")
        .file("native/tool", binary(musl, b"tool"));
    let image = ["image", "native/tool", "--out", "dist/image"];
    assert!(floe(sample.path()).args(image).output().unwrap().status.success());
    let before = names(&sample.path().join("dist/image/blobs/sha256"));
    File::options().write(true).open(sample.path().join("native/tool")).unwrap().set_len(SIZE / 2).unwrap();
    stopped(&sample, &sample.path().join("dist"), &image);
    assert_eq!(names(&sample.path().join("dist")), ["image"]);
    assert_eq!(names(&sample.path().join("dist/image/blobs/sha256")), before);
}
