//! Builds an OCI image layout from static binaries and docker archives: layers, configs, manifests, and an index
//! with one entry for each platform.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::draft::{LayoutDraft, WrittenLayer};
use super::input::{self, Input};
use super::layer::{Additions, CA_CERTIFICATES, USERS};
use super::rootfs::FileTree;
use super::{ImageSpec, JSON_LIMIT, config, layer_reader, start};
use crate::error::{AtPath as _, Failure, invalid};
use crate::files::scratch::Scratch;
use floe_core::model::{Blob, Entry, Image, Nature, Platform, PlatformImage};
use floe_core::oci::{CONFIG, Descriptor, IMAGE_NAME, INDEX, ImageIndex, ImageManifest, MANIFEST, REF_NAME};
use floe_core::untrusted::files;

/// Builds the layout `out` (OCI image-spec v1.1, "OCI Image Layout") from `inputs`: static Linux binaries and docker
/// archives. The layout appears whole or not at all; an older layout is replaced.
pub fn build(inputs: &[PathBuf], spec: &ImageSpec, out: &Path) -> anyhow::Result<Image> {
    let (image, layout, _) = stage(inputs, spec, out)?;
    layout.reveal().map(|()| image)
}

/// As [`build`], but the layout is not at its path yet, and with a sentence for each setting of an input that the image lacks.
pub fn stage(
    inputs: &[PathBuf],
    spec: &ImageSpec,
    out: &Path,
) -> anyhow::Result<(Image, LayoutDraft, Vec<String>)> {
    let builder = LayoutBuilder::new(spec)?;
    let inputs = input::examine(inputs, &spec.binaries)?;
    let draft = LayoutDraft::new(out)?;
    let platforms = inputs
        .iter()
        .map(|(platform, input)| {
            let image = builder.platform((*platform, input), &draft);
            image.with_context(|| format!("cannot make the image for {platform}"))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let manifests = platforms.iter().map(|image| Descriptor::of(&image.manifest).on(image.platform));
    let index = ImageIndex::new(manifests.collect(), builder.annotations.clone());
    let index = draft.json(INDEX, &index)?;
    draft.finish(builder.entry(&index))?;
    let archives = inputs.iter().filter_map(|(platform, input)| Some((platform, input.archive.as_ref()?)));
    let lost = archives.flat_map(|(platform, archive)| config::lost(*platform, &archive.execution)).collect();
    let annotations = builder.annotations;
    Ok((Image { layout: out.to_owned(), index, annotations, platforms }, draft, lost))
}

/// The parts that all platforms of an image share.
struct LayoutBuilder<'a> {
    spec: &'a ImageSpec,
    annotations: BTreeMap<String, String>,
    certificates: Option<Vec<u8>>,
}

impl<'a> LayoutBuilder<'a> {
    fn new(spec: &'a ImageSpec) -> anyhow::Result<Self> {
        let is_file_name = |name: &String| !["", ".", ".."].contains(&name.as_str()) && !name.contains('/');
        if let Some(name) = spec.binaries.iter().find(|name| !is_file_name(name)) {
            return Err(anyhow!("`{name}` is not a file name for a binary"));
        }
        let certificates = spec.ca_certificates.as_deref().map(read_certificates).transpose()?;
        Ok(LayoutBuilder { spec, annotations: config::annotations(spec)?, certificates })
    }

    fn platform(
        &self,
        (platform, input): (Platform, &Input),
        draft: &LayoutDraft,
    ) -> anyhow::Result<PlatformImage> {
        let layers = self.layers(input, draft)?;
        let base = match &input.archive {
            Some(archive) => archive.execution.clone(),
            None => {
                let main = self.spec.binaries.iter().find(|name| input.programs.contains_key(*name));
                config::of_binary(main.context("it holds no released binary")?)
            }
        };
        let diff_ids = layers.iter().map(|layer| layer.diff_id).collect();
        let config = config::image_config(self.spec, (platform, &base), &self.annotations, diff_ids)?;
        let tree = tree(&layers)?;
        let program = start::program(config.config.as_ref().unwrap_or(&base), &tree);
        let program = program.map_err(|why| no_program(&why))?;
        if input.archive.is_some() {
            check_program((&program, &tree), platform, &layers, draft)?;
        }
        let config = draft.json(CONFIG, &config)?;
        let layers: Vec<Blob> = layers.into_iter().map(|layer| layer.blob).collect();
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: None,
            config: Descriptor::of(&config),
            layers: layers.iter().map(Descriptor::of).collect(),
            subject: None,
            annotations: self.annotations.clone(),
        };
        let manifest = draft.json(MANIFEST, &manifest)?;
        let (program, loaders) = (Some(program.path), start::loaders(&tree));
        Ok(PlatformImage { platform, manifest, config, layers, files: tree.files(), program, loaders })
    }

    /// The layers of a docker archive, and one with the rest of the files that every image has.
    fn layers(&self, input: &Input, draft: &LayoutDraft) -> anyhow::Result<Vec<WrittenLayer>> {
        let written = input.archive.as_ref().map(|archive| archive.write_layers(draft));
        let mut layers = written.transpose()?.unwrap_or_default();
        let tree = tree(&layers)?;
        let users = USERS.into_iter().filter(|(path, _)| !tree.has(path));
        let users = users.map(|(path, text)| (path, text.as_bytes()));
        let certificates = self.certificates.as_deref().map(|pem| (CA_CERTIFICATES, pem));
        let texts = users.chain(certificates).collect();
        let rest = Additions { programs: &input.programs, texts, tmp: !tree.has("tmp") };
        if !rest.is_empty() {
            layers.push(draft.layer(|writer| rest.write(writer, self.spec.source.epoch))?);
        }
        Ok(layers)
    }

    /// The entry of `index.json`, which names the image and its tag.
    fn entry(&self, index: &Blob) -> Descriptor {
        let tag = self.spec.version.to_string();
        let name = (IMAGE_NAME.to_owned(), format!("{}:{tag}", self.spec.name));
        Descriptor { annotations: [name, (REF_NAME.to_owned(), tag)].into(), ..Descriptor::of(index) }
    }
}

