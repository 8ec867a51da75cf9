//! The checks before a release: whether both servers grant every permission that the plan needs.
//!
//! The requests change nothing: generated notes are not stored, and an upload session is closed or used by the first blob.

use anyhow::Context as _;
use chrono::Utc;

use crate::error::{Exit, Failure};
use crate::registry::Registry;
use crate::release::observe::{Observed, finding};
use crate::release::session::Session;
use crate::report::Report;
use floe_core::model::{Destination, Subject};
use floe_core::plan::{self, Conflict, Plan, Since, Step};
use floe_core::preflight::{Access, Answer, Asked, Check, Outcome, Package, ServerFacts, checks};
use floe_core::world::{RemoteChannel, RemoteImage, World};

/// A plan and the checks before it.
pub struct Preflight {
    /// The plan, or what conflicts with it; `None` if a server did not answer.
    pub ready: Option<Result<Ready, Vec<Conflict>>>,
    /// Every check, in the order in which publishing would meet them.
    pub checks: Vec<Check>,
    /// The error of the first server that did not answer, with its causes.
    error: Option<anyhow::Error>,
}

/// A plan that may be executed.
pub struct Ready {
    /// The plan.
    pub plan: Plan,
    /// Whether everybody can see the repository, and so should be able to pull its image.
    pub is_public: bool,
    /// The channels as they were seen.
    pub channels: Vec<Asked<RemoteChannel>>,
}

/// Checks the permissions that a plan needs, and judges them together with the observed state.
pub async fn preflight(
    subject: &Subject<'_>,
    plan: Option<Result<Plan, Vec<Conflict>>>,
    observed: Observed,
    session: &Session,
) -> Preflight {
    let Observed { world, access, registry, error } = observed;
    let facts = ask(subject, plan.as_ref(), &world, access, registry, session).await;
    let done = plan.as_ref().and_then(|plan| plan.as_ref().ok());
    let checks = checks(subject, &world, done, &facts);
    // Conflicts are reported although the registry did not answer, but no plan is made of half the facts.
    let is_complete = facts.access.is_ok() && !matches!(facts.registry, Some(Err(_)));
    let plan = plan.filter(|plan| is_complete || plan.is_err());
    let is_public = facts.access.is_ok_and(|access| !access.private);
    let channels = world.channels;
    let ready = plan.map(|plan| plan.map(|plan| Ready { plan, is_public, channels }));
    Preflight { ready, checks, error }
}

/// Asks for the permissions that the plan needs.
async fn ask(
    subject: &Subject<'_>,
    plan: Option<&Result<Plan, Vec<Conflict>>>,
    world: &World,
    access: Asked<Access>,
    answers: Option<Asked<()>>,
    session: &Session,
) -> ServerFacts {
    let rights = &session.rights;
    let Destination { repo, tag, .. } = &subject.destination;
    let todo = |is: &dyn Fn(&Step) -> bool| match plan {
        Some(Ok(plan)) => plan.todo().any(is),
        // Most conflicts can be resolved; a published release is not changed again.
        Some(Err(_)) => world.published(tag).is_none(),
        None => true,
    };
    let of_registry = |step: &Step| {
        matches!(
            step,
            Step::PushImage { .. } | Step::TagImage { .. } | Step::Attach { .. } | Step::ListAttached { .. }
        )
    };
    let elsewhere = |step: &Step| match step {
        Step::Channel { place, .. } => !place.writes().is_some_and(|other| other.is(repo)),
        step => of_registry(step),
    };
    // Before the dist is built, another token than the one that will publish may look.
    let may_ask = !rights.reads_only && (subject.release.is_some() || rights.may_push(&access));
    let takes_writes = |access: &Access| !access.frozen && access.new_name(repo).is_none();
    let write = async {
        let is_wanted = may_ask && rights.has_token && todo(&|step| !elsewhere(step));
        if !is_wanted || !access.as_ref().is_ok_and(takes_writes) {
            return None;
        }
        let asked = session.github.may_write(tag, Since::of(tag, world).tag()).await;
        Some(asked.map_err(|error| finding(&error)))
    };
    let registry = session.registry.as_ref().filter(|_| !matches!(answers, Some(Err(_))));
    let push = async {
        // Without any token the first answer was final; a private registry may need none.
        let may_push = |registry: &&Registry| rights.has_token || registry.has_credentials();
        let registry = registry.filter(may_push).filter(|_| may_ask && todo(&of_registry))?;
        Some(registry.may_push().await.map_err(|error| finding(&error)))
    };
    let is_public = access.as_ref().is_ok_and(|access| !access.private);
    let moves_tags = answers.is_some() && todo(&|step| matches!(step, Step::TagImage { .. }));
    let package =
        async { package(registry.filter(|_| moves_tags && is_public)?, world.image.as_ref()?).await };
    let (write, push, package) = tokio::join!(write, push, package);
    let (now, rights, budget) = (Utc::now(), rights.clone(), session.github.budget());
    ServerFacts { now, rights, access, write, budget, registry: answers, push, package }
}

/// Whether the package is public, by the first of its tags that exists.
async fn package(registry: &Registry, image: &RemoteImage) -> Option<Asked<Package>> {
    let Some(digest) = image.tags.values().next() else {
        return image.present.is_empty().then_some(Ok(Package::Absent));
    };
    Some(match registry.is_public(digest).await {
        Ok(true) => Ok(Package::Public),
        Ok(false) => Ok(Package::Hidden),
        Err(error) => Err(finding(&error)),
    })
}

impl Preflight {
    /// Reports the selected checks. Failed ones are in the error that ends the run.
    pub fn report(&self, report: &Report, is_wanted: impl Fn(&Check) -> bool) {
        let _group = report.group("Checks before the release");
        for check in self.checks.iter().filter(|check| is_wanted(check)) {
            let Outcome { answer, found, cure } = &check.outcome;
            let line = format!("{:<10}  {found}", check.about);
            match answer {
                Answer::Passed => report.folded("Passed", line),
                Answer::Skipped => report.folded("Skipped", line),
                Answer::Warning => report.warn(format!("{found}: {}", cure.as_deref().unwrap_or_default())),
                Answer::Failed => report.folded("Failed", line),
            }
        }
    }

    /// The plan, if it may be executed; else one error with every reason why not.
    pub fn ready(self) -> anyhow::Result<Ready> {
        let Preflight { ready, checks, error } = self;
        let failed = checks.into_iter().map(|check| check.outcome).filter(|one| one.answer == Answer::Failed);
        let failed: Vec<(String, String)> =
            failed.map(|one| (one.found, one.cure.unwrap_or_default())).collect();
        let (ready, conflicts) = match ready.transpose() {
            Ok(ready) => (ready, Vec::new()),
            Err(conflicts) => (None, conflicts),
        };
        let failure = match (failed.as_slice(), conflicts.as_slice(), error) {
            ([], [], _) => return ready.context("a server did not answer, although no check failed"),
            // A server's error is reported with its causes if it is the only reason.
            ([_], [], Some(error)) => Failure::around(error),
            ([(found, cure)], [], None) => Failure::new(found.clone()).hint(cure.clone()),
            ([], _, _) => Failure::of_conflicts(&conflicts),
            _ => {
                let reasons: Vec<_> = failed.into_iter().chain(plan::reasons(&conflicts)).collect();
                Failure::of_reasons(format!("publishing would fail for {} reasons", reasons.len()), &reasons)
            }
        };
        Err(failure.state("nothing was changed").exit(Exit::of_conflicts(&conflicts)).into())
    }
}
