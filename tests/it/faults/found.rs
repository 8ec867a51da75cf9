//! What the schedules have found, one case each, so that it is never lost again.

use floe::rehearse::disturbed::{in_words, is_conflict};
use floe_core::model::{Release, Target};
use floe_rehearsal::faults::{FaultKind, Injection, Invariants, Schedule, Side};

use super::bench::{Bench, Came, Made, folder, made};

fn small() -> Made {
    made("one", "1.4.0", &["x86_64-musl".parse::<Target>().unwrap()])
}

/// Publishes with one fault at GitHub's n-th request that is like this one.
async fn struck(release: &Release, kind: FaultKind, method: &str, part: &str) -> Came {
    let bench = Bench::new(release).await;
    let calm = bench.publish(release, &Schedule::calm()).await;
    let at = calm.seen[0].iter().position(|(verb, path)| verb == method && path.contains(part)).unwrap();
    let strike = Injection { side: Side::GitHub, nth: at as u64 + 1, kind, amount: 2 };
    let came = bench.publish(release, &Schedule::one(strike)).await;
    assert_eq!(came.broken, Vec::<String>::new(), "{strike}: {:?}", came.ending.told);
    if !kind.is_for_good() {
        assert_eq!(came.state, calm.state, "{strike}: {:?}", came.ending.told);
    }
    came
}

#[tokio::test]
async fn a_tag_that_moves_while_files_are_uploaded_is_not_published() {
    for kind in [FaultKind::TagMoved, FaultKind::TagDeleted] {
        let came = struck(&small().release, kind, "POST", "/uploads/").await;
        let told = came.ending.told.join("\n");
        assert!(told.contains("tag `v1.4.0`"), "{told}");
        assert_eq!(came.ending.runs, 2, "{told}");
    }
}

#[tokio::test]
async fn a_higher_version_that_comes_out_while_files_are_uploaded_stays_the_latest() {
    let came = struck(&small().release, FaultKind::Newer, "POST", "/uploads/").await;
    assert!(came.ending.result.is_ok(), "{:?}", came.ending.told);
    assert!(came.state.contains("latest v1.5.0"), "{}", came.state);
    assert!(came.state.contains("image 1.4 sha256:"), "{}", came.state);
    assert!(!came.state.contains("image latest") && !came.state.contains("image 1 "), "{}", came.state);
}

#[tokio::test]
async fn a_draft_that_somebody_publishes_half_way_is_left_alone() {
    // With more files than are uploaded at once, so that what is under way cannot complete it.
    let whole = made("one", "1.4.0", &Target::all().collect::<Vec<_>>());
    let came = struck(&whole.release, FaultKind::Published, "POST", "/uploads/").await;
    let error = came.ending.result.unwrap_err();
    assert!(is_conflict(&error), "{}", in_words(&error));
    let first = &came.ending.told[0];
    assert!(first.contains("somebody published release `v1.4.0` before it was complete"), "{first}");
}

#[tokio::test]
async fn a_draft_with_other_notes_gets_those_of_this_dist() {
    let (one, other) = (small(), made("other", "1.4.0", &["x86_64-musl".parse().unwrap()]));
    let bench = Bench::new(&one.release).await;
    let wanted = bench.publish(&one.release, &Schedule::calm()).await.state;
    // The first run, with another dist, is killed when its draft holds an asset and its notes.
    let at = 1 + bench_uploads(&bench, &one.release).await;
    let folder = folder();
    let inside = bench.fresh(&one.release, folder.path()).await;
    let watch = Invariants::any_of(&inside, &[&one.release, &other.release]);
    let kill = Injection { side: Side::GitHub, nth: at, kind: FaultKind::KillAfter, amount: 1 };
    kill.arm(&inside, &watch);
    let receipt = folder.path().join("receipt.json");
    tokio::select! {
        biased;
        () = inside.killed.notified() => {}
        done = bench.run(&other.release, &receipt) => panic!("it was not killed: {:?}", done.err()),
    }
    inside.quiet().await;
    assert!(inside.state().unwrap().contains("draft v1.4.0"));
    bench.run(&one.release, &receipt).await.unwrap();
    assert_eq!(inside.state().unwrap(), wanted);
}

/// Which of GitHub's requests is the first upload.
async fn bench_uploads(bench: &Bench, release: &Release) -> u64 {
    let seen = bench.publish(release, &Schedule::calm()).await.seen;
    seen[0].iter().position(|(_, path)| path.starts_with("/uploads/")).unwrap() as u64
}
