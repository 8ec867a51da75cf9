//! `floe plan`: what publish would do now, and everything it would be refused for. It changes nothing: rights are
//! asked for with notes that nobody keeps, and with an upload session that is closed again.

use super::{gather, outlook, tell};
use crate::cli::PlanArgs;
use crate::error::{Exit, Failure};
use crate::net::client::Client;
use crate::release::preflight::{self, Looked};
use crate::release::remote::{self, Remote, Secrets};
use crate::report::Report;
use floe_core::plan;
use floe_core::preflight::{CheckedPlanJson, Question, Said};

/// Runs the verb. The plan is shown whenever there is one, also where publishing would be refused.
///
/// # Errors
/// Problems with the dist (3), conflicts with the world (4), or anything else that publishing would be refused for (1).
pub async fn plan(args: PlanArgs, report: &Report) -> anyhow::Result<()> {
    if args.release.dists.is_empty() {
        return outlook::outlook(&args.release, report).await;
    }
    let release = gather::release(&args.release)?;
    let servers = &args.release.remote;
    let retry = remote::retry(servers, report);
    let secrets = Secrets::from_env(&release.home.image);
    let remote = Remote::connect(&release, (servers, &Client::default()), secrets, &retry)?;
    let looked = preflight::look(&release, &remote).await;
    remote.close().await;
    tell::questions(&looked.questions, report);
    report.detail("Asked", remote.asked());
    if let Some(Ok(plan)) = &looked.plan {
        match args.json {
            true => report.json(&CheckedPlanJson::new(plan, &release, &looked.questions))?,
            false => report.out(plan.to_table(&release)),
        }
        tell::planned(&release, plan, &looked.questions, report);
    }
    refusal(looked).map_or(Ok(()), Err)
}

/// Everything that publishing would be refused for, as one error; `None` if nothing is.
pub fn refusal(looked: Looked) -> Option<anyhow::Error> {
    let refused: Vec<Said> = looked.questions.iter().filter_map(Question::refusal).cloned().collect();
    let conflicts = match looked.plan {
        Some(Err(conflicts)) => conflicts,
        Some(Ok(_)) | None => Vec::new(),
    };
    let failure = match (refused.as_slice(), conflicts.as_slice()) {
        ([], []) => return None,
        // An error that is the only reason tells its own causes best.
        ([_], []) if looked.error.is_some() => Failure::around(looked.error?),
        ([said], []) => Failure::new(said.found.clone()).hint(said.cure.clone()),
        ([], _) => Failure::of_conflicts(&conflicts),
        _ => {
            let said = refused.iter().map(|said| (said.found.clone(), said.cure.clone()));
            let reasons: Vec<_> = said.chain(plan::reasons(&conflicts)).collect();
            Failure::of_reasons(format!("publishing would fail for {} reasons", reasons.len()), &reasons)
        }
    };
    let exit = if conflicts.is_empty() { Exit::Failed } else { Exit::Conflicts };
    Some(failure.state("nothing was touched").exit(exit).into())
}
