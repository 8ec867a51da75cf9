//! Attaching files to the image: artifacts by digest while staging, and the index that lists them, under a tag, afterwards.

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Run;
use crate::release::REGISTRY_AT_ONCE;
use crate::report::Progress;
use floe_core::attachment::{self, Attachment, EMPTY_JSON};
use floe_core::model::{Content, Digest};

impl Run<'_> {
    /// The blobs first, and then the manifests that refer to the image.
    pub(super) async fn attach(&self, missing: &[Digest], progress: &Progress) -> anyhow::Result<()> {
        let (_, registry) = self.image()?;
        let attachments = attachment::of_release(self.release);
        let missing: Vec<&Attachment> =
            attachments.iter().filter(|one| missing.contains(&one.manifest.digest)).collect();
        let config = Attachment::config();
        if !registry.has_blob(&config.digest).await? {
            registry.push_blob(&config, &Content::Bytes(EMPTY_JSON.to_vec()), progress).await?;
        }
        let attach = async |one: &Attachment| {
            let lacks = || format!("the plan attaches `{}`, which the release lacks", one.file);
            let asset = self.release.asset(&one.file).with_context(lacks)?;
            match registry.has_blob(&one.content.digest).await? {
                true => progress.add(one.content.size),
                false => registry.push_blob(&one.content, &asset.content, progress).await?,
            }
            let manifest = Bytes::from(one.json.clone());
            registry.push_manifest(&one.manifest.digest.to_string(), &one.manifest, &manifest).await
        };
        stream::iter(missing).map(&attach).buffer_unordered(REGISTRY_AT_ONCE).try_collect().await
    }

    /// One tag after the other: each is read, changed and written.
    pub(super) async fn list_attached(&self, missing: &[String]) -> anyhow::Result<()> {
        let (_, registry) = self.image()?;
        let attachments = attachment::of_release(self.release);
        for tag in missing {
            let own: Vec<&Attachment> = attachments.iter().filter(|one| one.tag() == *tag).collect();
            registry.list_referrers(tag, &own).await?;
        }
        Ok(())
    }
}
