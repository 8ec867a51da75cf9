//! Records and release manifests of every floe are read for ever, and no change of their format goes unnoticed.
//!
//! `compat/` has samples as floe 0.1.0 wrote them. They are never written again: a new format gets a new sample beside the
//! old one, and a change that old readers do not understand gets a new schema number.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use floe_core::model::{Manifest, Record};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::scenario::Scenario;

#[test]
fn old_files_are_read_and_written_again_byte_for_byte() {
    for name in [
        "record",
        "record-with-packages",
        "record-with-sbom",
        "record-without-commit",
        "record-without-facts",
    ] {
        assert_eq!(again::<Record>(&sample(name)), sample(name), "{name}");
    }
    for name in [
        "manifest",
        "manifest-attested",
        "manifest-built-on",
        "manifest-signed",
        "manifest-with-files",
        "manifest-with-packages",
        "manifest-with-sbom",
        "manifest-without-channels",
        "manifest-without-image",
        "manifest-without-needs",
    ] {
        assert_eq!(again::<Manifest>(&sample(name)), sample(name), "{name}");
    }
}

#[test]
fn new_files_have_the_keys_and_types_of_the_samples() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    scenario.run(["verify", "--release", "v1.4.0", "--keep", "kept"]).exit(0);
    for (name, path) in [
        ("record", "dist/tool-x86_64-unknown-linux-musl.tar.gz.json"),
        ("manifest", "kept/assets/tool-manifest.json"),
    ] {
        let written = fs::read_to_string(scenario.path().join(path)).unwrap();
        assert_eq!(value(&sample(name))["schema"], 1, "{name}");
        assert_eq!(
            shape(&value(&written)),
            shape(&value(&sample(name))),
            "`{name}` differs from tests/it/compat/{name}.json: add a sample, and a new schema number if old readers do not \
             understand it"
        );
    }
}

#[test]
fn another_schema_is_refused_by_both_numbers() {
    for refusal in [refusal::<Record>("record"), refusal::<Manifest>("manifest")] {
        assert!(refusal.starts_with("this floe reads schema 1, but the file says schema 2 "), "{refusal}");
    }
}

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/compat/{name}.json"));
    // git may have changed the line endings.
    fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Reads a sample and writes it as floe does: indented, with a final newline.
fn again<T: DeserializeOwned + Serialize>(json: &str) -> String {
    let parsed: T = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&parsed).unwrap() + "\n"
}

fn refusal<T: DeserializeOwned>(name: &str) -> String {
    let newer = sample(name).replacen("\"schema\": 1", "\"schema\": 2", 1);
    serde_json::from_str::<T>(&newer).err().unwrap().to_string()
}

/// The keys and types of a value; of a list, the different ones of its items.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(items) => {
            let different: BTreeSet<String> = items.iter().map(shape).collect();
            format!("[{}]", different.into_iter().collect::<Vec<_>>().join(" | "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key}: {}", shape(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}
