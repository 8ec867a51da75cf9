//! Both servers of a release together: one look at what they hold, as a [`World`].

use anyhow::Context as _;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::clock::Clock;
use super::github::GitHub;
use super::registry::{Credentials, Registry};
use super::retry::Retry;
use super::token::Token;
use crate::cli::RemoteArgs;
use crate::model::{Digest, Image, ImageName, Release, Repo, Tag};
use crate::preflight::Access;
use crate::world::{RemoteImage, RemoteRelease, World};

/// So many questions are asked of a registry at once.
const QUESTIONS_AT_ONCE: usize = 8;

/// The secrets of a run.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// GitHub's token.
    pub github: Option<Token>,
    /// Who we are at the registry.
    pub registry: Option<Credentials>,
}

impl Secrets {
    /// Out of the environment, for an image of this name.
    pub fn from_env(image: &ImageName) -> Self {
        Secrets { github: Token::github(), registry: Credentials::from_env(image) }
    }
}

/// GitHub and, if the release has an image, its registry.
#[derive(Clone)]
pub struct Remote {
    /// GitHub.
    pub github: GitHub,
    /// The registry.
    pub registry: Option<Registry>,
}

impl Remote {
    /// Makes the clients; nothing is sent yet.
    ///
    /// # Errors
    /// An address is not one that may be used, or the system's certificates cannot be read.
    pub fn connect(
        release: &Release,
        args: &RemoteArgs,
        secrets: Secrets,
        retry: &Retry,
    ) -> anyhow::Result<Self> {
        let github = github(args, release.home.repo.clone(), secrets.github, retry)?;
        let registry = match &release.image {
            Some(_) => Some(registry(args, &release.home.image, secrets.registry, retry)?),
            None => None,
        };
        Ok(Remote { github, registry })
    }

    /// The same clients as those of a run that has not begun: no token was asked for, nothing was counted, nothing
    /// is slowed down.
    pub fn fresh(&self) -> Self {
        Remote { github: self.github.fresh(), registry: self.registry.as_ref().map(Registry::fresh) }
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        self.github.requests() + self.registry.as_ref().map_or(0, Registry::requests)
    }

    /// Looks at both servers at once. Read-only.
    ///
    /// # Errors
    /// As [`Remote::observe_github`].
    pub async fn observe(&self, release: &Release) -> anyhow::Result<World> {
        let ((world, _), image) =
            tokio::try_join!(self.observe_github(release), self.observe_registry(release))?;
        Ok(World { image, ..world })
    }

    /// Looks at what GitHub holds of a release, and at what it says of the token. Read-only.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses; a look-up that fails is never taken for "not there".
    pub async fn observe_github(&self, release: &Release) -> anyhow::Result<(World, Access)> {
        let tag = &release.home.tag;
        // First alone: a wrong token is then told as that, and once.
        let access = self.github.access().await?;
        let (commit, releases) =
            tokio::try_join!(self.github.tag_commit(tag), self.releases_with_assets(tag))?;
        Ok((World { tag: commit, releases, image: None }, access))
    }

