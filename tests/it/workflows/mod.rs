//! The workflows of `.github/workflows`: held to rules, evaluated by GitHub's own parser and expressions, and the `run:`
//! steps of the release run in order against the embedded servers.
//!
//! GitHub's own runners, signatures and permissions are not tested here.

mod commands;
mod drive;
mod github;
mod legs;
mod matrix;
mod opt_in;
mod release;
mod rules;
mod stage;
mod yaml;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text of the project, with the line ends that a checkout may have turned.
fn text(path: &str) -> String {
    let path: PathBuf = root().join(path);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .replace("\r\n", "\n")
}

/// Whether the workflows and the flake are there. A source without them is what the flake's own check and
/// a published crate have; where every peer is required, as in CI, so are they.
fn is_whole() -> bool {
    let is_whole = root().join(".github").is_dir() && root().join("nix/system.nix").is_file();
    let required = std::env::var_os("FLOE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(is_whole || !required, "FLOE_REQUIRE_PEERS=1, but the workflows or the flake are not here");
    is_whole
}

/// The workflows by their paths, and the one that other projects copy.
fn workflows() -> Vec<(&'static str, String)> {
    [".github/workflows/ci.yml", ".github/workflows/release.yml", TEMPLATE]
        .into_iter()
        .map(|path| (path, text(path)))
        .collect()
}

/// The workflow that other projects copy.
const TEMPLATE: &str = "nix/template/.github/workflows/release.yml";

/// The jobs of a workflow by their names.
fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

/// The steps of a job; none where it calls another workflow.
fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_array().into_iter().flatten()
}

/// A text, or each of several.
fn words(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => Vec::new(),
    }
}
