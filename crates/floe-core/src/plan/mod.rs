//! The plan: the steps that are missing between the world and the release, decided by a pure function.
//!
//! A step whose effect is already in the world is planned as done. A public thing that floe would have to change is a
//! [`Conflict`], and then there is no plan.

use std::collections::BTreeSet;

pub mod channel;
mod conflict;
mod ladder;
mod line;
mod show;
mod step;
pub mod submission;

pub use channel::Standing;
pub use conflict::{Conflict, reasons};
pub use ladder::{Since, image_tags};
pub use line::{Line, Status};
pub use show::PlanJson;
pub use step::{Phase, Step};

use crate::attachment::{self, Attachment};
use crate::model::body::Head;
use crate::model::release::ATTESTATION;
use crate::model::{Asset, Destination, Digest, Image, Subject};
use crate::world::{AssetMatch, RemoteImage, RemoteRelease, World};

/// The steps in order: every stage step before every reveal step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Planned>,
    /// The existing draft that is filled, if there is one.
    pub draft: Option<RemoteRelease>,
    /// The published release, if there is one. Only the image and the channels can still lack steps.
    pub published: Option<RemoteRelease>,
    /// Why the release updates no channel, if it has any and updates none.
    pub stays: Option<String>,
}

/// A step, and whether it is already done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The step.
    pub step: Step,
    /// The object of the step, as text for people.
    pub object: String,
    /// Whether its effect is already there.
    pub done: bool,
}

impl Plan {
    /// Plans the missing steps. Before a dist is built, names are compared instead of bytes.
    ///
    /// # Errors
    /// Every conflict between the subject and the world.
    pub fn new(subject: &Subject<'_>, world: &World) -> Result<Plan, Vec<Conflict>> {
        let destination = &subject.destination;
        let own = world.own_version(&destination.tag);
        let stays = channel::stays(&own, &world.other_versions(&destination.tag));
        let published = world.published(&destination.tag);
        let drafts = world.drafts(&destination.tag);
        // A draft beside a published release is left over from another run; the release counts.
        let draft = if published.is_none() { drafts.first().copied() } else { None };

        let mut conflicts = conflicts_of_the_tag(destination, world);
        if let Some(published) = published {
            conflicts.extend(published_conflicts(subject, published));
        }
        if let Some(draft) = draft {
            conflicts.extend(draft_conflicts(subject, draft));
        }
        conflicts.extend(image_conflict(subject, world));
        let highest = stays.is_none();
        let channels = if highest { channel::steps(subject, world) } else { Vec::new() };
        if published.is_none() {
            conflicts.extend(channels.iter().filter_map(channel::conflict));
        }
        if !conflicts.is_empty() {
            return Err(conflicts);
        }

        let is_published = published.is_some();
        let latest = destination.may_be_latest && highest;
        let mut steps = vec![(Step::Publish { latest, prerelease: !own.stable }, is_published)];
        steps.extend(image_steps(subject, world, is_published));
        steps.extend(attach_steps(subject, world));
        // The notes list the files, so a draft with the notes of another dist must be updated.
        let footer = footer(subject);
        let has_notes = draft.zip(footer).is_some_and(|(draft, footer)| draft.holds_notes(footer));
        let since = Since::of(&destination.tag, world);
        let keeps = draft.map(|draft| kept(draft, footer)).unwrap_or_default();
        steps.push((Step::CreateDraft { since, keeps }, is_published || has_notes));
        for name in &subject.assets {
            steps.extend(asset_steps(name, subject.asset(name), draft, is_published));
        }
        steps.extend(channels);
        // The order within a phase stays, so the commit point is the first step that reveals.
        steps.sort_by_key(|(step, _)| step.phase());
        let stays = stays.filter(|_| !subject.places.is_empty());
        let planned = |(step, done): (Step, bool)| Planned { object: step.object(subject), step, done };
        let steps = steps.into_iter().map(planned).collect();
        Ok(Plan { steps, draft: draft.cloned(), published: published.cloned(), stays })
    }

