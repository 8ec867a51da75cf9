//! A binary that is not portable is stopped before anything is sent; one that only lacks hygiene is not.
//!
//! Any binary that is linked against this machine's glibc is not portable.

#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use floe::package::archive::{self, Contents, Item};
use floe_core::model::ArchiveKind;

use crate::support::binaries::binary;
use crate::support::peers;
use crate::support::sample::{self, Sample};

const BINARY: &str = "native/x86_64-unknown-linux-gnu/tool";

fn floe(folder: &Path, arguments: &[&str]) -> Output {
    sample::floe(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A project `tool` whose binary is linked against this machine's glibc.
fn unportable() -> Sample {
    let sample =
        Sample::tool().manifest_lines("repository = \"https://github.com/acme/tool\"\n").file(BINARY, "");
    let status = peers::rustc().args(["src/main.rs", "-o", BINARY]).current_dir(sample.path()).status();
    assert!(status.unwrap().success());
    sample
}

/// The same, with a reason for every rule that the binary breaks. Besides `floor` and `builder-path` they depend on who
/// compiled it: in a Nix sandbox its loader, and where its dependencies lie, are in the store.
fn loosened() -> Sample {
    let sample = unportable();
    let audit = floe(sample.path(), &["audit", BINARY, "--json"]);
    let audit: serde_json::Value = serde_json::from_slice(&audit.stdout).unwrap();
    let broken: BTreeSet<&str> = audit["binaries"][0]["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|violation| violation["rule"].as_str().unwrap())
        .collect();
    assert!(broken.contains("floor"), "{broken:?}");
    let mut lines = "[package.metadata.floe]\ntargets = [\"x86_64-gnu\"]\nimage = false\n\
                     [package.metadata.floe.loosen]\n"
        .to_owned();
    for rule in broken {
        let reason = if rule == "floor" { "needs today's glibc" } else { "a test" };
        writeln!(lines, "{rule} = \"{reason}\"").unwrap();
    }
    sample.manifest_lines(&lines)
}

#[test]
fn an_audit_names_the_symbols_that_make_the_floor() {
    let output = floe(unportable().path(), &["audit", BINARY]);
    assert_eq!(output.status.code(), Some(3));
    let errors = text(&output.stderr);
    assert!(errors.contains("rule `floor`: it needs GLIBC 2."), "{errors}");
    assert!(errors.contains("(at most 2.17 is allowed), because of "), "{errors}");
    assert!(errors.contains("@GLIBC_2."), "{errors}");
    let stdout = text(&output.stdout);
    assert!(
        stdout.contains("/ld-linux-x86-64.so.2") && stdout.contains("  verdict     not portable: floor"),
        "{stdout}"
    );
}

/// A portable binary that has a path of its builder in it.
fn with_path() -> Vec<u8> {
    let target = "x86_64-musl".parse().unwrap();
    binary(target, b"\0/home/user/.cargo/registry/src/index/a-1.0.0/src/lib.rs\0")
}

#[test]
fn the_binaries_of_an_image_are_judged_also_behind_a_link() {
    let lines = "repository = \"https://github.com/acme/tool\"\n";
    let sample = Sample::tool().manifest_lines(lines).file("native/tool", with_path());
    #[cfg(unix)]
    std::os::unix::fs::symlink("tool", sample.path().join("native/link")).unwrap();
    for path in if cfg!(unix) { &["native/tool", "native/link"][..] } else { &["native/tool"] } {
        let output = floe(sample.path(), &["--strict", "image", path]);
        let stderr = text(&output.stderr);
        assert!(stderr.contains(&format!("`{path}`: rule `builder-path`: ")), "{stderr}");
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(!sample.path().join("dist/image").exists());
    }
}

/// A project `tool` with such a binary.
fn unhygienic() -> (Sample, &'static str) {
    let path = "native/x86_64-unknown-linux-musl/tool";
    let content = with_path();
    let lines = "repository = \"https://github.com/acme/tool\"\n[package.metadata.floe]\ntargets = [\"x86_64-musl\"]\nimage = false\n";
    (Sample::tool().manifest_lines(lines).file(path, content), path)
}

#[test]
fn a_path_of_the_builder_is_a_warning_unless_warnings_are_errors() {
    let (sample, path) = unhygienic();
    let output = floe(sample.path(), &["audit", path]);
    assert_eq!(output.status.code(), Some(0));
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stdout.contains("  hygiene     builder-path: `/home/user/.cargo/"), "{stdout}");
    assert!(stdout.ends_with("  verdict     portable, with warnings: builder-path\n"), "{stdout}");
    assert!(
        stderr.contains("warning `native/x86_64-unknown-linux-musl/tool`: rule `builder-path`: "),
        "{stderr}"
    );

    let output = floe(sample.path(), &["--strict", "audit", path, "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let report = &json["binaries"][0];
    assert_eq!(
        (&report["portable"], &report["targets"][0]),
        (&true.into(), &"x86_64-unknown-linux-musl".into())
    );
    let violation = &report["violations"][0];
    assert_eq!((&violation["rule"], &violation["kind"]), (&"builder-path".into(), &"hygiene".into()));

    let output = floe(sample.path(), &["--strict", "package", "native"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(!sample.path().join("dist").exists());
    let output = floe(sample.path(), &["package", "native"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stderr = text(&output.stderr);
    assert!(
        stderr
            .contains("warning `native/x86_64-unknown-linux-musl/tool` for x86_64-musl: rule `builder-path`"),
        "{stderr}"
    );
    let output = floe(sample.path(), &["verify", "dist"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_binary_is_judged_by_the_target_of_its_machine_and_refused_if_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let audit = |machine: [u8; 2]| {
        let mut content = binary("x86_64-windows".parse().unwrap(), b"seed");
        content[0x84..0x86].copy_from_slice(&machine);
        std::fs::write(folder.path().join("tool.exe"), content).unwrap();
        let output = floe(folder.path(), &["audit", "tool.exe"]);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, stdout, stderr) = audit([0x64, 0xaa]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stdout.contains("PE 64-bit for aarch64") && stdout.contains("judged as   aarch64-windows"),
        "{stdout}"
    );
    // LoongArch, and 32-bit x86 with the headers of 64 bits.
    for (machine, number) in [([0x64, 0x62], "0x6264"), ([0x4c, 0x01], "0x014c")] {
        let (code, _, stderr) = audit(machine);
        let said = format!("it is a 64-bit PE file for machine {number}, which no target of floe has");
        assert!(code == Some(1) && stderr.contains(&said), "{stderr}");
    }
}

/// A musl toolchain without `crt-static` makes such a binary.
#[test]
fn a_binary_with_the_loader_of_musl_is_judged_as_a_static_target() {
    let folder = tempfile::tempdir().unwrap();
    for (target, loader, musl) in [
        ("x86_64-gnu", "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"),
        ("aarch64-gnu", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"),
    ] {
        let mut content = binary(target.parse().unwrap(), b"seed");
        let at = content.windows(loader.len()).position(|bytes| bytes == loader.as_bytes()).unwrap();
        content[at..at + loader.len()].fill(0);
        content[at..at + musl.len()].copy_from_slice(musl.as_bytes());
        std::fs::write(folder.path().join("tool"), content).unwrap();
        let output = floe(folder.path(), &["audit", "tool"]);
        assert_eq!(output.status.code(), Some(3));
        let stdout = text(&output.stdout);
        assert!(stdout.contains(&target.replace("gnu", "musl")), "{stdout}");
        assert!(stdout.ends_with("  verdict     not portable: static\n"), "{stdout}");
    }
}

#[test]
fn the_report_uses_the_terms_of_the_format() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tool"), crate::audit::hostile::universal()).unwrap();
    std::fs::write(folder.path().join("tool.exe"), binary("x86_64-windows".parse().unwrap(), b"seed"))
        .unwrap();
    let stdout = text(&floe(folder.path(), &["audit", "tool"]).stdout);
    assert!(stdout.contains("  judged as   x86_64-macos and aarch64-macos"), "{stdout}");
    assert!(!stdout.contains("another machine") && !stdout.contains("arch:"), "{stdout}");
    let stdout = text(&floe(folder.path(), &["audit", "tool.exe"]).stdout);
    assert!(stdout.contains("PE 64-bit for x86_64, executable, stripped"), "{stdout}");
    assert!(stdout.contains("  hardening   ASLR, high entropy, DEP"), "{stdout}");

    let sample = Sample::tool().file("tool", crate::audit::hostile::universal());
    let output = floe(sample.path(), &["package", "--target", "x86_64-macos", "--binary", "tool"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("`tool` is universal (Mach-O for x86_64 and aarch64), but x86_64-macos takes one architecture: `lipo -thin x86_64 tool -output …`"), "{stderr}");
}

#[test]
fn an_audit_as_json_is_one_value_with_facts_and_violations() {
    let output = floe(unportable().path(), &["audit", BINARY, "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["schema"], 1);
    let binary = &json["binaries"][0];
    assert_eq!(binary["target"], "x86_64-unknown-linux-gnu");
    let interpreter = binary["facts"]["elf"]["interpreter"].as_str().unwrap();
    assert!(interpreter.ends_with("/ld-linux-x86-64.so.2"), "{interpreter}");
    assert!(binary["violations"].as_array().unwrap().iter().any(|one| one["rule"] == "floor"));
}

#[test]
fn a_damaged_binary_is_an_error() {
    let musl = "x86_64-musl".parse().unwrap();
    let whole = binary(musl, b"seed");
    let folder = tempfile::tempdir().unwrap();
    let lay = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
    lay("notes.txt", b"no binary");
    lay("script", b"#!/bin/sh\n");
    lay("tool", &whole);
    let output = floe(folder.path(), &["audit", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    lay("tool", &whole[..whole.len() - 1]);
    let items = ["notes.txt", "script", "tool"];
    let item = |name: &str| Item { path: name.to_owned(), file: folder.path().join(name), executable: true };
    let contents = Contents { top: "tool".to_owned(), epoch: 1, items: items.map(item).to_vec() };
    let mut file = std::fs::File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(folder.path().join("tool.zip"))
        .unwrap();
    archive::write(&contents, ArchiveKind::Zip, &mut file).unwrap();
    for path in [".", "tool.zip"] {
        let output = floe(folder.path(), &["audit", path]);
        assert_eq!(output.status.code(), Some(1), "{path}: {}", text(&output.stdout));
        let errors = text(&output.stderr);
        assert!(
            errors.contains("tool` is refused: its ELF segment is broken or cut off"),
            "{path}: {errors}"
        );
    }
    let errors = text(&floe(folder.path(), &["audit", "gone", "notes.txt", "tool.zip"]).stderr);
    assert!(errors.starts_with("error: 3 files cannot be audited\n  `gone` cannot be read: "), "{errors}");
    let both = errors.contains("`notes.txt` is refused: ") && errors.contains("tool` is refused: ");
    assert!(both, "{errors}");
}

#[test]
fn a_file_that_is_refused_hides_no_other_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let [good, foreign] = ["x86_64-musl", "x86_64-gnu"].map(|name| binary(name.parse().unwrap(), b"seed"));
    std::fs::create_dir(at("folder")).unwrap();
    std::fs::write(at("folder/a"), &good[..good.len() - 1]).unwrap();
    std::fs::write(at("folder/b"), &good).unwrap();
    std::fs::write(at("dynamic"), foreign).unwrap();
    let item =
        |path: &str| Item { path: path.to_owned(), file: at(&format!("folder/{path}")), executable: true };
    let contents = Contents { top: "top".to_owned(), epoch: 1, items: vec![item("a"), item("b")] };
    let mut file =
        std::fs::File::options().read(true).write(true).create_new(true).open(at("t.zip")).unwrap();
    archive::write(&contents, ArchiveKind::Zip, &mut file).unwrap();
    for (arguments, places, code, error) in [
        (&["gone", "folder/b"][..], &["folder/b"][..], 2, "error: `gone` cannot be read"),
        (&["folder"], &["folder/b"], 1, "error: `folder/a` is refused"),
        (&["t.zip"], &["t.zip:top/b"], 1, "error: failed to audit `t.zip:top/a`\n  caused by: "),
        (&["gone", "gone2", "folder/b"], &["folder/b"], 2, "error: 2 files cannot be audited\n"),
        (&["gone", "dynamic", "--target", "x86_64-musl"], &["dynamic"], 3, "error: 2 errors\n  `gone` "),
    ] {
        let output = floe(folder.path(), &[&["audit", "--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = found["binaries"].as_array().unwrap().iter().map(|one| one["place"].as_str().unwrap());
        assert_eq!(found.collect::<Vec<_>>(), places, "{arguments:?}");
        assert!(text(&output.stderr).starts_with(error), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn the_content_of_a_file_decides_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let whole = binary("x86_64-musl".parse().unwrap(), b"seed");
    std::fs::write(at("tool"), &whole).unwrap();
    let contents = Contents {
        top: "top".to_owned(),
        epoch: 1,
        items: vec![Item { path: "tool".to_owned(), file: at("tool"), executable: true }],
    };
    for (kind, name) in
        [(ArchiveKind::TarGz, "tool.tgz"), (ArchiveKind::Zip, "tool.whl"), (ArchiveKind::Zip, "tool.tar.gz")]
    {
        let mut file = std::fs::File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(at(name))
            .unwrap();
        archive::write(&contents, kind, &mut file).unwrap();
        let output = floe(folder.path(), &["audit", name]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with(&format!("{name}:top/tool\n")), "{}", text(&output.stdout));
    }
    std::fs::write(at("tool.zip"), &whole).unwrap();
    let output = floe(folder.path(), &["audit", "tool.zip"]);
    assert!(text(&output.stdout).starts_with("tool.zip\n"), "{}", text(&output.stderr));
    // In a folder, only archives by the names of a dist are opened: others are assets of other tools.
    let output = floe(folder.path(), &["audit", ".", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let places = found["binaries"].as_array().unwrap().iter().map(|one| one["place"].as_str().unwrap());
    assert_eq!(places.collect::<Vec<_>>(), ["./tool", "./tool.tar.gz:top/tool", "./tool.zip"]);
    std::fs::write(at("page.tar.gz"), "no archive").unwrap();
    let output = floe(folder.path(), &["audit", "page.tar.gz"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("failed to audit `page.tar.gz`"), "{}", text(&output.stderr));
}

#[test]
fn a_binary_of_todays_glibc_is_not_packed() {
    let sample = unportable();
    let output = floe(sample.path(), &["package", "native"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("rule `floor`"), "{}", text(&output.stderr));
    assert!(!sample.path().join("dist").exists());
}

#[test]
fn a_loosened_rule_passes_and_its_reason_is_published() {
    let sample = loosened();
    let output = floe(sample.path(), &["package", "native"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let record =
        std::fs::read_to_string(sample.path().join("dist/tool-x86_64-unknown-linux-gnu.tar.gz.json"))
            .unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["loosened"]["floor"], "needs today's glibc");
    assert_eq!(floe(sample.path(), &["verify", "dist"]).status.code(), Some(0));

    let output = floe(sample.path(), &["rehearse", "dist"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let release = sample.path().join("target/rehearsal/release");
    let manifest = std::fs::read_to_string(release.join("assets/tool-manifest.json")).unwrap();
    assert!(manifest.contains("needs today's glibc") && manifest.contains("\"glibc\": \"2."), "{manifest}");
    let notes = std::fs::read_to_string(release.join("notes.md")).unwrap();
    assert!(notes.contains("does not keep the rule `floor`: needs today's glibc"), "{notes}");
}

#[test]
fn a_record_cannot_hide_a_broken_rule() {
    let sample = loosened();
    floe(sample.path(), &["package", "native"]);
    let path = sample.path().join("dist/tool-x86_64-unknown-linux-gnu.tar.gz.json");
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record.as_object_mut().unwrap().remove("loosened");
    std::fs::write(&path, record.to_string()).unwrap();
    let output = floe(sample.path(), &["verify", "dist"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("rule `floor`"), "{}", text(&output.stderr));
    // Nothing listens there, so sending anything would end with another error.
    let publish = [
        "publish",
        "dist",
        "--commit",
        "0123456789abcdef0123456789abcdef01234567",
        "--api-url",
        "http://127.0.0.1:1",
    ];
    let output = floe(sample.path(), &publish);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("rule `floor`"), "{}", text(&output.stderr));
}

#[test]
fn an_unknown_rule_is_refused_with_the_known_ones() {
    let sample =
        Sample::tool().manifest_lines("[package.metadata.floe.loosen]\nflor = \"x\"\nfloor = \"\"\n");
    let error =
        format!("{:?}", sample.load().unwrap_err().downcast::<floe::error::Failure>().unwrap().details);
    assert!(error.contains("did you mean `floor`?") && error.contains("`store-path`"), "{error}");
    assert!(error.contains("is empty; write the reason"), "{error}");
}