fn tree(layers: &[WrittenLayer]) -> anyhow::Result<FileTree> {
    FileTree::of(layers.iter().map(|layer| &*layer.changes))
        .map_err(|problems| Failure::new("its layers do not fit together").details(problems).into())
}

fn no_program(why: &str) -> Failure {
    invalid(format!("the image cannot start: {why}"))
        .hint("set `config.Entrypoint` in dockerTools, or `entrypoint` in `[package.metadata.floe.image]`")
}

/// Checks that the program of a docker archive is for its platform and has the loader that it needs.
fn check_program(
    (program, tree): (&Entry, &FileTree),
    platform: Platform,
    layers: &[WrittenLayer],
    draft: &LayoutDraft,
) -> anyhow::Result<()> {
    let wanted = Nature::File(program.digest);
    let place = |layer: &WrittenLayer| {
        let same = layer.changes.members.iter().find(|member| member.nature == wanted)?;
        Some((layer.blob.digest, same.path.clone()))
    };
    let (layer, path) = layers.iter().find_map(place).context("the program is gone")?;
    let scratch = Scratch::new("image")?;
    let copy = scratch.path().join("program");
    layer_reader::copy(&draft.blob_path(&layer), &path, &copy)?;
    let shown = format!("/{}", program.path);
    let kind = floe_audit::identify(files::open(&copy)?)
        .map_err(|why| no_program(&format!("it starts `{shown}`, but {why}")))?;
    if !kind.is_for(floe_audit::Format::Elf, platform.arch()) {
        return Err(no_program(&format!("it starts `{shown}`, which is {kind}, not for {platform}")).into());
    }
    if let Some(loader) = kind.interpreter {
        tree.resolve(&loader).map_err(|why| no_program(&format!("`{shown}` needs a loader, but {why}")))?;
    }
    Ok(())
}

/// Reads a bundle of certificates; a private key in the same file must not become public.
fn read_certificates(path: &Path) -> anyhow::Result<Vec<u8>> {
    let refuse = |why: &str| {
        Failure::new(format!("`{}` {why}", path.display()))
            .hint("give a bundle of CA certificates, such as /etc/ssl/certs/ca-certificates.crt")
    };
    let text = files::open(path).and_then(|file| files::read(file, JSON_LIMIT));
    let text = text.at("cannot read the CA certificates", path)?;
    let pem = String::from_utf8_lossy(&text);
    match (pem.contains("-----BEGIN CERTIFICATE-----"), pem.contains("PRIVATE KEY-----")) {
        (_, true) => Err(refuse("holds a private key").into()),
        (false, _) => Err(refuse("holds no certificate in PEM form").into()),
        (true, false) => Ok(text),
    }
}