    /// Whether the registry holds the whole image and what is attached to it, or the release has none.
    pub fn has_image(&self) -> bool {
        !self.todo().any(|step| matches!(step, Step::PushImage { .. } | Step::Attach { .. }))
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

fn conflicts_of_the_tag(destination: &Destination, world: &World) -> Vec<Conflict> {
    let tag = destination.tag.clone();
    let mut conflicts = Vec::new();
    match &world.tag {
        None => conflicts.push(Conflict::NoTag { tag: tag.clone() }),
        Some(remote) if *remote != destination.commit => conflicts.push(Conflict::OtherCommit {
            tag: tag.clone(),
            remote: remote.clone(),
            built: destination.commit.clone(),
        }),
        Some(_) => {}
    }
    let drafts = world.drafts(&tag);
    if world.published(&tag).is_none() && drafts.len() > 1 {
        conflicts.push(Conflict::Drafts { tag, ids: drafts.iter().map(|draft| draft.id).collect() });
    }
    conflicts
}

fn footer<'a>(subject: &Subject<'a>) -> Option<&'a str> {
    subject.release.map(|release| release.notes.footer.as_str())
}

/// The parts of a draft that can neither be kept nor published.
fn draft_conflicts(subject: &Subject<'_>, draft: &RemoteRelease) -> Vec<Conflict> {
    let (id, tag) = (draft.id, &subject.destination.tag);
    // Before the build it is unknown whether a best-effort attestation will be there again.
    let may_be_there = |name: &&str| *name == ATTESTATION && subject.release.is_none();
    let extra = unpromised(subject, draft).into_iter().filter(|name| !may_be_there(name));
    let mut conflicts: Vec<Conflict> =
        extra.map(|name| Conflict::DraftHolds { id, name: name.to_owned() }).collect();
    if draft.prerelease && !tag.is_prerelease() {
        conflicts.push(Conflict::DraftPrerelease { id, tag: tag.clone() });
    }
    let footer = footer(subject);
    match Head::of(&draft.notes, footer) {
        Head::Unclear(why) if !footer.is_some_and(|footer| draft.holds_notes(footer)) => {
            conflicts.push(Conflict::DraftText { id, why });
        }
        _ => {}
    }
    conflicts
}

/// The parts of a draft that a person wrote.
fn kept(draft: &RemoteRelease, footer: Option<&str>) -> Vec<&'static str> {
    let has_text = matches!(Head::of(&draft.notes, footer), Head::ByHand(_));
    [(draft.has_own_title(), "title"), (has_text, "text")]
        .into_iter()
        .filter_map(|(is_kept, part)| is_kept.then_some(part))
        .collect()
}

/// Missing and different assets of the published release. A file that was added to it is no conflict.
fn published_conflicts(subject: &Subject<'_>, published: &RemoteRelease) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for name in &subject.assets {
        let (tag, asset, name) = (subject.destination.tag.clone(), subject.asset(name), name.clone());
        match (published.assets.iter().find(|remote| remote.name == name), asset) {
            (None, _) => conflicts.push(Conflict::PublishedLacks { tag, name }),
            (Some(remote), Some(asset)) if remote.compare(asset) == AssetMatch::Other => {
                conflicts.push(Conflict::PublishedOther { tag, name });
            }
            (Some(_), _) => {}
        }
    }
    conflicts
}

/// The assets of a release on GitHub that the release does not promise.
pub fn unpromised<'a>(subject: &Subject<'_>, remote: &'a RemoteRelease) -> Vec<&'a str> {
    let names = remote.assets.iter().map(|asset| asset.name.as_str());
    names.filter(|name| !subject.assets.iter().any(|promised| promised == name)).collect()
}

fn image_conflict(subject: &Subject<'_>, world: &World) -> Option<Conflict> {
    let (image, remote) = (subject.image()?, world.image.as_ref()?);
    let exact = subject.version.to_string();
    let (ours, found) = (image.index.digest, *remote.tags.get(&exact)?);
    let reference = format!("{}:{exact}", subject.destination.image);
    (ours != found).then_some(Conflict::ImageTag { reference, remote: found, ours })
}

