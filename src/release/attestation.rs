//! The attestation of a release: read and verified before anything is sent, and compared with one that is there already.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, ensure};

use crate::attest::{
    Authentic, BUNDLE_LIMIT, Bundle, Expected, ROOTS_LIMIT, Roots, Signer, Subjects, Unproven,
};
use crate::cli::{Attest, TrustArgs};
use crate::environment::variable;
use crate::error::{Failure, invalid, usage};
use crate::report::Report;
use floe_core::model::{Attestation, Commit, Destination, Digest, Release, Repo, Tag};
use floe_core::parallel::lock;
use floe_core::untrusted::files;

/// Whose signatures count, and the verdicts so far. Clones share them.
#[derive(Clone)]
pub struct Trust {
    roots: Arc<Roots>,
    signer: Option<Signer>,
    /// Whether a bundle of this digest counts as that of a release, by its `SHA256SUMS`.
    known: Arc<Mutex<BTreeMap<(Digest, Digest), bool>>>,
}

impl Trust {
    /// The roots and the signer of the arguments, or the embedded roots.
    pub fn of(args: &TrustArgs) -> anyhow::Result<Self> {
        let roots = match &args.trusted_root {
            Some(path) => read_roots(path)?,
            None => Roots::embedded().map_err(anyhow::Error::msg)?,
        };
        Ok(Trust { roots: Arc::new(roots), signer: args.signer.clone(), known: Arc::default() })
    }

    /// Whether a bundle is authentic, whatever it says.
    pub fn authenticate(&self, bundle: &[u8]) -> Result<Authentic, Unproven> {
        Bundle::parse(bundle)?.authenticate(&self.roots)
    }

    /// Whether a bundle is authentic and says what it must.
    pub fn check(
        &self,
        bundle: &[u8],
        repo: &Repo,
        (tag, commit): (Option<&Tag>, Option<&Commit>),
        subjects: Subjects,
    ) -> Result<Authentic, Unproven> {
        let expected = Expected { repo, tag, commit, signer: self.signer.as_ref(), subjects };
        let found = self.authenticate(bundle)?;
        match expected.problems(&found) {
            problems if problems.is_empty() => Ok(found),
            problems => Err(Unproven::Wrong(problems)),
        }
    }

    /// Whether a bundle is one of exactly this release.
    pub fn check_release(&self, bundle: &[u8], release: &Release) -> Result<Authentic, Unproven> {
        let Destination { repo, tag, commit, .. } = &release.destination;
        self.check(bundle, repo, (Some(tag), Some(commit)), Subjects::All(release.subject_digests()))
    }

    /// Whether another bundle than the promised one is as good, if that is known already.
    pub fn stands_for(&self, bundle: Digest, release: &Release) -> Option<bool> {
        lock(&self.known).get(&(bundle, release.sums())).copied()
    }

    /// Checks whether another bundle is as good as the promised one, and remembers the answer.
    pub fn judge_other(&self, bundle: &[u8], release: &Release) -> bool {
        let is_good = self.check_release(bundle, release).is_ok();
        lock(&self.known).insert((Digest::of(bundle), release.sums()), is_good);
        is_good
    }
}

fn read_roots(path: &Path) -> anyhow::Result<Roots> {
    let read = || {
        let text = String::from_utf8(files::read(files::open(path)?, ROOTS_LIMIT)?);
        Roots::parse(&text.context("it is not UTF-8")?).map_err(anyhow::Error::msg)
    };
    read().with_context(|| format!("failed to read the trusted roots `{}`", path.display()))
}

/// Reads a bundle from a file.
pub fn read_bundle(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = || files::read(files::open(path)?, BUNDLE_LIMIT);
    read().with_context(|| format!("failed to read the attestation `{}`", path.display()))
}

/// The attestation that arguments name, and whether the manifest promises one.
pub fn given(file: Option<&Path>, attest: Option<Attest>) -> anyhow::Result<Attestation> {
    let both = || usage("`--attest none` and `--attestation` contradict each other");
    let hint = "leave out one of them; FLOE_ATTEST counts as `--attest`";
    ensure!(file.is_none() || attest != Some(Attest::None), both().hint(hint));
    let bundle = file.map(read_bundle).transpose()?;
    let promised = attest.map_or(bundle.is_some(), |attest| attest == Attest::Required);
    Ok(Attestation { promised, bundle })
}

/// Verifies the attestation of a release before anything is sent, and reports who signed it, or that there is none. The notes
/// then say how to check it.
pub fn verify(
    release: &mut Release,
    trust: &Trust,
    attest: Option<Attest>,
    report: &Report,
) -> anyhow::Result<()> {
    let Some(bundle) = release.attestation().and_then(|asset| asset.bytes()) else {
        let text = "no attestation: there is no workflow identity (id-token) to sign with; users will see \"not signed\"";
        // Nothing is published without one that is required.
        match attest == Some(Attest::None) || is_required(attest) {
            true => report.step("Unsigned", text),
            false => report.warn(format!("{text}; if none is intended, give `--attest none`")),
        }
        return Ok(());
    };
    let Destination { repo, tag, .. } = &release.destination;
    let failure = match trust.check_release(bundle, release) {
        Ok(found) => {
            report.step("Attested", signed(&found));
            release.signed_by(&found.identity);
            return Ok(());
        }
        Err(Unproven::NotChecked { why, hint }) => {
            Failure::new(format!("the attestation could not be checked: {why}")).hint(hint)
        }
        Err(Unproven::Wrong(problems)) => {
            invalid(format!("the attestation is not one of {tag} of `{repo}` with these files"))
                .details(problems)
                .hint("attest the files of this dist in the run of this tag, or name the workflow that signs with `--signer`")
        }
    };
    Err(failure.state("nothing was sent").into())
}

/// Refuses to publish without the attestation that is promised. In a workflow one is expected unless it is said that there
/// need not be.
pub fn require(release: &Release, attest: Option<Attest>) -> anyhow::Result<()> {
    if release.attestation().is_some() || !is_required(attest) {
        return Ok(());
    }
    let why = if attest.is_some() { "`--attest required` promises one" } else { "a workflow can sign" };
    Err(invalid(format!("the release has no attestation, and {why}"))
        .state("nothing was sent")
        .hint("give the bundle that `actions/attest` made with `--attestation FILE`; to publish without one, set FLOE_ATTEST to `best-effort` or `none`")
        .into())
}

fn is_required(attest: Option<Attest>) -> bool {
    let in_actions = || variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    attest.map_or_else(in_actions, |attest| attest == Attest::Required)
}

/// The signer and the source, in one line.
pub fn signed(found: &Authentic) -> String {
    let short = |address: &str| address.trim_start_matches("https://github.com/").to_owned();
    let commit = found.claims.build_signer_digest.as_deref().and_then(|commit| commit.get(..7));
    let commit = commit.map(|commit| format!(" ({commit})")).unwrap_or_default();
    let repository = short(found.claims.source_repository_uri.as_deref().unwrap_or_default());
    let git_ref = found.claims.source_repository_ref.as_deref().unwrap_or_default();
    format!("by {}{commit}, for {repository} at {git_ref}", short(&found.identity))
}
