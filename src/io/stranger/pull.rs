//! Pulling an image by digest into an OCI layout, through another client (the `oci-client` crate) than the one that
//! pushed it.
//!
//! What the registry holds wrongly is told apart from what could not be asked: only the first says something about
//! the release. The layout appears whole or not at all.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use http::{HeaderMap, StatusCode};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{DigestError, OciDistributionError as Error, OciErrorCode as Code};
use oci_client::manifest::{
    IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciDescriptor,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::BufWriter;
use url::Url;

use crate::error::Failure;
use crate::io::address;
use crate::io::registry::{Credentials, message};
use crate::io::retry::{Again, Refused, Retry};
use crate::model::{Digest, Image, ImageName};
use crate::oci::{self, Place};
use crate::verify::published::Pulled;

/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(60);
/// So much is gathered before it is written, in bytes.
const PIECE: usize = 256 * 1024;
/// The manifests floe understands.
const ACCEPTED: [&str; 3] = [OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE];

/// A registry, as somebody sees it who has never pushed to it.
pub(super) struct Puller<'a> {
    client: Client,
    auth: RegistryAuth,
    host: String,
    name: &'a ImageName,
    retry: &'a Retry,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<OciDescriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: OciDescriptor,
    layers: Vec<OciDescriptor>,
}

/// Why something was not pulled.
enum Fault {
    /// The registry holds something else than it should: a sentence.
    Wrong(String),
    /// It could not be asked, or what it said not be kept.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Fault::Failed(error)
    }
}

