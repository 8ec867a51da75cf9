//! The publish path, in six stages and one direction:
//!
//! ```text
//! Inputs ─▶ dist::read ─▶ verify ─▶ Release
//! Session::open ─▶ observe ─▶ World
//! Plan::new(release, world) ─▶ preflight ─▶ execute ─▶ Receipt
//! ```

pub mod assemble;
pub mod dist;
pub mod execute;
pub mod inputs;
pub mod job_summary;
pub mod observe;
pub mod preflight;
pub mod published;
pub mod receipt;
pub mod session;
pub mod signatures;
pub mod smoke_test;

use std::path::Path;

use crate::release::execute::execute;
use crate::release::preflight::{Preflight, preflight};
use crate::release::session::Session;
use floe_core::model::{Release, Subject};
use floe_core::plan::Plan;
use floe_core::receipt::Receipt;

/// The number of parallel requests to a registry, each over its own connection.
const REGISTRY_AT_ONCE: usize = 12;

/// Observes both servers, plans, and checks whether a step would be refused. Changes nothing.
pub async fn plan<'a>(subject: impl Into<Subject<'a>>, session: &Session) -> Preflight {
    let subject = subject.into();
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
        let preflight = plan(release, session).await;
        // Whether the image is public is checked again after the push.
        preflight.report(session.report(), |check| check.about != "package");
        let ready = preflight.ready()?;
        session.report().refuse_warnings()?;
        session.report().line(ready.plan.to_table(release));
        let receipt = Box::pin(execute(release, &ready, session, receipt)).await?;
        anyhow::Ok((ready.plan, receipt))
    };
    let published = published.await;
    session.close().await;
    if let Ok((_, receipt)) = &published {
        session.report().step("Finished", receipt.state());
    }
    published
}
