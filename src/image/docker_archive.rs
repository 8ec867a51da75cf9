//! Reads docker archives, plain or gzip, as `docker save` and nixpkgs' dockerTools write them (moby, "Docker Image
//! Specification v1.2.0": "Combined Image JSON + Filesystem Changeset Format").
//!
//! An archive is untrusted. It is streamed, once for the manifest, the config and the layers each, and never unpacked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, bail, ensure};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::blobs::{Blobs, Tee, WrittenLayer};
use super::rootfs::{self, Changeset};
use super::spec::{Execution, ImageConfig};
use super::tarball::{self, LayerMember};
use super::{JSON_LIMIT, LAYERS_LIMIT, UNPACKED_LIMIT};
use crate::error::Failure;
use crate::package::archive::tar_walk::TarKind;
use floe_core::model::{Digest, Platform};
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
        let (described, members) = read_manifest(path)?;
        ensure!(
            described.layers.len() <= LAYERS_LIMIT,
            "it lists {} layers, more than the {LAYERS_LIMIT} floe takes",
            described.layers.len()
        );
        let missing: Vec<_> = described
            .layers
            .iter()
            .filter(|layer| !members.contains_key(*layer))
            .map(|name| quoted(name))
            .collect();
        ensure!(
            missing.is_empty(),
            "its `{MANIFEST}` lists layers that are not in it: {}",
            missing.join(", ")
        );
        let config = read_json::<ImageConfig>(path, &described.config)?;
        let platform = format!("{}/{}", config.os, config.architecture);
        let platform = platform.parse().map_err(|why: String| {
            Failure::new(why).hint("make it with `architecture = \"amd64\";` or `architecture = \"arm64\";`")
        })?;
        let diff_ids = config.rootfs.diff_ids;
        ensure!(
            diff_ids.len() == described.layers.len(),
            "it lists {} layers, but its config has the digests of {}",
            described.layers.len(),
            diff_ids.len()
        );
        ensure!(!diff_ids.is_empty(), "it has no layers");
        let execution = config.config.unwrap_or_default();
        Ok(DockerArchive { platform, execution, path: path.to_owned(), layers: described.layers, diff_ids })
    }

    /// Writes its layers, bottom first: the tars byte for byte, compressed by floe. A layer that is listed twice comes twice.
    pub fn write_layers(&self, blobs: &Blobs) -> anyhow::Result<Vec<WrittenLayer<Rc<Changeset>>>> {
        let wanted: BTreeSet<&String> = self.layers.iter().collect();
        let mut written = BTreeMap::new();
        walk(&self.path, |member, content| {
            if wanted.contains(&member.path) {
                let layer = recompress(content, blobs)
                    .with_context(|| format!("its layer {} cannot be used", quoted(&member.path)))?;
                written.insert(member.path.clone(), layer);
            }
            Ok(())
        })?;
        let layers = self.layers.iter().zip(&self.diff_ids).map(|(name, diff_id)| {
            let layer = written.get(name).with_context(|| format!("its layer {} is gone", quoted(name)))?;
            let (name, found) = (quoted(name), layer.diff_id);
            ensure!(
                found == *diff_id,
                "its layer {name} has the digest {found}, but its config says {diff_id}"
            );
            Ok(layer.clone())
        });
        layers.collect()
    }
}

fn recompress(content: &mut dyn Read, blobs: &Blobs) -> anyhow::Result<WrittenLayer<Rc<Changeset>>> {
    let layer =
        blobs.layer(|writer| rootfs::scan(Tee { reader: content, writer }, tarball::MEMBERS_LIMIT))?;
    if layer.facts.problems.is_empty() {
        return Ok(layer.map(Rc::new));
    }
    Err(Failure::new("floe cannot use its members").details(&layer.facts.problems).into())
}

