//! `floe rehearse --faults`: how it reports the outcome.

use floe_rehearsal::faults::{AttestationFault, FaultKind, Schedule, Side, VerifyOutcome};

use super::{refused, rehearse, releases, sample};
use crate::faults::kinds::is_permanent;

/// Nothing can prevent that the tag moves after the last look at it.
#[test]
fn a_release_that_its_faults_made_wrong_is_called_wrong_for_that() {
    let project = sample("1.4.0");
    let calm = rehearse(project.path(), &[]).summary;
    // The repository, the tag, the releases; the notes; the draft, and whether it is the first; the assets; all of it again.
    let publishing = 10 + calm["files"].as_array().unwrap().len() as u64;
    let sides = if calm["image"].is_null() { &[Side::GitHub][..] } else { &[Side::GitHub, Side::Registry] };
    let fits = |seed: &u64| {
        let injections = Schedule::at(sides, &[], *seed).injections;
        injections.iter().all(|one| (one.kind, one.nth) == (FaultKind::TagMoved, publishing))
    };
    let seed = (1..).find(fits).unwrap();
    let error = refused(project.path(), &["--faults", &seed.to_string()], 3);
    assert!(error.contains(&format!("Passed seed {seed} in 1 run, 0 killed")), "{error}");
    assert!(error.contains("the tag points to commit ") && !error.contains("violated"), "{error}");
}

#[test]
fn a_rehearsal_withstands_the_faults_of_a_seed() {
    let fits = |seed: &u64| {
        // A machine without Linux binaries makes no image, and then no fault of the registry is drawn.
        let schedules = [&[Side::GitHub, Side::Registry][..], &[Side::GitHub]];
        schedules.iter().map(|sides| Schedule::at(sides, &[], *seed)).all(|schedule| {
            schedule.injections.len() > 3 && !schedule.injections.iter().any(|one| is_permanent(one.kind))
        })
    };
    let seed = (1..).find(fits).unwrap();
    let project = sample("1.4.0");
    let run = rehearse(project.path(), &["--faults", &seed.to_string()]);
    assert!(run.stderr.contains(&format!("faults, drawn from seed {seed}:")), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("Passed seed {seed} in")), "{}", run.stderr);
    let fault = AttestationFault::from_seed(seed);
    let injected = format!("Injecting GitHub's answer about its attestation: {fault}\n");
    assert!(run.stderr.contains(&injected), "{}", run.stderr);
    let found = match fault {
        AttestationFault::OtherTag | AttestationFault::OtherCommit => VerifyOutcome::Refused,
        _ => VerifyOutcome::NotChecked,
    };
    let passed = format!("Passed with that answer the release was {found}\n");
    assert!(run.stderr.contains(&passed), "{}", run.stderr);
    assert_eq!(releases(project.path()), (vec!["v1.4.0".to_owned()], Some("v1.4.0".to_owned())));
}
