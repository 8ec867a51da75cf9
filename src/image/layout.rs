//! Reads an OCI image layout and checks all of it (OCI image-spec v1.1, "OCI Image Layout"): every blob, every
//! digest, the content of every layer, and that there is nothing else. All problems are reported, not only the
//! first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::measure::{self, Measured, UnpackedLayer};
use super::rootfs::FileTree;
use super::tarball::MEMBERS_LIMIT;
use super::{ENTRIES_LIMIT, LAYERS_LIMIT, start};
use floe_core::model::image::blob_path;
use floe_core::model::{Blob, Digest, Image, Platform, PlatformImage};
use floe_core::oci::{
    CONFIG, Descriptor, INDEX, ImageConfig, ImageIndex, ImageManifest, LAYER, LAYOUT_VERSION, MANIFEST,
    OciLayout, platform_fields,
};
use floe_core::untrusted::text;
use floe_core::verify::Depth;

/// Reads and checks the layout in a folder: `oci-layout`, `index.json` with one entry, the image index with one
/// entry for each platform; size, digest and media type of every blob; that each layer unpacks to its diff id, to
/// safe paths and within the limits; and that every blob is referenced. The error has a sentence for every problem.
pub fn check(layout: &Path) -> Result<Image, Vec<String>> {
    check_to(Depth::Whole, layout)
}

/// [`check`] to a depth. An image whose layers are not unpacked lists no files.
pub fn check_to(depth: Depth, layout: &Path) -> Result<Image, Vec<String>> {
    let is_whole = depth == Depth::Whole;
    let mut checker = Checker { is_whole, layout: layout.to_owned(), ..Checker::default() };
    let image = checker.image();
    if !checker.is_partial {
        checker.unnamed();
    }
    match image {
        Some(image) if checker.problems.is_empty() => Ok(image),
        _ => Err(checker.problems),
    }
}

#[derive(Default)]
struct Checker {
    is_whole: bool,
    layout: PathBuf,
    problems: Vec<String>,
    /// Every blob that is referenced, with each size that it should have, and whether it matches.
    blobs: BTreeMap<(Digest, u64), bool>,
    /// Whether a document could not be read, so that `blobs` lacks some.
    is_partial: bool,
    /// The layers of all manifests.
    measured: BTreeMap<Digest, Measured>,
    /// Layers whose problems were reported; platforms may share them.
    reported: BTreeSet<Digest>,
}

/// An entry of the image index, and the blobs that its manifest lists. The rest of a manifest is not kept: annotations alone
/// may take ten times their size in memory, and many entries may lead to the same file.
struct IndexEntry {
    /// Its platform for messages, or its number.
    of: String,
    platform: Option<Platform>,
    manifest: Blob,
    config: Blob,
    layers: Vec<Blob>,
}

impl Checker {
    fn image(&mut self) -> Option<Image> {
        for folder in ["blobs", "blobs/sha256"] {
            // A link would lead to blobs outside of the layout.
            if self.layout.join(folder).is_symlink() {
                self.problem(format!("`{folder}` is a link"));
                return None;
            }
        }
        let version = self.json("`oci-layout`", &self.layout.join("oci-layout"), "");
        if let Some(OciLayout { image_layout_version: version }) = version {
            let wrong =
                || format!("`oci-layout` is of version `{}`, not {LAYOUT_VERSION}", text::name(&version));
            self.expect(version == LAYOUT_VERSION, wrong);
        }
        let top: ImageIndex = self.json("`index.json`", &self.layout.join("index.json"), INDEX)?;
        self.expect_kind("`index.json`", (top.schema_version, &top.media_type), INDEX);
        let [entry] = top.manifests.as_slice() else {
            return self.give_up(format!("`index.json` has {} entries, not one", top.manifests.len()));
        };
        let index: ImageIndex = self.document("the image index", &entry.blob(), INDEX)?;
        self.expect_kind("the image index", (index.schema_version, &index.media_type), INDEX);
        let count = index.manifests.len();
        self.expect(count > 0, || "the image index is empty".to_owned());
        if count > ENTRIES_LIMIT {
            return self.give_up(format!(
                "the image index has {count} entries, more than the {ENTRIES_LIMIT} that floe accepts"
            ));
        }
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        for (number, descriptor) in (1..).zip(&index.manifests) {
            let platform = self.platform(number, descriptor);
            if let Some(platform) = platform.filter(|platform| !seen.insert(*platform)) {
                self.problem(format!("the image index has {platform} twice"));
            }
            entries.extend(self.entry(number, platform, descriptor));
        }
        if self.is_whole {
            let layers = entries.iter().flat_map(|entry| entry.layers.clone());
            self.measured = measure::measure(&self.layout, layers.collect(), measure::LIMITS);
        }
        let mut platforms: Vec<PlatformImage> =
            entries.iter().filter_map(|entry| self.platform_image(entry)).collect();
        platforms.sort_by_key(|image| image.platform);
        let (layout, index_blob) = (self.layout.clone(), entry.blob());
        Some(Image { layout, index: index_blob, annotations: index.annotations, platforms })
    }

