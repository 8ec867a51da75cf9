//! Schedules of faults for a release with every channel that floe moves, and with nothing else that costs time: no image, no
//! installers, two archives.

use floe_core::model::config::{Chocolatey, Winget};
use floe_core::model::{Channels, Target};
use floe_rehearsal::faults::{Schedule, Side};

use super::bench::{made_with, tables};
use super::matrix::{all, on_a_bench};

/// The number of schedules in the suite. A longer run: `FLOE_SCHEDULES=5000 cargo test --test it faults::channels`.
const SCHEDULES: u64 = 150;

#[test]
fn channels_end_in_the_same_state_under_the_faults_of_any_seed() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (count, first) = (number("FLOE_SCHEDULES").unwrap_or(SCHEDULES), number("FLOE_SEED").unwrap_or(1));
    let targets: Vec<Target> = ["aarch64-macos", "x86_64-windows"].map(|name| name.parse().unwrap()).into();
    let winget = Winget { id: "Acme.Tool".to_owned(), publisher: None, fork: None };
    let chocolatey = Chocolatey { id: None, authors: None, feed: None };
    let tables = Channels { winget: Some(winget), chocolatey: Some(chocolatey), ..tables() };
    let made = made_with("one", "1.4.0", &targets, &tables);
    let calm = on_a_bench(&made.release, Schedule::calm());
    assert_eq!(calm.broken, Vec::<String>::new());
    assert!(calm.state.contains("pull open=true"), "{}", calm.state);
    let sides = [Side::GitHub, Side::GitHub, Side::Feed];
    let schedules = (first..first + count).map(|seed| Schedule::at(&sides, seed)).collect();
    let began = std::time::Instant::now();
    let tally = all(&made.release, &calm.state, schedules);
    super::summary::add("channels", &tally, began.elapsed());
    tally.assert_good();
}
