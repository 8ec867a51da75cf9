//! A verdict as an in-toto Statement v1 (in-toto attestation framework, "Statement layer specification"), so that
//! whoever rebuilt a release can sign it and publish it.
//!
//! It holds no time and no name: the same verdict is the same file, and who says it is the signature's part. What
//! was not rebuilt is not among its subjects.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Comparison, Line, Verdict};
use crate::model::{Digest, ImageName};

/// The type of the statement.
const TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of what it states: a test ran over the subjects, and how it ended.
const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// The statement; it serialises to what is signed.
#[derive(Debug, Serialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate,
}

/// in-toto's ResourceDescriptor, as far as it is used here.
#[derive(Debug, Serialize)]
struct Resource {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    digest: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
}

/// in-toto's predicate "Test Result", v0.1.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    result: &'static str,
    configuration: Vec<Resource>,
    passed_tests: Vec<String>,
    warned_tests: Vec<String>,
    failed_tests: Vec<String>,
}

impl Statement {
    /// The statement of a comparison; `None` if nothing published was rebuilt, because there is nothing to state then. `image`
    /// is the name that the release's image has.
    pub fn new(comparison: &Comparison, image: Option<&ImageName>) -> Option<Self> {
        let index = comparison.image.first().zip(image).map(|(line, image)| (image.to_string(), line));
        let assets = comparison.assets.iter().map(|line| (line.name.clone(), line));
        let claimed: Vec<(String, &Line)> =
            assets.chain(index).filter(|(_, line)| line.verdict != Verdict::NotClaimed).collect();
        if !claimed.iter().any(|(_, line)| line.published.is_some() && line.rebuilt.is_some()) {
            return None;
        }
        let names = |passed: bool| {
            let of = claimed.iter().filter(|(_, line)| (line.verdict == Verdict::Match) == passed);
            of.map(|(name, _)| name.clone()).collect()
        };
        let predicate = Predicate {
            result: if comparison.reproduced { "PASSED" } else { "FAILED" },
            configuration: configuration(comparison),
            passed_tests: names(true),
            warned_tests: Vec::new(),
            failed_tests: names(false),
        };
        let subject = claimed.iter().filter_map(|(name, line)| subject(name, line)).collect();
        Some(Statement { kind: TYPE, subject, predicate_type: PREDICATE, predicate })
    }

    /// The statement as it is written: indented JSON with a final newline.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("a statement has only string keys");
        json.push('\n');
        json
    }
}

/// The published bytes; where the rebuild gave others, beside them which.
fn subject(name: &str, line: &Line) -> Option<Resource> {
    let other = line.rebuilt.filter(|rebuilt| Some(*rebuilt) != line.published);
    Some(Resource {
        name: name.to_owned(),
        uri: None,
        digest: BTreeMap::from([("sha256", line.published?.hex())]),
        annotations: other.iter().map(|digest: &Digest| ("rebuilt", digest.to_string())).collect(),
    })
}

/// What the test was: this commit, built again, compared by this floe.
fn configuration(comparison: &Comparison) -> Vec<Resource> {
    let Comparison { repository, tag, commit, .. } = comparison;
    let plain = |name: &str, uri: String| Resource {
        name: name.to_owned(),
        uri: Some(uri),
        digest: BTreeMap::new(),
        annotations: BTreeMap::new(),
    };
    let source = Resource {
        digest: BTreeMap::from([("gitCommit", commit.to_string())]),
        ..plain("source", format!("git+{repository}@refs/tags/{tag}"))
    };
    let comparer = concat!("pkg:cargo/floe@", env!("CARGO_PKG_VERSION"));
    vec![source, plain("comparer", comparer.to_owned())]
}
