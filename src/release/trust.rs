//! Whose signatures count, by the arguments, and whether an attestation is one of a release.

use std::path::Path;

use anyhow::Context as _;

use crate::attest::{
    Authentic, BUNDLE_LIMIT, Bundle, Expected, ROOTS_LIMIT, Roots, Signer, Subjects, Unproven,
};
use crate::cli::TrustArgs;
use crate::error::AtPath as _;
use floe_core::model::{Destination, Release};
use floe_core::untrusted::files;

/// Whose signatures count.
pub struct Trust {
    roots: Roots,
    /// The workflow that must have signed, if one is asked for.
    pub signer: Option<Signer>,
}

impl Trust {
    /// The roots and the signer of the arguments, or the embedded roots.
    pub fn of(args: &TrustArgs) -> anyhow::Result<Self> {
        let roots = match &args.trusted_root {
            Some(path) => read_roots(path)?,
            None => Roots::embedded().map_err(anyhow::Error::msg)?,
        };
        Ok(Trust { roots, signer: args.signer.clone() })
    }

    /// Whether a bundle is authentic, whatever it says.
    pub fn authenticate(&self, bundle: &[u8]) -> Result<Authentic, Unproven> {
        Bundle::parse(bundle)?.authenticate(&self.roots)
    }

    /// Whether a bundle is authentic and says what it must.
    pub fn check(&self, bundle: &[u8], expected: &Expected<'_>) -> Result<Authentic, Unproven> {
        let found = self.authenticate(bundle)?;
        match expected.problems(&found) {
            problems if problems.is_empty() => Ok(found),
            problems => Err(Unproven::Wrong(problems)),
        }
    }

    /// Whether a bundle is one of exactly this release.
    pub fn check_release(&self, bundle: &[u8], release: &Release) -> Result<Authentic, Unproven> {
        let Destination { repo, tag, commit, .. } = &release.destination;
        let (tag, commit) = (Some(tag), Some(commit));
        let subjects = Subjects::All(release.subject_digests());
        self.check(bundle, &Expected { repo, tag, commit, signer: self.signer.as_ref(), subjects })
    }
}

fn read_roots(path: &Path) -> anyhow::Result<Roots> {
    let read = || {
        let text = String::from_utf8(files::read(files::open(path)?, ROOTS_LIMIT)?);
        Roots::parse(&text.context("it is not UTF-8")?).map_err(anyhow::Error::msg)
    };
    read().at("failed to read the trusted roots", path)
}

/// Reads a bundle from a file.
pub fn read_bundle(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = files::open(path).and_then(|file| files::read(file, BUNDLE_LIMIT));
    read.at("failed to read the attestation", path)
}
