//! An image beside its archives: `verify` and `rehearse` refuse one that would start another program than theirs.

use std::path::PathBuf;

use expect_test::{Expect, expect};
use floe::image::{self, ImageSpec};
use serde_json::json;

use super::samples::{Tar, docker_archive};
use super::spec;
use crate::support::binaries::binary;
use crate::support::sample::{self, Sample};
use crate::support::scenario::make_dist;
use crate::support::words::problems;

/// The program of the archive for linux/amd64.
fn tool() -> Vec<u8> {
    binary("x86_64-musl".parse().unwrap(), b"1.4.0")
}

/// An image of the commit of the dist.
fn spec_of_dist() -> ImageSpec {
    let mut spec = spec();
    spec.source.commit = Some(crate::support::scenario::COMMIT.parse().unwrap());
    spec
}

/// A project with a dist of one archive, and an image of these layers beside it.
fn dist(layers: &[Tar], start: &serde_json::Value, lines: &str) -> Sample {
    let lines = format!(
        "repository = \"https://github.com/acme/tool\"\n[package.metadata.floe]\nsbom = false\ntargets = [\"x86_64-musl\"]\n{lines}"
    );
    let sample = Sample::tool().manifest_lines(&lines);
    let dist = sample.path().join("dist");
    make_dist(&dist, "1.4.0", &["x86_64-musl".parse().unwrap()]);
    let layers: Vec<Vec<u8>> = layers.iter().cloned().map(Tar::end).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    let archive: PathBuf = sample.path().join("docker");
    std::fs::write(&archive, docker_archive("amd64", &layers, &json!({ "Entrypoint": start }).to_string()))
        .unwrap();
    let settings = sample.load().unwrap().config.image.unwrap();
    image::build(&[archive], &ImageSpec { settings, ..spec_of_dist() }, &dist.join("image")).unwrap();
    sample
}

#[track_caller]
fn refused(layers: &[Tar], start: &serde_json::Value, expected: Expect) {
    let sample = dist(layers, start, "");
    for command in ["verify", "rehearse"] {
        let output = sample::floe(sample.path()).args([command, "dist"]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{command}: {stderr}");
        expected.assert_eq(&problems(&stderr));
    }
}

#[test]
fn the_program_of_the_archive_may_be_anywhere_in_the_image() {
    for (layers, start) in [
        (vec![Tar::new().program("bin/tool", &tool())], json!(["/bin/tool"])),
        (
            vec![Tar::new().program("opt/renamed", &tool()).symlink("usr/bin/tool", "/opt/renamed")],
            json!(["tool", "serve"]),
        ),
        // A file that is called as the program, but is none.
        (vec![Tar::new().program("bin/tool", &tool()).file("etc/tool", b"a = 1")], json!(["/bin/tool"])),
    ] {
        let sample = dist(&layers, &start, "");
        let output = sample::floe(sample.path()).args(["verify", "dist"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn an_image_that_starts_another_program_is_refused() {
    let other = binary("x86_64-musl".parse().unwrap(), b"another build");
    let layer = || Tar::new().program("bin/tool", &tool());
    refused(
        &[layer(), Tar::new().program("bin/tool", &other)],
        &json!(["/bin/tool"]),
        expect!["the image for linux/amd64: `/bin/tool` is not the `tool` of any x86_64 archive"],
    );
    refused(
        &[layer(), Tar::new().program("bin/helper", &other)],
        &json!(["/bin/tool"]),
        expect!["the image for linux/amd64: `/bin/helper` is a program that no x86_64 archive holds"],
    );
    refused(
        &[layer(), Tar::new().program("bin/wrapper", &other)],
        &json!(["/bin/wrapper", "/bin/tool"]),
        expect!["the image for linux/amd64: `/bin/wrapper` is a program that no x86_64 archive holds"],
    );
}

#[test]
fn programs_that_the_project_names_are_allowed_but_not_started() {
    let other = binary("x86_64-musl".parse().unwrap(), b"another program");
    let layers = [Tar::new().program("bin/tool", &tool()).program("bin/busybox", &other)];
    let lines = "[package.metadata.floe.image]\nprograms = [\"/bin/busybox\"]\n";
    for (start, lines, code, words) in [
        ("/bin/tool", lines, 0, ""),
        ("/bin/busybox", lines, 3, "it starts `/bin/busybox`, which no x86_64 archive holds"),
    ] {
        let sample = dist(&layers, &json!([start]), lines);
        let output = sample::floe(sample.path()).args(["verify", "dist"]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
    }
    // The project decides, and not the annotation of the image.
    let sample = dist(&layers, &json!(["/bin/tool"]), lines);
    let manifest = std::fs::read_to_string(sample.path().join("Cargo.toml")).unwrap();
    let sample = sample.file("Cargo.toml", manifest.replace("/bin/busybox", "/bin/other"));
    let output = sample::floe(sample.path()).args(["verify", "dist"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("`floe.image.programs` is `/bin/busybox`, but it should be `/bin/other`"),
        "{stderr}"
    );
}

#[test]
fn a_program_that_the_project_names_and_the_image_lacks_is_a_warning() {
    let other = binary("x86_64-musl".parse().unwrap(), b"another program");
    let layer = Tar::new()
        .program("bin/tool", &tool())
        .program("bin/busybox", &other)
        .file("etc/text", b"no program")
        .symlink("bin/sh", "busybox");
    let sample = Sample::tool().manifest_lines(
        "repository = \"https://github.com/acme/tool\"\n[package.metadata.floe.image]\n\
         programs = [\"/bin/busybox\", \"/bin/gone\", \"/etc/text\", \"/bin/sh\"]\n",
    );
    let archive = docker_archive("amd64", &[&layer.end()], r#"{"Entrypoint": ["/bin/tool"]}"#);
    let sample = sample.file("docker", archive);
    let output = sample::floe(sample.path()).args(["image", "docker"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let line = |path: &str| {
        format!("warning the image for linux/amd64 has no executable `{path}`, which `programs` names\n")
    };
    for path in ["/bin/gone", "/etc/text", "/bin/sh"] {
        assert!(stderr.contains(&line(path)), "{path}: {stderr}");
    }
    assert!(!stderr.contains(&line("/bin/busybox")), "{stderr}");
}

#[test]
fn a_dynamic_program_needs_the_loader_of_its_target() {
    let gnu = binary("x86_64-gnu".parse().unwrap(), b"1.4.0");
    let sample = Sample::tool().manifest_lines(
        "repository = \"https://github.com/acme/tool\"\n[package.metadata.floe]\nsbom = false\ntargets = [\"x86_64-gnu\", \"x86_64-musl\"]\n",
    );
    let dist = sample.path().join("dist");
    make_dist(&dist, "1.4.0", &["x86_64-gnu", "x86_64-musl"].map(|name| name.parse().unwrap()));
    let layer = Tar::new().program("bin/tool", &gnu).program("lib64/ld-linux-x86-64.so.2", &tool()).end();
    let archive = sample.path().join("docker");
    std::fs::write(&archive, docker_archive("amd64", &[&layer], r#"{"Entrypoint": ["/bin/tool"]}"#)).unwrap();
    image::build(std::slice::from_ref(&archive), &spec_of_dist(), &dist.join("image")).unwrap();
    let output = sample::floe(sample.path()).args(["verify", "dist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
