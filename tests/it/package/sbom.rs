//! The SBOMs that `floe package` makes: which crates are in them, and that their bytes depend on nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::expect;
use floe_core::model::{Sbom, Target};

use crate::support::binaries::binary;
use crate::support::sample::{Sample, floe};

const EPOCH: &str = "1709210096";

pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

pub fn tree(folder: &Path, target: &str, format: &str, prefix: &str) -> String {
    let output = cargo()
        .args(["tree", "--locked", "--offline", "-e", "normal,no-proc-macro", "--target", target])
        .args(["--prefix", prefix, "--format", format])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A workspace with crates of every kind of edge, of which some are in no binary.
fn workspace() -> Sample {
    let manifest = r#"[package]
name = "tool"
version = "1.4.0"
edition = "2021"
license = "MIT/Apache-2.0"
description = "A tool"
repository = "https://github.com/acme/tool"
[features]
default = ["fast"]
fast = []
slow = ["dep:optional"]
[dependencies]
shared = { path = "crates/shared" }
optional = { path = "crates/optional", optional = true }
derive = { path = "crates/derive" }
[target.'cfg(windows)'.dependencies]
win = { path = "crates/win" }
[build-dependencies]
builder = { path = "crates/builder" }
[dev-dependencies]
dev = { path = "crates/dev" }
shared = { path = "crates/shared", features = ["for-tests"] }
"#;
    let sample = Sample::with_manifest(manifest).file("src/main.rs", "fn main() {}\n");
    let sample = ["shared", "optional", "derive", "win", "builder", "dev", "inner"].into_iter().fold(
        sample,
        |sample, name| {
            let more = match name {
                "shared" => "license = \"see LICENSE\"\n[features]\nfor-tests = []\n[dependencies]\ninner = { path = \"../inner\" }\n",
                "derive" => "[lib]\nproc-macro = true\n[dependencies]\nbuilder = { path = \"../builder\" }\n",
                "win" => "[dependencies]\ninner = { path = \"../inner\", features = [\"std\"] }\n",
                "inner" => "[features]\nstd = []\n",
                _ => "",
            };
            let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.3.0\"\nedition = \"2021\"\n{more}");
            sample
                .file(&format!("crates/{name}/Cargo.toml"), manifest)
                .file(&format!("crates/{name}/src/lib.rs"), "")
        },
    );
    lock(&sample);
    sample
}

