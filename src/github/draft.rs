//! The one draft of a tag: created, deleted where another run was first, and given its notes.
//!
//! A release that is no longer a draft is never touched here.

use anyhow::Context as _;

use super::{GitHub, models};
use crate::error::{Exit, Failure};
use floe_core::model::Tag;
use floe_core::plan::Conflict;
use floe_core::world::RemoteRelease;

impl GitHub {
    /// Creates the draft for a tag, or takes the one that an ambiguous earlier try has made. [`GitHub::older_than`] says
    /// whether another run was first.
    pub async fn create_draft(&self, tag: &Tag, notes: &str) -> anyhow::Result<RemoteRelease> {
        let create = async || {
            let repos = self.repos();
            let releases = repos.releases();
            let draft = releases.create(tag.as_str()).name(tag.as_str()).body(notes).draft(true);
            draft.prerelease(tag.is_prerelease()).send().await
        };
        let attempt = async |number: u32| {
            if number > 1
                && let Some(draft) = self.only_draft(tag, notes).await?
            {
                return Ok(draft);
            }
            let draft = self.change(create()).await?.map_err(|error| self.judge_release(error))?;
            let draft = models::release(draft)?;
            if number == 1 { Ok(draft) } else { Ok(self.or_older(draft, notes).await?) }
        };
        let context = || format!("failed to create the draft of release `{tag}`");
        self.retry().run(attempt).await.with_context(context)
    }

    /// An earlier try of our own was ambiguous, so an older draft with the same notes is the one that try has made.
    async fn or_older(&self, draft: RemoteRelease, notes: &str) -> anyhow::Result<RemoteRelease> {
        let Some(older) = self.older_than(&draft).await? else { return Ok(draft) };
        self.take_back(&draft).await?;
        match older.draft && older.holds_notes(notes) {
            true => Ok(older),
            false => Err(second_to(&draft.tag, older.id).into()),
        }
    }

    /// The oldest release of a draft's tag, if it is older than the draft. The oldest one wins: the runs that made later
    /// ones delete theirs and stop.
    pub async fn older_than(&self, draft: &RemoteRelease) -> anyhow::Result<Option<RemoteRelease>> {
        let others = self.of_tag(&draft.tag).await?.into_iter().filter(|one| one.id < draft.id);
        Ok(others.min_by_key(|one| one.id))
    }

    /// Deletes a draft that this run has made, where another run was first.
    pub async fn take_back(&self, draft: &RemoteRelease) -> anyhow::Result<()> {
        self.still_draft(draft).await?;
        self.delete(&self.path(&format!("/releases/{}", draft.id))).await
    }

    async fn of_tag(&self, tag: &str) -> anyhow::Result<Vec<RemoteRelease>> {
        Ok(self.releases().await?.into_iter().filter(|one| one.tag == tag).collect())
    }

    /// The draft that an ambiguous earlier try has made, if it did.
    async fn only_draft(&self, tag: &Tag, notes: &str) -> anyhow::Result<Option<RemoteRelease>> {
        let mut drafts = self.of_tag(tag.as_str()).await?;
        drafts.retain(|one| one.draft);
        match drafts.len() {
            0 => Ok(None),
            1 => Ok(drafts.pop().filter(|draft| draft.holds_notes(notes))),
            _ => {
                let ids = drafts.iter().map(|draft| draft.id).collect();
                Err(Failure::of_conflicts(&[Conflict::Drafts { tag: tag.clone(), ids }]).into())
            }
        }
    }

    /// Gives a draft floe's notes, and the tag as its title unless a person has given it another. `draft` is not sent,
    /// because a published release must not become one again.
    ///
    /// GitHub has no conditional requests for releases, so each attempt reads the draft right before it is written.
    pub async fn write_notes(
        &self,
        draft: &RemoteRelease,
        compose: impl Fn(&RemoteRelease) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        let tag = &draft.tag;
        let attempt = async |_| {
            let now = self.still_draft(draft).await?;
            let (notes, repos) = (compose(&now)?, self.repos());
            let releases = repos.releases();
            let update = releases.update(now.id).body(&notes);
            let update = if now.has_own_title() { update } else { update.name(tag) };
            self.change(update.send()).await?.map(drop).map_err(|error| self.judge(error))
        };
        let context = || format!("failed to write the notes of the draft of `{tag}`");
        self.retry().run(attempt).await.with_context(context)
    }

    /// The draft as it is now. It fails if the draft was published meanwhile: a published release is neither changed nor
    /// deleted.
    pub(super) async fn still_draft(&self, draft: &RemoteRelease) -> anyhow::Result<RemoteRelease> {
        match self.release(draft.id).await? {
            Some(release) if !release.draft => Err(published_meanwhile(&draft.tag).into()),
            found => Ok(found.unwrap_or_else(|| draft.clone())),
        }
    }
}

/// Another run has made a release of the tag before ours.
pub fn second_to(tag: &str, older: u64) -> Failure {
    Failure::new(format!("another run made a release of `{tag}` first: release {older}"))
        .hint("wait until the other run ends, then run the same command again: it finds the release complete, or reports what differs")
        .exit(Exit::Conflicts)
}

/// The draft was published by another user or run during the uploads.
pub(super) fn published_meanwhile(tag: &str) -> Failure {
    Failure::new(format!("somebody published release `{tag}` before it was complete"))
        .hint("run the same command again: it reports what the published release lacks; then raise the version and release that")
        .exit(Exit::Conflicts)
}
