//! Rules that tie the workflow to the table of targets and to `nix/matrix.nix`.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::process::Command;

use floe_core::model::{Builder, Target};
use serde_json::{Value, json};

use super::{is_whole, text, yaml};
use crate::support::binaries::binary;

/// The outputs that name the legs' artifacts are those of the matrix.
#[test]
fn each_leg_names_its_artifact() {
    if !is_whole() {
        return;
    }
    let workflow = yaml::read(&text(".github/workflows/release.yml"));
    let names = |job: &str| -> BTreeSet<String> {
        let outputs = workflow["jobs"][job]["outputs"].as_object().unwrap();
        for (name, value) in outputs {
            let expected =
                format!("${{{{ matrix.name == '{name}' && steps.leg.outputs.artifact-id || '' }}}}");
            assert_eq!(value, &expected);
        }
        outputs.keys().cloned().collect()
    };
    let of = |builder: Builder| -> BTreeSet<String> {
        Target::all()
            .filter(|target| target.builder == builder)
            .map(|target| target.name.to_owned())
            .collect()
    };
    assert_eq!(names("native"), of(Builder::Native));
    let mut linux = of(Builder::Nix);
    linux.insert("image".to_owned());
    assert_eq!(names("linux"), linux);
}

/// The paths in the panic messages of the project and of its dependencies, in macOS and Windows binaries.
#[test]
fn native_legs_remap_the_paths_of_their_machine() {
    if !is_whole() {
        return;
    }
    let release = yaml::read(&text(".github/workflows/release.yml"));
    let steps = release["jobs"]["native"]["steps"].as_array().unwrap();
    let home = steps.iter().find_map(|step| step["env"]["CARGO_HOME"].as_str()).unwrap();
    let home = home.strip_prefix("${{ runner.temp }}").unwrap();
    let found = |target: Target, path: &str| {
        let binary = binary(target, format!("\0{path}\0").as_bytes());
        floe_audit::facts(Cursor::new(binary)).unwrap().paths.found
    };
    let krate = "registry/src/index-1949cf8c6b5b557f/serde-1.0.0/src/lib.rs";
    for target in Target::all().filter(|target| target.native.is_some()) {
        let flags = &target.native.as_ref().unwrap().rustflags;
        let mapped = |folder: &str| {
            flags
                .split(' ')
                .find_map(|flag| flag.strip_prefix(&format!("--remap-path-prefix={folder}=")))
                .unwrap()
        };
        for path in [
            format!("{}/src/main.rs", mapped("{0}")),
            format!("{}/target/{target}/release/build/x-1/out/y.rs", mapped("{0}")),
            format!("{}{home}/{krate}", mapped("{1}")),
        ] {
            assert!(found(target, &path).is_empty(), "{target}: {path}");
        }
        assert_eq!(found(target, &format!("/Users/runner/work/_temp{home}/{krate}")).len(), 1, "{target}");
    }
}

#[test]
fn the_matrix_has_every_key_that_the_workflow_reads() {
    if !is_whole() {
        return;
    }
    let release = text(".github/workflows/release.yml");
    let matrix = text("nix/matrix.nix") + &text("nix/trials.nix");
    let mut asked = BTreeSet::new();
    for place in ["fromJSON(needs.plan.outputs.matrix).", " matrix.", "(matrix."] {
        for rest in release.split(place).skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap();
            asked.extend(rest[..end].split('.').map(str::to_owned));
        }
    }
    asked.remove("json");
    assert!(asked.contains("config") && asked.contains("native") && asked.contains("rev"), "{asked:?}");
    let is_name = |c: char| c.is_ascii_alphanumeric();
    let inherited = matrix.split("inherit").skip(1).flat_map(|rest| {
        let names = rest.split(';').next().unwrap();
        // Their attribute set is in parentheses before them.
        names.rsplit(')').next().unwrap().split_whitespace()
    });
    let defined = matrix.lines().filter_map(|line| line.trim_start().split_once(" =")).map(|(name, _)| name);
    let given: BTreeSet<&str> = inherited.chain(defined).filter(|name| name.chars().all(is_name)).collect();
    for key in &asked {
        assert!(given.contains(key.as_str()), "the matrix has no `{key}`");
    }
}

#[test]
fn the_matrix_is_the_table_of_targets() {
    if !is_whole() {
        return;
    }
    let table: Value = serde_json::from_str(&text("crates/floe-core/targets.json")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_floe")).args(["targets", "--json"]).output().unwrap();
    let matrix: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = table["targets"].as_array().unwrap().iter().map(|row| {
        let mut expected = json!({
            "name": row["name"], "target": row["triple"], "archive": row["archive"], "builder": row["builder"],
            "image": row["image"], "runner": row["runner"], "native": row["native"],
        });
        if row["optional"] == true {
            expected["optional"] = true.into();
        }
        expected
    });
    assert_eq!(matrix["include"], rows.collect::<Value>());
    for row in matrix["include"].as_array().unwrap() {
        // Every target that is released by default is run somewhere.
        match row["runner"].as_str() {
            Some(runner) => assert!(!runner.ends_with("-latest"), "{runner}"),
            None => assert_eq!(row["optional"], true, "{row}"),
        }
    }
}