    fn platform(&mut self, number: usize, descriptor: &Descriptor) -> Option<Platform> {
        let said = descriptor.platform.clone().unwrap_or_default();
        let found = Platform::ALL.into_iter().find(|platform| platform_fields(*platform) == said);
        self.expect(found.is_some(), || {
            let (said, known) = (serde_json::to_string(&said).unwrap_or_default(), Platform::list());
            let said = text::name(&said);
            format!("entry {number} of the image index has the platform {said}, which is not exactly one of {known}")
        });
        found
    }

    fn entry(
        &mut self,
        number: usize,
        platform: Option<Platform>,
        descriptor: &Descriptor,
    ) -> Option<IndexEntry> {
        let of = platform.map_or_else(|| format!("entry {number}"), |platform| platform.to_string());
        let name = format!("the manifest of {of}");
        let blob = descriptor.blob();
        let manifest: ImageManifest = self.document(&name, &blob, MANIFEST)?;
        self.expect_kind(&name, (manifest.schema_version, &manifest.media_type), MANIFEST);
        let count = manifest.layers.len();
        if count > LAYERS_LIMIT {
            return self.give_up(format!(
                "{name} has {count} layers, more than the {LAYERS_LIMIT} that floe accepts"
            ));
        }
        let layers = manifest.layers.iter().map(Descriptor::blob).collect();
        Some(IndexEntry { of, platform, manifest: blob, config: manifest.config.blob(), layers })
    }

    fn platform_image(&mut self, entry: &IndexEntry) -> Option<PlatformImage> {
        let IndexEntry { of, platform, manifest, config: config_blob, layers } = entry;
        let config: Option<ImageConfig> = self.document(&format!("the config of {of}"), config_blob, CONFIG);
        let unpacked = (1..).zip(layers);
        let unpacked = unpacked.map(|(number, layer)| self.layer(&format!("layer {number} of {of}"), layer));
        let unpacked: Vec<Option<UnpackedLayer>> = unpacked.collect();
        if let Some(config) = &config {
            self.compare(entry, config, &unpacked);
        }
        let tree = self.tree(of, &unpacked);
        let program = tree.as_ref().zip(config.map(|config| config.config.unwrap_or_default()));
        let program = program.and_then(|(tree, execution)| {
            let found = start::program(&execution, tree);
            found.map_err(|why| self.problem(format!("the image of {of} cannot start: {why}"))).ok()
        });
        Some(PlatformImage {
            platform: (*platform)?,
            manifest: manifest.clone(),
            config: config_blob.clone(),
            layers: layers.clone(),
            files: tree.as_ref().map(FileTree::files).unwrap_or_default(),
            program: program.map(|entry| entry.path),
            loaders: tree.as_ref().map(start::loaders).unwrap_or_default(),
        })
    }

    /// Compares a config with the index and the layers.
    fn compare(&mut self, entry: &IndexEntry, config: &ImageConfig, layers: &[Option<UnpackedLayer>]) {
        let IndexEntry { of, platform, .. } = entry;
        self.expect(platform.is_none_or(|platform| config.is_for(platform)), || {
            format!("the config of {of} is for `{}`", text::name(config.platform()))
        });
        let kind = &config.rootfs.kind;
        self.expect(kind == "layers", || {
            format!("the config of {of} has a rootfs of the type `{}`, not `layers`", text::name(kind))
        });
        let (diff_ids, count) = (&config.rootfs.diff_ids, layers.len());
        self.expect(diff_ids.len() == count, || {
            let ids = diff_ids.len();
            format!("the config of {of} has {ids} diff ids, but its manifest has {count} layers")
        });
        let steps = config.history.iter().filter(|step| !step.empty_layer).count();
        self.expect(config.history.is_empty() || steps == count, || {
            format!("the config of {of} has a history of {steps} layers, but it has {count}")
        });
        for (number, (layer, said)) in (1..).zip(layers.iter().zip(diff_ids)) {
            let Some((found, _)) = layer else { continue };
            self.expect(found == said, || {
                format!("layer {number} of {of} unpacks to {found}, but the config says {said}")
            });
        }
    }

