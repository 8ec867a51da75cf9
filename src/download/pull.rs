//! Pulling an image by digest into an OCI layout, which appears whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use crate::image::{self, AtomicDir};
use crate::registry::{PullError, Registry};
use floe_core::model::{Blob, Digest, Image};
use floe_core::oci::{INDEX, ImageIndex, ImageManifest, LAYOUT_VERSION};
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
    let by_tag = match registry.pull_manifest(tag).await {
        Ok(manifest) => Some(Digest::of(&manifest)),
        Err(PullError::Wrong(_)) => None,
        Err(PullError::Failed(error)) => return Err(error),
    };
    let image = match pull_layout(registry, digest, layout).await {
        Ok(image) => image,
        Err(PullError::Wrong(problem)) => Err(vec![problem]),
        Err(PullError::Failed(error)) => return Err(error),
    };
    Ok(Pulled { by_tag, image, attached: None })
}

async fn pull_layout(
    registry: &Registry,
    digest: &Digest,
    layout: &Path,
) -> Result<Result<Image, Vec<String>>, PullError> {
    let place = AtomicDir::prepare(layout)?;
    let folder = place.draft().join("blobs").join("sha256");
    fs::create_dir_all(&folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    let (index, size): (ImageIndex, usize) = document(registry, digest, &folder).await?;
    let blobs = blobs(registry, &index, &folder).await?;
    let pull = async |blob: &Blob| registry.pull_blob(blob, &folder.join(blob.digest.hex())).await;
    stream::iter(blobs.values()).map(pull).buffered(BLOBS_AT_ONCE).try_collect::<()>().await?;
    let top = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{ "mediaType": INDEX, "digest": digest, "size": size }],
    });
    write(&place.draft().join("index.json"), top.to_string().as_bytes())?;
    let version = serde_json::json!({ "imageLayoutVersion": LAYOUT_VERSION });
    write(&place.draft().join("oci-layout"), version.to_string().as_bytes())?;
    place.reveal()?;
    let layout = layout.to_owned();
    let check = spawn_blocking(move || image::check(&layout));
    Ok(check.await.context("the thread that reads the image ended")?)
}

/// Pulls the manifests of an index, and returns the blobs that they list, each once, because platforms may share layers.
async fn blobs(
    registry: &Registry,
    index: &ImageIndex,
    folder: &Path,
) -> Result<BTreeMap<Digest, Blob>, PullError> {
    let wrong = |text: String| Err(PullError::Wrong(text));
    if index.manifests.len() > image::ENTRIES_LIMIT {
        return wrong(format!("its index has {} entries", index.manifests.len()));
    }
    let mut total: u64 = 0;
    let mut blobs = BTreeMap::new();
    for platform in &index.manifests {
        let (manifest, _): (ImageManifest, usize) = document(registry, &platform.digest, folder).await?;
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

/// Pulls a manifest or an index, writes it to `folder`, and returns it with its size in bytes.
async fn document<T: DeserializeOwned>(
    registry: &Registry,
    digest: &Digest,
    folder: &Path,
) -> Result<(T, usize), PullError> {
    let bytes = registry.pull_manifest(&digest.to_string()).await?;
    write(&folder.join(digest.hex()), &bytes)?;
    let document = serde_json::from_slice(&bytes)
        .map_err(|error| PullError::Wrong(format!("manifest `{digest}` is not understood: {error}")))?;
    Ok((document, bytes.len()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("failed to write `{}`", path.display()))
}
