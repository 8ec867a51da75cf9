//! Reads an OCI image layout and checks all of it (OCI image-spec v1.1, "OCI Image Layout"): every blob, every
//! digest, the content of every layer, and that there is nothing else. All problems are reported, not only the
//! first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::measure::{self, Measured, Unpacked};
use super::rootfs::FileTree;
use super::tarball::MEMBERS_LIMIT;
use super::{ENTRIES_LIMIT, LAYERS_LIMIT, start};
use crate::error::{Exit, Failure};
use floe_core::model::{Digest, Image, Platform, PlatformImage};
use floe_core::oci::{
    CONFIG, Descriptor, INDEX, ImageConfig, ImageIndex, ImageManifest, LAYER, LAYOUT_VERSION, MANIFEST,
    OciLayout, platform_fields,
};
use floe_core::untrusted::text;
use floe_core::verify::Depth;

/// Reads the layout in a folder; what [`check`] finds ends with exit code 3.
pub fn read(layout: &Path) -> anyhow::Result<Image> {
    check(layout).map_err(|problems| {
        Failure::new(format!("`{}` is not a valid OCI image layout", layout.display()))
            .details(problems)
            .exit(Exit::Problems)
            .hint("make it again with `floe image`")
            .into()
    })
}

/// Reads and checks the layout in a folder: `oci-layout`, `index.json` with one entry, the image index with one
/// entry for each platform; size, digest and media type of every blob; that each layer unpacks to its diff id, to
/// safe paths and within the limits; and that every blob is referenced. The error has a sentence for every problem.
pub fn check(layout: &Path) -> Result<Image, Vec<String>> {
    check_to(Depth::Whole, layout)
}

/// The same, to a depth: without its layers an image has no files.
pub fn check_to(depth: Depth, layout: &Path) -> Result<Image, Vec<String>> {
    let mut checker = Checker::new(depth, layout);
    let image = checker.image();
    if checker.all_named {
        checker.unnamed();
    }
    match image {
        Some(image) if checker.problems.is_empty() => Ok(image),
        _ => Err(checker.problems),
    }
}

struct Checker {
    depth: Depth,
    layout: PathBuf,
    problems: Vec<String>,
    /// Every blob that is referenced.
    named: BTreeSet<Digest>,
    /// Whether every document could be read, so that `named` is complete.
    all_named: bool,
    /// Blobs that were hashed, and whether they match their descriptors.
    hashed: BTreeMap<Digest, bool>,
    /// The layers of all manifests that can be read.
    measured: BTreeMap<Digest, Measured>,
    /// Layers whose problems were reported; platforms may share them.
    reported: BTreeSet<Digest>,
}

impl Checker {
    fn new(depth: Depth, layout: &Path) -> Self {
        Checker {
            depth,
            layout: layout.to_owned(),
            problems: Vec::new(),
            named: BTreeSet::new(),
            all_named: true,
            hashed: BTreeMap::new(),
            measured: BTreeMap::new(),
            reported: BTreeSet::new(),
        }
    }

    fn image(&mut self) -> Option<Image> {
        for folder in ["blobs", "blobs/sha256"] {
            // A link would lead to blobs outside of the layout.
            if self.layout.join(folder).is_symlink() {
                self.problem(format!("`{folder}` is a link"));
                return None;
            }
        }
        let version: Option<OciLayout> = self.top_file("oci-layout", "");
        if let Some(version) = version.filter(|file| file.image_layout_version != LAYOUT_VERSION) {
            self.problem(format!(
                "`oci-layout` is of version `{}`, not {}",
                text::name(&version.image_layout_version),
                LAYOUT_VERSION
            ));
        }
        let top: ImageIndex = self.top_file("index.json", INDEX)?;
        self.expect_kind("`index.json`", (top.schema_version, &top.media_type), INDEX);
        let [entry] = top.manifests.as_slice() else {
            self.all_named = false;
            self.problem(format!("`index.json` has {} entries, not one", top.manifests.len()));
            return None;
        };
        let index: ImageIndex = self.document("the image index", entry, INDEX)?;
        self.expect_kind("the image index", (index.schema_version, &index.media_type), INDEX);
        if index.manifests.is_empty() {
            self.problem("the image index is empty".to_owned());
        }
        if index.manifests.len() > ENTRIES_LIMIT {
            self.all_named = false;
            let count = index.manifests.len();
            self.problem(format!(
                "the image index has {count} entries, more than the {ENTRIES_LIMIT} that floe accepts"
            ));
            return None;
        }
        if self.depth == Depth::Whole {
            self.measured = measure::measure(&self.layout, self.layers_of(&index));
        }
        let mut platforms: Vec<PlatformImage> = Vec::new();
        let mut seen = BTreeSet::new();
        for (number, descriptor) in (1..).zip(&index.manifests) {
            let platform = self.platform(number, descriptor);
            if let Some(platform) = platform.filter(|platform| !seen.insert(*platform)) {
                self.problem(format!("the image index has {platform} twice"));
            }
            platforms.extend(self.platform_image(number, platform, descriptor));
        }
        platforms.sort_by_key(|image| image.platform);
        let (layout, index_blob) = (self.layout.clone(), entry.blob());
        Some(Image { layout, index: index_blob, annotations: index.annotations, platforms })
    }

