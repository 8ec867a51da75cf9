//! Both servers of a release together: one look at what they hold, as a [`World`].

use std::collections::BTreeMap;

use anyhow::Context as _;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::cli::RemoteArgs;
use crate::github::GitHub;
use crate::net::client::Client;
use crate::net::retry::Retry;
use crate::registry::{Credentials, Registry};
use crate::token::Token;
use floe_core::clock::Clock;
use floe_core::model::{Asset, Digest, Image, ImageName, Release, Repo, Tag};
use floe_core::preflight::Access;
use floe_core::world::{Likeness, RemoteAsset, RemoteImage, RemoteRelease, World};

/// So many requests are made of a registry at once, each over its own connection.
pub const REGISTRY_AT_ONCE: usize = 12;

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
    /// An address is not one that may be used, or the token is none.
    pub fn connect(
        release: &Release,
        (args, client): (&RemoteArgs, &Client),
        secrets: Secrets,
        retry: &Retry,
    ) -> anyhow::Result<Self> {
        let github = github_over(client, args, (release.home.repo.clone(), secrets.github), retry)?;
        let registry = match &release.image {
            Some(_) => Some(registry_over(client, args, (&release.home.image, secrets.registry), retry)?),
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

    /// The same in words, by server.
    pub fn asked(&self) -> String {
        let github = self.github.requests();
        match self.registry.as_ref().map(Registry::requests) {
            Some(registry) => {
                format!("{} requests: {github} of GitHub, {registry} of the registry", github + registry)
            }
            None => format!("{github} requests, all of GitHub"),
        }
    }

    /// Looks at both servers at once, once more: of the image only whether all of it is there, of the release that is
    /// `known` by its number at all assets. Read-only.
    ///
    /// # Errors
    /// As [`Remote::observe_github`].
    pub async fn observe(&self, release: &Release, known: Option<u64>) -> anyhow::Result<World> {
        let (world, image) = tokio::try_join!(self.world(release, known), self.observe_registry(release))?;
        Ok(World { image, ..world })
    }

    /// Looks at what GitHub holds of a release, and at what it says of the token, all at once. Read-only.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses; a look-up that fails is never taken for "not there".
    pub async fn observe_github(&self, release: &Release) -> anyhow::Result<(World, Access)> {
        let (access, world) = tokio::join!(self.github.access(), self.world(release, None));
        // A wrong token fails all of them; it is told as that, and once.
        let access = access?;
        Ok((world?, access))
    }

    async fn world(&self, release: &Release, known: Option<u64>) -> anyhow::Result<World> {
        let (tag, releases) = tokio::try_join!(
            self.github.tag_commit(&release.home.tag),
            self.releases_with_assets(release, known)
        )?;
        Ok(World { tag, releases, image: None })
    }

    async fn releases_with_assets(
        &self,
        release: &Release,
        known: Option<u64>,
    ) -> anyhow::Result<Vec<RemoteRelease>> {
        let held = async {
            match known {
                Some(id) => self.github.assets(id).await.map(|assets| Some((id, assets))),
                None => Ok(None),
            }
        };
        let (mut releases, mut held) = tokio::try_join!(self.github.releases(), held)?;
        let tag = release.home.tag.as_str();
        for seen in releases.iter_mut().filter(|seen| seen.tag == tag) {
            seen.assets = match held.take_if(|(id, _)| *id == seen.id) {
                Some((_, assets)) => assets,
                // The list of releases shows exactly what is promised; what else there may be, the list of assets is
                // asked for before anything is revealed.
                None if is_whole(seen, release) => continue,
                None => self.github.assets(seen.id).await?,
            };
        }
        Ok(releases)
    }

    /// Looks at what the registry holds under the image's names, if the release has one: its index and its tags.
    /// Read-only.
    ///
    /// # Errors
    /// As [`Remote::observe_github`].
    pub async fn observe_registry(&self, release: &Release) -> anyhow::Result<Option<RemoteImage>> {
        let (Some(registry), Some(image)) = (&self.registry, &release.image) else { return Ok(None) };
        let index = image.index.digest.to_string();
        let (found, tags) = tokio::try_join!(registry.manifest(&index), tags(registry, &release.home.tag))?;
        Ok(Some(RemoteImage { present: found.into_iter().collect(), tags: tags.into_iter().collect() }))
    }

    /// Looks which parts of the image the registry holds. Read-only.
    ///
    /// # Errors
    /// As [`Remote::observe_github`].
    pub async fn observe_parts(&self, image: &Image) -> anyhow::Result<Vec<Digest>> {
        let Some(registry) = &self.registry else { return Ok(Vec::new()) };
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
        let answers: Vec<Option<Digest>> = answers.buffered(REGISTRY_AT_ONCE).try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Gives back what was opened only to ask, where it was not needed.
    pub async fn close(&self) {
        if let Some(registry) = &self.registry {
            registry.close().await;
        }
    }
}

/// Whether a release shows exactly the promised assets.
fn is_whole(seen: &RemoteRelease, release: &Release) -> bool {
    let there: BTreeMap<&str, &RemoteAsset> =
        seen.assets.iter().map(|one| (one.name.as_str(), one)).collect();
    let is_there = |asset: &Asset| {
        there.get(asset.name.as_str()).is_some_and(|there| there.likeness(asset) == Likeness::Same)
    };
    seen.assets.len() == release.assets.len() && release.assets.iter().all(is_there)
}

/// A client for GitHub's API, with a token or as a stranger.
///
/// # Errors
/// The address is not one that may be used, or the token is none.
pub fn github(args: &RemoteArgs, repo: Repo, token: Option<Token>, retry: &Retry) -> anyhow::Result<GitHub> {
    github_over(&Client::default(), args, (repo, token), retry)
}

fn github_over(
    client: &Client,
    args: &RemoteArgs,
    (repo, token): (Repo, Option<Token>),
    retry: &Retry,
) -> anyhow::Result<GitHub> {
    GitHub::connect((client.clone(), api_url(args)), repo, token, retry.clone())
}

/// A client for an image's registry, with credentials or as a stranger.
///
/// # Errors
/// The address is not one that may be used, or the token is none.
pub fn registry(
    args: &RemoteArgs,
    name: &ImageName,
    credentials: Option<Credentials>,
    retry: &Retry,
) -> anyhow::Result<Registry> {
    registry_over(&Client::default(), args, (name, credentials), retry)
}

fn registry_over(
    client: &Client,
    args: &RemoteArgs,
    (name, credentials): (&ImageName, Option<Credentials>),
    retry: &Retry,
) -> anyhow::Result<Registry> {
    let url = registry_url(args, name);
    Registry::connect((client.clone(), &url), name.clone(), credentials, retry.clone())
}

/// Where an image's registry is reached: as told, else over TLS at the host of its name.
pub fn registry_url(args: &RemoteArgs, name: &ImageName) -> String {
    args.registry_url.clone().unwrap_or_else(|| format!("https://{}", name.registry()))
}

fn api_url(args: &RemoteArgs) -> &str {
    args.api_url.as_deref().unwrap_or("https://api.github.com")
}

/// The address of a repository's page; it goes into manifests and notes.
///
/// # Errors
/// The server's address is not one that may be used, or holds a password.
pub fn page(args: &RemoteArgs, repo: &Repo) -> anyhow::Result<String> {
    let server = args.server_url.as_deref().unwrap_or("https://github.com").trim_end_matches('/');
    crate::net::address::server(server)?;
    Ok(format!("{server}/{repo}"))
}

/// What every tag that this version could own points to now.
async fn tags(registry: &Registry, tag: &Tag) -> anyhow::Result<Vec<(String, Digest)>> {
    let candidates = floe_core::plan::image_tags(tag, &[]);
    let answers = stream::iter(candidates).map(|tag| async move {
        let digest = registry.manifest(&tag).await?;
        anyhow::Ok(digest.map(|digest| (tag, digest)))
    });
    let answers: Vec<_> = answers.buffered(REGISTRY_AT_ONCE).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

/// The retry rule of a run, as its arguments ask for it.
pub fn retry(args: &RemoteArgs, report: &crate::report::Report) -> Retry {
    let first_wait = args.first_wait.map_or(crate::net::retry::FIRST_WAIT, std::time::Duration::from_millis);
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
