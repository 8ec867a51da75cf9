//! The clients that are this program itself, started again: the crate `oci-client`, as it is best used, and floe's own
//! publishing of more files than its dists can hold.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use floe::cli::RemoteArgs;
use floe::net::client::Client as Transport;
use floe::release;
use floe::release::session::{self, Secrets, Session};
use floe::report::{Report, Verbosity};
use floe_core::model::notes::NotesSource;
use floe_core::model::release::{Asset, Content};
use floe_core::model::{Blob, Subject};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use oci_client::client::ClientConfig;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use tokio::io::AsyncReadExt as _;

use crate::{material, servers};

/// So much of a file is read at once, in bytes.
const PIECE: usize = 256 << 10;
/// So many blobs are pushed at once.
const AT_ONCE: usize = 6;

/// Pushes the image of a layout with the crate `oci-client`: what is not there yet, each blob in one request.
///
/// # Errors
/// The layout cannot be read, or the registry does not take it.
pub fn oci_client(layout: &Path, reference: &str) -> anyhow::Result<()> {
    let reference: Reference = reference.parse()?;
    let image = Layout::read(layout)?;
    runtime()?.block_on(async {
        let client = Client::new(ClientConfig { use_monolithic_push: true, ..ClientConfig::default() });
        client.auth(&reference, &RegistryAuth::Anonymous, RegistryOperation::Push).await?;
        stream::iter(&image.blobs)
            .map(|blob| push_blob(&client, &reference, layout, blob))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        for (manifest, media_type, by_tag) in &image.manifests {
            let target = match by_tag {
                true => reference.clone(),
                false => reference.clone_with_digest(manifest.digest.to_string()),
            };
            let body = std::fs::read(path(layout, manifest))?;
            client.push_manifest_raw(&target, body, media_type.parse()?).await?;
        }
        Ok(())
    })
}

async fn push_blob(client: &Client, reference: &Reference, layout: &Path, blob: &Blob) -> anyhow::Result<()> {
    let digest = blob.digest.to_string();
    if client.blob_exists(reference, &digest).await? {
        return Ok(());
    }
    let file = tokio::fs::File::open(path(layout, blob)).await?;
    let pieces = stream::unfold(file, |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        match file.read_buf(&mut piece).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(Bytes::from(piece)), file)),
            Err(error) => Some((Err(error.into()), file)),
        }
    });
    client.push_blob_stream(reference, pieces, &digest, Some(blob.size)).await?;
    Ok(())
}

/// The content of a layout, read without any check: other clients make none either.
struct Layout {
    blobs: Vec<Blob>,
    /// With their media types, and whether they are pushed by tag; the index is the last.
    manifests: Vec<(Blob, String, bool)>,
}

impl Layout {
    fn read(layout: &Path) -> anyhow::Result<Self> {
        let json = |path: PathBuf| -> anyhow::Result<serde_json::Value> {
            Ok(serde_json::from_slice(&std::fs::read(path)?)?)
        };
        let top = json(layout.join("index.json"))?;
        let (index, index_type) = descriptor(&top["manifests"][0])?;
        let (mut blobs, mut manifests) = (Vec::new(), Vec::new());
        for entry in json(path(layout, &index))?["manifests"].as_array().into_iter().flatten() {
            let (manifest, media_type) = descriptor(entry)?;
            let document = json(path(layout, &manifest))?;
            let parts = document["layers"].as_array().into_iter().flatten().chain([&document["config"]]);
            for part in parts {
                blobs.push(descriptor(part)?.0);
            }
            manifests.push((manifest, media_type, false));
        }
        manifests.push((index, index_type, true));
        Ok(Layout { blobs, manifests })
    }
}

fn descriptor(json: &serde_json::Value) -> anyhow::Result<(Blob, String)> {
    let text = |field: &str| json[field].as_str().with_context(|| format!("a descriptor has no `{field}`"));
    let digest = text("digest")?.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let media_type = text("mediaType")?.to_owned();
    let size = json["size"].as_u64().context("a descriptor has no size")?;
    Ok((Blob { digest, size, media_type: media_type.clone() }, media_type))
}

fn path(layout: &Path, blob: &Blob) -> PathBuf {
    layout.join("blobs/sha256").join(blob.digest.hex())
}

/// Publishes every file of a folder through floe's library, by the very function that `floe publish` calls when it has
/// checked its dists: a release of floe's has one archive a target, so that the program itself cannot send so many.
///
/// # Errors
/// A file cannot be read, or GitHub does not take it.
pub fn floe_files(folder: &Path, api: &str) -> anyhow::Result<()> {
    let mut files =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "gz"));
    files.sort();
    let mut release = servers::release(NotesSource::Text("It is measured.".to_owned()))?;
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (digest, size) = material::digest(&path)?;
        release.assets.push(Asset { name, size, digest, content: Content::File(path) });
    }
    // GitHub's limits on changes, 80 a minute, are kept by waiting, and the server here has none.
    let first_wait = Some(0);
    let servers = RemoteArgs { api_url: Some(api.to_owned()), tries: 5, first_wait, ..RemoteArgs::default() };
    let secrets = Secrets::from_env(&release.destination.image, api)?;
    let report = Report::new(Verbosity::Quiet);
    let receipt = folder.join("floe-receipt.json");
    runtime()?.block_on(async {
        let client = Transport::new(session::retry(&servers, &report));
        let session = Session::connect(&Subject::from(&release), &servers, secrets, client)?;
        release::publish(&release, &session, &receipt).await
    })?;
    Ok(())
}

/// As floe's own `main` makes it.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