    /// The layers of all manifests that can be read; a broken manifest is reported later.
    fn layers_of(&self, index: &ImageIndex) -> Vec<Descriptor> {
        let manifest = |descriptor: &Descriptor| {
            let path = measure::blob_path(&self.layout, &descriptor.digest);
            let manifest: Option<ImageManifest> = measure::json(&path, MANIFEST).ok();
            manifest.filter(|manifest| manifest.layers.len() <= LAYERS_LIMIT)
        };
        index.manifests.iter().filter_map(manifest).flat_map(|manifest| manifest.layers).collect()
    }

    fn platform(&mut self, number: usize, descriptor: &Descriptor) -> Option<Platform> {
        let said = descriptor.platform.clone().unwrap_or_default();
        let found = Platform::ALL.into_iter().find(|platform| platform_fields(*platform) == said);
        if found.is_none() {
            let said = serde_json::to_string(&said).unwrap_or_default();
            self.problem(format!(
                "entry {number} of the image index has the platform {}, which is not exactly one of {}",
                text::name(&said),
                Platform::list()
            ));
        }
        found
    }

    fn platform_image(
        &mut self,
        number: usize,
        platform: Option<Platform>,
        descriptor: &Descriptor,
    ) -> Option<PlatformImage> {
        let of = platform.map_or_else(|| format!("entry {number}"), |platform| platform.to_string());
        let name = format!("the manifest of {of}");
        let manifest: ImageManifest = self.document(&name, descriptor, MANIFEST)?;
        self.expect_kind(&name, (manifest.schema_version, &manifest.media_type), MANIFEST);
        let config: Option<ImageConfig> =
            self.document(&format!("the config of {of}"), &manifest.config, CONFIG);
        if manifest.layers.len() > LAYERS_LIMIT {
            self.all_named = false;
            let count = manifest.layers.len();
            self.problem(format!(
                "{name} has {count} layers, more than the {LAYERS_LIMIT} that floe accepts"
            ));
            return None;
        }
        let layers: Vec<_> = (1..)
            .zip(&manifest.layers)
            .map(|(number, layer)| self.layer(&format!("layer {number} of {of}"), layer))
            .collect();
        if let Some(config) = &config {
            self.compare(&of, platform, config, &layers);
        }
        let tree = self.tree(&of, &layers);
        let program = tree.as_ref().zip(config.map(|config| config.config.unwrap_or_default()));
        let program = program.and_then(|(tree, execution)| {
            let found = start::program(&execution, tree);
            found.map_err(|why| self.problem(format!("the image of {of} cannot start: {why}"))).ok()
        });
        Some(PlatformImage {
            platform: platform?,
            manifest: descriptor.blob(),
            config: manifest.config.blob(),
            layers: manifest.layers.iter().map(Descriptor::blob).collect(),
            files: tree.as_ref().map(FileTree::files).unwrap_or_default(),
            program: program.map(|entry| entry.path),
            loaders: tree.as_ref().map(start::loaders).unwrap_or_default(),
        })
    }

    /// Compares a config with the index and the layers.
    fn compare(
        &mut self,
        of: &str,
        platform: Option<Platform>,
        config: &ImageConfig,
        layers: &[Option<Unpacked>],
    ) {
        if platform.is_some_and(|platform| !config.is_for(platform)) {
            self.problem(format!("the config of {of} is for `{}`", text::name(config.platform())));
        }
        if config.rootfs.kind != "layers" {
            let kind = text::name(&config.rootfs.kind);
            self.problem(format!("the config of {of} has a root of the type `{kind}`, not `layers`"));
        }
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != layers.len() {
            self.problem(format!(
                "the config of {of} has {} diff ids, but its manifest has {} layers",
                diff_ids.len(),
                layers.len()
            ));
        }
        let steps = config.history.iter().filter(|step| !step.empty_layer).count();
        if !config.history.is_empty() && steps != layers.len() {
            let count = layers.len();
            self.problem(format!("the config of {of} has a history of {steps} layers, but it has {count}"));
        }
        for (number, (layer, said)) in (1..).zip(layers.iter().zip(diff_ids)) {
            if let Some((diff_id, _)) = layer
                && diff_id != said
            {
                self.problem(format!(
                    "layer {number} of {of} unpacks to {diff_id}, but the config says {said}"
                ));
            }
        }
    }

