//! Looking at both servers and asking them everything that they could refuse later.
//!
//! Whatever is asked leaves nothing behind: notes that nobody keeps, and an upload session that is closed again.

use chrono::Utc;

use crate::error::Failure;
use crate::registry::Registry;
use crate::release::remote::{self, Remote};
use floe_core::model::Release;
use floe_core::plan::{Conflict, Plan, Step, previous};
use floe_core::preflight::{Access, Facts, Package, Question, Said, questions};
use floe_core::world::{RemoteImage, World};

/// What both servers hold and allow, and what follows from it.
pub struct Looked {
    /// The plan, or what stands in its way; without it a server could not be asked, and a question says so.
    pub plan: Option<Result<Plan, Vec<Conflict>>>,
    /// Every question, in the order in which publishing would meet them.
    pub questions: Vec<Question>,
    /// Whether strangers cannot see the repository.
    pub private: bool,
    /// The error behind the first failed look, whole.
    pub error: Option<anyhow::Error>,
}

/// Looks at both servers at once, decides, and asks for the rights that the plan needs; meanwhile it looks which parts
/// of an image are there that is not there whole.
pub async fn look(release: &Release, remote: &Remote) -> Looked {
    let (github, image) = tokio::join!(remote.observe_github(release), remote.observe_registry(release));
    let mut error = None;
    let mut said = |why: anyhow::Error| {
        let said = say(&why);
        error.get_or_insert(why);
        said
    };
    let (github, access) = match github {
        Ok((world, access)) => (Some(world), Ok(access)),
        Err(why) => (None, Err(said(why))),
    };
    let (image, registry) = match image {
        Ok(image) => (image, Ok(())),
        Err(why) => (None, Err(said(why))),
    };
    let is_complete = github.is_some() && registry.is_ok();
    let mut world = World { image, ..github.unwrap_or_default() };
    let private = access.as_ref().is_ok_and(|access| access.private);
    let mut facts = Facts {
        now: Utc::now(),
        has_token: remote.github.has_token(),
        access,
        write: None,
        budget: None,
        registry: remote.registry.as_ref().map(|_| registry),
        push: None,
        package: None,
    };
    let plan = facts.access.is_ok().then(|| Plan::new(release, &world));
    let wanted = Wanted::of(release, &world, plan.as_ref());
    if let Err(why) = ask(&mut facts, &wanted, (release, &mut world), remote).await {
        facts.registry = Some(Err(said(why)));
    }
    facts.budget = remote.github.budget();
    let plan = facts.access.is_ok().then(|| Plan::new(release, &world));
    let questions = questions(release, &world, plan.as_ref().and_then(|plan| plan.as_ref().ok()), &facts);
    // What stands in the way is told even where a server is silent, but nothing is planned on half of the truth.
    let is_complete = is_complete && !matches!(facts.registry, Some(Err(_)));
    let plan = plan.filter(|plan| is_complete || plan.is_err());
    Looked { plan, questions, private, error }
}

/// Which rights publishing would need.
struct Wanted {
    write: bool,
    push: bool,
    tags: bool,
}

impl Wanted {
    fn of(release: &Release, world: &World, plan: Option<&Result<Plan, Vec<Conflict>>>) -> Self {
        let todo = |is: fn(&Step) -> bool| match plan {
            Some(Ok(plan)) => plan.todo().any(is),
            // What is in the way may go out of it; only a published release stays as it is.
            Some(Err(_)) => world.published(&release.home.tag).is_none(),
            None => true,
        };
        Wanted {
            write: todo(|step| !matches!(step, Step::PushImage { .. } | Step::TagImage { .. })),
            push: todo(|step| matches!(step, Step::PushImage { .. } | Step::TagImage { .. })),
            tags: todo(|step| matches!(step, Step::TagImage { .. })),
        }
    }
}

/// Asks all of it at once.
///
/// # Errors
/// The registry cannot say what it holds of the image; whatever else is refused is among the facts.
async fn ask(
    facts: &mut Facts,
    wanted: &Wanted,
    (release, world): (&Release, &mut World),
    remote: &Remote,
) -> anyhow::Result<()> {
    let tag = &release.home.tag;
    let writable = |access: &Access| {
        let name = access.name.as_ref();
        !access.frozen && name.is_none_or(|name| name.eq_ignore_ascii_case(&release.home.repo.to_string()))
    };
    let ask_write = wanted.write && facts.has_token && facts.access.as_ref().is_ok_and(writable);
    let write = async {
        if !ask_write {
            return None;
        }
        let previous = previous(tag, &world.other_versions(tag));
        Some(remote.github.may_write(tag, previous.as_ref()).await.map_err(|error| say(&error)))
    };
    let registry = remote.registry.as_ref().filter(|_| facts.registry == Some(Ok(())));
    let push = async {
        let registry = registry.filter(|_| wanted.push)?;
        // Without any secret the first answer has said it all; a registry of one's own may want none.
        if !facts.has_token && !registry.has_credentials() {
            return None;
        }
        Some(registry.may_push().await.map_err(|error| say(&error)))
    };
    let private = facts.access.as_ref().is_ok_and(|access| access.private);
    let stranger = registry.filter(|_| wanted.tags && !private);
    let package = async { package(stranger?, world.image.as_ref()?).await };
    let lacks_index = world.image.as_ref().is_some_and(|image| image.present.is_empty());
    let parts = async {
        match release.image.as_ref().filter(|_| registry.is_some() && wanted.push && lacks_index) {
            Some(image) => remote.observe_parts(image).await,
            None => Ok(Vec::new()),
        }
    };
    let found;
    (facts.write, facts.push, facts.package, found) = tokio::join!(write, push, package, parts);
    if let Some(image) = &mut world.image {
        image.present.extend(found?);
        if stranger.is_some() && image.tags.is_empty() && image.present.is_empty() {
            facts.package = Some(Package::Absent);
        }
    }
    Ok(())
}

/// How the package looks to strangers, by the first of its tags that is there.
async fn package(registry: &Registry, image: &RemoteImage) -> Option<Package> {
    let digest = image.tags.values().next()?;
    let public = remote::strangers_can_pull(registry, digest).await.ok()?;
    Some(if public { Package::Public } else { Package::Hidden })
}

/// An error as one line and the way out of it.
fn say(error: &anyhow::Error) -> Said {
    let hint = error.chain().filter_map(|cause| cause.downcast_ref::<Failure>()?.hint_text()).last();
    Said {
        found: format!("{error:#}"),
        cure: hint.unwrap_or("ask again: this may pass by itself").to_owned(),
    }
}
