//! Pushing an image: blobs at once, then the platforms' manifests, the index last; tags when it is public.
//!
//! Nothing ever names what is not there.

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::registry::Registry;
use crate::release::remote::REGISTRY_AT_ONCE;
use crate::report::Progress;
use floe_core::model::{Blob, Digest, Image};

/// Pushes what the registry lacks, everything by its digest.
///
/// # Errors
/// A file changed since it was checked, or the registry cannot be reached or refuses.
pub(super) async fn push(
    registry: &Registry,
    image: &Image,
    missing: &[Digest],
    progress: &Progress,
) -> anyhow::Result<()> {
    let is_missing = |blob: &&Blob| missing.contains(&blob.digest);
    let blobs: Vec<&Blob> = image.blobs().into_iter().filter(is_missing).collect();
    stream::iter(blobs)
        .map(|blob| async move { registry.push_blob(blob, &image.blob_path(&blob.digest), progress).await })
        .buffer_unordered(REGISTRY_AT_ONCE)
        .try_collect::<()>()
        .await?;
    let push = async |manifest: &Blob| {
        let body = read_manifest(image, manifest)?;
        registry.push_manifest(&manifest.digest.to_string(), manifest, &body).await?;
        progress.add(manifest.size);
        anyhow::Ok(())
    };
    let (index, platforms): (Vec<&Blob>, Vec<&Blob>) = image
        .manifests()
        .into_iter()
        .filter(is_missing)
        .partition(|manifest| manifest.digest == image.index.digest);
    try_join_all(platforms.into_iter().map(&push)).await?;
    try_join_all(index.into_iter().map(&push)).await?;
    Ok(())
}

/// Points tags to the index, all at once.
///
/// # Errors
/// As [`push`].
pub(super) async fn tag(registry: &Registry, image: &Image, tags: &[String]) -> anyhow::Result<()> {
    let index = read_manifest(image, &image.index)?;
    try_join_all(tags.iter().map(|tag| registry.push_manifest(tag, &image.index, &index))).await?;
    Ok(())
}

/// A manifest's bytes; small, and checked again because the layout may have changed since it was verified.
fn read_manifest(image: &Image, manifest: &Blob) -> anyhow::Result<Bytes> {
    let path = image.blob_path(&manifest.digest);
    let body = std::fs::read(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
    anyhow::ensure!(
        Digest::of(&body) == manifest.digest,
        "`{}` changed since it was checked",
        path.display()
    );
    Ok(body.into())
}
