//! `floe publish`: observes, plans, stages, reveals. Running it again is the recovery.

use crate::cli::PublishArgs;
use crate::net::stop;
use crate::release::attestation;
use crate::release::inputs::Inputs;
use crate::release::session::{self, Session};
use crate::release::trust::Trust;
use crate::release::{self, job_summary};
use crate::report::Report;
use floe_core::model::Subject;

/// Runs the command. It prints two lines on stdout: the image by digest, and the URL of the release.
pub async fn publish(args: PublishArgs, report: &Report) -> anyhow::Result<()> {
    session::check_addresses(&args.release.remote)?;
    let inputs = Inputs::find(&args.release)?;
    let trust = Trust::of(&args.release.trust)?;
    let release = inputs.release_to_publish(&trust, report)?;
    attestation::require(&release, args.release.attest.attest)?;

    stop::listen(report);
    let retry = session::retry(&args.release.remote, report);
    let mut session = Session::open(&Subject::from(&release), &args.release.remote, retry)?;
    session.trust = Some(trust);
    let (_, receipt) = release::publish(&release, &session, &args.receipt).await?;

    job_summary::published(&release, &receipt, report);
    if args.json {
        return report.json(&receipt);
    }
    receipt.image.iter().chain(&receipt.url).for_each(|line| report.out(line));
    Ok(())
}
