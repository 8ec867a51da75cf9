//! `floe verify --release` compares the manifest's claims about an archive with the archive. Each test forges a claim and
//! the line of `SHA256SUMS`, in a release that is not signed.

use serde_json::{Value, json};

use super::release::Published;
use crate::support::binaries::binary;
use crate::support::sample::{Sample, floe};

const DARWIN: &str = "tool-x86_64-apple-darwin";

/// A release whose manifest says something else of one field of the archive for x86-64 macOS.
fn forged(published: &Published, field: &str, value: Value) {
    published.forge_manifest(|manifest| {
        let artifacts = manifest["artifacts"].as_array_mut().unwrap();
        let is_it = |one: &&mut Value| one["file"] == format!("{DARWIN}.tar.gz");
        let artifact = artifacts.iter_mut().find(is_it).unwrap();
        match field.strip_prefix("binaries.") {
            Some(field) => artifact["binaries"][0][field] = value,
            None => artifact[field] = value,
        }
    });
}

#[test]
fn every_statement_that_the_archive_disproves_is_wrong() {
    let archive = format!("`{DARWIN}.tar.gz`");
    let binary = format!("`{DARWIN}/tool` in {archive} is not the binary the manifest names");
    for (field, value, words) in [
        (
            "requires",
            json!({ "macos": "10.12" }),
            format!("the `macos` of {archive} is 10.12 by the manifest, but 11.0 by its binaries"),
        ),
        (
            "requires",
            json!({ "libz.so.1": "any" }),
            format!("the `macos` of {archive} is none by the manifest, but 11.0 by its binaries"),
        ),
        (
            "requires",
            json!({ "glibc": "2.17", "macos": "11.0" }),
            format!("the `glibc` of {archive} is 2.17 by the manifest, but none by its binaries"),
        ),
        (
            "signed_by",
            json!("team ABCDEF1234"),
            format!("the signer of {archive} is team ABCDEF1234 by the manifest, but none by its binaries"),
        ),
        (
            "extras",
            json!({ "man": [format!("{DARWIN}/man/tool.1")] }),
            format!("{archive} lacks `{DARWIN}/man/tool.1`, which the manifest names"),
        ),
        (
            "extras",
            json!({ "completions": { "pwsh": [format!("{DARWIN}/completions/_tool.ps1")] } }),
            format!("{archive} lacks `{DARWIN}/completions/_tool.ps1`, which the manifest names"),
        ),
        ("binaries.name", json!("sudo"), binary.clone()),
        ("binaries.arch", json!("aarch64"), binary.clone()),
        ("binaries.format", json!("elf"), binary),
    ] {
        let published = Published::new();
        forged(&published, field, value);
        let outcome = published.scenario.run(["verify", "--release", "v1.4.0"]).exit(3).no_writes();
        assert_eq!(outcome.stdout, "");
        outcome.says("error: release `v1.4.0` of `acme/tool` is wrong\n").says(&format!("  {words}\n"));
    }
}

#[test]
fn a_manifest_of_an_older_or_newer_floe_may_say_less_or_more() {
    let published = Published::new();
    for (field, value) in [
        ("requires", json!({})),
        ("requires", json!({ "macos": "11.0", "rosetta": "2" })),
        ("icons", json!([])),
    ] {
        forged(&published, field, value);
        published.scenario.run(["verify", "--release", "v1.4.0"]).exit(0).no_writes();
    }
}

/// A file of debug information, or of a test, may look like a damaged program.
#[test]
fn only_the_programs_of_an_archive_are_read_as_programs() {
    let damaged = b"\x7fELF";
    let published = Published::new();
    let program = binary("x86_64-macos".parse().unwrap(), b"another seed");
    published.forge_archive(&format!("{DARWIN}.tar.gz"), &[("tool", &program), ("tool.debug", damaged)]);
    published.scenario.run(["verify", "--release", "v1.4.0"]).exit(0).no_writes();

    let sample = Sample::tool()
        .manifest_lines("[package.metadata.floe]\nimage = false\ninclude = [\"tool.debug\"]\n")
        .file("tool.debug", damaged)
        .file("native/x86_64-unknown-linux-musl/tool", binary("x86_64-musl".parse().unwrap(), b"seed"));
    let run = |arguments: &[&str]| floe(sample.path()).args(arguments).output().unwrap();
    for arguments in [&["package", "native"][..], &["verify", "dist", "--target", "x86_64-musl"]] {
        let output = run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    // An audit of everything says so, and does not hide the program.
    let output = run(&["audit", "dist"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("-musl/tool\n"));
}
