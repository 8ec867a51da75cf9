//! The recheck right before the commit point: both servers are observed and the plan is made once more.
//!
//! The staged assets must be the promised ones, and changes since the first look count: the tag may have moved, a higher
//! version may be out, another run may have published the release. It changes nothing, except that it takes back a
//! draft of this run that is not needed any more.

use anyhow::{Context as _, anyhow};

use super::Run;
use crate::error::{Exit, Failure};
use crate::net::retry::AttemptError;
use floe_core::model::{Asset, Subject};
use floe_core::plan::{Conflict, Plan};
use floe_core::world::{AssetMatch, RemoteRelease, World};

impl Run<'_> {
    /// The plan for what is left to reveal. A listing may lag behind the uploads, so one that lacks something is asked
    /// for again.
    pub(super) async fn recheck(&self) -> anyhow::Result<Plan> {
        let look = async |_| {
            // The assets of the known release are asked for along with the rest.
            let known = self.ready.plan.published.as_ref().or(self.draft.get()).map(|release| release.id);
            let world = self.session.observe_again(self.release, known).await?;
            // A channel is looked at again when it is written, under the lock of its file's name.
            let world = World { channels: self.ready.channels.clone(), ..world };
            self.withdraw(&world).await?;
            match Plan::new(&Subject::from(self.release), &world) {
                Ok(plan) => self.see_whole(&world, &plan).map(|()| plan),
                Err(conflicts) if self.may_pass(&conflicts) => {
                    Err(AttemptError::later(Failure::of_conflicts(&conflicts)))
                }
                Err(conflicts) => Err(AttemptError::fatal(Failure::of_conflicts(&conflicts))),
            }
        };
        self.session.client.retry.run(look).await.context("failed to see the whole release in its draft")
    }

    /// Takes back the draft that this run made, if another release of the tag was published meanwhile.
    async fn withdraw(&self, world: &World) -> anyhow::Result<()> {
        let published = world.published(&self.release.destination.tag);
        match (published, self.own_draft()) {
            (Some(published), Some(draft)) if published.id != draft.id => {
                self.session.github.take_back(draft).await
            }
            _ => Ok(()),
        }
    }

    /// Whether conflicts resolve themselves: a run that came later deletes its draft.
    fn may_pass(&self, conflicts: &[Conflict]) -> bool {
        let own = self.draft.get().map(|draft| draft.id);
        conflicts.iter().all(|conflict| match conflict {
            Conflict::Drafts { ids, .. } => ids.iter().min().copied() == own,
            _ => false,
        })
    }

    /// Everything that was staged must be there: by name, size, state and digest, as a set.
    fn see_whole(&self, world: &World, plan: &Plan) -> Result<(), AttemptError> {
        let later = |text: String| Err(AttemptError::later(anyhow!(text)));
        if !plan.has_image() {
            return later("the registry does not hold the whole image".to_owned());
        }
        if plan.published.is_some() {
            // Another run has published exactly the promised release.
            return Ok(());
        }
        let own = self.draft()?.id;
        let Some(draft) = world.releases.iter().find(|release| release.id == own) else {
            return later(format!("the draft, release {own}, is not among the releases"));
        };
        if !draft.holds_notes(&self.release.notes.footer) {
            // They list other digests than this dist has.
            let tag = &self.release.destination.tag;
            let text =
                format!("another run fills the same draft of `{tag}`, release {own}, from another dist");
            let hint = "let the other run end, or end it; then run the same command again";
            return Err(AttemptError::fatal(Failure::new(text).hint(hint).exit(Exit::Conflicts)));
        }
        let wrong = self.differences(draft);
        if wrong.is_empty() {
            return Ok(());
        }
        later(format!("the draft does not hold what was promised: {}", wrong.join(", ")))
    }

    /// The promised assets that are not there. A file that is not promised is a conflict of the second plan.
    fn differences(&self, draft: &RemoteRelease) -> Vec<String> {
        let wrong = |asset: &Asset| match draft.assets.iter().find(|one| one.name == asset.name) {
            Some(one) if one.compare(asset) != AssetMatch::Other => None,
            Some(_) => Some(format!("`{}` is not the promised one", asset.name)),
            None => Some(format!("`{}` is missing", asset.name)),
        };
        self.release.assets.iter().filter_map(wrong).collect()
    }
}
