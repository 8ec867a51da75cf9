//! GitHub's own attestation of an immutable release: these assets, under this tag, at this commit.
//!
//! It says who published bytes, and not who built them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::authentic::Authentic;
use super::roots::Instance;
use floe_core::model::{Commit, Digest, Repo, Tag};

/// The type of GitHub's attestation of a release.
const RELEASE: &str = "https://in-toto.io/attestation/release/v0.2";
/// The identity that GitHub signs releases with.
const IDENTITY: &str = "https://dotcom.releases.github.com";

/// The content that GitHub's attestation must have.
#[derive(Debug, Clone, Copy)]
pub struct Immutable<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// The tag.
    pub tag: &'a Tag,
    /// The commit that the tag peels to.
    pub commit: &'a Commit,
    /// The digest of each asset, where it is known.
    pub assets: &'a BTreeMap<String, Option<Digest>>,
}

#[derive(Deserialize)]
struct Predicate {
    repository: String,
    tag: String,
}

impl Immutable<'_> {
    /// Everything in which an attestation differs, each with what is expected and what was found.
    pub fn problems(&self, found: &Authentic) -> Vec<String> {
        let mut problems = Vec::new();
        let statement = &found.statement;
        if found.instance == Instance::Sigstore || found.identity != IDENTITY {
            problems.push(format!("signed by `{}`, not by GitHub (`{IDENTITY}`)", found.identity));
        }
        let kind = &statement.predicate_type;
        if kind != RELEASE {
            problems.push(format!("it is an attestation of type `{kind}`, not `{RELEASE}`"));
            return problems;
        }
        let Ok(predicate) = Predicate::deserialize(&statement.predicate) else {
            problems.push("it names no repository or no tag".to_owned());
            return problems;
        };
        if !predicate.repository.eq_ignore_ascii_case(&self.repo.to_string()) {
            problems.push(format!("it is for `{}`, not for `{}`", predicate.repository, self.repo));
        }
        if predicate.tag != self.tag.as_str() {
            problems.push(format!("it is for the tag `{}`, not for `{}`", predicate.tag, self.tag));
        }
        let commit = statement.subjects.iter().find_map(|subject| {
            let git = subject.uri.starts_with("pkg:github/").then_some(&subject.digest)?;
            git.get("sha1").or_else(|| git.get("gitCommit"))
        });
        match commit {
            Some(commit) if commit == self.commit.as_str() => {}
            Some(commit) => problems.push(format!("it is for commit {commit}, not for {}", self.commit)),
            None => problems.push("it names no commit".to_owned()),
        }
        self.judge_assets(found, &mut problems);
        problems
    }

    /// An asset may be in a release only if GitHub signed it.
    fn judge_assets(&self, found: &Authentic, problems: &mut Vec<String>) {
        let subjects = || found.statement.subjects.iter().filter(|subject| !subject.name.is_empty());
        for (name, digest) in self.assets {
            let signed = subjects().find(|subject| subject.name == *name).and_then(|found| found.sha256());
            match (signed, digest) {
                (Some(signed), Some(digest)) if signed != *digest => {
                    problems.push(format!("`{name}` is {digest}, but GitHub signed {signed}"));
                }
                (Some(_), _) => {}
                (None, _) => problems.push(format!("it does not name the asset `{name}`")),
            }
        }
        for subject in subjects().filter(|subject| !self.assets.contains_key(&subject.name)) {
            problems.push(format!("it names `{}`, which the release does not have", subject.name));
        }
    }
}