fn lock(sample: &Sample) {
    let output =
        cargo().args(["generate-lockfile", "--offline"]).current_dir(sample.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs `floe package` for these targets; the binaries are tiny, but real.
fn package(sample: &Sample, targets: &[&str], arguments: &[&str]) -> (bool, String) {
    for target in targets {
        let target: Target = target.parse().unwrap();
        let path = sample.path().join("native").join(target.triple).join(format!("tool{}", target.exe));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, binary(target, b"tool")).unwrap();
    }
    let output =
        floe(sample.path()).args(["package", "native", "--epoch", EPOCH]).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
fn sbom(sample: &Sample, target: &str) -> (String, Sbom) {
    let path = sample.path().join("dist").join(Sbom::file_name("tool", target.parse().unwrap()));
    let text = fs::read_to_string(path).unwrap();
    let read = Sbom::read(text.as_bytes()).unwrap();
    (text, read)
}

#[test]
fn an_sbom_lists_the_crates_in_the_binary_of_its_target() {
    let sample = workspace();
    let (done, said) = package(&sample, &["x86_64-windows", "x86_64-musl"], &[]);
    assert!(done, "{said}");
    let names = |target: &str| {
        let sbom = sbom(&sample, target).1;
        sbom.components.iter().map(|one| one.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("x86_64-musl"), ["inner", "shared"]);
    assert_eq!(names("x86_64-windows"), ["inner", "shared", "win"]);
    let digest = |target: &str| {
        let target: Target = target.parse().unwrap();
        floe_core::model::Digest::of(&binary(target, b"tool")).hex()
    };
    let floe = env!("CARGO_PKG_VERSION");
    let text = sbom(&sample, "x86_64-windows").0.replace(&digest("x86_64-windows"), "[digest]");
    // The serial number depends on the rest, and so on the version of floe.
    let serial = text.lines().find(|line| line.contains("serialNumber")).unwrap().to_owned();
    let text = text
        .replace(&serial, "  \"serialNumber\": …")
        .replace(&format!("\"version\": \"{floe}\""), "\"version\": [floe]");
    expect![[r#"
        {
          "bomFormat": "CycloneDX",
          "specVersion": "1.6",
          "serialNumber": …
          "version": 1,
          "metadata": {
            "timestamp": "2024-02-29T12:34:56Z",
            "lifecycles": [
              {
                "phase": "build"
              }
            ],
            "tools": {
              "components": [
                {
                  "type": "application",
                  "name": "floe",
                  "version": [floe]
                }
              ]
            },
            "component": {
              "type": "application",
              "bom-ref": "pkg:cargo/tool@1.4.0",
              "name": "tool",
              "version": "1.4.0",
              "description": "A tool",
              "hashes": [
                {
                  "alg": "SHA-256",
                  "content": "[digest]"
                }
              ],
              "licenses": [
                {
                  "expression": "MIT OR Apache-2.0"
                }
              ],
              "purl": "pkg:cargo/tool@1.4.0",
              "externalReferences": [
                {
                  "type": "vcs",
                  "url": "https://github.com/acme/tool"
                }
              ],
              "properties": [
                {
                  "name": "floe:features",
                  "value": "default,fast"
                },
                {
                  "name": "floe:archive",
                  "value": "tool-x86_64-pc-windows-msvc.zip"
                }
              ]
            },
            "properties": [
              {
                "name": "cdx:rustc:sbom:target:triple",
                "value": "x86_64-pc-windows-msvc"
              },
              {
                "name": "floe:excluded",
                "value": "procedural macros, build dependencies, development dependencies"
              }
            ]
          },
          "components": [
            {
              "type": "library",
              "bom-ref": "pkg:cargo/inner@0.3.0",
              "name": "inner",
              "version": "0.3.0",
              "purl": "pkg:cargo/inner@0.3.0",
              "properties": [
                {
                  "name": "floe:features",
                  "value": "std"
                }
              ]
            },
            {
              "type": "library",
              "bom-ref": "pkg:cargo/shared@0.3.0",
              "name": "shared",
              "version": "0.3.0",
              "licenses": [
                {
                  "license": {
                    "name": "see LICENSE"
                  }
                }
              ],
              "purl": "pkg:cargo/shared@0.3.0"
            },
            {
              "type": "library",
              "bom-ref": "pkg:cargo/win@0.3.0",
              "name": "win",
              "version": "0.3.0",
              "purl": "pkg:cargo/win@0.3.0"
            }
          ],
          "dependencies": [
            {
              "ref": "pkg:cargo/inner@0.3.0",
              "dependsOn": []
            },
            {
              "ref": "pkg:cargo/shared@0.3.0",
              "dependsOn": [
                "pkg:cargo/inner@0.3.0"
              ]
            },
            {
              "ref": "pkg:cargo/tool@1.4.0",
              "dependsOn": [
                "pkg:cargo/shared@0.3.0",
                "pkg:cargo/win@0.3.0"
              ]
            },
            {
              "ref": "pkg:cargo/win@0.3.0",
              "dependsOn": [
                "pkg:cargo/inner@0.3.0"
              ]
            }
          ]
        }
    "#]]
    .assert_eq(&text);
    assert!(!text.contains(sample.path().to_str().unwrap()), "a path of this machine: {text}");
}

#[test]
fn features_decide_what_is_in_it() {
    let sample = workspace()
        .manifest_lines("[package.metadata.floe]\nfeatures = [\"slow\"]\ndefault-features = false");
    assert!(package(&sample, &["x86_64-musl"], &[]).0);
    let sbom = sbom(&sample, "x86_64-musl").1;
    let names: Vec<&str> = sbom.components.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["inner", "optional", "shared"]);
    let features = &sbom.metadata.component.properties[0];
    assert_eq!((features.name.as_str(), features.value.as_str()), ("floe:features", "slow"));
}

#[test]
fn its_bytes_depend_on_no_folder_no_run_and_no_machine() {
    let targets = ["x86_64-windows", "x86_64-musl", "aarch64-macos"];
    let (one, other) = (workspace(), workspace());
    assert!(package(&one, &targets, &[]).0);
    let files = |sample: &Sample| -> BTreeMap<String, Vec<u8>> {
        super::files(&sample.path().join("dist"))
            .into_iter()
            .filter(|(name, _)| name.ends_with(".cdx.json"))
            .collect()
    };
    let first = files(&one);
    assert_eq!(first.len(), 3);
    assert!(package(&one, &targets, &[]).0);
    assert_eq!(files(&one), first);
    assert!(package(&other, &targets, &[]).0);
    assert_eq!(files(&other), first);
    // As a flake does it: `cargo tree` ran elsewhere, here without any folder of this machine.
    let elsewhere = workspace();
    let trees = elsewhere.path().join("trees");
    fs::create_dir(&trees).unwrap();
    for target in targets {
        let target: Target = target.parse().unwrap();
        fs::write(trees.join(target.triple), tree(other.path(), target.triple, "\t{p}\t{f}\t{l}", "depth"))
            .unwrap();
    }
    fs::remove_dir_all(elsewhere.path().join("crates")).unwrap();
    let (done, said) = package(&elsewhere, &targets, &["--trees", "trees"]);
    assert!(done, "{said}");
    assert_eq!(files(&elsewhere), first);
}

#[test]
fn without_what_it_needs_nothing_is_packed_and_the_way_out_is_named() {
    let refused = |sample: &Sample, arguments: &[&str]| {
        let (done, said) = package(sample, &["x86_64-musl"], arguments);
        assert!(!done, "{said}");
        assert!(!sample.path().join("dist").exists());
        said.replace(sample.path().to_str().unwrap(), "project")
    };
    let sample = workspace();
    fs::remove_file(sample.path().join("Cargo.lock")).unwrap();
    let said = refused(&sample, &[]);
    assert!(said.contains("error: the SBOM of `tool` cannot be made: there is no `"), "{said}");
    assert!(
        said.contains(
            "hint: commit the Cargo.lock that the binaries were built with, or write `sbom = false`"
        ),
        "{said}"
    );

    // A lock file of before a dependency was added.
    let sample = workspace();
    let sample = sample.file(
        "crates/inner/Cargo.toml",
        "[package]\nname = \"inner\"\nversion = \"0.4.0\"\nedition = \"2021\"\n",
    );
    let said = refused(&sample, &[]);
    assert!(said.contains("error: the SBOM of `tool` for x86_64-musl cannot be made"), "{said}");
    assert!(said.contains("--locked"), "{said}");
    assert!(said.contains("hint: make `cargo tree --locked` work here"), "{said}");

    let sample = workspace().file("trees/README.md", "");
    let said = refused(&sample, &["--trees", "trees"]);
    assert!(said.contains("x86_64-unknown-linux-musl`, the crates for x86_64-musl"), "{said}");
    let sample = workspace().file("trees/x86_64-unknown-linux-musl", "0\tinner v0.3.0 (/x)\t\t\n");
    let said = refused(&sample, &["--trees", "trees"]);
    assert!(said.contains("the crates for x86_64-musl are not those of `tool` 1.4.0"), "{said}");
}

#[test]
fn a_project_that_wants_none_gets_none_and_an_old_one_goes() {
    let sample = workspace();
    assert!(package(&sample, &["x86_64-musl"], &[]).0);
    let path = sample.path().join("dist/tool-x86_64-unknown-linux-musl.cdx.json");
    assert!(path.exists());
    let sample = sample.manifest_lines("[package.metadata.floe]\nsbom = false");
    fs::remove_file(sample.path().join("Cargo.lock")).unwrap();
    let (done, said) = package(&sample, &["x86_64-musl"], &[]);
    assert!(done, "{said}");
    assert!(!path.exists());
    let record =
        fs::read_to_string(sample.path().join("dist/tool-x86_64-unknown-linux-musl.tar.gz.json")).unwrap();
    assert!(!record.contains("sbom"), "{record}");
}

#[test]
fn the_flake_asks_cargo_in_the_same_words() {
    use floe::project::dependencies::{EDGES, FORMAT};
    let nix = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("nix/trees.nix")).unwrap();
    let format = FORMAT.replace('\t', "\\t");
    assert!(nix.contains(&format!("--prefix depth --format $'{format}'")), "{format}");
    assert!(nix.contains(&format!("-e {EDGES}\"")), "{EDGES}");
}
