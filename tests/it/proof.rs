//! What may be sent of a release while its dist is still being read.

use std::sync::mpsc;

use floe::release::proof::Proof;
use floe_core::model::{Digest, Release};
use futures_util::FutureExt as _;

use crate::faults::bench::{Made, made};

fn release(seed: &str) -> Made {
    made(seed, "1.4.0", &["x86_64-musl".parse().unwrap()])
}

fn layer(release: &Release) -> Digest {
    release.image.as_ref().unwrap().platforms[0].layers[0].digest
}

#[tokio::test]
async fn a_layer_goes_ahead_and_everything_else_waits() {
    let made = release("one");
    let (claimed, image) = (&made.release, made.release.image.as_ref().unwrap());
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (digest, whole) = (layer(claimed), claimed.clone());
    let proof = Proof::begin(claimed.clone(), move |tell| {
        tell(digest, None);
        may_go_on.recv()?;
        Ok(whole)
    });
    assert_eq!(proof.blob(image, &digest).await.unwrap().path, image.blob_path(&digest));
    // A config was read to know what is claimed.
    proof.blob(image, &image.platforms[0].config.digest).await.unwrap();
    let index = image.index.digest;
    assert!(proof.whole().now_or_never().is_none() && proof.blob(image, &index).now_or_never().is_none());
    go_on.send(()).unwrap();
    let assets = |release: &Release| release.assets.len();
    assert_eq!(assets(proof.whole().await.unwrap()), assets(claimed));
    proof.blob(image, &index).await.unwrap();
    assert!(proof.failure().await.is_none());
}

#[tokio::test]
async fn what_is_wrong_with_a_dist_stops_whoever_waits_and_is_told_once() {
    let (made, other) = (release("one"), release("two"));
    let image = made.release.image.as_ref().unwrap();
    let other = other.release.clone();
    type Read = Box<dyn FnOnce() -> anyhow::Result<Release> + Send>;
    let reads: [(Read, &str); 3] = [
        (Box::new(|| anyhow::bail!("a bit is flipped")), "a bit is flipped"),
        (Box::new(|| Ok(other)), "the dist changed while it was read"),
        (Box::new(|| panic!("the reader fell over")), "the thread that reads dists ended"),
    ];
    for (read, said) in reads {
        let proof = Proof::begin(made.release.clone(), |_| read());
        let stopped = proof.blob(image, &layer(&made.release)).await.unwrap_err();
        assert_eq!(stopped.to_string(), "the dist is not well formed, so nothing more of it is sent");
        assert!(proof.whole().await.is_err());
        assert_eq!(proof.failure().await.unwrap().to_string(), said);
        assert!(proof.failure().await.is_none());
    }
}
