//! Pulling an image by digest into an OCI layout, which appears whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use crate::error::AtPath as _;
use crate::image::{self, LayoutDraft};
use crate::registry::{Registry, WrongContent, wrong_or_failed};
use floe_core::model::{Blob, Digest, Image};
use floe_core::oci::{Descriptor, INDEX, ImageIndex, ImageManifest};
use floe_core::units;
use floe_core::verify::published::Pulled;

/// How many blobs are pulled at once, each over its own connection.
const BLOBS_AT_ONCE: usize = 6;

/// Looks up the digest of a tag, and pulls the image `digest` into the folder `layout`. It fails only if the registry
/// cannot be reached or a file cannot be written; a broken image is part of the result.
pub(super) async fn image(
    registry: &Registry,
    digest: &Digest,
    tag: &str,
    layout: &Path,
) -> anyhow::Result<Pulled> {
    let by_tag = wrong_or_failed(registry.pull_manifest(tag).await)?;
    let by_tag = by_tag.ok().map(|manifest| Digest::of(&manifest));
    let image = wrong_or_failed(pull_layout(registry, digest, layout).await)?;
    Ok(Pulled { by_tag, image: image.unwrap_or_else(|problem| Err(vec![problem])), attached: None })
}

async fn pull_layout(
    registry: &Registry,
    digest: &Digest,
    layout: &Path,
) -> anyhow::Result<Result<Image, Vec<String>>> {
    let draft = LayoutDraft::new(layout)?;
    let (index, size): (ImageIndex, u64) = document(registry, digest, &draft).await?;
    let blobs = blobs(registry, &index, &draft).await?;
    let pull = async |blob: &Blob| registry.pull_blob(blob, &draft.blob_path(&blob.digest)).await;
    stream::iter(blobs.values()).map(pull).buffered(BLOBS_AT_ONCE).try_collect::<()>().await?;
    let index = Blob { media_type: INDEX.to_owned(), digest: *digest, size };
    draft.finish(Descriptor::of(&index))?;
    draft.reveal()?;
    let layout = layout.to_owned();
    let check = spawn_blocking(move || image::check(&layout));
    check.await.context("the thread that reads the image ended")
}

/// Pulls the manifests of an index, and returns the blobs that they list, each once, because platforms may share layers.
async fn blobs(
    registry: &Registry,
    index: &ImageIndex,
    draft: &LayoutDraft,
) -> anyhow::Result<BTreeMap<Digest, Blob>> {
    let wrong = |text: String| Err(WrongContent(text).into());
    if index.manifests.len() > image::ENTRIES_LIMIT {
        return wrong(format!("its index has {} entries", index.manifests.len()));
    }
    let mut total: u64 = 0;
    let mut blobs = BTreeMap::new();
    for platform in &index.manifests {
        let (manifest, _): (ImageManifest, u64) = document(registry, &platform.digest, draft).await?;
        if manifest.layers.len() > image::LAYERS_LIMIT {
            return wrong(format!("one of its manifests has {} layers", manifest.layers.len()));
        }
        for blob in manifest.layers.iter().chain([&manifest.config]) {
            total = total.saturating_add(blob.size);
            if total > image::UNPACKED_LIMIT {
                let limit = units::size(image::UNPACKED_LIMIT);
                return wrong(format!("its blobs are more than {limit} by their manifests"));
            }
            blobs.entry(blob.digest).or_insert_with(|| blob.blob());
        }
    }
    Ok(blobs)
}

/// Pulls a manifest or an index, writes it to `draft`, and returns it with its size in bytes.
async fn document<T: DeserializeOwned>(
    registry: &Registry,
    digest: &Digest,
    draft: &LayoutDraft,
) -> anyhow::Result<(T, u64)> {
    let bytes = registry.pull_manifest(&digest.to_string()).await?;
    let path = draft.blob_path(digest);
    fs::write(&path, &bytes).at("failed to write", &path)?;
    let document = serde_json::from_slice(&bytes)
        .map_err(|error| WrongContent(format!("manifest `{digest}` cannot be parsed: {error}")))?;
    Ok((document, bytes.len() as u64))
}
