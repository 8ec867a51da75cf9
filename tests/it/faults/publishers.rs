//! Two publishers of the same tag at once, in many interleavings: one succeeds, the other reports a conflict.

use floe::error::with_details;
use floe::rehearse::disturbed::is_conflict;
use floe_core::model::{Release, Target};
use floe_rehearsal::faults::{FaultKind, Injection, Invariants, Schedule, Side};

use super::bench::{Bench, folder, made};
use super::state::state;

/// The number of interleavings of each pair.
const INTERLEAVINGS: u64 = 60;

fn release(seed: &str) -> super::bench::Made {
    made(seed, "1.4.0", &["x86_64-musl".parse::<Target>().unwrap()])
}

#[tokio::test]
async fn two_publishers_of_the_same_dist_end_with_one_release() {
    let one = release("one");
    let bench = Bench::new().await;
    let wanted = bench.publish(&one.release, &Schedule::default()).await.state;
    for interleaving in 0..INTERLEAVINGS {
        let (done, state) = both(&bench, &one.release, &one.release, interleaving).await;
        assert!(done.0 || done.1, "interleaving {interleaving}: neither succeeded");
        assert_eq!(state, wanted, "interleaving {interleaving}");
    }
}

#[tokio::test]
async fn two_publishers_of_different_dists_end_with_the_release_of_one_of_them() {
    let (one, other) = (release("one"), release("other"));
    let bench = Bench::new().await;
    let ends = [
        bench.publish(&one.release, &Schedule::default()).await.state,
        bench.publish(&other.release, &Schedule::default()).await.state,
    ];
    assert_ne!(ends[0], ends[1]);
    for interleaving in 0..INTERLEAVINGS {
        let (done, state) = both(&bench, &one.release, &other.release, interleaving).await;
        assert!(done.0 != done.1, "interleaving {interleaving}: {done:?}");
        assert_eq!(state, ends[usize::from(done.1)], "interleaving {interleaving}");
    }
}

/// Runs both publishers at once, and again those that failed. Returns which of them succeeded in the end, and the state of
/// the servers.
async fn both(bench: &Bench, one: &Release, other: &Release, interleaving: u64) -> ((bool, bool), String) {
    let folder = folder();
    let testbed = bench.fresh(one, folder.path()).await;
    let invariants = Invariants::new(&testbed, &[one, other]);
    invariants.allow_two_drafts();
    invariants.attach();
    for injection in delays(interleaving) {
        injection.arm(&invariants);
    }
    let receipts = [folder.path().join("one.json"), folder.path().join("other.json")];
    let (first, second) = tokio::join!(bench.run(one, &receipts[0]), bench.run(other, &receipts[1]));
    let mut done = (first.is_ok(), second.is_ok());
    for error in [first.err(), second.err()].into_iter().flatten() {
        let said = with_details(&error);
        assert!(is_conflict(&error), "interleaving {interleaving}: {said}");
        assert!(said.contains("v1.4.0"), "{said}");
    }
    // The message says to run the command again when the other publisher has ended.
    if !done.0 {
        done.0 = bench.run(one, &receipts[0]).await.is_ok();
    }
    if !done.1 {
        done.1 = bench.run(other, &receipts[1]).await.is_ok();
    }
    testbed.quiet().await;
    assert_eq!(invariants.violations(), Vec::<String>::new(), "interleaving {interleaving}");
    (done, state(&testbed))
}

/// Late and refused requests, so that the runs interleave differently each time.
fn delays(interleaving: u64) -> Vec<Injection> {
    let late = |side, nth| Injection { side, nth, kind: FaultKind::Late, amount: 1 };
    let step = 2 + interleaving % 7;
    let github = (0..12).map(|at| late(Side::GitHub, 1 + interleaving % 5 + at * step));
    let registry = (0..12).map(|at| late(Side::Registry, 1 + interleaving % 11 + at * (step + 1)));
    // docker-registry writes a manifest in several steps, so one that is pushed twice at once may be refused.
    let kinds = [FaultKind::Doubted, FaultKind::StoredDoubted, FaultKind::BlobUnknown];
    let doubted = kinds.into_iter().zip(0..).map(|(kind, at)| Injection {
        side: Side::Registry,
        nth: 1 + (interleaving + 2 * at) % 6,
        kind,
        amount: 1,
    });
    github.chain(registry).chain(doubted).collect()
}
