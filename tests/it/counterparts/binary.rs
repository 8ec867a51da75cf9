//! A binary that is really built, packed, published, pulled and run.
//!
//! It is built once for this machine, so the test is for x86-64 Linux only; everything after that is the same anywhere.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs;
use std::path::Path;

use floe_core::model::{Digest, Record};

use crate::support::peers::{self, peer};
use crate::support::sample::{self, Sample};
use crate::support::scenario::{COMMIT, Scenario};

const MANIFEST: &str = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n\
                        repository = \"https://github.com/acme/tool\"\n";
const PROGRAM: &str = "fn main() { println!(\"tool {} says hello\", std::env::args().count()); }\n";

/// Runs floe on a project and gives its stdout.
#[track_caller]
fn floe(sample: &Sample, verb: &str, arguments: &[&Path]) -> String {
    let output = sample::floe(sample.path())
        .arg(verb)
        .args(arguments)
        .args(["--commit", COMMIT, "--epoch", "1700000000"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A dist of one target and an image of one platform, both of a program that says hello.
fn package(sample: &Sample, dist: &Path) -> String {
    let built = sample.path().join("tool");
    let flags = ["--edition", "2021", "src/main.rs", "-o", "tool"];
    assert!(peers::static_rustc().args(flags).current_dir(sample.path()).status().unwrap().success());
    let argument = Path::new;
    let target = [argument("--target"), argument("x86_64-musl"), argument("--binary"), &built];
    floe(sample, "package", &[&target[..], &[argument("--out"), dist]].concat());
    floe(sample, "image", &[&built, argument("--out"), &dist.join("image")]).trim().to_owned()
}

#[test]
fn the_binary_in_the_pulled_image_is_that_of_the_archive_and_runs() {
    let (Some(skopeo), Some(tar)) = (peer("skopeo"), peer("tar")) else { return };
    let sample = Sample::with_manifest(MANIFEST)
        .file("src/main.rs", PROGRAM)
        .locked()
        .file("README.md", "# tool\n")
        .file("LICENSE-MIT", "Permission is hereby granted.\n");
    let scenario = Scenario::empty("1.4.0").arguments(&["--target", "x86_64-musl"]);
    let digest = package(&sample, &scenario.dist());
    let published = scenario.run(["publish"]).exit(0);
    assert!(published.stdout.starts_with(&format!("ghcr.io/acme/tool@{digest}\n")), "{}", published.stdout);

    let home = tempfile::tempdir().unwrap();
    let host = scenario.registry_url();
    let image = format!("docker://{}/acme/tool:latest", host.strip_prefix("http://").unwrap());
    let platform = ["--insecure-policy", "--override-os", "linux", "--override-arch", "amd64"];
    let copy = ["copy", "--src-tls-verify=false", "--src-no-creds", &image, "dir:pulled"];
    peers::run(&skopeo, home.path(), &[&platform[..], &copy].concat()).unwrap();
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(home.path().join("pulled").join(name)).unwrap()).unwrap()
    };
    let hex = |value: &serde_json::Value| {
        value["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned()
    };
    let manifest = json("manifest.json");
    let config = json(&hex(&manifest["config"]));
    fs::create_dir(home.path().join("root")).unwrap();
    for layer in manifest["layers"].as_array().unwrap() {
        let layer = format!("pulled/{}", hex(layer));
        peers::run(&tar, home.path(), &["-xpzf", &layer, "-C", "root"]).unwrap();
    }
    let entrypoint = config["config"]["Entrypoint"][0].as_str().unwrap();
    let binary = home.path().join("root").join(entrypoint.trim_start_matches('/'));
    assert_eq!(peers::run(&binary, home.path(), &["for me"]).unwrap(), "tool 2 says hello\n");

    let archive = scenario.dist().join("tool-x86_64-unknown-linux-musl.tar.gz");
    peers::run(&tar, home.path(), &["-xpzf", archive.to_str().unwrap()]).unwrap();
    let record = fs::read_to_string(archive.with_added_extension("json")).unwrap();
    let record: Record = serde_json::from_str(&record).unwrap();
    let packed = home.path().join(&record.binaries[0].path);
    assert_eq!(peers::run(&packed, home.path(), &[]).unwrap(), "tool 1 says hello\n");
    let bytes = fs::read(&packed).unwrap();
    assert_eq!(Digest::of(&bytes), record.binaries[0].digest);
    assert!(bytes == fs::read(&binary).unwrap(), "the image's binary is not the archive's");
    assert!(bytes == fs::read(sample.path().join("tool")).unwrap(), "what was built was changed");
}
