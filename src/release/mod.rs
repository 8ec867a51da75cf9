//! The publish path. Each stage is entered once; [`mod@execute`] observes and plans again before the commit point.
//!
//! ```text
//! Inputs ─▶ dist::read ─▶ verify ─▶ Release
//! Session::open ─▶ observe ─▶ World
//! Plan::new(release, world) ─▶ preflight ─▶ execute ─▶ Receipt
//! ```

pub mod assemble;
pub mod attached;
pub mod attestation;
pub mod channel;
pub mod description;
pub mod dist;
pub mod execute;
pub mod inputs;
pub mod job_summary;
pub mod minisign;
pub mod names;
pub mod observe;
pub mod preflight;
pub mod published;
pub mod receipt;
pub mod session;
pub mod smoke_test;
pub mod trust;

use std::path::Path;
use std::pin::pin;

use crate::release::execute::execute;
use crate::release::preflight::{Preflight, preflight};
use crate::release::session::Session;
use floe_core::model::install::{self, Install};
use floe_core::model::{Release, Subject};
use floe_core::plan::Plan;
use floe_core::receipt::Receipt;

/// The number of parallel requests to a registry, each over its own connection.
const REGISTRY_AT_ONCE: usize = 12;

/// Observes both servers, plans, and checks whether a step would be refused. Changes nothing.
pub async fn plan(subject: &Subject<'_>, session: &Session) -> Preflight {
    let observed = Box::pin(session.observe(subject)).await;
    let plan = observed.access.is_ok().then(|| Plan::new(subject, &observed.world));
    Box::pin(preflight(subject, plan, observed, session)).await
}

/// Publishes a release: plans, then does what is missing. Running it again is the recovery.
pub async fn publish(
    release: &Release,
    session: &Session,
    receipt: &Path,
) -> anyhow::Result<(Plan, Receipt)> {
    let published = async {
        // The plan does not wait for connections: a request that needs one waits for it.
        let subject = &Subject::from(release);
        let mut plan = pin!(plan(subject, session));
        let preflight = tokio::select! {
            biased;
            preflight = &mut plan => preflight,
            () = session.open_connections(release) => plan.await,
        };
        // Whether the image is public is checked again after the push.
        preflight.report(session.report(), |check| check.about != "package");
        let ready = preflight.ready()?;
        session.report().refuse_warnings()?;
        session.report().line(ready.plan.to_table(subject));
        let receipt = Box::pin(execute(release, &ready, session, receipt)).await?;
        anyhow::Ok((ready.plan, receipt))
    };
    let published = published.await;
    session.close().await;
    if let Ok((_, receipt)) = &published {
        session.report().step("Finished", receipt.state());
        for install in installs(release, receipt) {
            session.report().step("Install", install.command);
        }
    }
    published
}

/// The commands that install from the channels of a finished run.
fn installs(release: &Release, receipt: &Receipt) -> Vec<Install> {
    let is_moved = |install: &Install| {
        let channel = format!("{} ", install.kind);
        receipt.steps.iter().any(|line| line.verb == "channel" && line.object.starts_with(&channel))
    };
    install::commands(&release.manifest).into_iter().filter(is_moved).collect()
}