/// `manifest.json`, and the sizes of all members by name.
fn read_manifest(path: &Path) -> anyhow::Result<(Described, BTreeMap<String, u64>)> {
    let mut members = BTreeMap::new();
    let mut manifest = None;
    walk(path, |member, content| {
        ensure!(!members.contains_key(&member.path), "it has {} twice", quoted(&member.path));
        if member.path == MANIFEST {
            manifest = Some(read_text(member, content)?);
        }
        if member.kind == TarKind::File {
            members.insert(member.path.clone(), member.size);
        }
        Ok(())
    })?;
    let manifest = manifest.ok_or_else(|| {
        Failure::new(format!("it holds no `{MANIFEST}`"))
            .hint("give what `docker save` or `dockerTools.buildLayeredImage` makes, or static binaries")
    })?;
    let images: Vec<Described> =
        serde_json::from_slice(&manifest).with_context(|| format!("its `{MANIFEST}` cannot be read"))?;
    match <[Described; 1]>::try_from(images) {
        Ok([image]) => Ok((image, members)),
        Err(images) => bail!("it holds {} images; floe takes archives of one", images.len()),
    }
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path, name: &str) -> anyhow::Result<T> {
    let mut text = None;
    walk(path, |member, content| {
        if member.path == name {
            text = Some(read_text(member, content)?);
        }
        Ok(())
    })?;
    let text = text.with_context(|| format!("it holds no {}, which its `{MANIFEST}` names", quoted(name)))?;
    serde_json::from_slice(&text).with_context(|| format!("its {} cannot be read", quoted(name)))
}

fn read_text(member: &LayerMember, content: &mut dyn Read) -> anyhow::Result<Vec<u8>> {
    let (name, size) = (quoted(&member.path), floe_core::units::size(member.size));
    ensure!(member.kind == TarKind::File, "its {name} is no file");
    ensure!(
        member.size <= JSON_LIMIT,
        "its {name} has {size}; the limit is {}",
        floe_core::units::size(JSON_LIMIT)
    );
    let mut text = Vec::new();
    content.read_to_end(&mut text).with_context(|| format!("cannot read its {name}"))?;
    Ok(text)
}

