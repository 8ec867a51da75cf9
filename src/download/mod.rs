//! Downloading a published release: from public addresses, without a token where none is needed.
//!
//! Everything is streamed to files; nothing that was downloaded is trusted or run.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use tokio::task::spawn_blocking;
use url::Url;

mod pull;

use crate::error::AtPath as _;
use crate::github::GitHub;
use crate::net::address::Endpoint;
use crate::net::client::TooLarge;
use crate::net::retry::AttemptError;
use crate::package;
use crate::package::archive::{self, Examined, UnpackBudget};
use crate::registry::{self, Credentials, Registry};
use crate::report::Progress;
use floe_core::attachment::{BUNDLE_LIMIT, attachments};
use floe_core::model::release::{ATTESTATION, CHECKSUMS, MINISIGN};
use floe_core::model::{ArchiveKind, Digest, Image, ImageName, Manifest, sbom};
use floe_core::untrusted::files;
use floe_core::untrusted::text::has_only;
use floe_core::verify::ASSET_LIMIT;
use floe_core::verify::published::{Attached, Download, DownloadedAsset, Pulled, ReleaseRequest, sums};
use floe_core::world::{RemoteAsset, RemoteRelease};

/// How many files are downloaded at once.
const AT_ONCE: usize = 6;
/// How the name of a release's manifest ends.
const MANIFEST: &str = "-manifest.json";
/// The limit of `SHA256SUMS` and of a manifest.
const TEXT_LIMIT: u64 = 8 * 1024 * 1024;

