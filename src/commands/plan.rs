//! `floe plan`: the steps that publish would take now, and every reason why they would be refused. It changes nothing.
//!
//! Without a dist it plans what is known before anything is built.

use crate::cli::PlanArgs;
use crate::environment::variable;
use crate::error::invalid;
use crate::release::inputs::Inputs;
use crate::release::preflight::Ready;
use crate::release::session::{self, Session};
use crate::release::trust::Trust;
use crate::release::{self, job_summary};
use crate::report::Report;
use floe_core::model::{Destination, Subject};

/// Runs the command. With a dist, the plan is shown even if publishing would fail.
pub async fn plan(args: PlanArgs, report: &Report) -> anyhow::Result<()> {
    session::check_addresses(&args.release.remote)?;
    let inputs = Inputs::find(&args.release)?;
    let trust = Trust::of(&args.release.trust)?;
    let release;
    let subject = if args.release.dists.is_empty() {
        let outline = inputs.outline(report)?;
        if args.from_tag {
            check_run(&outline.destination)?;
        }
        outline
    } else {
        release = inputs.release_to_publish(&trust, report)?;
        Subject::from(&release)
    };
    let retry = session::retry(&args.release.remote, report).reading();
    let mut session = Session::open(&subject, &args.release.remote, retry)?;
    session.trust = Some(trust);
    session.rights.reads_only = args.read_only;
    let preflight = release::plan(&subject, &session).await;
    session.close().await;

    preflight.report(report, |_| true);
    if let Some(Ok(Ready { plan, .. })) = &preflight.ready {
        match subject.release {
            Some(release) if args.json => report.json(&plan.to_json(release, &preflight.checks))?,
            _ => report.out(plan.to_table(&subject)),
        }
        if let Some(release) = subject.release {
            job_summary::planned(release, plan, &preflight.checks, report);
        }
    }
    preflight.ready().map(drop)
}

/// The signature of a workflow names the ref and the commit that the run was started for; they must be those that are
/// built.
fn check_run(destination: &Destination) -> anyhow::Result<()> {
    let Destination { tag, commit, .. } = destination;
    let get = |name| variable(name).unwrap_or_else(|| "(not set)".to_owned());
    let (reference, sha) = (get("GITHUB_REF"), get("GITHUB_SHA"));
    if reference == format!("refs/tags/{tag}") && sha == commit.to_string() {
        return Ok(());
    }
    Err(invalid(format!("this run is not for the commit of `{tag}`, so its signatures would name another one"))
        .details([
            format!("GITHUB_REF is {reference}, and GITHUB_SHA is {sha}"),
            format!("`{tag}` is commit {commit}"),
        ])
        .state("nothing was built")
        .hint(format!("run it from the tag: `gh workflow run release.yml --ref {tag}`, or choose the tag under \"Use workflow from\""))
        .into())
}
