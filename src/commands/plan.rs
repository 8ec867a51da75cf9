//! `floe plan`: the steps that publish would take now, and every reason why they would be refused. It changes nothing.
//!
//! Without a dist it plans what is known before anything is built.

use crate::cli::PlanArgs;
use crate::release::attestation::{self, Trust};
use crate::release::inputs::Inputs;
use crate::release::session::{self, Session};
use crate::release::{self, dist, job_summary};
use crate::report::Report;
use floe_core::model::Subject;
use floe_core::preflight::CheckedPlanJson;

/// Runs the command. With a dist, the plan is shown even if publishing would fail.
pub async fn plan(args: PlanArgs, report: &Report) -> anyhow::Result<()> {
    let inputs = Inputs::find(&args.release)?;
    let trust = Trust::of(&args.release.trust)?;
    let (outline, mut release);
    let subject: Subject<'_> = if args.release.dists.is_empty() {
        outline = inputs.outline(report)?;
        (&outline).into()
    } else {
        let dist = dist::read(&args.release.dists, inputs.depth())?;
        release = inputs.release(dist::verify(dist, inputs.expect())?, report)?;
        attestation::verify(&mut release, &trust, report)?;
        (&release).into()
    };
    let retry = session::retry(&args.release.remote, report).reading();
    let session = Session::open(subject, &args.release.remote, retry)?.trusting(trust);
    let preflight = release::plan(subject, &session).await;
    session.close().await;

    preflight.report(report, |_| true);
    match subject {
        Subject::Release(release) => {
            if let Some(Ok(plan)) = &preflight.plan {
                match args.json {
                    true => report.json(&CheckedPlanJson::new(plan, release, &preflight.checks))?,
                    false => report.out(plan.to_table(release)),
                }
                job_summary::planned(release, plan, &preflight.checks, report);
            }
            preflight.ready()?;
        }
        Subject::Outline(outline) => report.out(preflight.ready()?.plan.to_outlook(outline)),
    }
    Ok(())
}