    /// The files of all layers together; `None` if a layer cannot be read.
    fn tree(&mut self, of: &str, layers: &[Option<Unpacked>]) -> Option<FileTree> {
        let layers = layers.iter().map(Option::as_ref).collect::<Option<Vec<_>>>()?;
        // A layer can be listed many times, and each time it is applied again.
        if layers.iter().map(|(_, changes)| changes.len()).sum::<usize>() > 2 * MEMBERS_LIMIT {
            self.problem(format!("the layers of {of} have more than {} members", 2 * MEMBERS_LIMIT));
            return None;
        }
        let problems = match FileTree::of(layers.into_iter().map(|(_, changes)| &**changes)) {
            Ok(tree) => return Some(tree),
            Err(problems) => problems,
        };
        self.problems.extend(problems.into_iter().map(|problem| format!("the layers of {of}: {problem}")));
        None
    }

    fn layer(&mut self, name: &str, descriptor: &Descriptor) -> Option<Unpacked> {
        self.blob(name, descriptor, LAYER).filter(|_| self.depth == Depth::Whole)?;
        let measured = self.measured.get(&descriptor.digest).map(|measured| measured.unpacked.clone());
        let unpacked = measured.unwrap_or_else(|| Err("its manifest changed meanwhile".to_owned()));
        if self.reported.insert(descriptor.digest) {
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
    fn document<T: DeserializeOwned>(
        &mut self,
        name: &str,
        descriptor: &Descriptor,
        media_type: &str,
    ) -> Option<T> {
        let path = self.blob(name, descriptor, media_type);
        let document = path.and_then(|path| self.json(name, &path, media_type));
        self.all_named &= document.is_some();
        document
    }

    fn top_file<T: DeserializeOwned>(&mut self, name: &str, media_type: &str) -> Option<T> {
        let path = self.layout.join(name);
        let document = self.json(&format!("`{name}`"), &path, media_type);
        self.all_named &= document.is_some();
        document
    }

    fn json<T: DeserializeOwned>(&mut self, name: &str, path: &Path, media_type: &str) -> Option<T> {
        measure::json(path, media_type).map_err(|why| self.problem(format!("{name} {why}"))).ok()
    }

    /// The path of a blob, if its content matches the descriptor.
    fn blob(&mut self, name: &str, descriptor: &Descriptor, media_type: &str) -> Option<PathBuf> {
        self.named.insert(descriptor.digest);
        if descriptor.media_type != media_type {
            let said = text::name(&descriptor.media_type);
            self.problem(format!("{name} is of the media type `{said}`, not `{media_type}`"));
        }
        let path = measure::blob_path(&self.layout, &descriptor.digest);
        let key = descriptor.digest;
        let sound = match self.hashed.get(&key) {
            Some(sound) => *sound,
            None => {
                let measured = self.measured.get(&key).filter(|found| found.size == descriptor.size);
                let read = || match self.depth {
                    Depth::Claims if media_type == LAYER => measure::open(&path, descriptor).map(drop),
                    _ => measure::hash(&path, descriptor),
                };
                let found = measured
                    .map_or_else(read, |found| found.sound.clone())
                    .map_err(|why| self.problem(format!("{name}, blob `{key}`, {why}")));
                self.hashed.insert(key, found.is_ok());
                self.hashed[&key]
            }
        };
        sound.then_some(path)
    }

    fn expect_kind(&mut self, name: &str, (schema, said): (u32, &Option<String>), media_type: &str) {
        if schema != 2 {
            self.problem(format!("{name} has the schema version {schema}, not 2"));
        }
        if let Some(said) = said.as_deref().filter(|said| *said != media_type) {
            let said = text::name(said);
            self.problem(format!("{name} says it is `{said}`, not `{media_type}`"));
        }
    }

    /// Reports files that nothing references: leftovers, or files that would be published by accident.
    fn unnamed(&mut self) {
        let blobs: BTreeSet<String> = self.named.iter().map(Digest::hex).collect();
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (folder, known) in [
            ("", set(&["blobs", "index.json", "oci-layout"])),
            ("blobs/", set(&["sha256"])),
            ("blobs/sha256/", blobs),
        ] {
            match names(&self.layout.join(folder)) {
                Ok(names) => {
                    // Hidden files at the top belong to other programs, as in a dist.
                    let hidden = |name: &&String| folder.is_empty() && name.starts_with('.');
                    for name in names.difference(&known).filter(|name| !hidden(name)) {
                        self.problem(format!("nothing references `{folder}{}`", text::name(name)));
                    }
                }
                Err(error) => self.problem(format!("`{folder}` cannot be read: {error}")),
            }
        }
    }

    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

fn names(folder: &Path) -> io::Result<BTreeSet<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