/// Downloads a published release into a folder.
pub struct Downloader<'a> {
    /// The repository.
    pub github: GitHub,
    /// Whether the repository can be seen with the token only, and so may its image.
    pub is_private: bool,
    /// The address of the registry, if it is given. Else it is that of the image's name.
    pub registry_url: Option<&'a str>,
    /// The name of the project's own image, whose registry the environment's credentials are for.
    pub own_image: ImageName,
    /// The folder for the downloads.
    pub folder: &'a Path,
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
        fs::create_dir_all(&assets).at("failed to make", &assets)?;
        let bytes = release.assets.iter().fold(0, |all: u64, asset| all.saturating_add(asset.size));
        let progress = self.github.client().retry.report.progress("Downloading", bytes);
        check_names(&release.assets)?;
        let budget = Arc::new(UnpackBudget::default());
        // An unfinished asset cannot be downloaded; `verify::published` reports it.
        let there = release.assets.iter().filter(|asset| asset.uploaded);
        let says = |asset: &&RemoteAsset| {
            asset.name.ends_with(MANIFEST) || asset.name == CHECKSUMS || signs_checksums(&asset.name)
        };
        let (first, others): (Vec<_>, Vec<_>) = there.partition(says);
        let all = async |wanted: Vec<&RemoteAsset>| -> anyhow::Result<Vec<DownloadedAsset>> {
            let one = async |asset: &RemoteAsset| self.file(asset, (&assets, &budget), &progress).await;
            stream::iter(wanted).map(one).buffered(AT_ONCE).try_collect().await
        };
        let files = all(first).await?;
        let read = |name: &str, limit| {
            let is_there = files.iter().any(|file| file.name == name);
            is_there.then(|| read_small(&assets.join(name), limit))
        };
        let checksums =
            read(CHECKSUMS, TEXT_LIMIT).transpose().at("failed to read", &assets.join(CHECKSUMS))?;
        // A line that is not UTF-8 is not a checksum.
        let checksums = checksums.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let manifest = read_manifest(&assets, &files, checksums.as_deref());
        let bundle = read(ATTESTATION, BUNDLE_LIMIT).map(|read| read.map_err(|error| error.to_string()));
        let mut download = Download {
            request,
            commit: None,
            release: release.clone(),
            files,
            checksums,
            manifest,
            image: None,
            bundle,
            by_github: None,
            assets: assets.clone(),
        };
        let sums = download.file(CHECKSUMS).map(|file| file.digest);
        // Of other files nothing says what they must be.
        let covered = download.covered();
        // The attestation and the signatures stay in the folder; `release::published` verifies them.
        download.files.retain(|file| !signs_checksums(&file.name));
        for file in download.files.extract_if(.., |file| !covered.contains(&file.name)) {
            let removed = fs::remove_file(assets.join(&file.name));
            removed.with_context(|| format!("failed to remove `{}`", file.name))?;
        }
        let others = others.into_iter().filter(|asset| covered.contains(&asset.name)).collect();
        let tag = self.github.tag_commit(&download.request.tag);
        let by_github = async {
            let sums = sums.filter(|_| release.immutable)?;
            let answer = self.github.release_attestations(&sums).await;
            Some(answer.map_err(|error| format!("{error:#}")))
        };
        let by_github = by_github.map(Ok);
        let (others, image, commit, by_github) =
            tokio::try_join!(all(others), self.image(&download), tag, by_github)?;
        download.files.extend(others);
        download.files.sort_by_key(|file| release.assets.iter().position(|asset| asset.name == file.name));
        Ok(Download { commit, image, by_github, ..download })
    }

    /// Downloads an asset and then reads it, while others are still being downloaded.
    async fn file(
        &self,
        asset: &RemoteAsset,
        (assets, budget): (&Path, &Arc<UnpackBudget>),
        progress: &Progress,
    ) -> anyhow::Result<DownloadedAsset> {
        let name = asset.name.clone();
        let path = assets.join(&name);
        let fetched =
            self.github.client().retry.run(async |_| self.fetch(asset, &path, progress).await).await;
        fetched.with_context(|| format!("failed to download `{name}`"))?;
        let budget = Arc::clone(budget);
        let read = spawn_blocking(move || read_file(name, &path, &budget));
        read.await
            .context("the thread that reads downloads ended")?
            .with_context(|| format!("failed to read the downloaded `{}`", asset.name))
    }

    async fn fetch(&self, asset: &RemoteAsset, path: &Path, progress: &Progress) -> Result<(), AttemptError> {
        let mut answer = self.github.download(asset, self.is_private).await?;
        let share = progress.share();
        let saved = answer.save(path, asset.size, |piece| share.add(piece.len() as u64)).await?;
        saved.map_err(|TooLarge| {
            anyhow::anyhow!("the server sends more than the {} bytes that GitHub lists", asset.size)
        })?;
        share.keep();
        Ok(())
    }

    /// Pulls the image that the manifest names, if it names one that was asked for. The manifest was downloaded, so it is not trusted: the
    /// registry must be one that GitHub may lead to, and gets credentials only if they are bound to it and it does not allow
    /// anonymous pulls.
    async fn image(&self, download: &Download) -> anyhow::Result<Option<Pulled>> {
        let Ok(Manifest { image: Some(image), version, .. }) = &download.manifest else { return Ok(None) };
        if !download.request.covers_image(&image.name) {
            return Ok(None);
        }
        let (name, client) = (&image.name, self.github.client());
        let base = match self.registry_url {
            Some(url) => Endpoint::given(registry::SERVER, url)?,
            None => {
                let url = Url::parse(&name.address())?;
                let led = client.led(self.github.endpoint(), &url).await;
                let mut led =
                    led.with_context(|| format!("the registry of the image `{name}` is not used"))?;
                led.label = registry::SERVER;
                led
            }
        };
        let connect = |credentials| {
            Registry::connect(client.clone(), base.clone(), name.clone(), credentials).pull_only()
        };
        let mut registry = connect(None);
        let api = self.github.endpoint().url.as_str();
        // The image of a public repository is for everybody, unless the user names its registry.
        if (self.is_private || Credentials::are_named(name))
            && let Some(credentials) = Credentials::from_env(name, &self.own_image, api)?
            && !registry.is_public(&image.digest).await?
        {
            registry = connect(Some(credentials));
        }
        let folder = self.folder.join("image");
        let mut pulled = pull::image(&registry, &image.digest, &version.to_string(), &folder).await?;
        if let (true, Ok(image)) = (image.attached, &pulled.image) {
            pulled.attached = Some(self.attached(&registry, image, download).await?);
        }
        Ok(Some(pulled))
    }

    /// Looks for the files that are attached to the image.
    async fn attached(
        &self,
        registry: &Registry,
        image: &Image,
        download: &Download,
    ) -> anyhow::Result<Attached> {
        let artifacts = download.manifest.as_ref().map_or(&[][..], |manifest| &manifest.artifacts);
        let bundle = download.bundle.as_ref().and_then(|bundle| bundle.as_ref().ok());
        let attestation = bundle.map(|bytes| (Digest::of(bytes), bytes.len() as u64));
        let size = |name: &str| {
            download.release.assets.iter().find(|asset| asset.name == name).map(|asset| asset.size)
        };
        let attachments = attachments(image, artifacts, attestation, size);
        let lists = registry.lists(&attachments).await?;
        let mut attached = Attached { count: attachments.len(), ..Attached::default() };
        for one in attachments {
            let list = lists.get(&one.tag()).map(|list| list.manifests.clone()).unwrap_or_default();
            let is_listed = list.contains(&one.manifest.digest);
            let is_there = is_listed
                && registry.manifest(&one.manifest.digest.to_string()).await?.is_some()
                && registry.has_blob(&one.content.digest).await?;
            match is_there {
                true => {}
                false if one.is_attestation() => {
                    attached.instead = Some(registry.attestations(&one, list).await?);
                }
                false => attached.problems.push(format!(
                    "`{}` is not attached to the image, although the manifest promises it: nothing in the registry refers to {} with it",
                    one.file, one.subject.digest
                )),
            }
        }
        Ok(attached)
    }
}

