//! Staging: the image by digest, and the draft with its assets. None of it is public.

use std::sync::OnceLock;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Placed, Run};
use crate::error::Failure;
use crate::github::{ASSETS_AT_ONCE, second_to};
use crate::net::body::{unopened, wrong_bytes};
use crate::release::REGISTRY_AT_ONCE;
use crate::report::Progress;
use floe_core::model::body::{self, Head};
use floe_core::model::notes::NotesSource;
use floe_core::model::{Blob, Content, Destination, Digest, Image};
use floe_core::plan::{Conflict, Phase, Since, Step};
use floe_core::world::RemoteRelease;

impl Run<'_> {
    pub(super) async fn stage(&self) -> anyhow::Result<()> {
        let report = self.session.report();
        let _group = report.group("Staging, not public");
        let staging = self.todo(Phase::Stage);
        let bytes = staging.iter().filter_map(|(_, one)| one.step.bytes()).sum();
        let progress = report.progress("Staging", bytes);
        let (image, release): (Vec<_>, Vec<_>) = staging
            .into_iter()
            .partition(|(_, one)| matches!(one.step, Step::PushImage { .. } | Step::Attach { .. }));
        tokio::try_join!(self.each(&image, &progress), self.stage_release(&release, &progress))?;
        Ok(())
    }

    /// The draft first, then its assets a few at a time; an asset that is replaced is deleted before it is uploaded.
    /// Meanwhile the releases are listed: if another run made a draft first, this run deletes its own and ends.
    async fn stage_release(&self, steps: &[Placed<'_>], progress: &Progress) -> anyhow::Result<()> {
        let (draft, assets): (Vec<_>, Vec<_>) =
            steps.iter().copied().partition(|(_, one)| matches!(one.step, Step::CreateDraft { .. }));
        self.each(&draft, progress).await?;
        let groups = assets.chunk_by(|(_, one), _| matches!(one.step, Step::DeleteAsset { .. }));
        let uploads = stream::iter(groups)
            .map(|group| self.each(group, progress))
            .buffer_unordered(ASSETS_AT_ONCE)
            .try_collect::<()>();
        let (github, overtaken) = (&self.session.github, OnceLock::new());
        let be_first = async {
            let Some(draft) = self.own_draft() else { return Ok(()) };
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

    /// Creates the draft, or completes one of a maintainer or of another dist.
    pub(super) async fn create_draft(&self, since: &Since) -> anyhow::Result<()> {
        let (github, notes) = (&self.session.github, self.notes(since).await?);
        let Some(draft) = self.draft.get() else {
            let _ = self.draft.set(github.create_draft(&self.release.destination.tag, &notes).await?);
            return Ok(());
        };
        let footer = &self.release.notes.footer;
        let compose = |draft: &RemoteRelease| match Head::of(&draft.notes, Some(footer)) {
            Head::Own => Ok(notes.clone()),
            Head::ByHand(head) => Ok(body::by_hand(&head, footer)),
            Head::Unclear(why) => {
                Err(Failure::of_conflicts(&[Conflict::DraftText { id: draft.id, why }]).into())
            }
        };
        github.write_notes(draft, compose).await
    }

    async fn notes(&self, since: &Since) -> anyhow::Result<String> {
        let Destination { tag, page, .. } = &self.release.destination;
        let link = match since.tag() {
            Some(previous) => format!("{page}/compare/{previous}...{tag}"),
            None => format!("{page}/commits/{tag}"),
        };
        let generated = match (&self.release.notes.source, since) {
            (NotesSource::Text(_) | NotesSource::Changelog { .. }, _) => String::new(),
            // GitHub writes no more than this for the first release of a repository.
            (_, Since::BeginningOfPackage) => format!("**Full Changelog**: {link}"),
            (_, since) => self.session.github.generate_notes(tag, since.tag()).await?,
        };
        Ok(self.release.notes.render(&generated, &link))
    }

    pub(super) async fn upload(&self, name: &str, progress: &Progress) -> anyhow::Result<()> {
        let asset = self.release.asset(name);
        let asset = asset.with_context(|| format!("the plan uploads `{name}`, which the release lacks"))?;
        self.session.github.upload(self.draft()?, asset, progress).await.map(drop)
    }

    /// Pushes by digest: blobs at once, then the platforms' manifests, the index last, so that nothing names what is not
    /// there.
    pub(super) async fn push_image(&self, missing: &[Digest], progress: &Progress) -> anyhow::Result<()> {
        let (image, registry) = self.image()?;
        let is_missing = |blob: &&Blob| missing.contains(&blob.digest);
        let blobs: Vec<&Blob> = image.blobs().into_iter().filter(is_missing).collect();
        stream::iter(blobs)
            .map(|blob| async {
                let content = Content::File(image.blob_path(&blob.digest));
                registry.push_blob(blob, &content, progress).await
            })
            .buffer_unordered(REGISTRY_AT_ONCE)
            .try_collect::<()>()
            .await?;
        let push = async |manifest: &Blob| {
            let body = read_manifest(image, manifest)?;
            registry.push_manifest(&manifest.digest.to_string(), manifest, &body).await?;
            progress.add(manifest.size);
            anyhow::Ok(())
        };
        let manifests = image.manifests().into_iter().filter(is_missing);
        let (index, platforms): (Vec<_>, Vec<_>) =
            manifests.partition(|manifest| manifest.digest == image.index.digest);
        try_join_all(platforms.into_iter().map(&push)).await?;
        try_join_all(index.into_iter().map(&push)).await?;
        Ok(())
    }
}

/// A manifest's bytes; small, and checked again because the layout may have changed since it was verified.
pub(super) fn read_manifest(image: &Image, manifest: &Blob) -> anyhow::Result<Bytes> {
    let path = image.blob_path(&manifest.digest);
    let name = path.display().to_string();
    let body = std::fs::read(&path).map_err(|error| unopened(&name, error))?;
    let found = Digest::of(&body);
    if found != manifest.digest {
        let why = format!("has the digest {found}, not {}", manifest.digest);
        return Err(wrong_bytes(&name, &why).into());
    }
    Ok(body.into())
}
