//! Downloading a release as a stranger does: public addresses, no token where none is needed, and the image through
//! another client (the `oci-client` crate) than the one that pushed it.
//!
//! Everything is streamed to files; nothing that was downloaded is trusted or run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::{
    IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciDescriptor,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use url::Url;

use super::address;
use super::github::GitHub;
use super::retry::{Refused, Retry};
use super::token::Token;
use crate::archive;
use crate::model::release::CHECKSUMS;
use crate::model::{ArchiveKind, Digest, Hasher, ImageName, Manifest};
use crate::oci;
use crate::report::Report;
use crate::verify::published::{Download, File, Pulled};
use crate::world::{RemoteAsset, RemoteRelease};

/// So many files are downloaded at once.
const AT_ONCE: usize = 4;
/// No `SHA256SUMS` and no manifest is larger.
const TEXT_LIMIT: u64 = 16 * 1024 * 1024;

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
        tag: &crate::model::Tag,
        release: RemoteRelease,
    ) -> anyhow::Result<Download> {
        let assets = self.folder.join("assets");
        fs::create_dir_all(&assets).with_context(|| format!("failed to make `{}`", assets.display()))?;
        let progress =
            self.report.progress("Downloading", release.assets.iter().map(|asset| asset.size).sum());
        let client = reqwest::Client::builder()
            .http1_only()
            .user_agent(concat!("floe/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("failed to make a client for downloads")?;
        let files: Vec<File> = stream::iter(&release.assets)
            .map(|asset| async {
                let path = assets.join(safe_name(&asset.name)?);
                let (digest, size) = self.fetch(&client, asset, &path, &progress).await?;
                Ok::<_, anyhow::Error>((asset.name.clone(), path, digest, size))
            })
            .buffered(AT_ONCE)
            .map_ok(|(name, path, digest, size)| {
                let kind = [ArchiveKind::TarGz, ArchiveKind::Zip]
                    .into_iter()
                    .find(|kind| name.ends_with(&format!(".{kind}")));
                let contents =
                    kind.map(|kind| archive::list(&path, kind).map_err(|error| format!("{error:#}")));
                File { name, size, digest, contents }
            })
            .try_collect()
            .await?;
        drop(progress);
        let checksums = read_text(&assets.join(CHECKSUMS)).ok();
        let manifest = read_manifest(&assets, &files);
        let image = match manifest
            .as_ref()
            .ok()
            .and_then(|manifest| manifest.image.as_ref().map(|image| (manifest, image)))
        {
            Some((manifest, image)) => {
                Some(self.pull(&image.name, &image.digest, &manifest.version.to_string()).await?)
            }
            None => None,
        };
        let commit = self.github.tag_commit(tag).await?;
        Ok(Download { tag: tag.clone(), commit, release, files, checksums, manifest, image })
    }

    async fn fetch(
        &self,
        client: &reqwest::Client,
        asset: &RemoteAsset,
        path: &Path,
        progress: &crate::report::Progress,
    ) -> anyhow::Result<(Digest, u64)> {
        let fetch = async |_| {
            let mut request = client.get(&asset.url);
            if let Some(token) = &self.token {
                // A private file is not at its public address; the redirect to storage drops the token.
                let url = self.github.asset_address(asset.id);
                request = client
                    .get(url)
                    .header(header::ACCEPT, "application/octet-stream")
                    .bearer_auth(token.reveal());
            }
            let broke = |error: reqwest::Error| Refused::connection(error.without_url());
            let response = request.send().await.map_err(broke)?;
            let status = response.status();
            if !status.is_success() {
                let error = anyhow::anyhow!("the server answered {status}");
                return Err(Refused::answer(status, &response.headers().clone(), "", error));
            }
            let promised = response.content_length();
            let mut stream = response.bytes_stream();
            let mut file = tokio::fs::File::create(path).await.context("failed to create the file")?;
            let mut hasher = Hasher::default();
            while let Some(piece) = stream.next().await {
                let piece = piece.map_err(broke)?;
                hasher.update(&piece);
                file.write_all(&piece).await.context("failed to write")?;
                progress.add(piece.len() as u64);
            }
            file.flush().await.context("failed to write")?;
            let (digest, size) = hasher.finish();
            match promised {
                Some(promised) if promised != size => Err(Refused::connection(anyhow::anyhow!(
                    "the connection broke after {size} of {promised} bytes"
                ))),
                _ => Ok((digest, size)),
            }
        };
        self.retry
            .run(&asset.name, fetch)
            .await
            .with_context(|| format!("failed to download `{}`", asset.name))
    }

    /// Pulls the image by digest into an OCI layout, and looks up what the version's tag points to.
    async fn pull(&self, name: &ImageName, digest: &Digest, tag: &str) -> anyhow::Result<Pulled> {
        let layout = self.folder.join("image");
        let client = Puller::new(&(self.registry_url)(name), name, self.token.as_ref(), &layout)?;
        let context = || format!("failed to pull `{name}` as a stranger");
        let by_tag = client.resolve(tag).await.with_context(context)?;
        if let Err(error) = client.pull(digest).await {
            return Ok(Pulled { by_tag, image: Err(vec![format!("{error:#}")]) });
        }
        Ok(Pulled { by_tag, image: oci::check(&layout) })
    }
}

/// One image on its way into a layout.
struct Puller {
    client: oci_client::Client,
    auth: RegistryAuth,
    host: String,
    repository: String,
    blobs: PathBuf,
    layout: PathBuf,
}

/// The manifests floe understands.
const ACCEPTED: [&str; 3] = [OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE];

#[derive(Deserialize)]
struct Index {
    manifests: Vec<OciDescriptor>,
}

#[derive(Deserialize)]
struct ImageManifest {
    config: OciDescriptor,
    layers: Vec<OciDescriptor>,
}

impl Puller {
    fn new(registry: &str, name: &ImageName, token: Option<&Token>, layout: &Path) -> anyhow::Result<Self> {
        let url: Url = address::server(registry)?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => bail!("`{registry}` names no host"),
        };
        let protocol = match url.scheme() {
            "http" => ClientProtocol::HttpsExcept(vec![host.clone()]),
            _ => ClientProtocol::Https,
        };
        let client = oci_client::Client::try_from(ClientConfig { protocol, ..ClientConfig::default() })
            .context("failed to make a client for the registry")?;
        let auth = match token {
            Some(token) => RegistryAuth::Basic("floe".to_owned(), token.reveal().to_owned()),
            None => RegistryAuth::Anonymous,
        };
        let blobs = layout.join("blobs").join("sha256");
        fs::create_dir_all(&blobs).with_context(|| format!("failed to make `{}`", blobs.display()))?;
        Ok(Puller {
            client,
            auth,
            host,
            repository: name.repository().to_owned(),
            blobs,
            layout: layout.to_owned(),
        })
    }

    async fn resolve(&self, tag: &str) -> anyhow::Result<Option<Digest>> {
        let reference = Reference::with_tag(self.host.clone(), self.repository.clone(), tag.to_owned());
        self.client.auth(&reference, &self.auth, RegistryOperation::Pull).await?;
        match self.client.fetch_manifest_digest(&reference, &self.auth).await {
            Ok(digest) => Ok(Some(digest.parse()?)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn pull(&self, index: &Digest) -> anyhow::Result<()> {
        let bytes = self.manifest(index).await?;
        let parsed: Index = serde_json::from_slice(&bytes).context("the image index is not understood")?;
        for platform in &parsed.manifests {
            let manifest = self.manifest(&platform.digest.parse()?).await?;
            let manifest: ImageManifest =
                serde_json::from_slice(&manifest).context("a manifest is not understood")?;
            for blob in manifest.layers.iter().chain([&manifest.config]) {
                self.blob(blob).await?;
            }
        }
        let top = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE,
            "manifests": [{ "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE, "digest": index, "size": bytes.len() }],
        });
        fs::write(self.layout.join("index.json"), top.to_string())?;
        fs::write(self.layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(())
    }

    async fn manifest(&self, digest: &Digest) -> anyhow::Result<Vec<u8>> {
        let reference =
            Reference::with_digest(self.host.clone(), self.repository.clone(), digest.to_string());
        let (bytes, _) = self.client.pull_manifest_raw(&reference, &self.auth, &ACCEPTED).await?;
        anyhow::ensure!(Digest::of(&bytes) == *digest, "the registry sent other bytes for manifest {digest}");
        fs::write(self.blobs.join(digest.hex()), &bytes)?;
        Ok(bytes.to_vec())
    }

    async fn blob(&self, blob: &OciDescriptor) -> anyhow::Result<()> {
        let digest: Digest = blob.digest.parse()?;
        let path = self.blobs.join(digest.hex());
        if path.exists() {
            return Ok(());
        }
        let reference =
            Reference::with_digest(self.host.clone(), self.repository.clone(), digest.to_string());
        let file = tokio::fs::File::create(&path).await?;
        self.client
            .pull_blob(&reference, blob, file)
            .await
            .with_context(|| format!("failed to pull blob {digest}"))
    }
}

fn is_absent(error: &oci_client::errors::OciDistributionError) -> bool {
    use oci_client::errors::OciDistributionError as Error;
    match error {
        Error::ImageManifestNotFoundError(_) => true,
        Error::ServerError { code, .. } => *code == 404,
        Error::RegistryError { envelope, .. } => envelope.errors.iter().any(|one| {
            use oci_client::errors::OciErrorCode as Code;
            matches!(one.code, Code::ManifestUnknown | Code::NameUnknown | Code::NotFound)
        }),
        _ => false,
    }
}

/// An asset's name as a file name; GitHub's names cannot leave a folder, and nobody is believed to be GitHub.
fn safe_name(name: &str) -> anyhow::Result<&str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-~".contains(&byte));
    anyhow::ensure!(
        plain && !name.is_empty() && !name.starts_with('.'),
        "`{}` is not the name of an asset",
        name.escape_debug()
    );
    Ok(name)
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    anyhow::ensure!(fs::metadata(path)?.len() <= TEXT_LIMIT, "`{}` is too large", path.display());
    Ok(fs::read_to_string(path)?)
}

fn read_manifest(assets: &Path, files: &[File]) -> Result<Manifest, String> {
    let mut names = files.iter().map(|file| &file.name).filter(|name| name.ends_with("-manifest.json"));
    let (Some(name), None) = (names.next(), names.next()) else {
        return Err("the release holds no `<name>-manifest.json`, or more than one".to_owned());
    };
    let text = read_text(&assets.join(name)).map_err(|error| format!("{error:#}"))?;
    serde_json::from_str(&text).map_err(|error| format!("`{name}`: {error}"))
}
