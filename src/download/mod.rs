//! Downloading a release as a stranger does: public addresses, no token where none is needed, and the image through
//! another client (the `oci-client` crate) than the one that pushed it.
//!
//! Everything is streamed to files; nothing that was downloaded is trusted or run.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{HeaderValue, Method, header};
use reqwest::Request;
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

mod at_most;
mod pull;

use crate::github::{GitHub, authorization};
use crate::net::client::Client;
use crate::net::retry::{self, AttemptError, Retry};
use crate::package::archive::{self, Examined};
use crate::registry::Credentials;
use crate::report::{Progress, Report};
use crate::token::Token;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{ArchiveKind, Hasher, ImageName, Manifest};
use floe_core::units::seconds;
use floe_core::untrusted::files;
use floe_core::verify::ASSET_LIMIT;
use floe_core::verify::published::{Download, File, Pulled};
use floe_core::world::{RemoteAsset, RemoteRelease};
use pull::Puller;

/// So many files are downloaded at once.
const AT_ONCE: usize = 6;
/// How the name of a release's manifest ends.
const MANIFEST: &str = "-manifest.json";
/// No `SHA256SUMS` and no manifest is larger.
const TEXT_LIMIT: u64 = 8 * 1024 * 1024;

/// A release on its way to a stranger.
pub struct Stranger<'a> {
    /// The repository, with or without a token.
    pub github: GitHub,
    /// The token, only where the repository is private.
    pub token: Option<Token>,
    /// Where the registry is reached, for a manifest that names this image.
    pub registry_url: Box<dyn Fn(&ImageName) -> String + 'a>,
    /// Where downloads go.
    pub folder: PathBuf,
    /// How often something is tried.
    pub retry: Retry,
    /// Where progress is said.
    pub report: Report,
}

impl Stranger<'_> {
    /// Downloads every asset of a release, and the image its manifest names.
    ///
    /// # Errors
    /// A server cannot be reached or refuses, or a file cannot be written. What is merely wrong is for
    /// `verify::published` to say.
    pub async fn download(
        &self,
        tag: &floe_core::model::Tag,
        release: RemoteRelease,
    ) -> anyhow::Result<Download> {
        let assets = self.folder.join("assets");
        fs::create_dir_all(&assets).with_context(|| format!("failed to make `{}`", assets.display()))?;
        let progress = self.report.progress(
            "Downloading",
            release.assets.iter().fold(0, |all, asset| asset.size.saturating_add(all)),
        );
        let client = Client::default();
        check_names(&release.assets)?;
        // What is unfinished on the server cannot be downloaded; that it is, is for `verify::published` to say.
        let there = release.assets.iter().filter(|asset| asset.uploaded);
        let (first, others): (Vec<_>, Vec<_>) = there.partition(|asset| asset.name.ends_with(MANIFEST));
        let all = async |wanted: Vec<&RemoteAsset>| -> anyhow::Result<Vec<File>> {
            let one = async |asset: &RemoteAsset| self.file(&client, asset, &assets, &progress).await;
            stream::iter(wanted).map(one).buffered(AT_ONCE).try_collect().await
        };
        // The manifest first: what it names is fetched beside everything else.
        let mut files = all(first).await?;
        let manifest = read_manifest(&assets, &files);
        let (others, image, commit) =
            tokio::try_join!(all(others), self.image(&manifest), self.github.tag_commit(tag))?;
        files.extend(others);
        files.sort_by_key(|file| release.assets.iter().position(|asset| asset.name == file.name));
        drop(progress);
        let checksums = read_text(&assets.join(CHECKSUMS)).ok();
        Ok(Download { tag: tag.clone(), commit, release, files, checksums, manifest, image })
    }

    /// Downloads an asset, and reads it once it is here, while others come.
    async fn file(
        &self,
        client: &Client,
        asset: &RemoteAsset,
        assets: &Path,
        progress: &Progress,
    ) -> anyhow::Result<File> {
        let name = asset.name.clone();
        let path = assets.join(safe_name(&name)?);
        self.fetch(client, asset, &path, progress).await?;
        let read = spawn_blocking(move || read_file(name, &path));
        read.await
            .context("the thread that reads downloads ended")?
            .with_context(|| format!("failed to read the downloaded `{}`", asset.name))
    }

    async fn fetch(
        &self,
        client: &Client,
        asset: &RemoteAsset,
        path: &Path,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let patience = retry::patience(asset.size);
        let fetch = async |_| {
            // A private file is not at its public address; the redirect to storage drops the token.
            let mut request = match &self.token {
                Some(_) => Request::new(Method::GET, self.github.asset_address(asset.id)?),
                None => Request::new(Method::GET, self.github.address_of(&asset.url)?),
            };
            if let Some(token) = &self.token {
                let headers = request.headers_mut();
                headers.insert(header::ACCEPT, HeaderValue::from_static("application/octet-stream"));
                headers.insert(header::AUTHORIZATION, authorization(token)?);
            }
            let fetch = self.keep(client, request, asset, path, progress);
            let late =
                |_| AttemptError::connection(anyhow::anyhow!("it was not here within {}", seconds(patience)));
            tokio::time::timeout(patience, fetch).await.map_err(late)?
        };
        self.retry.run(fetch).await.with_context(|| format!("failed to download `{}`", asset.name))
    }

    async fn keep(
        &self,
        client: &Client,
        request: Request,
        asset: &RemoteAsset,
        path: &Path,
        progress: &Progress,
    ) -> Result<(), AttemptError> {
        let mut answer = client.stream(request).await?;
        let status = answer.status();
        if !status.is_success() {
            let error = anyhow::anyhow!("the server answered {status}");
            return Err(AttemptError::answer(status, answer.headers(), "", error));
        }
        let mut file = tokio::fs::File::create(path).await.context("failed to create the file")?;
        let mut left = asset.size;
        while let Some(piece) = answer.piece().await? {
            left = left.checked_sub(piece.len() as u64).with_context(|| {
                format!("the server sends more than the {} bytes that GitHub speaks of", asset.size)
            })?;
            file.write_all(&piece).await.context("failed to write")?;
            progress.add(piece.len() as u64);
        }
        file.flush().await.context("failed to write")?;
        Ok(())
    }

    /// The image the manifest names, if it names one. A secret goes to its registry only where the environment means it for
    /// that one: the manifest was downloaded, and nobody is believed because of what he wrote.
    async fn image(&self, manifest: &Result<Manifest, String>) -> anyhow::Result<Option<Pulled>> {
        let Ok(Manifest { image: Some(image), version, .. }) = manifest else { return Ok(None) };
        let credentials = self.token.as_ref().and_then(|_| Credentials::from_env(&image.name));
        let url = (self.registry_url)(&image.name);
        let puller = Puller::new(&url, &image.name, credentials, &self.retry)?;
        puller.image(&image.digest, &version.to_string(), &self.folder.join("image")).await.map(Some)
    }
}

