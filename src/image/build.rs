//! Builds an OCI image layout from static binaries and docker archives: layers, configs, manifests, and an index
//! with one entry for each platform.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, anyhow};

use super::annotations::annotations;
use super::atomic_dir::AtomicDir;
use super::blobs::{Blobs, WrittenLayer};
use super::input::{self, Input, InputKind};
use super::rootfs::{self, Changeset};
use super::spec::{self, Descriptor, ImageIndex, ImageManifest, OciLayout};
use super::{ImageSpec, JSON_LIMIT, config, layer};
use crate::error::Failure;
use floe_core::model::{Blob, Image, PlatformImage};
use floe_core::untrusted::files;

/// Builds the layout `out` (OCI image-spec v1.1, "OCI Image Layout") from `inputs`: static Linux binaries and docker
/// archives, one for each platform. The layout appears whole or not at all; an older layout is replaced.
pub fn build(inputs: &[PathBuf], spec: &ImageSpec, out: &Path) -> anyhow::Result<Image> {
    let builder = LayoutBuilder::new(spec)?;
    let inputs = input::examine(inputs)?;
    let place = AtomicDir::prepare(out)?;
    let blobs = Blobs::create(place.draft())?;
    let platforms = inputs
        .iter()
        .map(|input| {
            builder.platform(input, &blobs).with_context(|| {
                format!("cannot make the image of {} from `{}`", input.platform, input.path.display())
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let index = builder.index(&platforms, &blobs)?;
    builder.finish(&index, place.draft())?;
    place.reveal()?;
    Ok(Image { layout: out.to_owned(), index, annotations: builder.annotations, platforms })
}

/// The parts that all platforms of an image share.
struct LayoutBuilder<'a> {
    spec: &'a ImageSpec,
    annotations: BTreeMap<String, String>,
    certificates: Option<Vec<u8>>,
}

type Layer = WrittenLayer<Rc<Changeset>>;

impl<'a> LayoutBuilder<'a> {
    fn new(spec: &'a ImageSpec) -> anyhow::Result<Self> {
        if spec.binary.is_empty() || spec.binary == "." || spec.binary == ".." || spec.binary.contains('/') {
            return Err(anyhow!("`{}` is not a file name for a binary", spec.binary));
        }
        let certificates = spec.ca_certificates.as_deref().map(read_certificates).transpose()?;
        Ok(LayoutBuilder { spec, annotations: annotations(spec)?, certificates })
    }

    fn platform(&self, input: &Input, blobs: &Blobs) -> anyhow::Result<PlatformImage> {
        let (layers, base) = match &input.kind {
            InputKind::Binary => {
                (vec![self.binary_layer(&input.path, blobs)?], config::of_binary(&self.spec.binary))
            }
            InputKind::DockerArchive(archive) => {
                let mut layers = archive.write_layers(blobs)?;
                layers.extend(self.certificates_layer(blobs)?);
                (layers, archive.execution.clone())
            }
        };
        let diff_ids = layers.iter().map(|layer| layer.diff_id).collect();
        let config = config::image_config(self.spec, (input.platform, &base), &self.annotations, diff_ids)?;
        let config = blobs.json(spec::CONFIG, &config)?;
        let files = rootfs::files(layers.iter().map(|layer| &*layer.facts))
            .map_err(|problems| Failure::new("its layers do not fit together").details(problems))?;
        let layers: Vec<Blob> = layers.into_iter().map(|layer| layer.blob).collect();
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(spec::MANIFEST.to_owned()),
            artifact_type: None,
            config: Descriptor::of(&config),
            layers: layers.iter().map(Descriptor::of).collect(),
            subject: None,
            annotations: self.annotations.clone(),
        };
        let manifest = blobs.json(spec::MANIFEST, &manifest)?;
        Ok(PlatformImage { platform: input.platform, manifest, config, layers, files })
    }

    fn binary_layer(&self, binary: &Path, blobs: &Blobs) -> anyhow::Result<Layer> {
        let layer = blobs.layer(|writer| {
            let certificates = self.certificates.as_deref();
            layer::write_binary(writer, (&self.spec.binary, binary), certificates, self.spec.epoch)
        })?;
        Ok(layer.map(|files| Changeset::of_files(&files).into()))
    }

    fn certificates_layer(&self, blobs: &Blobs) -> anyhow::Result<Option<Layer>> {
        let Some(certificates) = &self.certificates else { return Ok(None) };
        let layer = blobs.layer(|writer| layer::write_certificates(writer, certificates, self.spec.epoch))?;
        Ok(Some(layer.map(|files| Changeset::of_files(&files).into())))
    }

    fn index(&self, platforms: &[PlatformImage], blobs: &Blobs) -> anyhow::Result<Blob> {
        let manifests =
            platforms.iter().map(|image| Descriptor::of(&image.manifest).on(image.platform)).collect();
        blobs.json(spec::INDEX, &index(manifests, self.annotations.clone()))
    }

    fn finish(&self, image_index: &Blob, draft: &Path) -> anyhow::Result<()> {
        let name = [(spec::REF_NAME.to_owned(), self.spec.version.to_string())];
        write_top(Descriptor { annotations: name.into(), ..Descriptor::of(image_index) }, draft)
    }
}

/// Writes `oci-layout` and `index.json`, whose one entry is the image index.
pub fn write_top(entry: Descriptor, layout: &Path) -> anyhow::Result<()> {
    let version = OciLayout { image_layout_version: spec::LAYOUT_VERSION.to_owned() };
    for (name, json) in [
        ("index.json", serde_json::to_vec(&index(vec![entry], BTreeMap::new()))?),
        ("oci-layout", serde_json::to_vec(&version)?),
    ] {
        let path = layout.join(name);
        fs::write(&path, json).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn index(manifests: Vec<Descriptor>, annotations: BTreeMap<String, String>) -> ImageIndex {
    ImageIndex {
        schema_version: 2,
        media_type: Some(spec::INDEX.to_owned()),
        artifact_type: None,
        manifests,
        subject: None,
        annotations,
    }
}

/// Reads a bundle of certificates; a private key in the same file must not become public.
fn read_certificates(path: &Path) -> anyhow::Result<Vec<u8>> {
    let reading = || format!("cannot read the CA certificates `{}`", path.display());
    let refuse = |why: &str| {
        Failure::new(format!("`{}` {why}", path.display()))
            .hint("give a bundle of CA certificates, such as /etc/ssl/certs/ca-certificates.crt")
    };
    let text = files::open(path).and_then(|file| files::read(file, JSON_LIMIT)).with_context(reading)?;
    let holds = |what: &str| text.windows(what.len()).any(|window| window == what.as_bytes());
    match (holds("-----BEGIN CERTIFICATE-----"), holds("PRIVATE KEY-----")) {
        (_, true) => Err(refuse("holds a private key").into()),
        (false, _) => Err(refuse("holds no certificate in PEM form").into()),
        (true, false) => Ok(text),
    }
}
