//! The only loop that acts: step by step from a plan to a receipt.
//!
//! Everything is staged first, a few things at a time; then both servers are looked at once more, and what is staged
//! is compared with what is promised, as a set; only then is it revealed, one step after the other. It decides nothing: a step that is planned as done is
//! left alone.

mod again;
mod image;

use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::error::Failure;
use crate::github::{ASSETS_AT_ONCE, second_to};
use crate::net::retry::Retry;
use crate::net::stop;
use crate::registry::Registry;
use crate::release::receipt::ReceiptWriter;
use crate::release::remote::{self, Remote};
use crate::report::{Progress, Report, seconds, size};
use floe_core::model::{Asset, Image, Release};
use floe_core::plan::{Phase, Plan, Planned, Step};
use floe_core::receipt::{Receipt, Status};
use floe_core::world::RemoteRelease;

/// A plan and all that is needed to carry it out.
pub struct Job<'a> {
    /// What is promised.
    pub release: &'a Release,
    /// What is missing.
    pub plan: &'a Plan,
    /// Where it goes.
    pub remote: &'a Remote,
    /// How often something is tried.
    pub retry: &'a Retry,
    /// Where it is told.
    pub report: &'a Report,
    /// Where the receipt is written, after every step.
    pub receipt: &'a Path,
    /// Whether the image is for strangers too.
    pub public: bool,
}

/// What came of a job.
pub struct Done {
    /// What was done.
    pub receipt: Receipt,
    /// Whether strangers can pull the image, asked where it was for them and its tags were set.
    pub pullable: Option<bool>,
}

/// Does what is left to do.
///
/// # Errors
/// The first step that could not be done, with what is public now and how to go on. The receipt says the same.
pub async fn run(job: Job<'_>) -> anyhow::Result<Done> {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let receipt = ReceiptWriter::begin(job.receipt, Receipt::new(job.release, job.plan, now)).await?;
    let draft = job.plan.draft.clone().map(OnceLock::from).unwrap_or_default();
    let (halted, pullable) = (Mutex::default(), OnceLock::new());
    let run = Run { job, draft, receipt, halted, pullable, began: Instant::now() };
    let heed = stop::heed();
    let result = run.stage_then_reveal().await;
    drop(heed);
    run.receipt.change(|receipt| receipt.requests = run.job.remote.requests()).await;
    let receipt = run.receipt.get().await;
    match result.and(run.receipt.flush().await) {
        Ok(()) => Ok(Done { receipt, pullable: run.pullable.into_inner() }),
        Err(error) => Err(Failure::around(error)
            .state(receipt.state())
            .hint("run the same command again; it continues where this run stopped")
            .into()),
    }
}

/// A job under way.
struct Run<'a> {
    job: Job<'a>,
    draft: OnceLock<RemoteRelease>,
    receipt: ReceiptWriter,
    /// Whether strangers can pull the image.
    pullable: OnceLock<bool>,
    /// What the request to stop has cut off.
    halted: Mutex<Option<anyhow::Error>>,
    began: Instant,
}

impl<'a> Run<'a> {
    async fn stage_then_reveal(&self) -> anyhow::Result<()> {
        let group = self.job.report.group("Staging, unseen by anybody");
        let staging = self.todo(Phase::Stage);
        let bytes = staging.iter().filter_map(|(_, one)| one.step.bytes()).sum();
        let progress = self.job.report.progress("Staging", bytes);
        let (image, release): (Vec<_>, Vec<_>) =
            staging.into_iter().partition(|(_, one)| matches!(one.step, Step::PushImage { .. }));
        tokio::try_join!(self.each(&image, &progress), self.stage_release(&release, &progress))?;
        drop((progress, group));
        self.go_on().await?;

        if self.todo(Phase::Reveal).is_empty() {
            return Ok(());
        }
        // What was decided at the beginning is old by now: what is revealed is decided on a second look.
        let plan = self.look_again().await?;
        self.receipt.change(|receipt| receipt.look_again(self.job.release, &plan)).await;
        // The receipt must be on disk before anything becomes public.
        self.receipt.flush().await?;
        let none = self.job.report.progress("Revealing", 0);
        let steps = self.revealing(&plan);
        tokio::try_join!(self.each(&steps, &none), self.ask_as_stranger(&steps))?;
        self.go_on().await
    }

