//! The plan: what is missing between the world and the release, decided by a pure function.
//!
//! A step whose effect is already in the world is planned as done. What floe would have to change although it is
//! public is a [`Conflict`], and then there is no plan at all.

mod conflict;
mod ladder;
mod line;
mod outlook;
mod show;
mod step;

pub use conflict::{Conflict, reasons};
pub use ladder::{image_tags, previous};
pub use line::{Line, Status};
pub use outlook::Outlook;
pub use show::PlanJson;
pub use step::{Phase, Step};

use crate::model::{Asset, Digest, Home, Image, Release, Tag};
use crate::world::{Likeness, Published, RemoteAsset, RemoteImage, RemoteRelease, World};
use ladder::is_highest_stable;

/// What to do, in order: every stage step before every reveal step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Planned>,
    /// The draft that is filled, if there is one already.
    pub draft: Option<RemoteRelease>,
    /// The published release, if there is one already: then nothing about it is left to do.
    pub published: Option<RemoteRelease>,
}

/// A step and whether it is still to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The step.
    pub step: Step,
    /// What it is done to, for people.
    pub object: String,
    /// Whether the world already holds its effect.
    pub done: bool,
}

impl Plan {
    /// Decides what is left to do.
    ///
    /// # Errors
    /// Every conflict between the release and the world.
    pub fn new(release: &Release, world: &World) -> Result<Plan, Vec<Conflict>> {
        let home = &release.home;
        let others = world.other_versions(&home.tag);
        let published = world.published(&home.tag);
        let drafts = world.drafts(&home.tag);
        // A draft beside a published release is somebody's leftover; the release is what counts.
        let draft = if published.is_none() { drafts.first().copied() } else { None };

        let mut conflicts = conflicts_of_the_tag(home, world);
        if let Some(published) = published {
            conflicts.extend(published_conflicts(release, published));
        }
        if let Some(draft) = draft {
            conflicts.extend(
                extra_assets(release, &draft.assets)
                    .map(|asset| Conflict::DraftHolds { id: draft.id, name: asset.name.clone() }),
            );
        }
        conflicts.extend(image_conflict(release, world));
        if !conflicts.is_empty() {
            return Err(conflicts);
        }

        let mut steps = Vec::new();
        if let (Some(image), Some(remote)) = (&release.image, &world.image) {
            steps.push(push_image(image, remote));
        }
        // The notes list the files. A draft whose notes list others is not the draft of this release yet.
        let has_notes = draft.is_some_and(|draft| draft.holds_notes(&release.notes.footer));
        let draft_step = Step::CreateDraft { previous: previous(&home.tag, &others) };
        steps.push((draft_step, published.is_some() || has_notes));
        for asset in &release.assets {
            steps.extend(asset_steps(asset, draft, published.is_some()));
        }
        let (latest, prerelease) =
            (is_highest_stable(&home.tag, &others, |_| true), home.tag.is_prerelease());
        steps.push((Step::Publish { latest, prerelease }, published.is_some()));
        if let (Some(image), Some(remote)) = (&release.image, &world.image) {
            steps.push(tag_image(&home.tag, &others, &image.index.digest, remote));
        }
        let planned = |(step, done): (Step, bool)| Planned { object: step.object(release), step, done };
        let steps = steps.into_iter().map(planned).collect();
        Ok(Plan { steps, draft: draft.cloned(), published: published.cloned() })
    }

    /// Whether the registry holds the whole image, or the release has none.
    pub fn has_image(&self) -> bool {
        !self.todo().any(|step| matches!(step, Step::PushImage { .. }))
    }

    /// The steps as the lines of a table.
    pub fn lines(&self) -> Vec<Line> {
        let line = |planned: &Planned| Line {
            phase: planned.step.phase(),
            verb: planned.step.verb().to_owned(),
            object: planned.object.clone(),
            bytes: planned.step.bytes(),
            status: if planned.done { Status::Was } else { Status::Todo },
            millis: None,
        };
        self.steps.iter().map(line).collect()
    }

    /// The steps that are left.
    pub fn todo(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|planned| !planned.done).map(|planned| &planned.step)
    }
}

