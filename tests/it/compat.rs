//! The JSON contracts: a file that was ever written is read for ever, and no change of one goes unnoticed.
//!
//! `compat/` holds a sample of each contract as floe 0.1.0 wrote it, and of what it may leave out. They are never made again: where floe is to
//! write something else, a new sample goes beside the old one, and a change that old readers do not understand gets
//! a new schema number.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use floe_core::model::{Manifest, Record, Target};
use floe_core::receipt::Receipt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::scenario::{Scenario, make_dist_with};

/// The contracts that floe itself reads.
const READ: [&str; 3] = ["record", "manifest", "receipt"];
/// The contracts that others read.
const WRITTEN: [&str; 5] = ["plan", "matrix", "verdict", "summary", "comparison"];

#[test]
fn old_files_are_read_and_written_again_byte_for_byte() {
    for name in ["record", "record-without-commit", "record-without-facts"] {
        assert_eq!(again::<Record>(&sample(name)), sample(name), "{name}");
    }
    for name in ["manifest", "manifest-without-image", "manifest-without-needs"] {
        assert_eq!(again::<Manifest>(&sample(name)), sample(name), "{name}");
    }
    for name in ["receipt", "receipt-of-a-failed-run"] {
        assert_eq!(again::<Receipt>(&sample(name)), sample(name), "{name}");
    }
}

#[test]
fn what_is_written_today_has_the_keys_and_types_of_the_samples() {
    let today = Today::new();
    for contract in READ.into_iter().chain(WRITTEN) {
        let (stored, written) = (sample(contract), today.write(contract));
        assert_eq!(value(&stored)["schema"], 1, "{contract}");
        assert_eq!(
            shape(&value(&written)),
            shape(&value(&stored)),
            "`{contract}` is no longer written as in tests/it/compat/{contract}.json; its readers have to be told, \
             with a new schema number if old readers do not understand it"
        );
    }
}

#[test]
fn what_was_added_to_a_plan_left_the_rest_as_it_was() {
    let mut today = value(&Scenario::new("1.4.0").run(["plan", "--json"]).exit(0).stdout);
    assert!(today.as_object_mut().unwrap().remove("questions").is_some());
    assert_eq!(shape(&today), shape(&value(&sample("plan-without-questions"))));
}

#[test]
fn another_schema_is_refused_by_both_numbers() {
    let refusals =
        [refusal::<Record>("record"), refusal::<Manifest>("manifest"), refusal::<Receipt>("receipt")];
    for refusal in refusals {
        assert!(refusal.starts_with("this floe reads schema 1, but the file says schema 2 "), "{refusal}");
    }
}

#[test]
fn a_change_of_structure_shows() {
    let before = shape(&serde_json::json!({ "a": 1, "b": [{ "c": "x" }, { "c": null }] }));
    assert_eq!(before, "{a: number, b: [{c: null} | {c: string}]}");
    for after in [
        serde_json::json!({ "a": "1", "b": [{ "c": "x" }, { "c": null }] }),
        serde_json::json!({ "a": 1, "b": [{ "c": "x" }] }),
        serde_json::json!({ "a": 1, "b": [{ "d": "x" }, { "c": null }] }),
        serde_json::json!({ "a": 1 }),
    ] {
        assert_ne!(shape(&after), before);
    }
}

/// The same contracts, written by this floe.
struct Today {
    scenario: Scenario,
}

impl Today {
    /// A release that was published, in the folder of a project.
    fn new() -> Self {
        let scenario = Scenario::new("1.4.0");
        scenario.run(["publish"]).exit(0);
        Today { scenario }
    }

    fn write(&self, contract: &str) -> String {
        let file = |path: &str| fs::read_to_string(self.scenario.path().join(path)).unwrap();
        match contract {
            "record" => file("dist/tool-x86_64-unknown-linux-musl.tar.gz.json"),
            "receipt" => file("floe-receipt.json"),
            "manifest" => {
                self.scenario.run(["verify", "--release", "v1.4.0", "--keep", "kept"]).exit(0);
                file("kept/assets/tool-manifest.json")
            }
            "plan" => Scenario::new("1.4.0").run(["plan", "--json"]).exit(0).stdout,
            "matrix" => self.scenario.run(["targets", "--json"]).exit(0).stdout,
            "verdict" => self.scenario.run(["verify", "dist", "--json"]).exit(0).stdout,
            "comparison" => self.reproduce(),
            "summary" => self.rehearse(),
            other => panic!("there is no contract `{other}`"),
        }
    }

    /// A rebuild with every verdict.
    fn reproduce(&self) -> String {
        let targets = ["x86_64-gnu", "x86_64-musl", "aarch64-gnu"].map(|name| name.parse().unwrap());
        let seed = |target: Target| match target.name() {
            "x86_64-musl" => b"other".as_slice(),
            _ => b"1.4.0",
        };
        make_dist_with(seed, &self.scenario.path().join("again"), "1.4.0", &targets);
        self.scenario.run(["reproduce", "v1.4.0", "--rebuilt", "again", "--json"]).exit(3).stdout
    }

    fn rehearse(&self) -> String {
        let write = |path: &str, text: &str| fs::write(self.scenario.path().join(path), text).unwrap();
        let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n\
                        repository = \"https://github.com/acme/tool\"\n";
        fs::create_dir(self.scenario.path().join("src")).unwrap();
        write("src/main.rs", "fn main() {}\n");
        write("Cargo.toml", manifest);
        self.scenario.run(["rehearse", "dist", "--json"]).exit(0).stdout
    }
}

fn sample(contract: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/compat/{contract}.json"));
    // A checkout may have turned the ends of lines.
    fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Reads a sample as its type and writes it as floe does: indented, with a final newline.
fn again<T: DeserializeOwned + Serialize>(json: &str) -> String {
    let parsed: T = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&parsed).unwrap() + "\n"
}

fn refusal<T: DeserializeOwned>(contract: &str) -> String {
    let newer = sample(contract).replacen("\"schema\": 1", "\"schema\": 2", 1);
    serde_json::from_str::<T>(&newer).err().unwrap().to_string()
}

/// The keys and types of a value; of a list the different ones that come in it.
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
