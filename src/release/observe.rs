//! Observing: read-only requests for the state of both servers.
//!
//! A request that fails never counts as "not there".

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{OptionFuture, join_all};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::attest::BUNDLE_LIMIT;
use crate::error::{Refusal, hint_of, refusal_of};
use crate::registry::Registry;
use crate::release::channel::Channel;
use crate::release::session::Session;
use crate::release::{REGISTRY_AT_ONCE, attached};
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Asset, Digest, Image, Release, Subject, Tag};
use floe_core::plan::image_tags;
use floe_core::world::{
    Access, Asked, AssetMatch, Finding, Published, RemoteAsset, RemoteImage, RemoteRelease, World,
};

/// The state of both servers. The part of a server that did not answer is empty.
pub struct Observed {
    /// The state of both servers.
    pub world: World,
    /// The repository and the token.
    pub access: Asked<Access>,
    /// Whether the registry answers, if the release has an image whose digests are known.
    pub registry: Option<Asked<()>>,
    /// The error of the first server that did not answer.
    pub error: Option<anyhow::Error>,
}

impl Session {
    /// Observes both servers at once. The registry is asked about an image whose digests are known: about its index, its
    /// tags, and each of its parts if the index is not there.
    pub async fn observe(&self, subject: &Subject<'_>) -> Observed {
        let channels = self.channels.iter().map(Channel::look);
        let (access, github, image, channels) = tokio::join!(
            self.github.access(),
            self.observe_github(subject, None),
            self.observe_image(subject, true),
            join_all(channels)
        );
        let mut error = None;
        let mut find = |why: anyhow::Error| {
            let finding = finding(&why);
            error.get_or_insert(why);
            finding
        };
        // A wrong token fails every request; it is reported once, by the request for access.
        let (access, github) = match (access, github) {
            (Ok(access), Ok(world)) => (Ok(access), world),
            (Err(error), _) | (_, Err(error)) => (Err(find(error)), World::default()),
        };
        let (image, registry) = match image {
            // Before the dist is built, there is no image that could be looked for.
            Ok(image) => (image, subject.image().map(|_| Ok(()))),
            // A package that may not be seen is planned as one that is not there.
            Err(error) if self.rights.reads_only && refusal_of(&error).is_some() => {
                (Some(RemoteImage::default()), None)
            }
            Err(error) => (None, Some(Err(find(error)))),
        };
        let channels = channels.into_iter().map(|seen| seen.map_err(|error| channel_finding(&error)));
        let world = World { image, channels: channels.collect(), ..github };
        Observed { world, access, registry, error }
    }

    /// Observes both servers once more: of the image its index and its tags, of the release that is `known` by its
    /// number all assets.
    pub async fn observe_again(&self, release: &Release, known: Option<u64>) -> anyhow::Result<World> {
        let subject = &Subject::from(release);
        let (world, image) =
            tokio::try_join!(self.observe_github(subject, known), self.observe_image(subject, false))?;
        Ok(World { image, ..world })
    }

    async fn observe_github(&self, subject: &Subject<'_>, known: Option<u64>) -> anyhow::Result<World> {
        let tag = &subject.destination.tag;
        let (tag, releases) = tokio::try_join!(self.github.tag_commit(tag), self.releases(subject, known))?;
        Ok(World { tag, releases, ..World::default() })
    }

    /// The image's index and tags; where the index is missing, also its parts, if they are asked for.
    async fn observe_image(
        &self,
        subject: &Subject<'_>,
        with_parts: bool,
    ) -> anyhow::Result<Option<RemoteImage>> {
        let Some((registry, image)) = self.registry.as_ref().zip(subject.image()) else { return Ok(None) };
        // The parts are asked for as soon as the index is known to be missing, beside the tags.
        let present = async {
            match registry.manifest(&image.index.digest.to_string()).await? {
                None if with_parts => parts(registry, image).await,
                index => Ok(index.into_iter().collect()),
            }
        };
        let (present, tags) = tokio::try_join!(present, tags(registry, &subject.destination.tag))?;
        let image = RemoteImage { present, tags, listed: None };
        match subject.release {
            Some(release) => attached::observe(registry, release, self.trust.as_ref(), image).await.map(Some),
            None => Ok(Some(image)),
        }
    }

