//! Schedules of faults for a release with every channel that floe moves, and with nothing else that costs time: no image, no
//! installers, two archives.

use floe_core::model::config::{Chocolatey, Winget};
use floe_core::model::{Channels, Subject, Target};
use floe_rehearsal::faults::{FaultKind, Injection, Schedule, Side};

use super::bench::{Made, made_with, tables};
use super::kinds::one;
use super::matrix::{all, on_a_bench};

/// The number of schedules in the suite. A longer run: `FLOE_SCHEDULES=5000 cargo test --test it faults::channels`.
const SCHEDULES: u64 = 150;

/// Two archives and every channel.
fn small() -> Made {
    let targets: Vec<Target> = ["aarch64-macos", "x86_64-windows"].map(|name| name.parse().unwrap()).into();
    let winget = Winget { id: "Acme.Tool".to_owned(), publisher: None, fork: None };
    let chocolatey = Chocolatey { id: None, authors: None, feed: None };
    let tables = Channels { winget: Some(winget), chocolatey: Some(chocolatey), ..tables() };
    made_with("one", "1.4.0", &targets, &tables)
}

#[test]
fn channels_end_in_the_same_state_under_the_faults_of_any_seed() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (count, first) = (number("FLOE_SCHEDULES").unwrap_or(SCHEDULES), number("FLOE_SEED").unwrap_or(1));
    let made = small();
    let calm = on_a_bench(&made.release, Schedule::default());
    assert_eq!(calm.broken, Vec::<String>::new());
    assert!(calm.state.contains("pull open=true"), "{}", calm.state);
    let sides = [Side::GitHub, Side::GitHub, Side::Feed];
    let subject = Subject::from(&made.release);
    let schedules =
        (first..first + count).map(|seed| Schedule::at(&sides, subject.channels(), seed)).collect();
    let began = std::time::Instant::now();
    let tally = all(&made.release, &calm.state, schedules);
    super::summary::add("channels", &tally, began.elapsed());
    tally.assert_good();
}

#[test]
fn a_file_that_is_written_by_hand_after_the_last_request_about_it_is_not_judged() {
    let made = small();
    let calm = on_a_bench(&made.release, Schedule::default());
    let last = Injection {
        side: Side::GitHub,
        nth: calm.seen[0].len() as u64,
        kind: FaultKind::ChannelByHand,
        amount: 1,
    };
    let came = on_a_bench(&made.release, one(last));
    assert_eq!((came.broken, came.state), (Vec::new(), calm.state));
}

/// The first run is killed at the push to the feed, when the pull request is open. The second run finds it closed or merged.
#[test]
fn a_pull_request_that_ends_between_two_runs_is_not_opened_again() {
    let made = small();
    for (kind, ends) in [
        (FaultKind::PullClosed, "pull open=false merged=false"),
        (FaultKind::PullMerged, "pull open=false merged=true"),
    ] {
        let kill = Injection { side: Side::Feed, nth: 2, kind: FaultKind::Kill, amount: 1 };
        let end = Injection { side: Side::GitHub, nth: 2, kind, amount: 1 };
        let came = on_a_bench(&made.release, Schedule { seed: None, injections: vec![kill, end] });
        assert_eq!(came.broken, Vec::<String>::new(), "{kind}: {:?}", came.ending.events);
        assert!(came.ending.result.is_ok() && came.ending.kills == 1, "{kind}: {:?}", came.ending.events);
        assert_eq!(came.state.matches("pull open=").count(), 1, "{}", came.state);
        assert!(came.state.contains(ends), "{}", came.state);
    }
}