fn read_file(name: String, path: &Path, budget: &UnpackBudget) -> io::Result<DownloadedAsset> {
    let Some(kind) = ArchiveKind::of_file(&name) else {
        let (digest, size) = Digest::of_reader(files::open_no_link(path)?)?;
        let sbom = name.ends_with(sbom::SUFFIX).then(|| package::sbom::read(path));
        return Ok(DownloadedAsset { name, size, digest, contents: None, sbom });
    };
    let Examined { size, digest, contents, .. } = archive::examine(path, kind, None, budget)?;
    Ok(DownloadedAsset { name, size, digest, contents: Some(contents), sbom: None })
}

/// Whether an asset is the attestation, or may be a signature of minisign over `SHA256SUMS`.
fn signs_checksums(name: &str) -> bool {
    name == ATTESTATION || MINISIGN.iter().any(|end| name.strip_suffix(end) == Some(CHECKSUMS))
}

/// Checks that the assets can be files in one folder on any system, and are no larger than GitHub's own limit.
fn check_names(assets: &[RemoteAsset]) -> anyhow::Result<()> {
    const MOST: usize = 1000;
    anyhow::ensure!(assets.len() <= MOST, "the release has {} assets; GitHub accepts {MOST}", assets.len());
    let mut seen = BTreeSet::new();
    for RemoteAsset { name, size, .. } in assets {
        // GitHub's names are plain, but the server may not be GitHub.
        let is_safe = has_only(name, "._+-~") && !name.starts_with('.') && !archive::is_reserved(name);
        anyhow::ensure!(is_safe, "`{}` is not the name of an asset", name.escape_debug());
        let is_new = seen.insert(name.to_ascii_lowercase());
        anyhow::ensure!(is_new, "GitHub lists `{name}` twice, or two names that differ only in case");
        let limit = format!("it accepts files below {ASSET_LIMIT}");
        anyhow::ensure!(*size < ASSET_LIMIT, "GitHub reports that `{name}` has {size} bytes; {limit}");
    }
    Ok(())
}

fn read_small(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    files::read(files::open_no_link(path)?, limit)
}

/// The manifest of the release. Where there are several, somebody has added those that the checksums do not name.
fn read_manifest(
    assets: &Path,
    files: &[DownloadedAsset],
    checksums: Option<&str>,
) -> Result<Manifest, String> {
    let mut names: Vec<&String> =
        files.iter().map(|file| &file.name).filter(|name| name.ends_with(MANIFEST)).collect();
    if let Some(checksums) = checksums.filter(|_| names.len() > 1) {
        names.retain(|name| sums(checksums).any(|(sum, _)| sum == *name));
    }
    let [name] = names[..] else {
        return Err("the release holds no `<name>-manifest.json`, or more than one".to_owned());
    };
    let json = read_small(&assets.join(name), TEXT_LIMIT).map_err(|error| format!("`{name}`: {error}"))?;
    let manifest: Manifest = serde_json::from_slice(&json).map_err(|error| format!("`{name}`: {error}"))?;
    if Manifest::file_name(&manifest.name) != *name {
        return Err(format!("`{name}` is the manifest of `{}`", manifest.name));
    }
    Ok(manifest)
}