/// What a downloaded file is, read once.
fn read_file(name: String, path: &Path) -> io::Result<File> {
    let Some(kind) = ArchiveKind::of_file(&name) else {
        let mut hasher = Hasher::default();
        io::copy(&mut files::open_no_link(path)?, &mut hasher)?;
        let (digest, size) = hasher.finish();
        return Ok(File { name, size, digest, contents: None });
    };
    let Examined { size, digest, contents, .. } = archive::examine(path, kind, None)?;
    Ok(File { name, size, digest, contents: Some(contents) })
}

/// An asset's name as a file name; GitHub's names cannot leave a folder, and nobody is believed to be GitHub.
fn safe_name(name: &str) -> anyhow::Result<&str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-~".contains(&byte));
    anyhow::ensure!(
        plain && !name.is_empty() && !name.starts_with('.') && !archive::is_reserved(name),
        "`{}` is not the name of an asset",
        name.escape_debug()
    );
    Ok(name)
}

/// What GitHub lists must be files that can lie in one folder of any system, and no larger than it takes itself.
fn check_names(assets: &[RemoteAsset]) -> anyhow::Result<()> {
    const MOST: usize = 1000;
    anyhow::ensure!(assets.len() <= MOST, "the release has {} assets; GitHub takes {MOST}", assets.len());
    let mut seen = BTreeSet::new();
    for asset in assets {
        let name = safe_name(&asset.name)?;
        anyhow::ensure!(
            seen.insert(name.to_ascii_lowercase()),
            "GitHub lists `{name}` twice, or two names that differ only in case"
        );
        anyhow::ensure!(
            asset.size < ASSET_LIMIT,
            "GitHub says that `{name}` has {} bytes; it takes files below {ASSET_LIMIT}",
            asset.size
        );
    }
    Ok(())
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = files::open_no_link(path).and_then(|file| files::read(file, TEXT_LIMIT));
    let text = String::from_utf8(bytes.with_context(|| format!("`{}` cannot be read", path.display()))?);
    text.with_context(|| format!("`{}` is not UTF-8", path.display()))
}

fn read_manifest(assets: &Path, files: &[File]) -> Result<Manifest, String> {
    let mut names = files.iter().map(|file| &file.name).filter(|name| name.ends_with(MANIFEST));
    let (Some(name), None) = (names.next(), names.next()) else {
        return Err("the release holds no `<name>-manifest.json`, or more than one".to_owned());
    };
    let text = read_text(&assets.join(name)).map_err(|error| format!("{error:#}"))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| format!("`{name}`: {error}"))?;
    if Manifest::file_name(&manifest.name) != *name {
        return Err(format!("`{name}` is the manifest of `{}`", manifest.name));
    }
    Ok(manifest)
}
