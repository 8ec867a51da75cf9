//! `floe publish`: observes, plans, stages, reveals. Running it again is the recovery.

use crate::cli::PublishArgs;
use crate::net::stop;
use crate::release::inputs::Inputs;
use crate::release::session::Session;
use crate::release::{self, dist, job_summary};
use crate::report::Report;

/// Runs the command. It prints two lines on stdout: the image by digest, and the URL of the release.
pub async fn publish(args: PublishArgs, report: &Report) -> anyhow::Result<()> {
    let inputs = Inputs::find(&args.release)?;
    let dist = dist::read(&args.release.dists, inputs.depth())?;
    let verified = dist::verify(dist, inputs.expect())?;
    let release = inputs.release(verified, report)?;

    stop::listen(report);
    let session = Session::open(&release, &args.release.remote, report)?;
    let (_, receipt) = release::publish(&release, &session, &args.receipt).await?;

    job_summary::published(&release, &receipt, report);
    if args.json {
        return report.json(&receipt);
    }
    receipt.image.iter().chain(&receipt.url).for_each(|line| report.out(line));
    Ok(())
}