    /// All releases; those of the tag with all their assets.
    async fn releases(
        &self,
        subject: &Subject<'_>,
        known: Option<u64>,
    ) -> anyhow::Result<Vec<RemoteRelease>> {
        let held = OptionFuture::from(known.map(|id| self.github.assets(id)));
        let (mut releases, held) = tokio::try_join!(self.github.releases(), held.map(Option::transpose))?;
        let mut held = known.zip(held);
        let tag = subject.destination.tag.as_str();
        for seen in releases.iter_mut().filter(|seen| seen.tag == tag) {
            seen.assets = match held.take_if(|(id, _)| *id == seen.id) {
                Some((_, assets)) => assets,
                // The list of releases shows the promised assets. If there are more, the list of assets shows them
                // before anything is revealed.
                None if subject.release.is_some_and(|release| is_whole(seen, release)) => continue,
                None => self.github.assets(seen.id).await?,
            };
            if let Some(release) = subject.release {
                self.digest_checksums(release, seen).await?;
                self.compare_attestation(release, seen).await?;
            }
        }
        Ok(releases)
    }

    /// GitHub has no digests of what was uploaded before June 2025, and older Enterprise Servers have none at all. Files of
    /// equal sizes may then be another dist, so the published `SHA256SUMS`, which covers the others, is read.
    async fn digest_checksums(&self, release: &Release, seen: &mut RemoteRelease) -> anyhow::Result<()> {
        let differs = |there: &&mut RemoteAsset| {
            let asset = release.asset(CHECKSUMS).filter(|asset| asset.name == there.name);
            asset.is_some_and(|asset| there.compare(asset) == AssetMatch::Unproven)
        };
        let Some(there) = seen.assets.iter_mut().find(differs).filter(|_| !seen.draft) else { return Ok(()) };
        there.digest = Some(Digest::of(&self.github.read_asset(there, there.size).await?));
        Ok(())
    }

    /// An attestation of the same files by another run counts as the promised one.
    async fn compare_attestation(&self, release: &Release, seen: &mut RemoteRelease) -> anyhow::Result<()> {
        let (Some(promised), Some(trust)) = (release.attestation(), &self.trust) else { return Ok(()) };
        let differs = |there: &&mut RemoteAsset| {
            there.name == promised.name && there.uploaded && there.compare(promised) != AssetMatch::Same
        };
        let Some(there) = seen.assets.iter_mut().find(differs) else { return Ok(()) };
        if there.size <= BUNDLE_LIMIT {
            let bundle = self.github.read_asset(there, BUNDLE_LIMIT).await?;
            let is_good = trust.check_release(&bundle, release).is_ok();
            there.stands_for = is_good.then_some(promised.digest);
        }
        Ok(())
    }
}

/// Whether a release shows exactly the promised assets.
fn is_whole(seen: &RemoteRelease, release: &Release) -> bool {
    let is_there = |asset: &Asset| {
        seen.assets.iter().any(|there| there.name == asset.name && there.compare(asset) == AssetMatch::Same)
    };
    seen.assets.len() == release.assets.len() && release.assets.iter().all(is_there)
}

/// The digest of each tag that a release of this version may move.
async fn tags(registry: &Registry, tag: &Tag) -> anyhow::Result<BTreeMap<String, Digest>> {
    let tags = stream::iter(image_tags(&Published::new(tag.clone(), false), &[])).map(|tag| async move {
        let digest = registry.manifest(&tag).await?;
        anyhow::Ok(digest.map(|digest| (tag, digest)))
    });
    let tags: Vec<_> = tags.buffered(REGISTRY_AT_ONCE).try_collect().await?;
    Ok(tags.into_iter().flatten().collect())
}

/// The parts of an image that the registry holds.
async fn parts(registry: &Registry, image: &Image) -> anyhow::Result<BTreeSet<Digest>> {
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

/// A server's refusal as a finding, with a hint.
pub fn finding(error: &anyhow::Error) -> Finding {
    let cure = hint_of(error).unwrap_or(match refusal_of(error) {
        Some(Refusal::Denied) => "use a token that the server accepts, or change what its message names",
        _ => "run the same command again; the failure may be temporary",
    });
    Finding { found: format!("{error:#}"), cure: cure.to_owned() }
}

/// Why a channel could not be looked at. GitHub hides a repository from a token that may not see it.
fn channel_finding(error: &anyhow::Error) -> Finding {
    match refusal_of(error) {
        Some(Refusal::Denied) => Finding {
            found: format!("its repository is not there, or the token may not see it: {error:#}"),
            cure:
                "create it, public and with a README; or give a token that may write it as FLOE_CHANNEL_TOKEN"
                    .to_owned(),
        },
        _ => finding(error),
    }
}
