//! A comparison as an in-toto Statement v1 (in-toto attestation framework, "Statement layer specification") with the
//! predicate "Test Result" v0.1, to be signed and published by the person who rebuilt the release.
//!
//! It contains no time and no name: the same result is the same file, and the signature says who vouches for it. Its
//! subjects are the things that were rebuilt.

use serde_json::{Value, json};

use super::{Comparison, ComparisonLine, Verdict};
use crate::model::ImageName;

/// The statement as it is written: indented JSON with a final newline. `None` if nothing published was rebuilt, because
/// there is nothing to state then. `image` is the name of the release's image.
pub fn statement(comparison: &Comparison, image: Option<&ImageName>) -> Option<String> {
    let Comparison { repository, tag, commit, .. } = comparison;
    let index = comparison.image.first().zip(image).map(|(line, image)| (image.to_string(), line));
    let assets = comparison.assets.iter().map(|line| (line.name.clone(), line));
    let claimed: Vec<(String, &ComparisonLine)> = assets
        .chain(index)
        .filter(|(_, line)| !matches!(line.verdict, Verdict::NotClaimed | Verdict::NotCovered))
        .collect();
    if !claimed.iter().any(|(_, line)| line.published.is_some() && line.rebuilt.is_some()) {
        return None;
    }
    let names = |passed: bool| -> Vec<&str> {
        let of = claimed.iter().filter(|(_, line)| (line.verdict == Verdict::Match) == passed);
        of.map(|(name, _)| name.as_str()).collect()
    };
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": claimed.iter().filter_map(|(name, line)| subject(name, line)).collect::<Vec<_>>(),
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": if comparison.reproduced { "PASSED" } else { "FAILED" },
            "configuration": [
                {
                    "name": "source",
                    "uri": format!("git+{repository}@refs/tags/{tag}"),
                    "digest": { "gitCommit": commit },
                },
                { "name": "comparer", "uri": concat!("pkg:cargo/floe@", env!("CARGO_PKG_VERSION")) },
            ],
            "passedTests": names(true),
            "warnedTests": [],
            "failedTests": names(false),
        },
    });
    Some(format!("{statement:#}\n"))
}

/// The published digest; where the rebuild gave another one, that is an annotation.
fn subject(name: &str, line: &ComparisonLine) -> Option<Value> {
    let mut subject = json!({ "name": name, "digest": { "sha256": line.published?.hex() } });
    if let Some(rebuilt) = line.rebuilt.filter(|rebuilt| Some(*rebuilt) != line.published) {
        subject["annotations"] = json!({ "rebuilt": rebuilt });
    }
    Some(subject)
}
