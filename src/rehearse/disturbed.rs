//! Publishing under faults: run again and again, as a maintainer would, until it is done or cannot be.
//!
//! Each run is the one of `floe publish`.

use std::path::Path;
use std::time::Duration;

use crate::cli::RemoteArgs;
use crate::error::{Exit, Failure, exit_of, with_details};
use crate::files::scratch::Scratch;
use crate::net::client::Client;
use crate::net::retry::Retry;
use crate::rehearse::servers::Servers;
use crate::release;
use crate::release::published::Immutability;
use crate::release::session::{Secrets, Session};
use crate::report::{Report, Verbosity, seconds};
use floe_core::clock::Clock;
use floe_core::model::{Destination, Release, Subject};
use floe_core::plan::Plan;
use floe_core::receipt::Receipt;
use floe_core::units::counted;
use floe_core::verify::published::ReleaseRequest;
use floe_rehearsal::faults::{AttestationFault, Invariants, Schedule, Side, VerifyOutcome, repair};
use floe_rehearsal::interceptor::Interceptor;

/// The maximum number of runs.
const MOST_RUNS: u32 = 12;

/// A release to publish, and where.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub release: &'a Release,
    pub servers: &'a RemoteArgs,
    pub secrets: &'a Secrets,
    /// The connections of all runs. The other state of the clients is new in every run.
    pub client: &'a Client,
    /// Where the receipt is written.
    pub receipt: &'a Path,
}

impl Attempt<'_> {
    /// One run.
    pub async fn run(self) -> anyhow::Result<(Plan, Receipt)> {
        let client = self.client.of_another_run();
        let session =
            Session::connect(&Subject::from(self.release), self.servers, self.secrets.clone(), client)?;
        release::publish(self.release, &session, self.receipt).await
    }
}

/// How it ended.
pub struct Ending {
    pub runs: u32,
    /// The number of runs that were killed.
    pub kills: u32,
    /// The outcome of each failed run and the fixes after it, a line each.
    pub events: Vec<String>,
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
    let (testbed, clock) = (&servers.testbed, Clock::skipping());
    testbed.set_clock(&clock);
    let retry = Retry::new(5, Duration::from_secs(1), clock.clone(), report.clone());
    let (invariants, schedule) = (Invariants::new(testbed, &[release]), Schedule::of(release, seed));
    invariants.attach();
    schedule.arm(&invariants);
    let faults = counted(schedule.injections.len(), "fault");
    report.step("Injecting", format!("{faults}, drawn from seed {seed}:"));
    for injection in &schedule.injections {
        report.line(format!("{:13}{injection}", ""));
    }
    let client = Client::new(retry);
    let Servers { addresses, secrets, .. } = servers;
    let attempt = Attempt { release, servers: addresses, secrets, client: &client, receipt };
    let ending = until_done(attempt, &invariants).await;
    testbed.interceptors.iter().for_each(Interceptor::calm);
    let repeat = format!("`floe rehearse --faults {seed}` injects the same faults again");
    violated(seed).hint(&repeat).if_any(invariants.violations())?;
    let Ending { runs, kills, result, .. } = ending;
    let (checks, skipped) = (invariants.checks(), seconds(clock.waited()));
    let held = format!("the invariants held after each of {checks} requests; {skipped} of waiting skipped");
    report
        .step("Passed", format!("seed {seed} in {}, {kills} killed; {held}", counted(runs as usize, "run")));
    result.map_err(|error| {
        let state = format!("the release cannot be completed under the faults of seed {seed}; {repeat}");
        Failure::around(error).state(state).into()
    })
}

/// Verifies the published release while GitHub's attestation route has the fault of a seed. A rehearsal cannot sign, so a false
/// attestation is an unsigned one.
pub async fn verify_by_seed(
    seed: u64,
    release: &Release,
    servers: &Servers,
    request: ReleaseRequest,
    report: &Report,
) -> anyhow::Result<()> {
    let fault = AttestationFault::from_seed(seed);
    let Destination { tag, commit, .. } = &release.destination;
    report.step("Injecting", format!("GitHub's answer about its attestation: {fault}"));
    let github = servers.testbed.interceptor(Side::GitHub);
    github.set_clock(Clock::skipping());
    fault.arm(github, (tag, commit), AttestationFault::unsigned);
    let folder = Scratch::new("verify")?;
    let quiet = Report::new(Verbosity::Quiet);
    let retry = Retry::new(5, Duration::from_secs(1), Clock::skipping(), quiet.clone());
    let found = match super::verify(request, &servers.addresses, folder.path(), retry, &quiet).await {
        Ok((_, checked)) => match checked.immutability {
            Immutability::Signed => VerifyOutcome::Signed,
            Immutability::Mutable | Immutability::NotChecked(_) => VerifyOutcome::NotChecked,
        },
        Err(error) if exit_of(&error) == Exit::Problems => VerifyOutcome::Refused,
        Err(_) => VerifyOutcome::Failed,
    };
    github.calm();
    violated(seed).if_any(fault.violation(found))?;
    report.step("Passed", format!("with that answer the release was {found}"));
    Ok(())
}

fn violated(seed: u64) -> Failure {
    Failure::new(format!("the faults of seed {seed} led to a violated invariant"))
}

/// Publishes until it is done, or until a conflict does not go away.
pub async fn until_done(attempt: Attempt<'_>, invariants: &Invariants) -> Ending {
    let testbed = &invariants.testbed;
    let (mut runs, mut kills, mut events, mut last) = (0, 0, Vec::new(), String::new());
    let mut note = |event: String| {
        attempt.client.retry.report.step("Event", &event);
        events.push(event);
    };
    let result = loop {
        runs += 1;
        // `None` if it was killed.
        let result = tokio::select! {
            biased;
            () = testbed.killed.notified() => None,
            result = attempt.run() => Some(result),
        };
        testbed.quiet().await;
        let error = match result {
            Some(Ok(done)) => break Ok(done),
            Some(Err(error)) => error,
            None => {
                kills += 1;
                note(format!("run {runs} was killed"));
                if runs < MOST_RUNS {
                    continue;
                }
                break Err(anyhow::anyhow!("{kills} runs were killed"));
            }
        };
        let message = with_details(&error);
        note(format!("run {runs} failed: {message}"));
        let fixes = repair(invariants);
        // A conflict that comes twice does not go away by running again.
        let is_stuck = fixes.is_empty() && is_conflict(&error) && message == last;
        last = message;
        fixes.into_iter().for_each(|fix| note(format!("the maintainer {fix}")));
        if is_stuck || runs >= MOST_RUNS {
            break Err(error);
        }
    };
    Ending { runs, kills, events, result }
}

/// Whether an error is a conflict.
pub fn is_conflict(error: &anyhow::Error) -> bool {
    exit_of(error) == Exit::Conflicts
}
