//! Schedules of several faults, drawn from seeds: `FLOE_SCHEDULES` of them, starting with `FLOE_SEED`.

use floe_core::model::Target;
use floe_rehearsal::faults::Schedule;

use super::bench::made;
use super::matrix::{all, on_a_bench};

/// The number of schedules in the suite. A longer run: `FLOE_SCHEDULES=100000 cargo test --test it faults::random`.
const SCHEDULES: u64 = 2000;

#[test]
fn the_faults_of_any_seed_lead_to_the_same_state() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (count, first) = (number("FLOE_SCHEDULES").unwrap_or(SCHEDULES), number("FLOE_SEED").unwrap_or(1));
    let targets: Vec<Target> = vec!["x86_64-musl".parse().unwrap()];
    let made = made("one", "1.4.0", &targets);
    let calm = on_a_bench(&made.release, Schedule::default());
    let schedules = (first..first + count).map(|seed| Schedule::of(&made.release, seed)).collect();
    let began = std::time::Instant::now();
    let tally = all(&made.release, &calm.state, schedules);
    super::summary::add("random", &tally, began.elapsed());
    tally.assert_good();
}
