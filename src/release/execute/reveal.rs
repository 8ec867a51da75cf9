//! Revealing: one PATCH publishes the draft, and the image's tags follow.

use futures_util::future::try_join_all;

use super::stage::read_manifest;
use super::{Placed, Run};
use crate::net::stop;
use floe_core::plan::{Phase, Plan, Planned, Step};
use floe_core::receipt::Receipt;

impl Run<'_> {
    /// The steps that the second plan leaves, at their places in the first one.
    pub(super) async fn reveal(&self, plan: &Plan) -> anyhow::Result<()> {
        let is_reveal = |one: &&Planned| one.step.phase() == Phase::Reveal;
        let from = self.ready.plan.steps.iter().take_while(|one| !is_reveal(one)).count();
        let steps = (from..).zip(plan.steps.iter().filter(is_reveal)).filter(|(_, one)| !one.done);
        let (channels, steps): (Vec<Placed<'_>>, Vec<Placed<'_>>) =
            steps.partition(|(_, one)| matches!(one.step, Step::Channel { .. }));
        let progress = self.session.report().progress("Revealing", 0);
        let has_tags = steps.iter().any(|(_, one)| matches!(one.step, Step::TagImage { .. }));
        let (revealed, is_public) = tokio::join!(self.each(&steps, &progress), self.is_public(has_tags));
        revealed?;
        let (name, report) = (&self.release.destination.image, self.session.report());
        // A registry's new package is private by default, and no API changes that.
        match (is_public, name.settings()) {
            (Ok(true), _) => {}
            (Ok(false), Some(settings)) => report.warn(format!(
                "`{name}` cannot be pulled anonymously yet: a new package is private. Make it public once, at {settings}"
            )),
            (Ok(false), None) => report.warn(format!(
                "`{name}` cannot be pulled anonymously: make it public at {} if it should be",
                name.registry()
            )),
            (Err(error), _) => {
                report.warn(format!("whether `{name}` can be pulled anonymously could not be checked: {error:#}"));
            }
        }
        self.move_channels(&channels, &progress).await
    }

    /// The commit point.
    pub(super) async fn publish(&self, latest: bool) -> anyhow::Result<()> {
        let release =
            self.session.github.publish(self.draft()?.id, &self.release.destination.tag, latest).await?;
        let published = |receipt: &mut Receipt| {
            receipt.published = true;
            receipt.url = Some(release.url);
        };
        self.receipt.change(published).await;
        Ok(())
    }

    pub(super) async fn tag_image(&self, tags: &[String]) -> anyhow::Result<()> {
        let (image, registry) = self.image()?;
        let index = read_manifest(image, &image.index)?;
        try_join_all(tags.iter().map(|tag| registry.push_manifest(tag, &image.index, &index))).await?;
        Ok(())
    }

    /// Whether an image that everybody should be able to pull can be pulled anonymously. It is there by its digest
    /// already, so this is checked while its tags are set.
    async fn is_public(&self, has_tags: bool) -> anyhow::Result<bool> {
        match self.image() {
            Ok((image, registry)) if self.ready.is_public && has_tags && stop::asked().is_none() => {
                registry.is_public(&image.index.digest).await
            }
            _ => Ok(true),
        }
    }
}
