//! Attestations: bundles of Sigstore's mock and real ones, and each way to lie with one.
//!
//! `data/` holds what `data/make.mjs` made, and real bundles. See its README.

mod bundles;
pub mod mutations;
mod real;

use std::collections::BTreeMap;
use std::path::PathBuf;

use floe::attest::{Authentic, Bundle, Expected, Roots, Subjects, Unproven};
use floe_core::model::Digest;

/// A file of `data/`.
pub fn data(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/attest/data")).join(name)
}

pub fn read(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).unwrap()
}

/// The root that the mock's bundles are under.
pub fn mock_roots() -> Roots {
    Roots::parse(&String::from_utf8(read("root.json")).unwrap()).unwrap()
}

fn authenticate(json: &[u8], roots: &Roots) -> Result<Authentic, String> {
    let refused = |refusal| match refusal {
        Unproven::NotChecked { why, hint } if hint.contains("roots") => format!("unknown: {why}"),
        Unproven::NotChecked { why, .. } => format!("format: {why}"),
        Unproven::Wrong(whys) => format!("wrong: {}", whys.join("; ")),
    };
    let form = |refusal| refused(refusal).replacen("wrong: ", "form: ", 1);
    Bundle::parse(json).map_err(form)?.authenticate(roots).map_err(refused)
}

fn subjects() -> BTreeMap<String, Digest> {
    ["tool.txt", "SHA256SUMS"].map(|name| (name.to_owned(), Digest::of(&read(name)))).into()
}

/// The verdict on a bundle as an attestation of `tool.txt` in v1.4.0 of `acme/tool`: empty if it is right.
pub fn verdict(json: &[u8], roots: &Roots) -> Vec<String> {
    let (repo, tag) = ("acme/tool".parse().unwrap(), "v1.4.0".parse().unwrap());
    let commit = crate::support::scenario::COMMIT.parse().unwrap();
    let expected = Expected {
        repo: &repo,
        tag: Some(&tag),
        commit: Some(&commit),
        signer: None,
        subjects: Subjects::All(subjects()),
    };
    match authenticate(json, roots) {
        Ok(found) => expected.problems(&found),
        Err(why) => vec![why],
    }
}
