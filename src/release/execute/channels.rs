//! Channels: the files of package managers, sent one after the other once the release is public. One that fails does
//! not keep the others from moving.

use anyhow::Context as _;

use super::{Placed, Run};
use crate::error::{Exit, Failure, exit_of, in_one_line};
use crate::net::stop;
use crate::report::Progress;
use floe_core::model::ChannelPlace;
use floe_core::model::places::{Feed, Home};
use floe_core::plan::{Standing, Step};

impl Run<'_> {
    /// Moves each channel. Those that could not be moved are warnings, and one error at the end.
    pub(super) async fn move_channels(
        &self,
        steps: &[Placed<'_>],
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let (report, tag) = (self.session.report(), &self.release.destination.tag);
        let (mut failed, mut exit) = (0, Exit::Failed);
        for step in steps {
            let Err(error) = self.each(&[*step], progress).await else { continue };
            failed += 1;
            if exit_of(&error) == Exit::Conflicts {
                exit = Exit::Conflicts;
            }
            if let Step::Channel { place, standing, .. } = &step.1.step {
                let at = standing.as_ref().map_or_else(|| "not seen".to_owned(), still);
                report.warn(format!("`{tag}` is public, but {place} is {at} ({})", in_one_line(&error)));
            }
            if stop::asked().is_some() {
                break;
            }
        }
        if failed == 0 {
            return Ok(());
        }
        let of = steps.len();
        let channels = if of == 1 { "channel" } else { "channels" };
        let were = if failed == 1 { "was" } else { "were" };
        Err(Failure::new(format!("{failed} of {of} {channels} {were} not updated"))
            .hint("do what each warning above says, then run the same command again")
            .exit(exit)
            .into())
    }

    /// Updates a channel.
    pub(super) async fn move_channel(&self, place: &ChannelPlace) -> anyhow::Result<()> {
        let mut channels = self.session.channels.iter().zip(&self.ready.channels);
        let found = channels.find(|(channel, _)| channel.place == *place);
        let (channel, seen) = found.context("the session has no client for the channel")?;
        channel.put(self.release, seen.as_ref().ok(), &self.session.client.retry).await?;
        if let Home::Feed(feed) = &place.home
            && feed.host == Feed::COMMUNITY.0
        {
            let (id, version) = (&feed.id, &feed.version);
            let line = format!(
                "for people who moderate `{id}` {version}; until then only `choco install {id} --version {version}` finds it"
            );
            self.session.report().step("Waiting", line);
        }
        Ok(())
    }
}

/// The state of a channel that was not updated.
fn still(standing: &Standing) -> String {
    match standing {
        Standing::Behind(version) => format!("still at {version}"),
        Standing::Absent => "still without a file".to_owned(),
        _ => "as it was".to_owned(),
    }
}