    /// Looks at what the registry holds of the release's image, if it has one. Read-only.
    ///
    /// # Errors
    /// As [`Remote::observe_github`].
    pub async fn observe_registry(&self, release: &Release) -> anyhow::Result<Option<RemoteImage>> {
        match (&self.registry, &release.image) {
            (Some(registry), Some(image)) => {
                observe_image(registry, image, &release.home.tag).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn releases_with_assets(&self, tag: &Tag) -> anyhow::Result<Vec<RemoteRelease>> {
        let mut releases = self.github.releases().await?;
        for release in releases.iter_mut().filter(|release| release.tag == tag.as_str()) {
            release.assets = self.github.assets(release.id).await?;
        }
        Ok(releases)
    }
}

/// A client for GitHub's API, with a token or as a stranger.
///
/// # Errors
/// The address is not one that may be used, or the system's certificates cannot be read.
pub fn github(args: &RemoteArgs, repo: Repo, token: Option<Token>, retry: &Retry) -> anyhow::Result<GitHub> {
    let api = args.api_url.as_deref().unwrap_or("https://api.github.com");
    GitHub::connect(api, repo, token, retry.clone())
}

/// A client for an image's registry, with credentials or as a stranger.
///
/// # Errors
/// The address is not one that may be used, or the system's certificates cannot be read.
pub fn registry(
    args: &RemoteArgs,
    name: &ImageName,
    credentials: Option<Credentials>,
    retry: &Retry,
) -> anyhow::Result<Registry> {
    Registry::connect(&registry_url(args, name), name.clone(), credentials, retry.clone())
}

/// Where an image's registry is reached: as told, else over TLS at the host of its name.
pub fn registry_url(args: &RemoteArgs, name: &ImageName) -> String {
    args.registry_url.clone().unwrap_or_else(|| format!("https://{}", name.registry()))
}

/// The address of a repository's page; it goes into manifests and notes.
///
/// # Errors
/// The server's address is not one that may be used, or holds a password.
pub fn page(args: &RemoteArgs, repo: &Repo) -> anyhow::Result<String> {
    let server = args.server_url.as_deref().unwrap_or("https://github.com").trim_end_matches('/');
    super::address::server(server)?;
    Ok(format!("{server}/{repo}"))
}

async fn observe_image(registry: &Registry, image: &Image, tag: &Tag) -> anyhow::Result<RemoteImage> {
    let index = image.index.digest.to_string();
    let (found, tags) = tokio::try_join!(registry.manifest(&index), tags(registry, tag))?;
    let mut present: Vec<Digest> = found.into_iter().collect();
    if present.is_empty() {
        let blobs = image.blobs().into_iter().map(|blob| (blob.digest, true));
        let manifests = image.platforms.iter().map(|one| (one.manifest.digest, false));
        let questions: Vec<(Digest, bool)> = blobs.chain(manifests).collect();
        let answers = stream::iter(questions).map(|(digest, is_blob)| async move {
            let there = match is_blob {
                true => registry.has_blob(&digest).await?,
                false => registry.manifest(&digest.to_string()).await?.is_some(),
            };
            anyhow::Ok(there.then_some(digest))
        });
        let answers: Vec<Option<Digest>> = answers.buffered(QUESTIONS_AT_ONCE).try_collect().await?;
        present.extend(answers.into_iter().flatten());
    }
    Ok(RemoteImage { present: present.into_iter().collect(), tags: tags.into_iter().collect() })
}

/// What every tag that this version could own points to now.
async fn tags(registry: &Registry, tag: &Tag) -> anyhow::Result<Vec<(String, Digest)>> {
    let candidates = crate::plan::image_tags(tag, &[]);
    let answers = stream::iter(candidates).map(|tag| async move {
        let digest = registry.manifest(&tag).await?;
        anyhow::Ok(digest.map(|digest| (tag, digest)))
    });
    let answers: Vec<_> = answers.buffered(QUESTIONS_AT_ONCE).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

/// The retry rule of a run, as its arguments ask for it.
pub fn retry(args: &RemoteArgs, report: &crate::report::Report) -> Retry {
    let first_wait = args.first_wait.map_or(super::retry::FIRST_WAIT, std::time::Duration::from_millis);
    Retry { tries: args.tries, first_wait, clock: Clock::system(), report: report.clone() }
}

/// Installs ring as the process's one TLS provider. Called once, before the first client is made.
pub fn install_tls() {
    // An error means that it is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Whether a stranger can pull the image by digest.
///
/// # Errors
/// The registry cannot be reached. A refusal is an answer, not an error.
pub async fn strangers_can_pull(registry: &Registry, digest: &Digest) -> anyhow::Result<bool> {
    let answer =
        registry.as_stranger().manifest(&digest.to_string()).await.context("failed to look as a stranger");
    Ok(matches!(answer, Ok(Some(found)) if found == *digest))
}
