//! `floe plan`: what publish would do now, and everything it would be refused for. It changes nothing: rights are
//! asked for with notes that nobody keeps, and with an upload session that is closed again.

use super::{gather, outlook, tell};
use crate::cli::PlanArgs;
use crate::error::{Exit, Failure};
use crate::io::preflight::{self, Looked};
use crate::io::remote::{self, Remote, Secrets};
use crate::plan::Conflict;
use crate::preflight::{Question, Said};
use crate::report::Report;

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
    let remote = Remote::connect(&release, servers, secrets, &retry)?;
    let looked = preflight::look(&release, &remote).await;
    tell::questions(&looked.questions, report);
    report.detail("Asked", format!("{} requests", remote.requests()));
    if let Some(Ok(plan)) = &looked.plan {
        match args.json {
            true => report.json(&plan.to_json(&release).with_questions(&looked.questions))?,
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
        ([], _) => return Some(refuse(&conflicts).into()),
        _ => {
            let count = refused.len() + conflicts.len();
            many(format!("publishing would fail for {count} reasons"), &conflicts, &refused)
        }
    };
    let exit = if conflicts.is_empty() { Exit::Failed } else { Exit::Conflicts };
    Some(failure.state("nothing was touched").exit(exit).into())
}

/// Everything that stands where the release would go, as one error.
pub(super) fn refuse(conflicts: &[Conflict]) -> Failure {
    let failure = match conflicts {
        [conflict] => Failure::new("something else stands where the release would go")
            .details([conflict])
            .hint(conflict.way_out()),
        _ => many(format!("{} things stand where the release would go", conflicts.len()), conflicts, &[]),
    };
    failure.state("nothing was touched").exit(Exit::Conflicts)
}

/// Several reasons: each in a line, and below it, or below those that share it, the way out.
fn many(title: String, conflicts: &[Conflict], refused: &[Said]) -> Failure {
    let said = |conflict: &Conflict| Said { found: conflict.to_string(), cure: conflict.way_out() };
    let all: Vec<Said> = refused.iter().cloned().chain(conflicts.iter().map(said)).collect();
    let mut lines = Vec::new();
    for (at, reason) in all.iter().enumerate() {
        lines.push(reason.found.clone());
        if all.get(at + 1).is_none_or(|next| next.cure != reason.cure) {
            lines.push(format!("    {}", reason.cure));
        }
    }
    Failure::new(title)
        .details(lines)
        .hint("put each right as told below it, then ask again with `floe plan`")
}
