//! The policy: who must have signed what, for a release to be what it says.

use std::collections::BTreeMap;

use super::authentic::Authentic;
use super::signer::Signer;
use floe_core::attachment::PROVENANCE;
use floe_core::model::{Commit, Digest, Repo, Tag};

/// The issuer of the identities of workflows on github.com.
const ISSUER: &str = "https://token.actions.githubusercontent.com";
/// The most files that a list of problems names.
const MOST_NAMED: usize = 10;

/// The content that an attestation must have.
#[derive(Debug, Clone)]
pub struct Expected<'a> {
    /// The repository whose sources were built.
    pub repo: &'a Repo,
    /// The tag that was built, where it is known.
    pub tag: Option<&'a Tag>,
    /// The commit that was built, where it is known.
    pub commit: Option<&'a Commit>,
    /// The workflow that must have signed, if one is asked for; else floe's, or any of the repository.
    pub signer: Option<&'a Signer>,
    /// The files.
    pub subjects: Subjects,
}

/// The files that an attestation must name, by name and digest.
#[derive(Debug, Clone)]
pub enum Subjects {
    /// Exactly these.
    All(BTreeMap<String, Digest>),
    /// These among others, by digest; a file may have another name here, and a path.
    Some(BTreeMap<String, Digest>),
}

impl Expected<'_> {
    /// Everything in which an attestation differs, each with what is expected and what was found.
    pub fn problems(&self, found: &Authentic) -> Vec<String> {
        let mut problems = Vec::new();
        self.judge_signer(found, &mut problems);
        self.judge_source(found, &mut problems);
        let kind = &found.statement.predicate_type;
        if kind != PROVENANCE {
            problems.push(format!("it is an attestation of type `{kind}`, not `{PROVENANCE}`"));
        }
        problems.extend(self.subjects.problems(found));
        problems
    }

    fn judge_signer(&self, found: &Authentic, problems: &mut Vec<String>) {
        match found.issuer.as_deref() {
            Some(ISSUER) => {}
            Some(issuer) => problems
                .push(format!("its identity was issued by `{issuer}`, not by GitHub Actions (`{ISSUER}`)")),
            None => problems
                .push(format!("its identity names no issuer; GitHub Actions (`{ISSUER}`) is expected")),
        }
        let expected = match self.signer {
            Some(signer) => signer.to_string(),
            None => {
                let floe = Signer::of_floe().map(|floe| format!("{floe} or ")).unwrap_or_default();
                format!("{floe}a workflow of {}", self.repo)
            }
        };
        match Signer::of_identity(&found.identity) {
            Some(signer) if self.accepts(&signer) => {}
            // A ref is named only if one was asked for.
            Some(signer) if expected.contains('@') => {
                problems.push(format!("signed by {signer}, not by {expected}"));
            }
            Some(signer) => problems.push(format!("signed by {}, not by {expected}", signer.workflow())),
            None => problems.push(format!("signed by `{}`, not by {expected}", found.identity)),
        }
    }

    fn accepts(&self, found: &Signer) -> bool {
        match self.signer {
            Some(signer) => signer.accepts(found),
            None => found.is_of(self.repo) || Signer::of_floe().is_some_and(|floe| floe.accepts(found)),
        }
    }

    fn judge_source(&self, found: &Authentic, problems: &mut Vec<String>) {
        let expected = format!("https://github.com/{}", self.repo);
        let repository = found.claims.source_repository_uri.as_deref().unwrap_or("none");
        if !repository.eq_ignore_ascii_case(&expected) {
            problems.push(format!("it is for `{repository}`, not for `{expected}`"));
        }
        let git_ref = found.claims.source_repository_ref.as_deref().unwrap_or("none");
        if let Some(expected) = self.tag.map(|tag| format!("refs/tags/{tag}")).filter(|tag| tag != git_ref) {
            problems.push(format!("it is for the ref `{git_ref}`, not for `{expected}`"));
        }
        let commit = found.claims.source_repository_digest.as_deref();
        let commit = commit.filter(|commit| !commit.is_empty()).unwrap_or("none");
        if let Some(expected) = self.commit.filter(|expected| expected.as_str() != commit) {
            problems.push(format!("it is for commit {commit}, not for {expected}"));
        }
    }
}

impl Subjects {
    fn problems(&self, found: &Authentic) -> Vec<String> {
        let subjects = &found.statement.subjects;
        let mut problems = Vec::new();
        match self {
            Subjects::All(files) => {
                let mut named: BTreeMap<&str, Option<Digest>> = BTreeMap::new();
                for subject in subjects {
                    if named.insert(&subject.name, subject.sha256()).is_some() {
                        problems.push(format!("it names `{}` twice", subject.name));
                    }
                }
                problems.extend(files.iter().filter_map(|(name, digest)| match named.get(name.as_str()) {
                    Some(Some(found)) if found == digest => None,
                    Some(Some(found)) => Some(differs(name, digest, found)),
                    Some(None) => Some(format!("it names `{name}` without a SHA-256")),
                    None => Some(format!("it does not name `{name}`, which is released")),
                }));
                let extra = named.keys().filter(|name| !files.contains_key(**name));
                problems.extend(extra.map(|name| format!("it names `{name}`, which is not released")));
            }
            Subjects::Some(files) => {
                for (name, digest) in files {
                    if subjects.iter().any(|subject| subject.sha256() == Some(*digest)) {
                        continue;
                    }
                    let file = name.rsplit(['/', '\\']).next();
                    let same = subjects.iter().find(|subject| Some(subject.name.as_str()) == file);
                    problems.push(match same.and_then(|subject| subject.sha256()) {
                        Some(found) => differs(name, digest, &found),
                        None => format!("it does not name `{name}` ({digest})"),
                    });
                }
            }
        }
        let more = problems.len().saturating_sub(MOST_NAMED);
        problems.truncate(MOST_NAMED);
        if more > 0 {
            problems.push(format!("and {more} more files"));
        }
        problems
    }
}

fn differs(name: &str, digest: &Digest, said: &Digest) -> String {
    format!("`{name}` is {digest}, but the attestation says {said}")
}
