//! The number of requests that publishing takes: a formula over the size of the release, for a first run and for a run
//! that has nothing to do.

use std::path::{Path, PathBuf};

use floe::image;
use floe_core::attachment;
use floe_core::model::{Asset, Content, Digest, Image, Release, Source, Target};
use floe_rehearsal::faults::{Schedule, Side};

use crate::faults::bench::{Bench, Made, attaching, folder, made};
use crate::support::scenario::{COMMIT, image_spec};

/// The sizes of a release that cost requests.
struct Sizes {
    assets: usize,
    blobs: usize,
    platforms: usize,
    tags: usize,
    channels: usize,
}

impl Sizes {
    fn of(release: &Release) -> Self {
        let image = release.image.as_ref().unwrap();
        Sizes {
            assets: release.assets.len(),
            blobs: image.blobs().len(),
            platforms: image.platforms.len(),
            // 1.4.0, 1.4, 1 and latest.
            tags: 4,
            channels: release.channels.len(),
        }
    }
}

/// GitHub, first run: the repository, the tag, the releases; the notes; the draft, and whether it is the first; the assets;
/// once more the tag, the releases, and the draft's assets; the publishing; the repository and the file of each channel,
/// the root where there is no file, and a PUT.
fn github_first(sizes: &Sizes) -> usize {
    (1 + 1 + 1) + 1 + (1 + 1) + sizes.assets + (1 + 1 + 1) + 1 + (2 + 1 + 1) * sizes.channels
}

/// The registry, first run: a refusal, the token; the index and the tags; every part; a session and a PUT for each blob;
/// the manifests; once more the index and the tags; the tags themselves; an anonymous client is refused, gets a token, and looks.
fn registry_first(sizes: &Sizes) -> usize {
    let Sizes { blobs, platforms, tags, .. } = sizes;
    (1 + 1) + (1 + tags) + (blobs + platforms) + 2 * blobs + (platforms + 1) + (1 + tags) + tags + 3
}

/// Nothing to do: the repository, the tag, the releases; a refusal, the token, the index and the tags. Each
/// channel: its repository and its file.
fn github_again(sizes: &Sizes) -> usize {
    1 + 1 + 1 + 2 * sizes.channels
}

fn registry_again(sizes: &Sizes) -> usize {
    (1 + 1) + (1 + sizes.tags)
}

#[tokio::test]
async fn the_number_of_requests_is_that_of_the_formula() {
    for (assets, layers) in [(1, 1), (20, 1), (1, 9), (20, 9)] {
        let mut made = made("one", "1.4.0", &["x86_64-musl".parse::<Target>().unwrap()]);
        let folder = folder();
        resize(&mut made, (assets, layers), folder.path());
        let sizes = Sizes::of(&made.release);
        // One config a platform, and the layers; the image may have one more, of CA certificates.
        assert_eq!((sizes.assets, sizes.platforms, sizes.channels), (assets, 1, 1));
        assert!(sizes.blobs > layers, "{}", sizes.blobs);
        let bench = Bench::new().await;
        let servers = folder.path().join("servers");
        std::fs::create_dir(&servers).unwrap();
        let testbed = bench.fresh(&made.release, &servers).await;
        let receipt = folder.path().join("receipt.json");
        let mut counted = [0; 2];
        for wanted in
            [[github_first(&sizes), registry_first(&sizes)], [github_again(&sizes), registry_again(&sizes)]]
        {
            let (_, receipt) = bench.run(&made.release, &receipt).await.unwrap();
            testbed.quiet().await;
            let seen = [testbed.interceptor(Side::GitHub), testbed.interceptor(Side::Registry)]
                .map(|interceptor| interceptor.log());
            let new: Vec<String> = seen
                .iter()
                .zip(counted)
                .flat_map(|(seen, before)| &seen[before..])
                .map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
                .collect();
            let now = [0, 1].map(|side| seen[side].len());
            let count = [0, 1].map(|side| now[side] - counted[side]);
            assert_eq!(count, wanted, "{assets} assets, {layers} layers: {new:#?}");
            assert_eq!(receipt.requests, count.iter().sum::<usize>() as u64, "in the receipt");
            counted = now;
        }
        assert_eq!(bench.publish(&made.release, &Schedule::default()).await.broken, Vec::<String>::new());
    }
}