impl<'a> Puller<'a> {
    /// Makes the client for a registry that is reached at `url`; nothing is sent yet.
    ///
    /// # Errors
    /// The address is not one that may be used.
    pub(super) fn new(
        url: &str,
        name: &'a ImageName,
        credentials: Option<Credentials>,
        retry: &'a Retry,
    ) -> anyhow::Result<Self> {
        let url: Url = address::server(url)?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => bail!("`{url}` names no host"),
        };
        let protocol = match url.scheme() {
            "http" => ClientProtocol::HttpsExcept(vec![host.clone()]),
            _ => ClientProtocol::Https,
        };
        let config = ClientConfig {
            protocol,
            connect_timeout: Some(Duration::from_secs(15)),
            read_timeout: Some(SILENCE),
            user_agent: concat!("floe/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).context("failed to make a client for the registry")?;
        let auth = match credentials {
            Some(own) => RegistryAuth::Basic(own.user().to_owned(), own.token().reveal().to_owned()),
            None => RegistryAuth::Anonymous,
        };
        Ok(Puller { client, auth, host, name, retry })
    }

    /// Looks up what a tag points to, and pulls the image of a digest into the folder `layout`.
    ///
    /// # Errors
    /// The registry cannot be reached or lets nobody in, or a file cannot be written. What is merely wrong stands in
    /// [`Pulled`].
    pub(super) async fn image(&self, digest: &Digest, tag: &str, layout: &Path) -> anyhow::Result<Pulled> {
        let by_tag = match self.resolve(tag).await {
            Ok(digest) => digest,
            Err(Fault::Wrong(_)) => None,
            Err(Fault::Failed(error)) => return Err(error),
        };
        let image = match self.layout(digest, layout).await {
            Ok(image) => image,
            Err(Fault::Wrong(why)) => Err(vec![why]),
            Err(Fault::Failed(error)) => return Err(error),
        };
        Ok(Pulled { by_tag, image })
    }

    async fn resolve(&self, tag: &str) -> Result<Option<Digest>, Fault> {
        let reference =
            Reference::with_tag(self.host.clone(), self.name.repository().to_owned(), tag.to_owned());
        let ask = async || {
            self.client.auth(&reference, &self.auth, RegistryOperation::Pull).await?;
            self.client.fetch_manifest_digest(&reference, &self.auth).await
        };
        let digest = self.ask(&format!("tag `{tag}`"), ask).await?;
        Ok(digest.parse().ok())
    }

    async fn layout(&self, index: &Digest, layout: &Path) -> Result<Result<Image, Vec<String>>, Fault> {
        let place = Place::prepare(layout)?;
        let blobs = place.draft().join("blobs").join("sha256");
        fs::create_dir_all(&blobs).with_context(|| format!("failed to make `{}`", blobs.display()))?;
        let (parsed, size): (Index, usize) = self.document(index, &blobs).await?;
        for platform in &parsed.manifests {
            let (manifest, _): (Manifest, usize) = self.document(&digest_of(platform)?, &blobs).await?;
            for blob in manifest.layers.iter().chain([&manifest.config]) {
                self.blob(blob, &blobs).await?;
            }
        }
        let top = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE,
            "manifests": [{ "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE, "digest": index, "size": size }],
        });
        keep(&place.draft().join("index.json"), top.to_string().as_bytes())?;
        keep(&place.draft().join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        place.reveal()?;
        Ok(oci::check(layout))
    }

    /// Pulls a manifest or an index, keeps its bytes and says how many they were.
    async fn document<T: DeserializeOwned>(
        &self,
        digest: &Digest,
        blobs: &Path,
    ) -> Result<(T, usize), Fault> {
        let (what, reference) = (format!("manifest `{digest}`"), self.reference(digest));
        let ask = async || self.client.pull_manifest_raw(&reference, &self.auth, &ACCEPTED).await;
        let (bytes, _) = self.ask(&what, ask).await?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(Fault::Wrong(format!("{what} is {found} in the registry")));
        }
        keep(&blobs.join(digest.hex()), &bytes)?;
        let document = serde_json::from_slice(&bytes)
            .map_err(|error| Fault::Wrong(format!("{what} is not understood: {error}")))?;
        Ok((document, bytes.len()))
    }

    async fn blob(&self, blob: &OciDescriptor, blobs: &Path) -> Result<(), Fault> {
        let digest = digest_of(blob)?;
        let path = blobs.join(digest.hex());
        // Platforms may share a layer.
        if path.exists() {
            return Ok(());
        }
        let reference = self.reference(&digest);
        let ask = async || {
            let file = tokio::fs::File::create(&path).await?;
            self.client.pull_blob(&reference, blob, BufWriter::with_capacity(PIECE, file)).await
        };
        self.ask(&format!("blob `{digest}`"), ask).await
    }

    fn reference(&self, digest: &Digest) -> Reference {
        Reference::with_digest(self.host.clone(), self.name.repository().to_owned(), digest.to_string())
    }

    /// Asks as often as it takes.
    async fn ask<T>(&self, what: &str, ask: impl AsyncFn() -> Result<T, Error>) -> Result<T, Fault> {
        let attempt = async |_| match ask().await {
            Ok(value) => Ok(Ok(value)),
            Err(error) => self.judge(what, error).map(Err),
        };
        let answer = self.retry.run(what, attempt).await;
        answer
            .with_context(|| format!("failed to pull {what} of `{}` as a stranger", self.name))?
            .map_err(Fault::Wrong)
    }

    /// What is wrong with the thing itself, or why it could not be had.
    fn judge(&self, what: &str, error: Error) -> Result<String, Refused> {
        match error {
            Error::DigestError(DigestError::VerificationError { actual, .. }) => {
                Ok(format!("{what} is {actual} in the registry"))
            }
            error if is_absent(&error) => Ok(format!("{what} is not in the registry")),
            Error::AuthenticationFailure(said) => Err(self.shut(message(said.as_bytes()))),
            Error::UnauthorizedError { .. } => Err(self.shut(None)),
            Error::RegistryError { envelope, .. } => {
                let is = |codes: &[Code]| envelope.errors.iter().any(|one| codes.contains(&one.code));
                if is(&[Code::Denied, Code::Unauthorized]) {
                    return Err(self.shut(envelope.errors.first().map(|one| one.message.clone())));
                }
                let again = if is(&[Code::Toomanyrequests]) { Again::Limited(None) } else { Again::No };
                Err(Refused { error: anyhow!("the registry refused: {envelope}"), again })
            }
            Error::ServerError { code, .. } => {
                let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let error = anyhow!("the registry answered {status}");
                Err(Refused::answer(status, &HeaderMap::new(), "", error))
            }
            Error::RequestError(error) => Err(Refused::connection(error.without_url())),
            Error::IoError(error) => Err(Refused::no(anyhow::Error::from(error).context("failed to write"))),
            other => Ok(format!("{what} is not understood: {other}")),
        }
    }

    /// The registry does not let us in.
    fn shut(&self, said: Option<String>) -> Refused {
        let name = self.name;
        let said = said.map(|said| format!(" ({said})")).unwrap_or_default();
        let failure = match self.auth {
            RegistryAuth::Anonymous => Failure::new(format!("the registry lets no stranger in{said}")).hint(format!(
                "the image is private: whoever owns `{name}` has to make it public, unless the repository is private too"
            )),
            _ => Failure::new(format!("the registry does not let this account in{said}")).hint(
                "set GITHUB_TOKEN to a token with `read:packages`, or FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN for another registry",
            ),
        };
        Refused::no(failure.into())
    }
}

fn keep(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("failed to write `{}`", path.display()))
}

/// A descriptor's digest, which is somebody else's text until it is parsed.
fn digest_of(blob: &OciDescriptor) -> Result<Digest, Fault> {
    blob.digest.parse().map_err(|error| Fault::Wrong(format!("a manifest names a blob wrongly: {error}")))
}

fn is_absent(error: &Error) -> bool {
    match error {
        Error::ImageManifestNotFoundError(_) => true,
        Error::ServerError { code, .. } => *code == 404,
        Error::RegistryError { envelope, .. } => envelope.errors.iter().any(|one| {
            matches!(one.code, Code::ManifestUnknown | Code::NameUnknown | Code::BlobUnknown | Code::NotFound)
        }),
        _ => false,
    }
}
