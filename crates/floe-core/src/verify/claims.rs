//! The statements of a release manifest that follow from the facts of an archive's binaries: `requires` and `signed_by`.

use std::collections::BTreeSet;

use crate::model::Facts;
use crate::model::manifest::Artifact;

/// The needs that every floe finds, if it looks for needs at all.
const ALWAYS: [&str; 2] = ["glibc", "macos"];

/// The statements about an artifact that are wrong by the facts of its binaries. One that is absent is not missed, and a need
/// that is not found here is not refused: the floe that made the release may have known fewer or more.
pub fn check_claims(artifact: &Artifact, facts: &[Option<&Facts>]) -> Vec<String> {
    let Artifact { file, requires, signed_by, .. } = artifact;
    let mut problems = Vec::new();
    let mut compare = |what: &str, said: Option<&String>, found: Option<&String>| {
        let [said, found] = [said, found].map(|text| text.map_or("none", String::as_str));
        if said != found {
            problems.push(format!("{what} `{file}` is {said} by the manifest, but {found} by its binaries"));
        }
    };
    let needs = Artifact::requires(facts.iter().copied());
    for what in requires.keys().chain(needs.keys()).collect::<BTreeSet<_>>() {
        let (said, found) = (requires.get(what), needs.get(what));
        let is_compared = ALWAYS.contains(&what.as_str()) || said.is_some() && found.is_some();
        if is_compared && !requires.is_empty() {
            compare(&format!("the `{what}` of"), said, found);
        }
    }
    if signed_by.is_some() {
        compare("the signer of", signed_by.as_ref(), Artifact::signed_by(facts.iter().copied()).as_ref());
    }
    problems
}
