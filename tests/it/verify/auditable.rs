//! The list that `cargo auditable` embeds in a binary, beside the SBOM of its archive.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use crate::support::peers;
use crate::support::sample::{Sample, floe};
use crate::support::scenario::{COMMIT, Scenario};

const VERIFY: [&str; 5] = ["verify", "dist", "--target", "x86_64-musl", "--no-image"];
const PUBLISH: [&str; 4] = ["publish", "--target", "x86_64-musl", "--no-image"];

/// The source of a program with this list in its section `.dep-v0`.
fn program(list: &Value) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(list.to_string().as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    format!(
        "#[used]\n#[link_section = \".dep-v0\"]\nstatic LIST: [u8; {}] = {bytes:?};\nfn main() {{ std::hint::black_box(&LIST); }}\n",
        bytes.len()
    )
}

/// A scenario with a dist of a program that embeds this list, and the program.
fn scenario(list: &Value) -> (Scenario, Sample) {
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n";
    let sample = Sample::with_manifest(manifest).file("src/main.rs", program(list)).locked();
    let flags = ["--edition", "2021", "-C", "strip=symbols", "src/main.rs", "-o", "tool"];
    assert!(peers::static_rustc().args(flags).current_dir(sample.path()).status().unwrap().success());
    let scenario = Scenario::empty("1.4.0");
    let output = floe(sample.path())
        .args(["package", "--target", "x86_64-musl", "--binary", "tool", "--commit", COMMIT])
        .args(["--epoch", "1700000000", "--out"])
        .arg(scenario.dist())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (scenario, sample)
}

#[test]
fn the_list_is_printed_and_must_have_every_crate_of_the_sbom() {
    let list = json!({ "packages": [
        { "name": "tool", "version": "1.4.0", "source": "local", "root": true, "dependencies": [1] },
        { "name": "log", "version": "0.4.1", "source": "crates.io" },
        { "name": "cc", "version": "1.0.0", "source": "crates.io", "kind": "build" },
    ] });
    let (scenario, sample) = scenario(&list);
    // The list has more than the program, which proves nothing.
    scenario.run(VERIFY).exit(0);
    scenario.run(PUBLISH).exit(0);
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);

    let audit = |arguments: &[&str]| {
        let output = floe(sample.path()).args(["audit", "tool"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let short = audit(&[]);
    assert!(short.contains("  auditable   3 packages\n") && !short.contains("  crate "), "{short}");
    let long = audit(&["-v"]);
    assert!(
        long.contains("  crate       tool 1.4.0 (local)\n  crate       log 0.4.1 (crates.io)\n  crate       cc 1.0.0 (crates.io, for the build)\n"),
        "{long}"
    );
    let report: Value = serde_json::from_str(&audit(&["--json"])).unwrap();
    assert_eq!(
        report["binaries"][0]["crates"][2],
        json!({ "name": "cc", "version": "1.0.0", "source": "crates.io", "kind": "build" })
    );
}

#[test]
fn an_sbom_with_a_crate_that_the_list_lacks_is_wrong() {
    let list =
        json!({ "packages": [{ "name": "tool", "version": "1.3.9", "source": "local", "root": true }] });
    let (scenario, _sample) = scenario(&list);
    let why = "`tool-x86_64-unknown-linux-musl.cdx.json` is not the SBOM of `tool-x86_64-unknown-linux-musl.tar.gz`: it names \
               `tool` 1.4.0, which the list of `cargo auditable` in `tool-x86_64-unknown-linux-musl/tool` lacks";
    scenario.run(VERIFY).exit(3).says(why);
    scenario.run(PUBLISH).exit(0);
    scenario.run(["verify", "--release", "v1.4.0"]).exit(3).says(why);
    // A list that cannot be read says nothing.
    let (scenario, _sample) = self::scenario(&json!({ "packages": "none" }));
    scenario.run(VERIFY).exit(0);
    assert!(fs::exists(scenario.dist()).unwrap());
}
