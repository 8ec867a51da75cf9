//! Publishing under faults: run again and again, as a maintainer would, until it is done or cannot be.
//!
//! Each run is the one of `floe publish`.

use std::path::Path;
use std::time::Duration;

use crate::error::{Exit, Failure};
use crate::net::retry::Retry;
use crate::rehearse::servers::Servers;
use crate::release;
use crate::release::session::Session;
use crate::report::{Report, seconds};
use floe_core::clock::Clock;
use floe_core::model::Release;
use floe_core::plan::Plan;
use floe_core::receipt::Receipt;
use floe_rehearsal::faults::{Invariants, Schedule, Side, Testbed, repair};

/// The number of runs after which a maintainer gives up.
const MOST_RUNS: u32 = 12;

/// A release to publish, and its clients.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The release.
    pub release: &'a Release,
    /// The clients; every run begins with fresh ones.
    pub session: &'a Session,
    /// Where the receipt is written.
    pub receipt: &'a Path,
}

/// How it ended.
pub struct Ending {
    /// How many runs there were.
    pub runs: u32,
    /// How many of them were killed.
    pub kills: u32,
    /// The events between the runs, a line each.
    pub told: Vec<String>,
    /// The result of the last run.
    pub result: anyhow::Result<(Plan, Receipt)>,
}

/// Publishes under the faults of a seed, on a clock that skips waits. Errors name the seed.
pub async fn by_seed(
    seed: u64,
    release: &Release,
    servers: &Servers,
    receipt: &Path,
    report: &Report,
) -> anyhow::Result<(Plan, Receipt)> {
    let clock = Clock::skipping();
    let inside = servers.testbed(&release.destination, clock.clone());
    let retry = Retry::new(5, Duration::from_secs(1), clock.clone(), report.clone());
    let addresses = servers.addresses(&release.destination);
    let session = Session::connect(release, &addresses, servers.secrets(), retry)?;
    let (watch, schedule) = (Invariants::new(&inside, release), Schedule::from_seed(seed));
    watch.attach();
    schedule.arm(&inside, &watch);
    report.step("Disturbing", format!("with {} faults, drawn from seed {seed}:", schedule.injections.len()));
    for injection in &schedule.injections {
        report.line(format!("{:13}{injection}: {}", "", injection.kind.description()));
    }
    let attempt = Attempt { release, session: &session, receipt };
    let ending = until_done(attempt, &inside, &watch).await;
    for side in [Side::GitHub, Side::Registry] {
        inside.interceptor(side).calm();
    }
    let repeat = format!("`floe rehearse --faults {seed}` does the same again");
    let broken = watch.violations();
    if !broken.is_empty() {
        let text = format!("what must hold after every request did not, with seed {seed}");
        return Err(Failure::new(text).details(broken).hint(repeat).into());
    }
    report.step(
        "Withstood",
        format!(
            "seed {seed} in {} runs, {} of them killed; what must hold held after each of {} requests; {} of waiting skipped",
            ending.runs,
            ending.kills,
            watch.checks(),
            seconds(clock.waited())
        ),
    );
    ending.result.map_err(|error| {
        Failure::around(error).state(format!("it cannot be done under seed {seed}; {repeat}")).into()
    })
}

/// Publishes until it is done, or until a conflict does not go away.
pub async fn until_done(attempt: Attempt<'_>, inside: &Testbed, watch: &Invariants) -> Ending {
    let promised: Vec<String> = attempt.release.assets.iter().map(|asset| asset.name.clone()).collect();
    let (mut kills, mut told, mut last) = (0, Vec::new(), String::new());
    let mut tell = |line: String| {
        attempt.session.report().step("Then", &line);
        told.push(line);
    };
    for run in 1.. {
        let result = run_once(attempt, inside).await;
        inside.quiet().await;
        let error = match result {
            Some(Ok(done)) => return Ending { runs: run, kills, told, result: Ok(done) },
            Some(Err(error)) => error,
            None => {
                kills += 1;
                tell(format!("run {run} was killed"));
                if run < MOST_RUNS {
                    continue;
                }
                anyhow::anyhow!("it was killed {kills} times")
            }
        };
        let said = in_words(&error);
        tell(format!("run {run} failed: {said}"));
        let deeds = repair(inside, watch, &promised);
        // A conflict that comes twice does not go away by running again.
        let stuck = deeds.is_empty() && is_conflict(&error) && said == last;
        last = said;
        deeds.into_iter().for_each(|deed| tell(format!("the maintainer {deed}")));
        if stuck || run >= MOST_RUNS {
            return Ending { runs: run, kills, told, result: Err(error) };
        }
    }
    Ending { runs: 0, kills, told, result: Err(anyhow::anyhow!("it was never run")) }
}

/// One run; `None` if it was killed.
async fn run_once(attempt: Attempt<'_>, inside: &Testbed) -> Option<anyhow::Result<(Plan, Receipt)>> {
    let session = attempt.session.fresh();
    tokio::select! {
        biased;
        () = inside.killed.notified() => None,
        result = release::publish(attempt.release, &session, attempt.receipt) => Some(result),
    }
}

/// An error and its causes in one line.
pub fn in_words(error: &anyhow::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in error.chain() {
        words.push(cause.to_string());
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            words.extend(failure.detail_lines().iter().cloned());
        }
    }
    words.retain(|text| !text.is_empty());
    words.join(": ")
}

/// Whether an error is a conflict.
pub fn is_conflict(error: &anyhow::Error) -> bool {
    let asks = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<Failure>().is_some_and(|failure| failure.exit_code() == Exit::Conflicts)
    };
    error.chain().any(asks)
}
