//! `floe plan`: what publish would do now, and whether it would be refused. It asks and changes nothing; the right to
//! push an image can only be asked for with an upload session, which is closed again.

use super::{gather, outlook};
use crate::cli::PlanArgs;
use crate::error::{Exit, Failure};
use crate::io::remote::{self, Remote, Secrets};
use crate::model::Release;
use crate::plan::{Conflict, Plan, Step};
use crate::report::Report;
use crate::world::World;

/// Runs the verb.
///
/// # Errors
/// Problems with the dist (3), conflicts with the world (4), or a server that cannot be asked (1).
pub async fn plan(args: PlanArgs, report: &Report) -> anyhow::Result<()> {
    if args.release.dists.is_empty() {
        return outlook::outlook(&args.release, report).await;
    }
    let release = gather::release(&args.release)?;
    let retry = remote::retry(&args.release.remote, report);
    let secrets = Secrets::from_env(&release.home.image);
    let remote = Remote::connect(&release, &args.release.remote, secrets, &retry)?;
    let (world, access) = remote.observe(&release).await?;
    let may_publish = remote::may_publish(&remote, &access);
    if let Err(missing) = &may_publish {
        report.warn(format!("{missing}; drafts cannot be seen, and publishing would be refused"));
    }
    if let Some(expires) = &access.expires {
        report.warn(format!("the token expires at {expires}"));
    }
    let plan = decide(&release, &world)?;
    let pushes = plan.todo().any(|step| matches!(step, Step::PushImage { .. }));
    if let Some(registry) = remote.registry.as_ref().filter(|_| pushes && may_publish.is_ok()) {
        registry.may_push().await?;
    }
    report.detail("Asked", format!("{} requests", remote.requests()));
    match args.json {
        true => report.json(&plan.to_json(&release)),
        false => {
            report.out(plan.to_table(&release));
            Ok(())
        }
    }
}

/// The plan, or the failure that lists every conflict.
///
/// # Errors
/// Conflicts, with exit code 4.
pub fn decide(release: &Release, world: &World) -> anyhow::Result<Plan> {
    Plan::new(release, world).map_err(|conflicts| refuse(&conflicts).into())
}

pub(super) fn refuse(conflicts: &[Conflict]) -> Failure {
    let text = match conflicts.len() {
        1 => "something else stands where the release would go".to_owned(),
        count => format!("{count} things stand where the release would go"),
    };
    let hint = conflicts.first().map(Conflict::way_out).unwrap_or_default();
    Failure::new(text).details(conflicts).state("nothing was touched").hint(hint).exit(Exit::Conflicts)
}
