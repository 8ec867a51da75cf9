//! The program that an image starts: it is in the image, every user can run it, and it is for the image's platform.

use expect_test::{Expect, expect};
use floe::error::{Exit, Failure};
use floe::image::{self, ImageSpec};
use floe_core::model::PlatformImage;

use super::samples::{Tar, docker_archive};
use super::{Work, spec};
use crate::support::binaries::binary;

fn tool(target: &str) -> Vec<u8> {
    binary(target.parse().unwrap(), b"seed")
}

fn build(layers: &[Tar], execution: &str) -> anyhow::Result<PlatformImage> {
    let work = Work::new();
    let layers: Vec<Vec<u8>> = layers.iter().cloned().map(Tar::end).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    work.write("docker", &docker_archive("amd64", &layers, execution));
    let built = work.build(&["docker"])?.platforms.remove(0);
    let read = image::check(&work.path("image")).unwrap().platforms.remove(0);
    assert_eq!(read, built);
    Ok(built)
}

#[track_caller]
fn refused(layers: &[Tar], execution: &str, expected: Expect) {
    let error = build(layers, execution).unwrap_err();
    let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()).unwrap();
    assert_eq!((failure.exit, failure.hint.as_deref().is_some()), (Exit::Problems, true), "{error:#}");
    expected.assert_eq(&failure.to_string());
}

