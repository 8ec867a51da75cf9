//! A release under faults: published again and again as a maintainer would, until it is done or cannot be.
//!
//! It decides nothing about the release; each run is the one that `floe publish` makes.

use std::path::Path;

use crate::commands::publish;
use crate::error::{Exit, Failure};
use crate::io::remote::Remote;
use crate::io::retry::Retry;
use crate::model::Release;
use crate::plan::Plan;
use crate::receipt::Receipt;
use crate::rehearsal::faults::{Inside, Watch, put_right};
use crate::report::Report;

/// Nobody runs a release more often than this without asking somebody.
const MOST_RUNS: u32 = 12;

/// What is published, with what, and where it is told.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// What is promised.
    pub release: &'a Release,
    /// The clients; every run begins with fresh ones.
    pub remote: &'a Remote,
    /// How often something is tried.
    pub retry: &'a Retry,
    /// Where the receipt is written.
    pub receipt: &'a Path,
    /// Where it is told.
    pub report: &'a Report,
}

/// How it ended.
pub struct Ending {
    /// How many runs there were.
    pub runs: u32,
    /// How many of them were killed.
    pub kills: u32,
    /// What happened between the runs, a line each.
    pub told: Vec<String>,
    /// What came of the last run.
    pub result: anyhow::Result<(Plan, Receipt)>,
}

/// Publishes until it is done, or until nobody can do anything about what stands in the way.
pub async fn until_done(attempt: Attempt<'_>, inside: &Inside, watch: &Watch) -> Ending {
    let promised: Vec<String> = attempt.release.assets.iter().map(|asset| asset.name.clone()).collect();
    let (mut kills, mut told) = (0, Vec::new());
    for run in 1.. {
        let result = run_once(attempt, inside).await;
        inside.quiet().await;
        let error = match result {
            Some(Ok(done)) => return Ending { runs: run, kills, told, result: Ok(done) },
            Some(Err(error)) => error,
            None => {
                kills += 1;
                told.push(format!("run {run} was killed"));
                if run < MOST_RUNS {
                    continue;
                }
                anyhow::anyhow!("it was killed {kills} times")
            }
        };
        told.push(format!("run {run} failed: {error:#}"));
        let deeds = put_right(inside, watch, &promised);
        let stuck = deeds.is_empty() && is_conflict(&error);
        told.extend(deeds.into_iter().map(|deed| format!("the maintainer {deed}")));
        if stuck || run >= MOST_RUNS {
            return Ending { runs: run, kills, told, result: Err(error) };
        }
    }
    Ending { runs: 0, kills, told, result: Err(anyhow::anyhow!("it was never run")) }
}

/// One run; nothing comes of one that is killed, and it stops where it is.
async fn run_once(attempt: Attempt<'_>, inside: &Inside) -> Option<anyhow::Result<(Plan, Receipt)>> {
    let Attempt { release, remote, retry, receipt, report } = attempt;
    let remote = remote.fresh();
    tokio::select! {
        biased;
        () = inside.killed.notified() => None,
        result = publish::carry_out_at(release, (&remote, retry), receipt, report) => Some(result),
    }
}

/// Whether an error is that something else stands where the release would go.
pub fn is_conflict(error: &anyhow::Error) -> bool {
    let asks = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<Failure>().is_some_and(|failure| failure.exit_code() == Exit::Conflicts)
    };
    error.chain().any(asks)
}