    /// The files of all layers together; `None` if a layer cannot be read.
    fn tree(&mut self, of: &str, layers: &[Option<UnpackedLayer>]) -> Option<FileTree> {
        let layers = layers.iter().map(Option::as_ref).collect::<Option<Vec<_>>>()?;
        // A layer can be listed many times, and each time it is applied again.
        if layers.iter().map(|(_, changes)| changes.members.len()).sum::<usize>() > 2 * MEMBERS_LIMIT {
            self.problem(format!("the layers of {of} have more than {} members", 2 * MEMBERS_LIMIT));
            return None;
        }
        let tree = FileTree::of(layers.into_iter().map(|(_, changes)| &**changes));
        let named = |problem| format!("the layers of {of}: {problem}");
        tree.map_err(|problems| self.problems.extend(problems.into_iter().map(named))).ok()
    }

    fn layer(&mut self, name: &str, blob: &Blob) -> Option<UnpackedLayer> {
        self.blob(name, blob, LAYER)?;
        let unpacked = self.measured.get(&blob.digest)?.unpacked.clone();
        if self.reported.insert(blob.digest) {
            match &unpacked {
                Ok((_, changes)) => {
                    self.problems.extend(changes.problems.iter().map(|problem| format!("{name}: {problem}")));
                }
                Err(why) => self.problem(format!("{name} cannot be unpacked: {why}")),
            }
        }
        unpacked.ok()
    }

    /// A JSON document among the blobs.
    fn document<T: DeserializeOwned>(&mut self, name: &str, blob: &Blob, media_type: &str) -> Option<T> {
        match self.blob(name, blob, media_type) {
            Some(path) => self.json(name, &path, media_type),
            None => {
                self.is_partial = true;
                None
            }
        }
    }

    fn json<T: DeserializeOwned>(&mut self, name: &str, path: &Path, media_type: &str) -> Option<T> {
        measure::json(path, media_type).map_err(|why| self.give_up::<T>(format!("{name} {why}"))).ok()
    }

    /// The path of a blob, if its content is what its descriptor says.
    fn blob(&mut self, name: &str, blob: &Blob, media_type: &str) -> Option<PathBuf> {
        let said = &blob.media_type;
        self.expect(said == media_type, || {
            format!("{name} is of the media type `{}`, not `{media_type}`", text::name(said))
        });
        let path = blob_path(&self.layout, &blob.digest);
        let Blob { digest, size, .. } = *blob;
        let key = (digest, size);
        if !self.blobs.contains_key(&key) {
            let measured = self.measured.get(&digest).filter(|found| found.size == size);
            let found = match measured {
                Some(found) => found.sound.clone(),
                None if !self.is_whole && media_type == LAYER => measure::open(&path, blob).map(drop),
                None => measure::hash(&path, blob),
            };
            self.blobs.insert(key, found.is_ok());
            found.unwrap_or_else(|why| self.problem(format!("{name}, blob `{digest}`, {why}")));
        }
        self.blobs[&key].then_some(path)
    }

    fn expect_kind(&mut self, name: &str, (schema, said): (u32, &Option<String>), media_type: &str) {
        self.expect(schema == 2, || format!("{name} has the schema version {schema}, not 2"));
        let said = said.as_deref().unwrap_or(media_type);
        self.expect(said == media_type, || {
            format!("{name} says it is `{}`, not `{media_type}`", text::name(said))
        });
    }

    /// Reports files that nothing references: leftovers, or files that would be published by accident.
    fn unnamed(&mut self) {
        let blobs: BTreeSet<String> = self.blobs.keys().map(|(digest, _)| digest.hex()).collect();
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (folder, known) in [
            ("", set(&["blobs", "index.json", "oci-layout"])),
            ("blobs/", set(&["sha256"])),
            ("blobs/sha256/", blobs),
        ] {
            let path = self.layout.join(folder);
            match names(&path) {
                Ok(names) => {
                    // Hidden files at the top belong to other programs, as in a dist.
                    let hidden = |name: &&String| folder.is_empty() && name.starts_with('.');
                    for name in names.difference(&known).filter(|name| !hidden(name)) {
                        self.problem(format!("nothing references `{folder}{}`", text::name(name)));
                    }
                }
                Err(error) => self.problem(format!("`{}` cannot be read: {error}", path.display())),
            }
        }
    }

    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    fn expect(&mut self, is_right: bool, problem: impl FnOnce() -> String) {
        if !is_right {
            self.problem(problem());
        }
    }

    /// Reports a problem that keeps the rest from being read.
    fn give_up<T>(&mut self, problem: String) -> Option<T> {
        self.is_partial = true;
        self.problem(problem);
        None
    }
}

fn names(folder: &Path) -> io::Result<BTreeSet<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
