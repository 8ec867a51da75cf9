//! Pulling an image by digest into an OCI layout, through another client (the `oci-client` crate) than the one that
//! pushed it.
//!
//! What the registry holds wrongly is told apart from what could not be asked: only the first says something about
//! the release. The layout appears whole or not at all.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderMap, StatusCode, header};
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
use tokio::task::spawn_blocking;
use url::Url;

use super::at_most::{AtMost, is_too_much};
use crate::error::Failure;
use crate::image::{self, AtomicDir};
use crate::net::address;
use crate::net::answer::Gathered;
use crate::net::client::no_certificates;
use crate::net::retry::{self, AttemptError, Retry, RetryPolicy};
use crate::registry::{Credentials, may_know, message};
use floe_core::model::{Digest, Image, ImageName};
use floe_core::units::seconds;
use floe_core::verify::published::Pulled;

/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(60);
/// So many blobs are pulled at once, each over its own connection.
const BLOBS_AT_ONCE: usize = 6;
/// So much is gathered before it is written, in bytes.
const PIECE: usize = 256 * 1024;
/// The manifests floe understands.
const ACCEPTED: [&str; 3] = [OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE];

/// A registry, as somebody sees it who has never pushed to it.
pub(super) struct Puller<'a> {
    client: Client,
    /// For manifests, which are read whole: the crate takes as much as a server sends.
    plain: reqwest::Client,
    url: Url,
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
        let client = Client::try_from(config).map_err(no_certificates)?;
        let auth = match credentials {
            Some(own) => RegistryAuth::Basic(own.user().to_owned(), own.token().reveal().to_owned()),
            None => RegistryAuth::Anonymous,
        };
        let plain = reqwest::Client::builder()
            .http1_only()
            .connect_timeout(Duration::from_secs(15))
            .timeout(retry::patience(0))
            .redirect(address::redirects())
            .user_agent(concat!("floe/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(no_certificates)?;
        Ok(Puller { client, plain, url, auth, host, name, retry })
    }

    /// Looks up what a tag points to, and pulls the image of a digest into the folder `layout`.
    ///
    /// # Errors
    /// The registry cannot be reached or lets nobody in, or a file cannot be written. What is merely wrong stands in
    /// [`Pulled`].
    pub(super) async fn image(&self, digest: &Digest, tag: &str, layout: &Path) -> anyhow::Result<Pulled> {
        self.check_token_service().await?;
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
        let manifest = self.manifest(&format!("tag `{tag}`"), tag).await?;
        Ok(Some(Digest::of(&manifest)))
    }

    /// The crate shows a secret to whatever token service it is told of, so that is looked at before.
    async fn check_token_service(&self) -> anyhow::Result<()> {
        if matches!(self.auth, RegistryAuth::Anonymous) {
            return Ok(());
        }
        let ask = async |_| {
            let asked =
                self.plain.get(self.url.join("/v2/").context("the registry has no address")?).send().await;
            let answer = asked.map_err(|error| AttemptError::connection(error.without_url()))?;
            may_know(answer.headers(), &self.url).map_err(AttemptError::fatal)
        };
        self.retry.run(ask).await.with_context(|| format!("failed to ask for `{}`", self.name))
    }

    /// The bytes of a manifest, by tag or digest.
    async fn manifest(&self, what: &str, reference: &str) -> Result<Bytes, Fault> {
        let path = format!("/v2/{}/manifests/{reference}", self.name.repository());
        let url = self.url.join(&path).with_context(|| format!("`{path}` is no path of a registry"))?;
        let whole =
            Reference::with_tag(self.host.clone(), self.name.repository().to_owned(), "latest".to_owned());
        let ask = async |_| {
            let token = match self.client.auth(&whole, &self.auth, RegistryOperation::Pull).await {
                Ok(token) => token,
                Err(error) => return self.judge(what, error).map(Err),
            };
            let request = self.plain.get(url.clone()).header(header::ACCEPT, ACCEPTED.join(", "));
            let request = match (token, &self.auth) {
                (Some(token), _) => request.bearer_auth(token),
                (None, RegistryAuth::Basic(user, secret)) => request.basic_auth(user, Some(secret)),
                (None, _) => request,
            };
            let (status, headers, body) = read(request).await?;
            match status {
                StatusCode::OK => Ok(Ok(body)),
                StatusCode::NOT_FOUND => Ok(Err(format!("{what} is not in the registry"))),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.shut(message(&body))),
                _ => {
                    let error = anyhow!("the registry answered {status}");
                    Err(AttemptError::answer(status, &headers, &String::from_utf8_lossy(&body), error))
                }
            }
        };
        self.run(what, ask).await
    }

    async fn layout(&self, index: &Digest, layout: &Path) -> Result<Result<Image, Vec<String>>, Fault> {
        let place = AtomicDir::prepare(layout)?;
        let blobs = place.draft().join("blobs").join("sha256");
        fs::create_dir_all(&blobs).with_context(|| format!("failed to make `{}`", blobs.display()))?;
        let (parsed, size): (Index, usize) = self.document(index, &blobs).await?;
        let wrong = |text: String| Fault::Wrong(text);
        if parsed.manifests.len() > image::ENTRIES_LIMIT {
            return Err(wrong(format!("its index has {} entries", parsed.manifests.len())));
        }
        let mut all = 0;
        let mut wanted: Vec<OciDescriptor> = Vec::new();
        for platform in &parsed.manifests {
            let (manifest, _): (Manifest, usize) = self.document(&digest_of(platform)?, &blobs).await?;
            if manifest.layers.len() > image::LAYERS_LIMIT {
                return Err(wrong(format!("one of its manifests has {} layers", manifest.layers.len())));
            }
            for blob in manifest.layers.into_iter().chain([manifest.config]) {
                all = size_of(&blob)?.saturating_add(all);
                if all > image::UNPACKED_LIMIT {
                    let limit = floe_core::units::size(image::UNPACKED_LIMIT);
                    return Err(wrong(format!("its blobs are more than {limit} by their manifests")));
                }
                // Platforms may share a layer.
                if !wanted.iter().any(|known| known.digest == blob.digest) {
                    wanted.push(blob);
                }
            }
        }
        let pulls = stream::iter(&wanted).map(|blob| self.blob(blob, &blobs)).buffered(BLOBS_AT_ONCE);
        pulls.try_collect::<()>().await?;
        let top = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE,
            "manifests": [{ "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE, "digest": index, "size": size }],
        });
        keep(&place.draft().join("index.json"), top.to_string().as_bytes())?;
        keep(&place.draft().join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        place.reveal()?;
        let layout = layout.to_owned();
        let check = spawn_blocking(move || image::check(&layout));
        Ok(check.await.context("the thread that reads the image ended")?)
    }

    /// Pulls a manifest or an index, keeps its bytes and says how many they were.
    async fn document<T: DeserializeOwned>(
        &self,
        digest: &Digest,
        blobs: &Path,
    ) -> Result<(T, usize), Fault> {
        let what = format!("manifest `{digest}`");
        let bytes = self.manifest(&what, &digest.to_string()).await?;
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
        let reference = self.reference(&digest);
        let size = size_of(blob)?;
        let what = format!("blob `{digest}`");
        let attempt = async |_| {
            let file = tokio::fs::File::create(&path).await.context("failed to write")?;
            let file = AtMost::new(BufWriter::with_capacity(PIECE, file), size);
            let patience = retry::patience(size);
            let pull = tokio::time::timeout(patience, self.client.pull_blob(&reference, blob, file));
            let late = |_| AttemptError::connection(anyhow!("it was not here within {}", seconds(patience)));
            match pull.await.map_err(late)? {
                Ok(()) => Ok(Ok(())),
                Err(Error::IoError(error)) if is_too_much(&error) => {
                    Ok(Err(format!("{what} has more than the {size} bytes that its manifest says")))
                }
                Err(error) => self.judge(&what, error).map(Err),
            }
        };
        self.run(&what, attempt).await
    }

    fn reference(&self, digest: &Digest) -> Reference {
        Reference::with_digest(self.host.clone(), self.name.repository().to_owned(), digest.to_string())
    }

    /// Asks as often as it takes.
    async fn run<T>(
        &self,
        what: &str,
        attempt: impl AsyncFnMut(u32) -> Result<Result<T, String>, AttemptError>,
    ) -> Result<T, Fault> {
        let answer = self.retry.run(attempt).await;
        answer
            .with_context(|| format!("failed to pull {what} of `{}` as a stranger", self.name))?
            .map_err(Fault::Wrong)
    }

    /// What is wrong with the thing itself, or why it could not be had.
    fn judge(&self, what: &str, error: Error) -> Result<String, AttemptError> {
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
                let retry = if is(&[Code::Toomanyrequests]) {
                    RetryPolicy::Limited(None)
                } else {
                    RetryPolicy::Never
                };
                Err(AttemptError { error: anyhow!("the registry refused: {envelope}"), retry })
            }
            Error::ServerError { code, .. } => {
                let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let error = anyhow!("the registry answered {status}");
                Err(AttemptError::answer(status, &HeaderMap::new(), "", error))
            }
            Error::RequestError(error) => Err(AttemptError::connection(error.without_url())),
            Error::IoError(error) => {
                Err(AttemptError::fatal(anyhow::Error::from(error).context("failed to write")))
            }
            other => Ok(format!("{what} is not understood: {other}")),
        }
    }

    /// The registry does not let us in.
    fn shut(&self, said: Option<String>) -> AttemptError {
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
        AttemptError::fatal(failure.into())
    }
}

fn keep(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("failed to write `{}`", path.display()))
}

/// A descriptor's digest, which is somebody else's text until it is parsed.
fn digest_of(blob: &OciDescriptor) -> Result<Digest, Fault> {
    blob.digest.parse().map_err(|error| Fault::Wrong(format!("a manifest names a blob wrongly: {error}")))
}

/// The size a descriptor promises, in bytes; the crate reads it as a number that may be below nothing.
fn size_of(blob: &OciDescriptor) -> Result<u64, Fault> {
    u64::try_from(blob.size)
        .map_err(|_| Fault::Wrong(format!("a manifest names a blob of {} bytes", blob.size)))
}

/// Sends a request and reads its answer within the limit of a manifest.
async fn read(request: reqwest::RequestBuilder) -> Result<(StatusCode, HeaderMap, Bytes), AttemptError> {
    let broke = |error: reqwest::Error| AttemptError::connection(error.without_url());
    let mut response = request.send().await.map_err(broke)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Gathered::new("the registry", status, image::JSON_LIMIT as usize);
    while let Some(piece) = response.chunk().await.map_err(broke)? {
        if body.take(&piece)?.is_break() {
            break;
        }
    }
    Ok((status, headers, body.finish()))
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
