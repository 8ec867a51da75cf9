//! Warnings of a release that lacks the signatures of the one before it.

use super::Outcome;
use super::judge::{passed, warning};
use crate::model::manifest::Artifact;
use crate::model::notes::names_signer;
use crate::model::release::ATTESTATION;
use crate::model::{Release, Subject, Tag};
use crate::plan::Since;
use crate::world::{RemoteRelease, World};

/// An attestation is missed where the release before has one: tools take that for an attack. The list of releases shows
/// it, so it costs no request. Before the build it is unknown whether there will be one.
pub(super) fn attestation(subject: &Subject<'_>, world: &World) -> Option<Outcome> {
    let release = subject.release?;
    if let Some(asset) = release.attestation() {
        return Some(passed(format!("`{}` is one of this release", asset.name)));
    }
    let before = release_before(release, world)?;
    before.assets.iter().any(|asset| asset.name == ATTESTATION).then(|| {
        warning(
            format!("`{}` has an attestation, and `{}` has none", before.tag, release.destination.tag),
            "programs that verified the last version may refuse this one; give the bundle with `--attestation FILE`, or publish from the workflow, which signs",
        )
    })
}

/// The signatures of programs that systems ask for. What the release before had is in its notes, so it costs no request.
pub(super) fn code_signatures(subject: &Subject<'_>, world: &World) -> Option<Outcome> {
    let release = subject.release?;
    let artifacts = &release.manifest.artifacts;
    let before = release_before(release, world);
    let lost = |one: &&Artifact| {
        one.signed_by.is_none() && before.is_some_and(|before| names_signer(&before.notes, &one.file))
    };
    let lost: Vec<String> = artifacts.iter().filter(lost).map(|one| format!("`{}`", one.file)).collect();
    if let (Some(before), false) = (before, lost.is_empty()) {
        return Some(warning(
            format!(
                "the programs of `{}` in {} are signed with a certificate, and these are not",
                before.tag,
                lost.join(", ")
            ),
            "sign them before they are packed; in the workflow: `sign: true`, and an action `.github/actions/sign`",
        ));
    }
    let signed = artifacts.iter().filter(|one| one.signed_by.is_some()).count();
    (signed > 0).then(|| {
        passed(format!("{signed} of {} archives have programs signed with a certificate", artifacts.len()))
    })
}

/// The release whose changes this one adds to.
fn release_before<'w>(release: &Release, world: &'w World) -> Option<&'w RemoteRelease> {
    let since = Since::of(&release.destination.tag, world);
    world.releases.iter().find(|seen| Some(seen.tag.as_str()) == since.tag().map(Tag::as_str))
}
