//! Executes a plan. Everything is staged first, where it is not public; then both servers are observed again and the
//! staged assets are compared with the promised ones; only then is anything revealed.
//!
//! It decides nothing: a step that is planned as done is skipped.

mod attach;
mod channels;
mod recheck;
mod reveal;
mod stage;

use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::error::Failure;
use crate::net::stop;
use crate::registry::Registry;
use crate::release::preflight::Ready;
use crate::release::receipt::ReceiptWriter;
use crate::release::session::Session;
use crate::report::{Progress, seconds, size};
use floe_core::model::{Image, Release};
use floe_core::parallel::lock;
use floe_core::plan::{Phase, Planned, Step};
use floe_core::receipt::{Receipt, Status};
use floe_core::world::RemoteRelease;

/// Executes the missing steps. An error reports what is public now and how to continue, and so does the receipt.
pub async fn execute(
    release: &Release,
    ready: &Ready,
    session: &Session,
    receipt: &Path,
) -> anyhow::Result<Receipt> {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let receipt = ReceiptWriter::begin(receipt, Receipt::new(release, &ready.plan, now)).await;
    let receipt = receipt.map_err(|error| {
        Failure::around(error).state("nothing was changed").hint("name another file with `--receipt`")
    })?;
    let draft = ready.plan.draft.clone().map(OnceLock::from).unwrap_or_default();
    let (halted, began) = (Mutex::default(), Instant::now());
    let run = Run { release, ready, session, receipt, draft, halted, began };
    let guard = stop::guard();
    let result = run.stage_then_reveal().await;
    drop(guard);
    run.receipt.change(|receipt| receipt.requests = session.client.requests()).await;
    let receipt = run.receipt.get().await;
    match result.and(run.receipt.flush().await) {
        Ok(()) => Ok(receipt),
        Err(error) => Err(Failure::around(error)
            .state(receipt.state())
            .hint("run the same command again; it continues where this run stopped")
            .into()),
    }
}

/// A plan under way.
struct Run<'a> {
    release: &'a Release,
    /// The plan, and what was seen for it.
    ready: &'a Ready,
    session: &'a Session,
    receipt: ReceiptWriter,
    draft: OnceLock<RemoteRelease>,
    /// The error of a step that was cut off by a signal.
    halted: Mutex<Option<anyhow::Error>>,
    began: Instant,
}

/// A step of a plan, with its place in it.
type Placed<'a> = (usize, &'a Planned);

impl<'a> Run<'a> {
    async fn stage_then_reveal(&self) -> anyhow::Result<()> {
        self.stage().await?;
        self.stop_if_asked().await?;
        if self.todo(Phase::Reveal).is_empty() {
            return Ok(());
        }
        // The first plan is old by now: the recheck decides what is revealed.
        let plan = self.recheck().await?;
        self.receipt.change(|receipt| receipt.recheck(self.release, &plan)).await;
        // The receipt must be on disk before anything becomes public.
        self.receipt.flush().await?;
        self.reveal(&plan).await?;
        self.stop_if_asked().await
    }

    /// Ends the run if a signal came and a step is left.
    async fn stop_if_asked(&self) -> anyhow::Result<()> {
        let Some(by) = stop::asked() else { return Ok(()) };
        let receipt = self.receipt.get().await;
        let (steps, left) = (receipt.steps.len(), receipt.left());
        if left == 0 {
            return Ok(());
        }
        let stopped = Failure::new(format!("stopped by {by} with {left} of {steps} steps left"));
        Err(match lock(&self.halted).take() {
            Some(error) => stopped.because(error).into(),
            None => stopped.into(),
        })
    }

    fn todo(&self, phase: Phase) -> Vec<Placed<'a>> {
        let steps = self.ready.plan.steps.iter().enumerate();
        steps.filter(|(_, one)| !one.done && one.step.phase() == phase).collect()
    }

    /// One step after the other, until a signal comes: then the steps that other tasks have begun are finished.
    async fn each(&self, steps: &[Placed<'_>], progress: &Progress) -> anyhow::Result<()> {
        for (at, Planned { step, object, .. }) in steps {
            if stop::asked().is_some() {
                return Ok(());
            }
            let from = self.began.elapsed();
            let result = self.act(step, progress).await;
            self.note(*at, from, if result.is_ok() { Status::Done } else { Status::Failed }).await;
            if stop::asked().is_some()
                && let Err(error) = result
            {
                *lock(&self.halted) = Some(error);
                return Ok(());
            }
            result?;
            let bytes = step.bytes().map(|bytes| format!("  {}", size(bytes))).unwrap_or_default();
            let took = seconds(self.began.elapsed() - from);
            self.session.report().step(step.done(), format!("{object}{bytes}  in {took}"));
        }
        Ok(())
    }

    /// The only place that changes the state of the servers.
    async fn act(&self, step: &Step, progress: &Progress) -> anyhow::Result<()> {
        match step {
            Step::PushImage { missing, .. } => self.push_image(missing, progress).await,
            Step::Attach { missing, .. } => self.attach(missing, progress).await,
            Step::ListAttached { missing, .. } => self.list_attached(missing).await,
            Step::CreateDraft { since, .. } => self.create_draft(since).await,
            Step::DeleteAsset { id, name } => {
                self.session.github.delete_asset(self.draft()?, *id, name).await
            }
            Step::Upload { name, .. } => self.upload(name, progress).await,
            Step::Publish { latest, .. } => self.publish(*latest).await,
            Step::TagImage { missing, .. } => self.tag_image(missing).await,
            Step::Channel { place, .. } => self.move_channel(place).await,
        }
    }

    fn image(&self) -> anyhow::Result<(&Image, &Registry)> {
        let both = self.release.image.as_ref().zip(self.session.registry.as_ref());
        both.context("the plan has an image, but the release has none")
    }

    fn draft(&self) -> anyhow::Result<&RemoteRelease> {
        self.draft.get().context("the plan uploads before there is a draft")
    }

    /// The draft, if this run made it.
    fn own_draft(&self) -> Option<&RemoteRelease> {
        self.draft.get().filter(|_| self.ready.plan.draft.is_none())
    }

    async fn note(&self, at: usize, from: Duration, status: Status) {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let note = |receipt: &mut Receipt| {
            receipt.requests = self.session.client.requests();
            if let Some(line) = receipt.steps.get_mut(at) {
                line.status = status;
                line.millis = Some((millis(from), millis(self.began.elapsed())));
            }
        };
        self.receipt.change(note).await;
    }
}
