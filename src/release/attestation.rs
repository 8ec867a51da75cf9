//! The attestation of a release that is published: given or promised by the arguments, and verified before anything is sent.

use std::path::Path;

use anyhow::ensure;

use crate::attest::Unproven;
use crate::cli::Attest;
use crate::environment::in_actions;
use crate::error::{Failure, invalid, usage};
use crate::release::trust::{Trust, read_bundle};
use crate::report::Report;
use floe_core::model::{Attestation, Destination, Release};

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
/// of the returned release say how to check it.
pub fn verify(
    release: Release,
    trust: &Trust,
    attest: Option<Attest>,
    report: &Report,
) -> anyhow::Result<Release> {
    let Some(bundle) = release.attestation().and_then(|asset| asset.bytes()) else {
        let text = "no attestation is given; without one, users see \"not signed\"";
        // Nothing is published without one that is required.
        match attest == Some(Attest::None) || is_required(attest) {
            true => report.step("Unsigned", text),
            false => report.warn(format!(
                "{text}; give one with `--attestation`, or `--attest none` if none is intended"
            )),
        }
        return Ok(release);
    };
    let Destination { repo, tag, .. } = &release.destination;
    let failure = match trust.check_release(bundle, &release) {
        Ok(found) => {
            report.step("Attested", found.by());
            return Ok(release.signed_by(&found.identity));
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

/// Refuses to publish without a required attestation. In a workflow it is required by default.
pub fn require(release: &Release, attest: Option<Attest>) -> anyhow::Result<()> {
    if release.attestation().is_some() || !is_required(attest) {
        return Ok(());
    }
    let why = if attest.is_some() { "`--attest required` promises one" } else { "a workflow can sign" };
    Err(invalid(format!("the release has no attestation, and {why}"))
        .state("nothing was sent")
        .hint("give `--attestation FILE` with the bundle that `actions/attest` made; to publish without one, set FLOE_ATTEST to `best-effort` or `none`")
        .into())
}

fn is_required(attest: Option<Attest>) -> bool {
    attest.map_or_else(in_actions, |attest| attest == Attest::Required)
}