/// The steps that push the image and tag it, if there is an image and it was observed.
fn image_steps(subject: &Subject<'_>, world: &World, is_published: bool) -> Vec<(Step, bool)> {
    let tag = &subject.destination.tag;
    let tags = image_tags(&world.own_version(tag), &world.other_versions(tag));
    // The image of a public release cannot be compared before the digests are known.
    if subject.release.is_none() && !subject.platforms.is_empty() && !is_published {
        let push = Step::PushImage { digest: None, missing: Vec::new(), bytes: None };
        return vec![(push, false), (Step::TagImage { missing: tags.clone(), tags }, false)];
    }
    let Some((image, remote)) = subject.image().zip(world.image.as_ref()) else { return Vec::new() };
    let missing: Vec<String> =
        tags.iter().filter(|tag| remote.tags.get(*tag) != Some(&image.index.digest)).cloned().collect();
    let is_tagged = missing.is_empty();
    vec![push_image(image, remote), (Step::TagImage { tags, missing }, is_tagged)]
}

fn push_image(image: &Image, remote: &RemoteImage) -> (Step, bool) {
    let missing: Vec<_> = image
        .blobs()
        .into_iter()
        .chain(image.manifests())
        .filter(|blob| !remote.present.contains(&blob.digest))
        .collect();
    // A registry keeps all blobs that a manifest references, so if the index exists, the whole image does.
    let done = remote.present.contains(&image.index.digest);
    let bytes = if done { image.size() } else { missing.iter().map(|blob| blob.size).sum() };
    let missing = if done { Vec::new() } else { missing.iter().map(|blob| blob.digest).collect() };
    (Step::PushImage { digest: Some(image.index.digest), missing, bytes: Some(bytes) }, done)
}

/// The steps that attach files to the image. Nothing names an artifact before the registry or an index lists it.
fn attach_steps(subject: &Subject<'_>, world: &World) -> Vec<(Step, bool)> {
    let Some((release, remote)) = subject.release.zip(world.image.as_ref()) else { return Vec::new() };
    let attachments = attachment::of_release(release);
    if attachments.is_empty() {
        return Vec::new();
    }
    let missing: Vec<Digest> = attachments
        .iter()
        .map(|one| one.manifest.digest)
        .filter(|digest| !remote.present.contains(digest))
        .collect();
    let is_attached = missing.is_empty();
    let bytes = attachments.iter().map(|one| one.content.size).sum();
    let attach = Step::Attach { missing, count: attachments.len(), bytes: Some(bytes) };
    let mut steps = vec![(attach, is_attached)];
    if let Some(listed) = &remote.listed {
        let is_listed = |one: &&Attachment| {
            listed.get(&one.tag()).is_some_and(|there| there.contains(&one.manifest.digest))
        };
        let tags: BTreeSet<String> = attachments.iter().map(Attachment::tag).collect();
        let missing: BTreeSet<String> =
            attachments.iter().filter(|one| !is_listed(one)).map(Attachment::tag).collect();
        let is_done = missing.is_empty();
        let missing = missing.into_iter().collect();
        steps.push((Step::ListAttached { missing, count: tags.len() }, is_done));
    }
    steps
}

fn asset_steps(
    name: &str,
    asset: Option<&Asset>,
    draft: Option<&RemoteRelease>,
    is_published: bool,
) -> Vec<(Step, bool)> {
    let remote = draft.and_then(|draft| draft.assets.iter().find(|remote| remote.name == name));
    let compared = remote.zip(asset).map(|(remote, asset)| (remote, remote.compare(asset)));
    let same = matches!(compared, Some((_, AssetMatch::Same)));
    let mut steps = Vec::new();
    if let Some((remote, _)) = compared.filter(|_| !same) {
        steps.push((Step::DeleteAsset { id: remote.id, name: remote.name.clone() }, false));
    }
    let upload = Step::Upload { name: name.to_owned(), bytes: asset.map(|asset| asset.size) };
    steps.push((upload, is_published || same));
    steps
}