    /// Stops here if that was asked for and something is left.
    async fn go_on(&self) -> anyhow::Result<()> {
        let Some(by) = stop::asked() else { return Ok(()) };
        let receipt = self.receipt.get().await;
        let (steps, left) = (receipt.steps.len(), receipt.left());
        if left == 0 {
            return Ok(());
        }
        let stopped = Failure::new(format!("stopped by {by} with {left} of {steps} steps left"));
        let halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner).take();
        Err(match halted {
            Some(error) => stopped.because(error).into(),
            None => stopped.into(),
        })
    }

    /// The steps that a second look leaves to reveal, at their places in the first plan.
    fn revealing<'p>(&self, plan: &'p Plan) -> Vec<(usize, &'p Planned)> {
        let is_reveal = |one: &&Planned| one.step.phase() == Phase::Reveal;
        let from = self.job.plan.steps.iter().take_while(|one| !is_reveal(one)).count();
        let steps = plan.steps.iter().filter(is_reveal).enumerate();
        steps.filter(|(_, one)| !one.done).map(|(at, one)| (from + at, one)).collect()
    }

    fn todo(&self, phase: Phase) -> Vec<(usize, &'a Planned)> {
        let steps = self.job.plan.steps.iter().enumerate();
        steps.filter(|(_, one)| !one.done && one.step.phase() == phase).collect()
    }

    /// The draft first, then its assets a few at a time; what is deleted is deleted before it is uploaded again.
    /// Meanwhile it is seen whether another run was first: then what is under way ends here, and its draft is taken back.
    async fn stage_release(&self, steps: &[(usize, &'a Planned)], progress: &Progress) -> anyhow::Result<()> {
        let (draft, assets): (Vec<_>, Vec<_>) =
            steps.iter().copied().partition(|(_, one)| matches!(one.step, Step::CreateDraft { .. }));
        self.each(&draft, progress).await?;
        let mut groups: Vec<Vec<(usize, &Planned)>> = Vec::new();
        for one in assets {
            match groups.last_mut() {
                Some(group)
                    if group.last().is_some_and(|(_, one)| matches!(one.step, Step::DeleteAsset { .. })) =>
                {
                    group.push(one)
                }
                _ => groups.push(vec![one]),
            }
        }
        let uploads = stream::iter(groups)
            .map(|group| async move { self.each(&group, progress).await })
            .buffer_unordered(ASSETS_AT_ONCE)
            .try_collect::<()>();
        let (github, overtaken) = (&self.job.remote.github, OnceLock::new());
        let made_here = self.draft.get().filter(|_| self.job.plan.draft.is_none());
        let be_first = async {
            let Some(draft) = made_here else { return Ok(()) };
            let Some(older) = github.older_than(draft).await? else { return Ok(()) };
            let _ = overtaken.set(draft);
            Err(second_to(&draft.tag, older.id).into())
        };
        let staged = tokio::try_join!(be_first, uploads).map(drop);
        if let Some(draft) = overtaken.get() {
            github.take_back(draft).await?;
        }
        staged
    }

    /// One step after the other, until somebody asks to stop: what is under way elsewhere then goes on to its end.
    async fn each(&self, steps: &[(usize, &Planned)], progress: &Progress) -> anyhow::Result<()> {
        for (at, Planned { step, object, .. }) in steps {
            if stop::asked().is_some() {
                return Ok(());
            }
            let from = self.began.elapsed();
            let result = self.act(step, progress).await;
            if stop::asked().is_some()
                && let Err(error) = result
            {
                self.note(*at, from, Status::Failed).await;
                *self.halted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                return Ok(());
            }
            self.note(*at, from, if result.is_ok() { Status::Done } else { Status::Failed }).await;
            result?;
            let bytes = step.bytes().map(|bytes| format!("  {}", size(bytes))).unwrap_or_default();
            let took = seconds(self.began.elapsed() - from);
            self.job.report.step(past(step), format!("{}{bytes}  in {took}", object));
        }
        Ok(())
    }

    /// The one place that changes the world.
    async fn act(&self, step: &Step, progress: &Progress) -> anyhow::Result<()> {
        let github = &self.job.remote.github;
        let tag = &self.job.release.home.tag;
        match step {
            Step::PushImage { missing, .. } => {
                let (image, registry) = self.image()?;
                image::push(registry, image, missing, progress).await
            }
            Step::CreateDraft { previous } => {
                let generated = match &self.job.release.notes.head {
                    floe_core::model::notes::Head::Generated => {
                        github.generate_notes(tag, previous.as_ref()).await?
                    }
                    floe_core::model::notes::Head::Text(_) => String::new(),
                };
                let page = &self.job.release.home.page;
                let link = match previous {
                    Some(previous) => format!("{page}/compare/{previous}...{tag}"),
                    None => format!("{page}/commits/{tag}"),
                };
                let notes = self.job.release.notes.render(&generated, &link);
                match self.draft.get() {
                    // Somebody else's draft, or one of another dist: its notes tell of other files.
                    Some(draft) => github.write_notes(draft, &notes).await,
                    None => {
                        let _ = self.draft.set(github.create_draft(tag, &notes).await?);
                        Ok(())
                    }
                }
            }
            Step::DeleteAsset { id, name } => github.delete_asset(self.draft()?, *id, name).await,
            Step::Upload { name, .. } => {
                let asset = asset(self.job.release, name)?;
                github.upload(self.draft()?, asset, progress).await?;
                Ok(())
            }
            Step::Publish { latest, .. } => {
                let release = github.publish(self.draft()?.id, tag, *latest).await?;
                let publish = |receipt: &mut Receipt| {
                    receipt.published = true;
                    receipt.url = Some(release.url);
                };
                self.receipt.change(publish).await;
                Ok(())
            }
            Step::TagImage { missing, .. } => {
                let (image, registry) = self.image()?;
                image::tag(registry, image, missing).await
            }
        }
    }

    /// Whether strangers can pull the image is seen while its tags are set: it is there by its digest by now.
    async fn ask_as_stranger(&self, steps: &[(usize, &Planned)]) -> anyhow::Result<()> {
        let tags = steps.iter().any(|(_, one)| matches!(one.step, Step::TagImage { .. }));
        if self.job.public && tags && stop::asked().is_none() {
            let (image, registry) = self.image()?;
            let _ = self.pullable.set(remote::strangers_can_pull(registry, &image.index.digest).await?);
        }
        Ok(())
    }

    fn image(&self) -> anyhow::Result<(&Image, &Registry)> {
        let both = self.job.release.image.as_ref().zip(self.job.remote.registry.as_ref());
        both.context("the plan has an image, but the release has none")
    }

    fn draft(&self) -> anyhow::Result<&RemoteRelease> {
        self.draft.get().context("the plan uploads before there is a draft")
    }

    async fn note(&self, at: usize, from: Duration, status: Status) {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let note = |receipt: &mut Receipt| {
            receipt.requests = self.job.remote.requests();
            if let Some(line) = receipt.steps.get_mut(at) {
                line.status = status;
                line.millis = Some((millis(from), millis(self.began.elapsed())));
            }
        };
        self.receipt.change(note).await;
    }
}

fn asset<'a>(release: &'a Release, name: &str) -> anyhow::Result<&'a Asset> {
    let asset = release.assets.iter().find(|asset| asset.name == name);
    asset.with_context(|| format!("the plan uploads `{name}`, which the release does not promise"))
}

fn past(step: &Step) -> &'static str {
    match step {
        Step::PushImage { .. } => "Pushed",
        Step::CreateDraft { .. } => "Drafted",
        Step::DeleteAsset { .. } => "Deleted",
        Step::Upload { .. } => "Uploaded",
        Step::Publish { .. } => "Published",
        Step::TagImage { .. } => "Tagged",
    }
}
