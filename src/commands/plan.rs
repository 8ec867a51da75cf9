//! `floe plan`: what publish would do now, and everything it would be refused for. It changes nothing.
//!
//! Without a dist it plans what is known before anything is built.

use crate::cli::PlanArgs;
use crate::release::inputs::Inputs;
use crate::release::session::{self, Secrets, Session};
use crate::release::{self, dist, job_summary};
use crate::report::Report;
use floe_core::model::{Outline, Release};
use floe_core::preflight::CheckedPlanJson;

/// Runs the verb. The plan is shown whenever there is one, also where publishing would be refused.
pub async fn plan(args: PlanArgs, report: &Report) -> anyhow::Result<()> {
    let inputs = Inputs::find(&args.release)?;
    if args.release.dists.is_empty() {
        return plan_outline(&inputs.outline()?, &args, report).await;
    }
    let dist = dist::read(&args.release.dists, inputs.depth())?;
    let verified = dist::verify(dist, inputs.expect())?;
    plan_release(&inputs.release(verified)?, &args, report).await
}

async fn plan_release(release: &Release, args: &PlanArgs, report: &Report) -> anyhow::Result<()> {
    let servers = &args.release.remote;
    let secrets = Secrets::from_env(&release.home.image);
    let session = Session::connect(release, servers, secrets, session::retry(servers, report))?;
    let preflight = release::plan(release, &session).await;
    session.close().await;

    preflight.report(report, |_| true);
    if let Some(Ok(plan)) = &preflight.plan {
        match args.json {
            true => report.json(&CheckedPlanJson::new(plan, release, &preflight.questions))?,
            false => report.out(plan.to_table(release)),
        }
        job_summary::planned(release, plan, &preflight.questions, report);
    }
    preflight.ready().map(drop)
}

async fn plan_outline(outline: &Outline, args: &PlanArgs, report: &Report) -> anyhow::Result<()> {
    let servers = &args.release.remote;
    let secrets = Secrets::from_env(&outline.home.image);
    let session = Session::connect(outline, servers, secrets, session::retry(servers, report))?;
    let preflight = release::plan(outline, &session).await;
    session.close().await;

    preflight.report(report, |_| true);
    report.out(preflight.ready()?.plan.to_outlook(outline));
    Ok(())
}