/// What stands in the way of any release of the tag, whatever it holds.
fn conflicts_of_the_tag(home: &Home, world: &World) -> Vec<Conflict> {
    let tag = home.tag.clone();
    let mut conflicts = Vec::new();
    match &world.tag {
        None => conflicts.push(Conflict::NoTag { tag: tag.clone() }),
        Some(remote) if *remote != home.commit => conflicts.push(Conflict::OtherCommit {
            tag: tag.clone(),
            remote: remote.clone(),
            built: home.commit.clone(),
        }),
        Some(_) => {}
    }
    let drafts = world.drafts(&tag);
    if world.published(&tag).is_none() && drafts.len() > 1 {
        conflicts.push(Conflict::Drafts { tag, ids: drafts.iter().map(|draft| draft.id).collect() });
    }
    conflicts
}

fn published_conflicts(release: &Release, published: &RemoteRelease) -> Vec<Conflict> {
    let tag = &release.home.tag;
    let mut conflicts: Vec<Conflict> = extra_assets(release, &published.assets)
        .map(|asset| Conflict::PublishedHolds { tag: tag.clone(), name: asset.name.clone() })
        .collect();
    for asset in &release.assets {
        let (tag, name) = (tag.clone(), asset.name.clone());
        match published.assets.iter().find(|remote| remote.name == asset.name) {
            None => conflicts.push(Conflict::PublishedLacks { tag, name }),
            Some(remote) if remote.likeness(asset) == Likeness::Other => {
                conflicts.push(Conflict::PublishedOther { tag, name });
            }
            Some(_) => {}
        }
    }
    conflicts
}

fn extra_assets<'a>(
    release: &'a Release,
    assets: &'a [RemoteAsset],
) -> impl Iterator<Item = &'a RemoteAsset> {
    assets.iter().filter(|remote| !release.assets.iter().any(|asset| asset.name == remote.name))
}

fn image_conflict(release: &Release, world: &World) -> Option<Conflict> {
    let (image, remote) = (release.image.as_ref()?, world.image.as_ref()?);
    let exact = release.version.to_string();
    let (ours, found) = (image.index.digest, *remote.tags.get(&exact)?);
    let reference = format!("{}:{exact}", release.home.image);
    (ours != found).then_some(Conflict::ImageTag { reference, remote: found, ours })
}

fn push_image(image: &Image, remote: &RemoteImage) -> (Step, bool) {
    let missing: Vec<_> = image
        .blobs()
        .into_iter()
        .chain(image.manifests())
        .filter(|blob| !remote.present.contains(&blob.digest))
        .collect();
    // Registries keep what a manifest names, so an index that is there is there with everything.
    let done = remote.present.contains(&image.index.digest);
    let bytes = if done { image.size() } else { missing.iter().map(|blob| blob.size).sum() };
    let missing = if done { Vec::new() } else { missing.iter().map(|blob| blob.digest).collect() };
    (Step::PushImage { digest: image.index.digest, missing, bytes }, done)
}

fn asset_steps(asset: &Asset, draft: Option<&RemoteRelease>, published: bool) -> Vec<(Step, bool)> {
    let remote = draft.and_then(|draft| draft.assets.iter().find(|remote| remote.name == asset.name));
    let same = remote.is_some_and(|remote| remote.likeness(asset) == Likeness::Same);
    let mut steps = Vec::new();
    if let Some(remote) = remote.filter(|_| !same) {
        steps.push((Step::DeleteAsset { id: remote.id, name: remote.name.clone() }, false));
    }
    steps.push((Step::Upload { name: asset.name.clone(), bytes: asset.size }, published || same));
    steps
}

fn tag_image(tag: &Tag, others: &[Published], digest: &Digest, remote: &RemoteImage) -> (Step, bool) {
    let tags = image_tags(tag, others);
    let missing: Vec<String> =
        tags.iter().filter(|tag| remote.tags.get(*tag) != Some(digest)).cloned().collect();
    let done = missing.is_empty();
    (Step::TagImage { tags, missing }, done)
}
