//! The JSON documents of an OCI image, with fields in the order of the specification (OCI image-spec v1.1:
//! descriptor.md, image-index.md, manifest.md, config.md, image-layout.md).
//!
//! Maps are sorted, so that a document always has the same bytes. Unknown fields are ignored when reading.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Blob, Digest, Platform};

/// The media type of an image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The media type of an image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an image's configuration.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of a layer: a tar, compressed with gzip.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The annotation of an index entry with the image's name in the layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation of an index entry with the image's name and tag, by which podman, containerd and docker import it.
pub const IMAGE_NAME: &str = "io.containerd.image.name";
/// The annotation of an image with the paths of its executable files that are in no archive, separated by spaces.
pub const PROGRAMS: &str = "floe.image.programs";
/// The version of the layout format, in the file `oci-layout`.
pub const LAYOUT_VERSION: &str = "1.0.0";

/// The file `oci-layout` (image-layout.md).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OciLayout {
    /// Always [`LAYOUT_VERSION`].
    pub image_layout_version: String,
}

/// A descriptor (descriptor.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type of the blob.
    pub media_type: String,
    /// The digest of the blob.
    pub digest: Digest,
    /// The size of the blob in bytes.
    pub size: u64,
    /// Addresses of a blob that a registry does not hold itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// The platform, in an index. A map, so that unexpected fields are seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<BTreeMap<String, serde_json::Value>>,
    /// Its annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An image index (image-index.md); `index.json` is one as well.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    /// Always 2.
    pub schema_version: u32,
    /// [`INDEX`]; optional in the specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The descriptors it lists.
    pub manifests: Vec<Descriptor>,
    /// Its annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An image manifest (manifest.md).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// Always 2.
    pub schema_version: u32,
    /// [`MANIFEST`]; optional in the specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The kind of artifact, if it is not an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The image's configuration.
    pub config: Descriptor,
    /// Its layers, bottom first.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Its annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An image's configuration (config.md); docker's has the same fields and more.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When it was created, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The instruction set in Go's spelling.
    pub architecture: String,
    /// The operating system in Go's spelling.
    pub os: String,
    /// The version of the instruction set, such as `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How a container of it is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Execution>,
    /// The digests of its layers before compression, bottom first.
    pub rootfs: RootFs,
    /// How each layer was made, bottom first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
}

impl ImageConfig {
    /// The platform in the form `os/architecture` or `os/architecture/variant`.
    pub fn platform(&self) -> String {
        let variant = self.variant.iter().filter(|variant| !variant.is_empty());
        let parts = [&self.os, &self.architecture].into_iter().chain(variant);
        parts.map(String::as_str).collect::<Vec<_>>().join("/")
    }

    /// Whether it is for a platform. The variant counts only where the platform has one: some tools write `v8` for arm64.
    pub fn is_for(&self, platform: Platform) -> bool {
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
        self.os == platform.os()
            && self.architecture == platform.architecture()
            && (platform.variant().is_none() || platform.variant() == variant)
    }
}

/// How a layer was made (config.md, `history`). Its fields are in the order of the specification.
#[derive(Debug, Serialize, Deserialize)]
pub struct History {
    /// When, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By which command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Whether it describes a step that made no layer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

/// How a container is started (config.md, `config`).
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Execution {
    /// The user it runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The ports it listens on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<BTreeMap<String, Empty>>,
    /// Its environment, `NAME=value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// The program and its first arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// The default arguments after the entrypoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Folders for the data of the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volumes: Option<BTreeMap<String, Empty>>,
    /// The folder it is started in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// The labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// The signal that ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// All other fields.
    #[serde(flatten, skip_serializing)]
    pub others: BTreeMap<String, serde_json::Value>,
}

/// `{}`, the value of each member of a set.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Empty {}

/// The layers before compression (config.md, `rootfs`).
#[derive(Debug, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The digests of the uncompressed layers, bottom first.
    pub diff_ids: Vec<Digest>,
}

impl ImageIndex {
    /// An index of these descriptors.
    pub fn new(manifests: Vec<Descriptor>, annotations: BTreeMap<String, String>) -> Self {
        ImageIndex { schema_version: 2, media_type: Some(INDEX.to_owned()), manifests, annotations }
    }
}

impl Descriptor {
    /// A descriptor of a blob.
    pub fn of(blob: &Blob) -> Self {
        Descriptor {
            media_type: blob.media_type.clone(),
            digest: blob.digest,
            size: blob.size,
            urls: Vec::new(),
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    /// Adds the platform, for an entry of an index.
    pub fn on(self, platform: Platform) -> Self {
        Descriptor { platform: Some(platform_fields(platform)), ..self }
    }

    /// The blob that it describes.
    pub fn blob(&self) -> Blob {
        Blob { media_type: self.media_type.clone(), digest: self.digest, size: self.size }
    }
}

/// The `platform` object of an index entry, which has exactly these fields.
pub fn platform_fields(platform: Platform) -> BTreeMap<String, serde_json::Value> {
    let fields = [("architecture", platform.architecture()), ("os", platform.os())].into_iter();
    let fields = fields.chain(platform.variant().map(|variant| ("variant", variant)));
    fields.map(|(key, value)| (key.to_owned(), value.into())).collect()
}
