//! Downloading a published release: from public addresses, without a token where none is needed.
//!
//! Everything is streamed to files; nothing that was downloaded is trusted or run.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{HeaderValue, Method, header};
use reqwest::Request;
use tokio::task::spawn_blocking;

mod pull;

use crate::github::{GitHub, authorization};
use crate::net::client::{Client, TooLarge};
use crate::net::retry::{self, AttemptError, Retry};
use crate::package::archive::{self, Budget, Examined};
use crate::registry::{Credentials, Registry};
use crate::report::{Progress, Report};
use crate::token::Token;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{ArchiveKind, Hasher, ImageName, Manifest};
use floe_core::units::seconds;
use floe_core::untrusted::files;
use floe_core::verify::ASSET_LIMIT;
use floe_core::verify::published::{Download, File, Pulled, ReleaseRequest, checksum};
use floe_core::world::{RemoteAsset, RemoteRelease};

/// How many files are downloaded at once.
const AT_ONCE: usize = 6;
/// How the name of a release's manifest ends.
const MANIFEST: &str = "-manifest.json";
/// No `SHA256SUMS` and no manifest is larger.
const TEXT_LIMIT: u64 = 8 * 1024 * 1024;

/// Downloads a published release into a folder.
pub struct Downloader<'a> {
    /// The repository, with or without a token.
    pub github: GitHub,
    /// The token, only where the repository is private.
    pub token: Option<Token>,
    /// The address of the registry of an image that a manifest names.
    pub registry_url: Box<dyn Fn(&ImageName) -> String + 'a>,
    /// The folder for the downloads.
    pub folder: PathBuf,
    /// How often each request is tried.
    pub retry: Retry,
    /// Shows the progress.
    pub report: Report,
}

impl Downloader<'_> {
    /// Downloads the assets that `SHA256SUMS` and the manifest of a release name, and the image. It fails only if a server
    /// cannot be reached or refuses, or a file cannot be written; `verify::published` reports wrong content.
    pub async fn download(
        &self,
        request: ReleaseRequest,
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
        let budget = Arc::new(Budget::default());
        // An unfinished asset cannot be downloaded; `verify::published` reports it.
        let there = release.assets.iter().filter(|asset| asset.uploaded);
        let says = |asset: &&RemoteAsset| asset.name.ends_with(MANIFEST) || asset.name == CHECKSUMS;
        let (first, others): (Vec<_>, Vec<_>) = there.partition(says);
        let all = async |wanted: Vec<&RemoteAsset>| -> anyhow::Result<Vec<File>> {
            let one =
                async |asset: &RemoteAsset| self.file(&client, asset, (&assets, &budget), &progress).await;
            stream::iter(wanted).map(one).buffered(AT_ONCE).try_collect().await
        };
        let files = all(first).await?;
        let checksums = read_checksums(&assets, &files)?;
        let manifest = read_manifest(&assets, &files, checksums.as_deref());
        let mut download = Download {
            request,
            commit: None,
            release: release.clone(),
            files,
            checksums,
            manifest,
            image: None,
        };
        // Of other files nothing says what they must be.
        let covered = download.covered();
        for file in download.files.extract_if(.., |file| !covered.contains(&file.name)) {
            fs::remove_file(assets.join(&file.name))
                .with_context(|| format!("failed to remove `{}`", file.name))?;
        }
        let others = others.into_iter().filter(|asset| covered.contains(&asset.name)).collect();
        let tag = self.github.tag_commit(&download.request.tag);
        let (others, image, commit) = tokio::try_join!(all(others), self.image(&client, &download), tag)?;
        download.files.extend(others);
        download.files.sort_by_key(|file| release.assets.iter().position(|asset| asset.name == file.name));
        Ok(Download { commit, image, ..download })
    }

    /// Downloads an asset and then reads it, while others are still being downloaded.
    async fn file(
        &self,
        client: &Client,
        asset: &RemoteAsset,
        (assets, budget): (&Path, &Arc<Budget>),
        progress: &Progress,
    ) -> anyhow::Result<File> {
        let name = asset.name.clone();
        let path = assets.join(safe_name(&name)?);
        self.fetch(client, asset, &path, progress).await?;
        let budget = Arc::clone(budget);
        let read = spawn_blocking(move || read_file(name, &path, &budget));
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
            // A private asset has no public address; the redirect to storage drops the token.
            let mut request = match &self.token {
                Some(_) => Request::new(Method::GET, self.github.asset_address(asset.id)?),
                None => Request::new(Method::GET, self.github.address_of(&asset.url)?),
            };
            if let Some(token) = &self.token {
                let headers = request.headers_mut();
                headers.insert(header::ACCEPT, HeaderValue::from_static("application/octet-stream"));
                headers.insert(header::AUTHORIZATION, authorization(token)?);
            }
            let fetch = self.save(client, request, asset, path, progress);
            let late = |_| {
                AttemptError::connection(anyhow::anyhow!("it was not complete within {}", seconds(patience)))
            };
            tokio::time::timeout(patience, fetch).await.map_err(late)?
        };
        self.retry.run(fetch).await.with_context(|| format!("failed to download `{}`", asset.name))
    }

    async fn save(
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
        let saved = answer.save(path, asset.size, |piece| progress.add(piece.len() as u64)).await?;
        saved.map_err(|TooLarge| {
            let text = format!("the server sends more than the {} bytes that GitHub lists", asset.size);
            AttemptError::fatal(anyhow::anyhow!(text))
        })
    }

    /// Pulls the image that the manifest names, if it names one that was asked for. The manifest was downloaded, so it is
    /// not trusted: its registry gets only a secret that the environment has for it.
    async fn image(&self, client: &Client, download: &Download) -> anyhow::Result<Option<Pulled>> {
        let Ok(Manifest { image: Some(image), version, .. }) = &download.manifest else { return Ok(None) };
        if !download.request.covers_image(&image.name) {
            return Ok(None);
        }
        let credentials = self.token.as_ref().and_then(|_| Credentials::from_env(&image.name));
        let url = (self.registry_url)(&image.name);
        let registry = (client.clone(), url.as_str());
        let registry = Registry::connect(registry, image.name.clone(), credentials, self.retry.clone())?;
        let layout = self.folder.join("image");
        pull::image(&registry.pull_only(), &image.digest, &version.to_string(), &layout).await.map(Some)
    }
}