/// A file that is attached: whether its artifact is there and listed, before and after staging (an index under a tag is asked for
/// after the API); the config and the file are looked for and pushed, and the manifest is pushed. The index is read, written and
/// read again.
fn attached_first(has_api: bool) -> usize {
    let look = if has_api { 1 + 1 } else { 1 + 2 };
    2 * look + 2 * (1 + 2) + 1 + if has_api { 0 } else { 3 }
}

fn attached_again(has_api: bool) -> usize {
    if has_api { 1 + 1 } else { 1 + 2 }
}

#[tokio::test]
async fn the_number_of_requests_of_an_attached_file_is_that_of_the_formula() {
    let made = attaching();
    let release = &made.release;
    assert_eq!(attachment::of_release(release).len(), 1);
    let sizes = Sizes::of(release);
    let bench = Bench::new().await;
    for has_api in [true, false] {
        let folder = folder();
        let testbed = bench.fresh(release, folder.path()).await;
        testbed.registry.options().referrers = has_api;
        let receipt = folder.path().join("receipt.json");
        let mut before = 0;
        for wanted in [
            registry_first(&sizes) + attached_first(has_api),
            registry_again(&sizes) + attached_again(has_api),
        ] {
            bench.run(release, &receipt).await.unwrap();
            testbed.quiet().await;
            let log = testbed.interceptor(Side::Registry).log();
            let new: Vec<String> =
                log[before..].iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
            assert_eq!(new.len(), wanted, "{has_api}: {new:#?}");
            before = log.len();
        }
    }
}

/// Gives a release so many small assets and its image so many layers.
fn resize(made: &mut Made, (assets, layers): (usize, usize), folder: &Path) {
    let asset = |number: usize| {
        let bytes = format!("asset {number}").into_bytes();
        let name = format!("tool-{number:03}.txt");
        Asset { name, size: bytes.len() as u64, digest: Digest::of(&bytes), content: Content::Bytes(bytes) }
    };
    made.release.assets = (0..assets).map(asset).collect();
    made.release.image = Some(image(layers, folder));
}

/// An image of one platform with so many layers, out of a docker archive.
fn image(layers: usize, folder: &Path) -> Image {
    let archive = docker_archive(layers, folder);
    let layout = folder.join("image");
    let source = Source { commit: Some(COMMIT.parse().unwrap()), epoch: 1_700_000_000 };
    image::build(&[archive], &image_spec("1.4.0", source), &layout).unwrap()
}

fn docker_archive(layers: usize, folder: &Path) -> PathBuf {
    let names: Vec<String> = (0..layers).map(|number| format!("{number}/layer.tar")).collect();
    let layers: Vec<Vec<u8>> = (0..layers).map(layer).collect();
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let config = serde_json::json!({
        "architecture": "amd64",
        "os": "linux",
        "config": { "Entrypoint": ["/bin/tool"] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let manifest = serde_json::json!([{ "Config": "c.json", "RepoTags": ["tool:1.4.0"], "Layers": names }]);
    let path = folder.join("image.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
    for (name, layer) in names.iter().zip(&layers) {
        append(&mut tar, name, 0o644, layer);
    }
    append(&mut tar, "c.json", 0o644, config.to_string().as_bytes());
    append(&mut tar, "manifest.json", 0o644, manifest.to_string().as_bytes());
    tar.finish().unwrap();
    path
}

/// The first layer holds the binary, every other one a file of its own.
fn layer(number: usize) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    match number {
        0 => {
            let target = "x86_64-musl".parse().unwrap();
            append(&mut tar, "bin/tool", 0o755, &crate::support::binaries::binary(target, b"requests"));
        }
        _ => append(&mut tar, &format!("share/{number}"), 0o644, format!("layer {number}").as_bytes()),
    }
    tar.into_inner().unwrap()
}

fn append(tar: &mut tar::Builder<impl std::io::Write>, name: &str, mode: u32, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    header.set_mtime(1);
    tar.append_data(&mut header, name, content).unwrap();
}
