//! `floe publish`: looks, decides, stages, reveals. Running it again is the recovery.

use std::path::Path;

use anyhow::Context as _;

use super::{gather, plan, tell};
use crate::cli::{PublishArgs, RemoteArgs};
use crate::net::client::Client;
use crate::net::retry::Retry;
use crate::net::stop;
use crate::release::execute::{self, Job};
use crate::release::preflight::{self, Looked};
use crate::release::remote::{self, Remote, Secrets};
use crate::report::Report;
use floe_core::model::{ImageName, Release};
use floe_core::plan::Plan;
use floe_core::preflight::Question;
use floe_core::receipt::Receipt;

/// Runs the verb: two lines on stdout, the image by digest and the release's address.
///
/// # Errors
/// Problems with the dist (3), conflicts with the world (4), or a step that could not be done (1).
pub async fn publish(args: PublishArgs, report: &Report) -> anyhow::Result<()> {
    let release = gather::release(&args.release)?;
    let secrets = Secrets::from_env(&release.home.image);
    let (_, receipt) = carry_out(&release, &args.release.remote, secrets, &args.receipt, report).await?;
    tell::published(&release, &receipt, report);
    if args.json {
        return report.json(&receipt);
    }
    if let Some(image) = &receipt.image {
        report.out(image);
    }
    if let Some(url) = &receipt.url {
        report.out(url);
    }
    Ok(())
}

/// Publishes a release.
///
/// # Errors
/// Problems with the dist (3), conflicts with the world (4), or a step that could not be done (1).
pub async fn carry_out(
    release: &Release,
    servers: &RemoteArgs,
    secrets: Secrets,
    receipt: &Path,
    report: &Report,
) -> anyhow::Result<(Plan, Receipt)> {
    stop::listen(report);
    let retry = remote::retry(servers, report);
    let remote = Remote::connect(release, (servers, &Client::default()), secrets, &retry)?;
    carry_out_at(release, (&remote, &retry), receipt, report).await
}

/// The same with clients that are there already.
///
/// # Errors
/// As [`carry_out`].
pub async fn carry_out_at(
    release: &Release,
    (remote, retry): (&Remote, &Retry),
    receipt: &Path,
    report: &Report,
) -> anyhow::Result<(Plan, Receipt)> {
    let done = Box::pin(look_and_act(release, (remote, retry), receipt, report)).await;
    remote.close().await;
    report.detail("Asked", remote.asked());
    if let Ok((_, receipt)) = &done {
        report.step("Finished", receipt.state());
    }
    done
}

async fn look_and_act(
    release: &Release,
    (remote, retry): (&Remote, &Retry),
    receipt: &Path,
    report: &Report,
) -> anyhow::Result<(Plan, Receipt)> {
    let looked = Box::pin(preflight::look(release, remote)).await;
    // Whether strangers can pull the image is asked again when it is there.
    let asked: Vec<Question> =
        looked.questions.iter().filter(|question| question.about != "package").cloned().collect();
    tell::questions(&asked, report);
    let private = looked.private;
    let plan = match looked {
        Looked { plan: Some(Ok(plan)), ref questions, .. }
            if questions.iter().all(|question| question.refusal().is_none()) =>
        {
            plan
        }
        looked => return Err(plan::refusal(looked).context("failed to look at the servers")?),
    };
    report.line(plan.to_table(release));
    let job = Job { release, plan: &plan, remote, retry, report, receipt, public: !private };
    let done = Box::pin(execute::run(job)).await?;
    if done.pullable == Some(false) {
        warn_of_hidden(&release.home.image, report);
    }
    Ok((plan, done.receipt))
}

/// A registry's new package is private by default, and no API changes that: better said now than found by a user.
fn warn_of_hidden(name: &ImageName, report: &Report) {
    report.warn(match name.settings() {
        Some(settings) => format!(
            "strangers cannot pull `{name}` yet: a new package is private. Make it public once, at {settings}"
        ),
        None => {
            format!("strangers cannot pull `{name}`: make it public at {} if it should be", name.registry())
        }
    });
}
