//! Which floe a flake or a workflow names, and the same text with another one named.
//!
//! It looks for floe's address and nothing else: what it does not understand, it leaves and does not judge.

use std::collections::BTreeSet;
use std::ops::Range;

use semver::Version;

use super::Drift;
use super::template::{CALLED, Floe};

/// What is to be said and done about the floe that a file names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// It is not this one.
    pub drift: Option<Drift>,
    /// The text with this floe in its place, where that can be known.
    pub moved: Option<String>,
}

/// The pin of a `flake.nix`: `github:owner/floe/v0.1.0`. An address without a version is as new as `flake.lock` says.
pub fn flake(text: &str, floe: &Floe) -> Pin {
    let start = format!("github:{}/", floe.repo);
    let Some(at) = text.find(&start).map(|at| at + start.len()) else { return Pin::default() };
    let length = text[at..].find(['"', '?', ';', ' ', '\n']).unwrap_or(text.len() - at);
    let named = &text[at..at + length];
    judge(text, at..at + length, version(named), (floe, Some(format!("v{}", floe.version))))
}

/// The pin of a workflow: `owner/floe/.github/workflows/release.yml@v0.1.0`, or a commit and `# v0.1.0`.
pub fn workflow(text: &str, floe: &Floe) -> Pin {
    let start = format!("{}{CALLED}", floe.repo);
    let Some(at) = text.find(&start).map(|at| at + start.len()) else { return Pin::default() };
    let named = text[at..].lines().next().unwrap_or_default().trim_end();
    let (reference, comment) = named.split_once('#').unwrap_or((named, ""));
    let by_tag = version(reference.trim());
    // The commit of another version is nothing that floe could know.
    let wanted = (by_tag.is_some() || floe.commit.is_some()).then(|| floe.reference());
    let pinned = by_tag.or_else(|| version(comment.trim()));
    judge(text, at..at + named.len(), pinned, (floe, wanted))
}

/// Whether a workflow calls floe's, from whatever fork.
pub fn calls(text: &str, floe: &Floe) -> bool {
    let call = format!("/{}{CALLED}", floe.repo.name());
    code(text).any(|line| line.contains("uses:") && line.contains(&call))
}

/// How many lines of floe's own workflow another one does not have. What is added to it, its order, its comments, its
/// quotes and the floe it names do not count.
pub fn lacks(text: &str, own: &str) -> usize {
    let said = |text| -> BTreeSet<String> {
        let lines = code(text).filter(|line| !line.contains(CALLED) && !line.starts_with("name:"));
        lines.map(|line| line.split(" #").next().unwrap_or(line).trim().replace('\'', "\"")).collect()
    };
    said(own).difference(&said(text)).count()
}

/// The lines that are neither empty nor a comment, without the space around them.
pub fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn judge(text: &str, span: Range<usize>, pinned: Option<Version>, own: (&Floe, Option<String>)) -> Pin {
    let (floe, wanted) = own;
    let Some(pinned) = pinned else { return Pin::default() };
    let version = floe.version.clone();
    // Whoever wrote a newer one there had a newer floe.
    if pinned > version {
        return Pin { drift: Some(Drift::Newer { pinned, own: version }), moved: None };
    }
    if wanted.as_deref() == Some(&text[span.clone()]) {
        return Pin::default();
    }
    let is_older = pinned < version;
    // The same version stays as it is named, unless its commit was given.
    if !is_older && floe.commit.is_none() {
        return Pin::default();
    }
    let moved = wanted.map(|wanted| format!("{}{wanted}{}", &text[..span.start], &text[span.end..]));
    let drift = is_older.then(|| Drift::Older { pinned, own: version });
    Pin { drift, moved }
}

fn version(reference: &str) -> Option<Version> {
    Version::parse(reference.strip_prefix('v')?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floe(version: &str, commit: Option<&str>) -> Floe {
        Floe {
            repo: "acme/floe".parse().unwrap(),
            version: version.parse().unwrap(),
            commit: commit.map(|digit| digit.repeat(40).parse().unwrap()),
        }
    }

    fn call(reference: &str) -> String {
        format!("    uses: acme/floe/.github/workflows/release.yml@{reference}\n    permissions:\n")
    }

    #[test]
    fn an_older_floe_is_told_and_moved() {
        let pin = flake("inputs.floe.url = \"github:acme/floe/v0.1.0\";", &floe("0.2.0", None));
        assert_eq!(pin.drift.unwrap().to_string(), "names floe 0.1.0, and this is floe 0.2.0");
        assert_eq!(pin.moved.unwrap(), "inputs.floe.url = \"github:acme/floe/v0.2.0\";");
        assert_eq!(workflow(&call("v0.1.0"), &floe("0.2.0", None)).moved.unwrap(), call("v0.2.0"));
    }

    #[test]
    fn the_same_floe_and_what_names_no_version_are_left() {
        for text in ["v0.2.0", "main", &"b".repeat(40)] {
            assert_eq!(workflow(&call(text), &floe("0.2.0", None)), Pin::default(), "{text}");
        }
        for address in
            ["github:acme/floe", "github:acme/floe/v0.2.0", "github:other/floe/v0.1.0", "flake:floe"]
        {
            assert_eq!(flake(&format!("url = \"{address}\";"), &floe("0.2.0", None)), Pin::default());
        }
    }

    #[test]
    fn a_newer_floe_is_told_and_left() {
        let pin = workflow(&call("v0.3.0"), &floe("0.2.0", Some("a")));
        assert_eq!(pin.drift.unwrap().to_string(), "names floe 0.3.0, which this floe 0.2.0 is too old for");
        assert_eq!(pin.moved, None);
    }

    #[test]
    fn a_commit_is_moved_only_to_a_commit_that_was_given() {
        let old = call(&format!("{} # v0.1.0", "b".repeat(40)));
        let pin = workflow(&old, &floe("0.2.0", None));
        assert!(pin.drift.is_some() && pin.moved.is_none());
        let new = call(&format!("{} # v0.2.0", "a".repeat(40)));
        assert_eq!(workflow(&old, &floe("0.2.0", Some("a"))).moved.unwrap(), new);
        // A tag becomes a commit when one is given, and then all is said.
        let pin = workflow(&call("v0.2.0"), &floe("0.2.0", Some("a")));
        assert_eq!((pin.drift, pin.moved), (None, Some(new.clone())));
        assert_eq!(workflow(&new, &floe("0.2.0", Some("a"))), Pin::default());
    }

    #[test]
    fn what_is_added_is_the_users_and_what_is_taken_out_is_told() {
        let own = "on:\n  push:\n    tags: [\"v*\"]\n    permissions:\n      packages: write # the image\n";
        let theirs = "# mine\non:\n  push:\n    tags: ['v*']\n    branches: [x]\n    permissions:\n      packages: write\n";
        assert_eq!(lacks(theirs, own), 0);
        assert_eq!(lacks("on:\n  push:\n    permissions:\n", own), 2);
    }
}