#[test]
fn the_program_may_be_a_link_and_may_come_from_any_layer() {
    let musl = tool("x86_64-musl");
    let lower = || Tar::new().program("opt/tool-1.4", &musl).symlink("bin/tool", "../opt/tool-1.4");
    for (layers, execution, program) in [
        (vec![lower()], r#"{"Entrypoint": ["/bin/tool"]}"#, "opt/tool-1.4"),
        (vec![lower(), Tar::new().file("etc/x", b"")], r#"{"Cmd": ["tool", "serve"]}"#, "opt/tool-1.4"),
        (
            vec![Tar::new().file("bin/tool", b"old"), Tar::new().program("bin/tool", &musl)],
            r#"{"Entrypoint": ["tool"]}"#,
            "bin/tool",
        ),
        (
            vec![lower(), Tar::new().hard_link("bin/other", "opt/tool-1.4")],
            r#"{"Entrypoint": ["/bin/other"]}"#,
            "bin/other",
        ),
    ] {
        assert_eq!(build(&layers, execution).unwrap().program.as_deref(), Some(program), "{execution}");
    }
}

#[test]
fn an_image_that_cannot_start_is_refused() {
    let start = r#"{"Entrypoint": ["/bin/tool"]}"#;
    let of = |content: &[u8]| [Tar::new().program("bin/tool", content)];
    let musl = tool("x86_64-musl");
    refused(
        &of(&musl),
        r#"{"Entrypoint": ["/bin/nope"]}"#,
        expect!["the image cannot start: it starts `/bin/nope`: `/bin/nope` is not in the image"],
    );
    refused(
        &of(&musl),
        r#"{"Entrypoint": ["/bin/sh", "-c", "exec tool"]}"#,
        expect!["the image cannot start: it starts `/bin/sh`: `/bin/sh` is not in the image"],
    );
    refused(
        &[Tar::new().file("bin/tool", &musl)],
        start,
        expect![
            "the image cannot start: it starts `/bin/tool`: `/bin/tool` has the mode 0644, so not every user can run it"
        ],
    );
    refused(
        &[Tar::new().program("bin/tool", &musl), Tar::new().symlink("bin/tool", "/opt/gone")],
        start,
        expect!["the image cannot start: it starts `/bin/tool`: `/opt` is not in the image"],
    );
    refused(
        &of(&tool("aarch64-musl")),
        start,
        expect![
            "the image cannot start: it starts `/bin/tool`, which is ELF for aarch64, not for linux/amd64"
        ],
    );
    refused(
        &of(b"#!/bin/sh\nexec /bin/other\n"),
        start,
        expect!["the image cannot start: it starts `/bin/tool`, but it is a script, not an executable"],
    );
    refused(
        &of(&tool("x86_64-gnu")),
        start,
        expect!["the image cannot start: `/bin/tool` needs a loader, but `/lib64` is not in the image"],
    );
    refused(
        &of(&tool("x86_64-windows")),
        start,
        expect!["the image cannot start: it starts `/bin/tool`, which is PE for x86_64, not for linux/amd64"],
    );
}

#[test]
fn a_dynamic_program_takes_the_loader_of_its_image() {
    let loader = tool("x86_64-musl");
    let layer = Tar::new()
        .program("bin/tool", &tool("x86_64-gnu"))
        .program("usr/lib/ld.so", &loader)
        .symlink("lib64", "usr/lib")
        .symlink("usr/lib/ld-linux-x86-64.so.2", "ld.so");
    let image = build(&[layer], r#"{"Entrypoint": ["/bin/tool"]}"#).unwrap();
    assert_eq!(image.loaders, ["/lib64/ld-linux-x86-64.so.2"]);
}

/// An image of a docker archive, which the flake makes, has the files of one that is made of the binary itself.
#[test]
fn both_inputs_give_the_same_files() {
    let work = Work::new();
    let binary = tool("x86_64-musl");
    work.write("tool", &binary);
    let layer = Tar::new().dir("./").dir("./bin/").program("./bin/tool", &binary).end();
    work.write(
        "docker",
        &docker_archive("amd64", &[&layer], r#"{"Entrypoint": ["/bin/tool"], "User": "65532:65532"}"#),
    );
    let certificates = work.write("ca.pem", b"-----BEGIN CERTIFICATE-----\n");
    let spec = ImageSpec { ca_certificates: Some(certificates), ..spec() };
    let [of_binary, of_archive] = ["tool", "docker"].map(|input| {
        let image = image::build(&[work.path(input)], &spec, &work.path("image")).unwrap();
        let mut folders = Vec::new();
        for layer in &image.platforms[0].layers {
            let members = image::layer_reader::members(&image.blob_path(&layer.digest)).unwrap();
            folders.extend(members.into_iter().map(|member| format!("{:o} {}", member.mode, member.path)));
        }
        folders.retain(|line| line.ends_with(" tmp") || line.ends_with(" etc/ssl/certs"));
        folders.sort();
        (image.platforms[0].files.clone(), folders)
    });
    assert_eq!(of_binary, of_archive);
    let files: Vec<String> =
        of_binary.0.iter().map(|file| format!("{:04o} {}", file.mode, file.path)).collect();
    expect![[r#"
        0755 bin/tool
        0644 etc/group
        0644 etc/passwd
        0644 etc/ssl/certs/ca-certificates.crt"#]]
    .assert_eq(&files.join("\n"));
    assert_eq!(of_binary.1, ["1777 tmp", "755 etc/ssl/certs"]);
}

#[test]
fn files_of_a_docker_archive_are_kept() {
    let layer = Tar::new()
        .program("bin/tool", &tool("x86_64-musl"))
        .file("etc/passwd", b"me:x:1:1::/:/bin/tool\n")
        .dir("tmp");
    let image = build(&[layer], r#"{"Entrypoint": ["/bin/tool"]}"#).unwrap();
    let passwd = image.files.iter().find(|file| file.path == "etc/passwd").unwrap();
    assert_eq!(passwd.size, 22);
    assert!(image.files.iter().any(|file| file.path == "etc/group"));
}

#[test]
fn an_image_holds_every_released_binary_by_its_name() {
    let work = Work::new();
    for (name, target) in [
        ("x86/tool", "x86_64-musl"),
        ("x86/toolctl", "x86_64-musl"),
        ("arm/tool", "aarch64-musl"),
        ("arm/toolctl", "aarch64-musl"),
    ] {
        std::fs::create_dir_all(work.path(name).parent().unwrap()).unwrap();
        work.write(name, &binary(target.parse().unwrap(), name.as_bytes()));
    }
    let spec = ImageSpec { binaries: ["tool", "toolctl"].map(str::to_owned).to_vec(), ..spec() };
    let build = |inputs: &[&str]| {
        let inputs: Vec<_> = inputs.iter().map(|name| work.path(name)).collect();
        image::build(&inputs, &spec, &work.path("image"))
    };
    let image = build(&["arm/toolctl", "x86/tool", "arm/tool", "x86/toolctl"]).unwrap();
    for one in &image.platforms {
        let programs: Vec<&str> =
            one.files.iter().filter(|file| file.mode == 0o755).map(|file| file.path.as_str()).collect();
        assert_eq!(
            (programs.as_slice(), one.program.as_deref()),
            (&["bin/tool", "bin/toolctl"][..], Some("bin/tool"))
        );
    }
    let only = build(&["x86/toolctl", "arm/toolctl"]).unwrap();
    assert!(only.platforms.iter().all(|one| one.program.as_deref() == Some("bin/toolctl")));
    work.write("x86/strange", &tool("x86_64-musl"));
    let error = build(&["x86/tool", "x86/strange"]).unwrap_err().to_string();
    assert!(error.ends_with("strange` is the second file for `tool` of linux/amd64"), "{error}");
    let error = build(&["x86/tool", "x86/tool"]).unwrap_err().to_string();
    assert!(error.ends_with("tool` is the second file for `tool` of linux/amd64"), "{error}");
}
