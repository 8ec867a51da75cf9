//! Reads docker archives, plain or gzip, as `docker save` and nixpkgs' dockerTools write them (moby, "Docker Image
//! Specification v1.2.0": "Combined Image JSON + Filesystem Changeset Format").
//!
//! An archive is untrusted. It is streamed, once for the manifest, the config and the layers each, and never
//! unpacked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::draft::{LayoutDraft, WrittenLayer};
use super::rootfs;
use super::tarball::{self, LayerMember};
use super::{JSON_LIMIT, LAYERS_LIMIT, UNPACKED_LIMIT};
use crate::error::{AtPath as _, Failure};
use crate::package::archive::Watched;
use crate::package::archive::tar_walk::TarKind;
use floe_core::model::{Digest, Platform};
use floe_core::oci::{Execution, ImageConfig};
use floe_core::untrusted::bounded::{Bounded, ByteLimit};
use floe_core::untrusted::{files, text};

/// The member that names the config and the layers.
const MANIFEST: &str = "manifest.json";

/// A docker archive whose manifest and config were read; its layers were not.
#[derive(Debug)]
pub struct DockerArchive {
    /// Where its image runs.
    pub platform: Platform,
    /// How its container is started.
    pub execution: Execution,
    path: PathBuf,
    /// The members with its layers, bottom first.
    layers: Vec<String>,
    /// The digests of its layers by its config.
    diff_ids: Vec<Digest>,
}

/// An image in `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    config: String,
    layers: Vec<String>,
}

impl DockerArchive {
    /// Reads manifest and config. The archive must hold one image for a platform that floe knows, within the limits.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let images: Vec<Described> = read_json(path, MANIFEST)?;
        let described = match <[Described; 1]>::try_from(images) {
            Ok([image]) => image,
            Err(images) => bail!("it holds {} images; floe accepts archives with one", images.len()),
        };
        let Described { config, layers } = described;
        let count = layers.len();
        ensure!(
            count <= LAYERS_LIMIT,
            "it lists {count} layers, more than the {LAYERS_LIMIT} that floe accepts"
        );
        let mut config = read_json::<ImageConfig>(path, &config)?;
        // dockerTools writes no variant, and docker runs such an image as one for v7.
        if config.architecture == Platform::LinuxArmV7.architecture() && config.variant.is_none() {
            config.variant = Platform::LinuxArmV7.variant().map(str::to_owned);
        }
        let platform = Platform::ALL.into_iter().find(|platform| config.is_for(*platform));
        let platform = platform.ok_or_else(|| {
            let (found, known) = (quoted(&config.platform()), Platform::list());
            Failure::new(format!("it is for {found}, and floe makes images for {known}")).hint(
                "make it with `architecture = \"amd64\";`, or with \"arm64\", \"arm\" (variant v7) or \"riscv64\"",
            )
        })?;
        let diff_ids = config.rootfs.diff_ids;
        let digests = diff_ids.len();
        ensure!(digests == count, "it lists {count} layers, but its config has the digests of {digests}");
        ensure!(count > 0, "it has no layers");
        let execution = config.config.unwrap_or_default();
        Ok(DockerArchive { platform, execution, path: path.to_owned(), layers, diff_ids })
    }

    /// Writes its layers, bottom first: the tars byte for byte, compressed by floe. A layer that is listed twice
    /// comes twice.
    pub fn write_layers(&self, draft: &LayoutDraft) -> anyhow::Result<Vec<WrittenLayer>> {
        let wanted: BTreeSet<&String> = self.layers.iter().collect();
        let mut written = BTreeMap::new();
        walk(&self.path, |member, content| {
            if wanted.contains(&member.path) {
                let layer = recompress(content, draft)
                    .with_context(|| format!("its layer {} cannot be used", quoted(&member.path)))?;
                written.insert(member.path.clone(), layer);
            }
            Ok(())
        })?;
        let layers = self.layers.iter().zip(&self.diff_ids).map(|(name, diff_id)| {
            let (layer, name) = (written.get(name), quoted(name));
            let layer = layer.with_context(|| format!("it lists the layer {name}, which is not in it"))?;
            let found = layer.diff_id;
            ensure!(
                found == *diff_id,
                "its layer {name} has the digest {found}, but its config says {diff_id}"
            );
            Ok(layer.clone())
        });
        layers.collect()
    }
}

fn recompress(content: &mut dyn Read, draft: &LayoutDraft) -> anyhow::Result<WrittenLayer> {
    let layer = draft.layer(|writer| {
        rootfs::scan(Watched(content, |piece: &[u8]| writer.write_all(piece)), tarball::MEMBERS_LIMIT)
    })?;
    match &layer.changes.problems[..] {
        [] => Ok(layer),
        problems => Err(Failure::new("floe cannot use its members").details(problems).into()),
    }
}

/// Reads a JSON document among the members.
fn read_json<T: for<'de> Deserialize<'de>>(path: &Path, name: &str) -> anyhow::Result<T> {
    let mut json = None;
    walk(path, |member, content| {
        if member.path == name && member.kind == TarKind::File {
            let read = files::read(content, JSON_LIMIT);
            json = Some(read.with_context(|| format!("its {} cannot be read", quoted(name)))?);
        }
        Ok(())
    })?;
    let json = json.ok_or_else(|| {
        Failure::new(format!("it holds no {}", quoted(name)))
            .hint("give what `docker save` or `dockerTools.buildLayeredImage` makes, or static binaries")
    })?;
    serde_json::from_slice(&json).with_context(|| format!("its {} cannot be read", quoted(name)))
}

/// Walks an archive. Links, absolute names and names that come twice are refused, because such archives have none.
fn walk(
    path: &Path,
    mut visit: impl FnMut(&LayerMember, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut file = BufReader::with_capacity(128 << 10, files::open(path).at("cannot read", path)?);
    let gzip = file.fill_buf().at("cannot read", path)?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let reader = Bounded::new(reader, ByteLimit::of_unpacked(UNPACKED_LIMIT));
    let mut names = BTreeSet::new();
    tarball::walk(reader, tarball::MEMBERS_LIMIT, |member, content| {
        let name = quoted(&member.path);
        let is_new = member.kind != TarKind::File || names.insert(member.path.clone());
        ensure!(is_new, "it has {name} twice");
        ensure!(!member.absolute, "its member {name} has an absolute path");
        ensure!(matches!(member.kind, TarKind::File | TarKind::Directory), "its member {name} is a link");
        visit(member, content)
    })
}

fn quoted(name: &str) -> String {
    format!("`{}`", text::name(name))
}
