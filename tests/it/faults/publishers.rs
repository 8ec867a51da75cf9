//! Two publishers of the same tag at once, in many interleavings: one wins, the other says so, nothing is spoilt.

use floe::rehearse::disturbed::{in_words, is_conflict};
use floe_core::model::{Release, Target};
use floe_rehearsal::faults::{FaultKind, Injection, Invariants, Schedule, Side};

use super::bench::{Bench, folder, made};

/// So many interleavings of each pair.
const INTERLEAVINGS: u64 = 60;

fn release(seed: &str) -> super::bench::Made {
    made(seed, "1.4.0", &["x86_64-musl".parse::<Target>().unwrap()])
}

#[tokio::test]
async fn two_publishers_of_the_same_dist_end_with_one_release() {
    let one = release("one");
    let bench = Bench::new(&one.release).await;
    let wanted = bench.publish(&one.release, &Schedule::calm()).await.state;
    for interleaving in 0..INTERLEAVINGS {
        let (done, state) = both(&bench, &one.release, &one.release, interleaving).await;
        assert!(done.0 || done.1, "interleaving {interleaving}: nobody won");
        assert_eq!(state, wanted, "interleaving {interleaving}");
    }
}

#[tokio::test]
async fn two_publishers_of_different_dists_end_with_the_release_of_one_of_them() {
    let (one, other) = (release("one"), release("other"));
    let bench = Bench::new(&one.release).await;
    let ends = [
        bench.publish(&one.release, &Schedule::calm()).await.state,
        bench.publish(&other.release, &Schedule::calm()).await.state,
    ];
    assert_ne!(ends[0], ends[1]);
    for interleaving in 0..INTERLEAVINGS {
        let (done, state) = both(&bench, &one.release, &other.release, interleaving).await;
        assert!(done.0 != done.1, "interleaving {interleaving}: {done:?}");
        assert_eq!(state, ends[usize::from(done.1)], "interleaving {interleaving}");
    }
}

/// Two runs at once; whoever did not get through runs once more when the other has ended. Says who was done at the
/// end, and what both servers hold.
async fn both(bench: &Bench, one: &Release, other: &Release, interleaving: u64) -> ((bool, bool), String) {
    let folder = folder();
    let inside = bench.fresh(one, folder.path()).await;
    let watch = Invariants::any_of(&inside, &[one, other]);
    watch.expect_two_drafts();
    watch.attach();
    for strike in delays(interleaving) {
        strike.arm(&inside, &watch);
    }
    let receipts = [folder.path().join("one.json"), folder.path().join("other.json")];
    let (first, second) = tokio::join!(bench.run(one, &receipts[0]), bench.run(other, &receipts[1]));
    let mut done = (first.is_ok(), second.is_ok());
    for error in [first.err(), second.err()].into_iter().flatten() {
        let said = in_words(&error);
        assert!(is_conflict(&error), "interleaving {interleaving}: {said}");
        assert!(said.contains("v1.4.0"), "{said}");
    }
    // As the message says: when the other has ended, the same command tells how it stands.
    if !done.0 {
        done.0 = bench.run(one, &receipts[0]).await.is_ok();
    }
    if !done.1 {
        done.1 = bench.run(other, &receipts[1]).await.is_ok();
    }
    inside.quiet().await;
    assert_eq!(watch.broken(), Vec::<String>::new(), "interleaving {interleaving}");
    (done, inside.state().unwrap())
}

/// Requests that come late, so that the two runs mesh differently each time.
fn delays(interleaving: u64) -> Vec<Injection> {
    let late = |side, nth| Injection { side, nth, kind: FaultKind::Late, amount: 1 };
    let step = 2 + interleaving % 7;
    let github = (0..12).map(|at| late(Side::GitHub, 1 + interleaving % 5 + at * step));
    let registry = (0..12).map(|at| late(Side::Registry, 1 + interleaving % 11 + at * (step + 1)));
    github.chain(registry).collect()
}