fn read_file(name: String, path: &Path, budget: &Budget) -> io::Result<File> {
    let Some(kind) = ArchiveKind::of_file(&name) else {
        let mut hasher = Hasher::default();
        io::copy(&mut files::open_no_link(path)?, &mut hasher)?;
        let (digest, size) = hasher.finish();
        return Ok(File { name, size, digest, contents: None });
    };
    let Examined { size, digest, contents, .. } = archive::examine(path, kind, None, budget)?;
    Ok(File { name, size, digest, contents: Some(contents) })
}

/// Checks that an asset's name is a plain file name. GitHub's are, but the server may not be GitHub.
fn safe_name(name: &str) -> anyhow::Result<&str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-~".contains(&byte));
    anyhow::ensure!(
        plain && !name.is_empty() && !name.starts_with('.') && !archive::is_reserved(name),
        "`{}` is not the name of an asset",
        name.escape_debug()
    );
    Ok(name)
}

/// Checks that the assets can be files in one folder on any system, and are no larger than GitHub's own limit.
fn check_names(assets: &[RemoteAsset]) -> anyhow::Result<()> {
    const MOST: usize = 1000;
    anyhow::ensure!(assets.len() <= MOST, "the release has {} assets; GitHub accepts {MOST}", assets.len());
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

/// The text of `SHA256SUMS`, if it is there. A line that is not UTF-8 is not a checksum.
fn read_checksums(assets: &Path, files: &[File]) -> anyhow::Result<Option<String>> {
    if !files.iter().any(|file| file.name == CHECKSUMS) {
        return Ok(None);
    }
    let read = files::open_no_link(&assets.join(CHECKSUMS)).and_then(|file| files::read(file, TEXT_LIMIT));
    let bytes = read.with_context(|| format!("failed to read the downloaded `{CHECKSUMS}`"))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The manifest of the release. Where there are several, somebody has added those that the checksums do not name.
fn read_manifest(assets: &Path, files: &[File], checksums: Option<&str>) -> Result<Manifest, String> {
    let mut names: Vec<&String> =
        files.iter().map(|file| &file.name).filter(|name| name.ends_with(MANIFEST)).collect();
    if let Some(checksums) = checksums.filter(|_| names.len() > 1) {
        names.retain(|name| checksums.lines().filter_map(checksum).any(|(sum, _)| sum == *name));
    }
    let [name] = names[..] else {
        return Err("the release holds no `<name>-manifest.json`, or more than one".to_owned());
    };
    let text = read_text(&assets.join(name)).map_err(|error| format!("{error:#}"))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| format!("`{name}`: {error}"))?;
    if Manifest::file_name(&manifest.name) != *name {
        return Err(format!("`{name}` is the manifest of `{}`", manifest.name));
    }
    Ok(manifest)
}