/// Walks an archive. Links and absolute names are refused, because such archives have none.
fn walk(
    path: &Path,
    mut visit: impl FnMut(&LayerMember, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    walk_bounded(path, UNPACKED_LIMIT, |member, content| {
        let name = quoted(&member.path);
        ensure!(!member.absolute, "its member {name} has an absolute path");
        ensure!(matches!(member.kind, TarKind::File | TarKind::Directory), "its member {name} is a link");
        visit(member, content)
    })
}

fn walk_bounded(
    path: &Path,
    limit: u64,
    visit: impl FnMut(&LayerMember, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let opening = || format!("cannot read `{}`", path.display());
    let mut file = BufReader::with_capacity(128 << 10, files::open(path).with_context(opening)?);
    let gzip = std::io::BufRead::fill_buf(&mut file).with_context(opening)?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    tarball::walk(Bounded::new(reader, ByteLimit::of_unpacked(limit)), tarball::MEMBERS_LIMIT, visit)
}

fn quoted(name: &str) -> String {
    format!("`{}`", text::name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::samples::{Tar, docker_archive, docker_config, gzip};

    fn on_disk(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn open_and_write(bytes: &[u8]) -> anyhow::Result<Vec<WrittenLayer<Rc<Changeset>>>> {
        let (folder, path) = on_disk(bytes);
        DockerArchive::open(&path)?.write_layers(&Blobs::create(folder.path())?)
    }

    fn refused(bytes: &[u8]) -> String {
        let error = open_and_write(bytes).map(|layers| layers.len()).unwrap_err();
        let details = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
        format!("{error:#} {}", details.map(|failure| failure.detail_lines().join("; ")).unwrap_or_default())
    }

    #[test]
    fn layers_keep_their_bytes_and_come_in_the_order_of_the_manifest() {
        let lower = Tar::new().dir("./").file("./bin/floe", b"lower").end();
        let upper = Tar::new().file("etc/floe.toml", b"upper").end();
        // dockerTools writes the manifest last, and layers may come in any order.
        let config = docker_config("arm64", &[&lower, &upper, &lower], "{}");
        let archive = Tar::new()
            .dir("u")
            .file("./u/layer.tar", &upper)
            .file("l/layer.tar", &lower)
            .file("c.json", config.as_bytes())
            .file(
                "manifest.json",
                br#"[{"Config":"c.json","RepoTags":["floe:1"],"Layers":["l/layer.tar","u/layer.tar","l/layer.tar"]}]"#,
            )
            .end();
        for bytes in [archive.clone(), gzip(&archive)] {
            let layers = open_and_write(&bytes).unwrap();
            let digests: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
            assert_eq!(digests, [&lower, &upper, &lower].map(|layer| Digest::of(layer)));
            let files = rootfs::files(layers.iter().map(|layer| &*layer.facts)).unwrap();
            assert_eq!(files.len(), 2);
        }
        let (_folder, path) = on_disk(&archive);
        assert_eq!(DockerArchive::open(&path).unwrap().platform, Platform::LinuxArm64);
    }

    #[test]
    fn names_and_links_that_no_archive_needs_are_refused() {
        let good = || Tar::new().file("manifest.json", b"[]");
        assert!(refused(&good().file("../../etc/passwd", b"").end()).contains("leads out of its folder"));
        assert!(refused(&good().file("/etc/passwd", b"").end()).contains("absolute path"));
        assert!(refused(&good().symlink("layer.tar", "/etc/passwd").end()).contains("is a link"));
        assert!(refused(&good().hard_link("layer.tar", "manifest.json").end()).contains("is a link"));
        assert!(refused(&good().file("./manifest.json", b"[]").end()).contains("`manifest.json` twice"));
    }

    #[test]
    fn a_description_that_does_not_fit_is_refused() {
        let manifest = |json: &str| refused(&Tar::new().file("manifest.json", json.as_bytes()).end());
        assert!(refused(&Tar::new().file("a", b"").end()).contains("holds no `manifest.json`"));
        assert!(manifest("[]").contains("it holds 0 images"));
        assert!(manifest("{}").contains("its `manifest.json` cannot be read"));
        assert!(manifest(r#"[{"Config":"../c","Layers":[]}]"#).contains("holds no `../c`"));
        assert!(
            manifest(r#"[{"Config":"c","Layers":["gone","\u001b[2J"]}]"#).contains("`gone`, `\\u{1b}[2J`")
        );
        let huge = vec![b' '; JSON_LIMIT as usize + 1];
        let told = refused(&Tar::new().file("manifest.json", &huge).end());
        assert!(told.contains("the limit is 4.0 MiB"), "{told}");
        let layer = Tar::new().end();
        let other = docker_archive("riscv64", &[&layer], "{}");
        assert!(refused(&other).contains("linux/riscv64"));
        assert!(refused(&docker_archive("amd64", &[], "{}")).contains("no layers"));
    }

    #[test]
    fn layers_that_lie_are_refused() {
        let (layer, other) = (Tar::new().file("a", b"1").end(), Tar::new().file("a", b"2").end());
        let wrong = Tar::new()
            .file("l.tar", &layer)
            .file("c.json", docker_config("amd64", &[&other], "{}").as_bytes())
            .file("manifest.json", br#"[{"Config":"c.json","Layers":["l.tar"]}]"#)
            .end();
        assert!(refused(&wrong).contains("but its config says"));
        for (layer, why) in [
            (Tar::new().file("../a", b""), "leads out of its folder"),
            (Tar::new().file("/etc/shadow", b""), "`/etc/shadow` is an absolute path"),
            (Tar::new().file("a", b"").file("a", b""), "`a` is there twice"),
            (Tar::new().symlink("a", "/").file("a/b", b""), "below `a`, which is no folder"),
        ] {
            let told = refused(&docker_archive("amd64", &[&layer.end()], "{}"));
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn a_bomb_and_a_cut_archive_are_refused() {
        let (_folder, path) = on_disk(&gzip(&vec![0; 1 << 20]));
        let told = walk_bounded(&path, 1 << 16, |_, _| Ok(())).unwrap_err();
        assert!(format!("{told:#}").contains("it unpacks to more than 64.0 KiB"), "{told:#}");
        let whole = gzip(&docker_archive("amd64", &[&Tar::new().file("a", &[1; 4000]).end()], "{}"));
        assert!(open_and_write(&whole).is_ok());
        for cut in [20, whole.len() / 2, whole.len() - 4] {
            assert!(open_and_write(&whole[..cut]).is_err(), "{cut}");
        }
    }
}
