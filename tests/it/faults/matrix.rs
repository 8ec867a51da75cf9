//! Every fault at every request that it can affect, for a release of seven archives and two platforms.
//!
//! `FLOE_EVERY=10` runs every tenth case.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use floe::error::with_details;
use floe::rehearse::disturbed::is_conflict;
use floe_core::model::{Release, Target};
use floe_rehearsal::faults::{FaultKind, Injection, Schedule, Side};

use super::bench::{Bench, Came, made};
use super::kinds::{self, is_permanent, one};

/// The number of threads, each with its own bench.
const THREADS: usize = 2;

#[test]
fn any_fault_at_any_request_leads_to_the_same_state() {
    let made = made("one", "1.4.0", &Target::defaults().collect::<Vec<_>>());
    let calm = on_a_bench(&made.release, Schedule::default());
    let every = std::env::var("FLOE_EVERY").map_or(1, |text| text.parse().unwrap());
    let injections = injections(&calm.seen).into_iter().step_by(every);
    let began = std::time::Instant::now();
    let tally = all(&made.release, &calm.state, injections.map(one).collect());
    super::summary::add("matrix", &tally, began.elapsed());
    tally.assert_good();
}

/// Each kind of fault at each request of an undisturbed run that it can affect.
pub fn injections(seen: &[Vec<(String, String)>; 2]) -> Vec<Injection> {
    let mut injections = Vec::new();
    for (side, seen) in [Side::GitHub, Side::Registry].into_iter().zip(seen) {
        for kind in FaultKind::ALL.iter().copied().filter(|kind| kind.is_at(side)) {
            let fits =
                seen.iter().enumerate().filter(|(_, (method, path))| kinds::fits(kind, side, method, path));
            for (fit, (at, _)) in fits.enumerate() {
                let nth = kinds::nth(kind, fit, at);
                let amounts: &[u64] = match kind {
                    FaultKind::CutRequest | FaultKind::CutAnswer => &[0, 40],
                    FaultKind::ReleaseLag | FaultKind::AssetLag => &[2],
                    _ => &[1],
                };
                injections.extend(amounts.iter().map(|amount| Injection {
                    side,
                    nth,
                    kind,
                    amount: *amount,
                }));
            }
        }
    }
    injections
}

/// The outcome of many cases.
#[derive(Default)]
pub struct Tally {
    pub schedules: usize,
    pub requests: u64,
    pub runs: u32,
    pub kills: u32,
    pub bad: Vec<String>,
}

impl Tally {
    #[track_caller]
    pub fn assert_good(&self) {
        let shown: Vec<&String> = self.bad.iter().take(8).collect();
        assert!(self.bad.is_empty(), "{} of {} are bad: {shown:#?}", self.bad.len(), self.schedules);
    }
}

/// Runs one case on a bench of its own.
pub fn on_a_bench(release: &Release, schedule: Schedule) -> Came {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Bench::new().await.publish(release, &schedule).await })
}

/// Runs all cases; `wanted` is the state after an undisturbed run.
pub fn all(release: &Release, wanted: &str, schedules: Vec<Schedule>) -> Tally {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let bench = Bench::new().await;
                    while let Some(schedule) = schedules.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let came = bench.publish(release, schedule).await;
                        let bad = judge(schedule, &came, wanted);
                        let mut tally = tally.lock().unwrap();
                        tally.schedules += 1;
                        tally.requests += came.requests;
                        tally.runs += came.ending.runs;
                        tally.kills += came.ending.kills;
                        tally.bad.extend(bad);
                    }
                });
            });
        }
    });
    tally.into_inner().unwrap()
}

/// The problems of a case, if any.
pub fn judge(schedule: &Schedule, came: &Came, wanted: &str) -> Option<String> {
    let mut wrong = came.broken.clone();
    let for_good = schedule.injections.iter().any(|injection| is_permanent(injection.kind));
    match &came.ending.result {
        Ok(_) if came.state == wanted || for_good => {}
        Ok(_) => wrong.push(format!("another final state: {}", difference(wanted, &came.state))),
        // A release that another user published is left as it is and reported as a conflict.
        Err(error) if schedule.has(FaultKind::Published) && is_conflict(error) => {}
        // So is another package of the version.
        Err(error) if schedule.has(FaultKind::PushedMeanwhile) && is_conflict(error) => {}
        Err(error) => wrong.push(format!("it was never published: {}", with_details(error))),
    }
    if wrong.is_empty() {
        return None;
    }
    let (wrong, events) = (wrong.join("\n    "), came.ending.events.join("\n    "));
    Some(format!("{schedule}\n    {wrong}\n    after {events}"))
}

/// The lines that only one of the two texts has.
pub fn difference(wanted: &str, found: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let (wanted, found) = (lines(wanted), lines(found));
    let lacks = wanted.difference(&found).map(|line| format!("- {line}"));
    let has = found.difference(&wanted).map(|line| format!("+ {line}"));
    lacks.chain(has).collect::<Vec<_>>().join(" ")
}
