//! What is known of a release while its dist is still being read: which blobs are what they are promised to be, and at the
//! end whether all of it is.
//!
//! A release is planned by what its dist claims. Whoever stages a part of it asks here first, and waits for the answer:
//! a layer may go ahead, by its digest, which reveals nothing; everything else waits until the whole dist has passed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::error::Failure;
use crate::image::Tell;
use floe_core::model::{Digest, Image, Release, Seen, Stamp};

/// What is known so far; clones know the same.
#[derive(Clone)]
pub struct Proof(Arc<Known>);

struct Known {
    claimed: Release,
    blobs: Mutex<BTreeMap<Digest, Option<Stamp>>>,
    /// The release as it was read, or nothing if it is not well formed.
    whole: OnceLock<Option<Release>>,
    failure: Mutex<Option<anyhow::Error>>,
    news: watch::Sender<()>,
}

impl Proof {
    /// Of a release that was read to its end.
    pub fn of(release: Release) -> Self {
        let proof = Proof::new(release.clone());
        proof.end(Ok(release));
        proof
    }

    /// Begins to read, on threads of its own. What was read must be the release that was `claimed`.
    pub fn begin(
        claimed: Release,
        read: impl FnOnce(&Tell<'_>) -> anyhow::Result<Release> + Send + 'static,
    ) -> Self {
        let proof = Proof::new(claimed);
        // Of configs more is not to be known: they were hashed.
        for image in proof.claimed().image.iter() {
            let configs = image.platforms.iter().map(|one| one.config.digest);
            configs.for_each(|digest| proof.add(digest, image.stamps.0.get(&digest).copied()));
        }
        let (told, ended) = (proof.clone(), proof.clone());
        tokio::spawn(async move {
            let reading = spawn_blocking(move || read(&|digest, stamp| told.add(digest, stamp)));
            let release = reading.await.context("the thread that reads dists ended").flatten();
            ended.end(release.and_then(|release| {
                let is_claimed = names(&release) == names(ended.claimed());
                anyhow::ensure!(is_claimed, "the dist changed while it was read");
                Ok(release)
            }));
        });
        proof
    }

    fn new(claimed: Release) -> Self {
        let (news, _) = watch::channel(());
        let (blobs, whole, failure) = (Mutex::default(), OnceLock::new(), Mutex::default());
        Proof(Arc::new(Known { claimed, blobs, whole, failure, news }))
    }

    /// The release by what its dist claims: good enough to plan on.
    pub fn claimed(&self) -> &Release {
        &self.0.claimed
    }

    fn add(&self, digest: Digest, stamp: Option<Stamp>) {
        self.blobs().insert(digest, stamp);
        self.0.news.send_replace(());
    }

    fn end(&self, release: anyhow::Result<Release>) {
        let release = release.map_err(|error| {
            *self.0.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        });
        let _ = self.0.whole.set(release.ok());
        self.0.news.send_replace(());
    }

    /// Waits until a blob is known to be what it is promised to be.
    ///
    /// # Errors
    /// The dist is not well formed; [`Proof::failure`] says why.
    pub async fn blob(&self, image: &Image, digest: &Digest) -> anyhow::Result<Seen> {
        self.until(|| match self.blobs().get(digest) {
            Some(stamp) => Some(Ok(Seen { path: image.blob_path(digest), stamp: *stamp })),
            // At the end all of them are known.
            None => {
                Some(self.ended()?.map(|release| release.image.as_ref().unwrap_or(image).blob_file(digest)))
            }
        })
        .await
    }

    /// Waits until all of it is known to be well formed.
    ///
    /// # Errors
    /// As [`Proof::blob`].
    pub async fn whole(&self) -> anyhow::Result<&Release> {
        self.until(|| self.ended()).await
    }

    /// Waits for the end, and gives what is wrong with the dist, once.
    pub async fn failure(&self) -> Option<anyhow::Error> {
        let _ = self.whole().await;
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn ended(&self) -> Option<anyhow::Result<&Release>> {
        let stopped = || Failure::new("the dist is not well formed, so nothing more of it is sent").into();
        self.0.whole.get().map(|release| release.as_ref().ok_or_else(stopped))
    }

    fn blobs(&self) -> MutexGuard<'_, BTreeMap<Digest, Option<Stamp>>> {
        self.0.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn until<T>(&self, look: impl Fn() -> Option<T>) -> T {
        let mut news = self.0.news.subscribe();
        loop {
            if let Some(found) = look() {
                return found;
            }
            // The sender lives as long as this does.
            let _ = news.changed().await;
        }
    }
}

/// What a release promises, by digests.
fn names(release: &Release) -> (Vec<(String, Digest)>, Option<Digest>) {
    let assets = release.assets.iter().map(|asset| (asset.name.clone(), asset.digest));
    (assets.collect(), release.image.as_ref().map(|image| image.index.digest))
}
