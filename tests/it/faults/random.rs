//! Thousands of schedules of several faults, drawn from seeds; `FLOE_SCHEDULES` says how many, `FLOE_SEED` from which.

use floe_core::model::Target;
use floe_rehearsal::faults::Schedule;

use super::bench::made;
use super::matrix::{all, on_a_bench};

/// So many in the suite; a longer soak is `FLOE_SCHEDULES=100000 cargo test --test it faults::random`.
const SCHEDULES: u64 = 2000;

#[test]
fn whatever_several_faults_a_seed_draws_the_end_is_the_same() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (count, first) = (number("FLOE_SCHEDULES").unwrap_or(SCHEDULES), number("FLOE_SEED").unwrap_or(1));
    let targets: Vec<Target> = vec!["x86_64-musl".parse().unwrap()];
    let made = made("one", "1.4.0", &targets);
    let calm = on_a_bench(&made.release, Schedule::calm());
    let schedules = (first..first + count).map(Schedule::from_seed).collect();
    let began = std::time::Instant::now();
    let tally = all(&made.release, &calm.state, schedules);
    super::summary::add("random", &tally, began.elapsed());
    tally.assert_good();
}
