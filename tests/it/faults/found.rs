//! Regression tests for bugs that schedules have found.

use floe::error::with_details;
use floe::rehearse::disturbed::is_conflict;
use floe_core::model::{Release, Target};
use floe_rehearsal::faults::{FaultKind, Injection, Invariants, Schedule, Side};

use super::bench::{Bench, Came, Made, folder, made};
use super::kinds::{is_permanent, one};
use super::state::state;

fn small() -> Made {
    made("one", "1.4.0", &["x86_64-musl".parse::<Target>().unwrap()])
}

/// Publishes with one fault at GitHub's first request like this one.
async fn with_fault(release: &Release, kind: FaultKind, method: &str, part: &str) -> Came {
    let bench = Bench::new().await;
    let calm = bench.publish(release, &Schedule::default()).await;
    let at = calm.seen[0].iter().position(|(verb, path)| verb == method && path.contains(part)).unwrap();
    let injection = Injection { side: Side::GitHub, nth: at as u64 + 1, kind, amount: 2 };
    let came = bench.publish(release, &one(injection)).await;
    assert_eq!(came.broken, Vec::<String>::new(), "{injection}: {:?}", came.ending.events);
    if !is_permanent(kind) {
        assert_eq!(came.state, calm.state, "{injection}: {:?}", came.ending.events);
    }
    came
}

#[tokio::test]
async fn a_tag_that_moves_during_the_uploads_is_not_published() {
    for kind in [FaultKind::TagMoved, FaultKind::TagDeleted] {
        let came = with_fault(&small().release, kind, "POST", "/uploads/").await;
        let events = came.ending.events.join("\n");
        assert!(events.contains("tag `v1.4.0`"), "{events}");
        assert_eq!(came.ending.runs, 2, "{events}");
    }
}

#[tokio::test]
async fn a_higher_version_that_is_published_during_the_uploads_stays_the_latest() {
    let came = with_fault(&small().release, FaultKind::Newer, "POST", "/uploads/").await;
    assert!(came.ending.result.is_ok(), "{:?}", came.ending.events);
    assert!(came.state.contains("latest v1.5.0"), "{}", came.state);
    assert!(came.state.contains("image 1.4 sha256:"), "{}", came.state);
    assert!(!came.state.contains("image latest") && !came.state.contains("image 1 "), "{}", came.state);
}

#[tokio::test]
async fn an_incomplete_draft_that_another_user_publishes_is_left_alone() {
    // More files than are uploaded at once, so that the uploads under way cannot complete the release.
    let whole = made("one", "1.4.0", &Target::defaults().collect::<Vec<_>>());
    let came = with_fault(&whole.release, FaultKind::Published, "POST", "/uploads/").await;
    let error = came.ending.result.unwrap_err();
    assert!(is_conflict(&error), "{}", with_details(&error));
    let first = &came.ending.events[0];
    assert!(first.contains("somebody published release `v1.4.0` before it was complete"), "{first}");
}

#[tokio::test]
async fn a_draft_with_other_notes_gets_those_of_this_dist() {
    let (one, other) = (small(), made("other", "1.4.0", &["x86_64-musl".parse().unwrap()]));
    let bench = Bench::new().await;
    let wanted = bench.publish(&one.release, &Schedule::default()).await.state;
    // The first run, of another dist, is killed when its draft has notes and an asset.
    let at = 1 + bench_uploads(&bench, &one.release).await;
    let folder = folder();
    let testbed = bench.fresh(&one.release, folder.path()).await;
    let invariants = Invariants::new(&testbed, &[&one.release, &other.release]);
    let kill = Injection { side: Side::GitHub, nth: at, kind: FaultKind::KillAfter, amount: 1 };
    kill.arm(&invariants);
    let receipt = folder.path().join("receipt.json");
    tokio::select! {
        biased;
        () = testbed.killed.notified() => {}
        done = bench.run(&other.release, &receipt) => panic!("it was not killed: {:?}", done.err()),
    }
    testbed.quiet().await;
    assert!(state(&testbed).contains("draft v1.4.0"));
    bench.run(&one.release, &receipt).await.unwrap();
    assert_eq!(state(&testbed), wanted);
}

/// The position of the first upload among GitHub's requests.
async fn bench_uploads(bench: &Bench, release: &Release) -> u64 {
    let seen = bench.publish(release, &Schedule::default()).await.seen;
    seen[0].iter().position(|(_, path)| path.starts_with("/uploads/")).unwrap() as u64
}
