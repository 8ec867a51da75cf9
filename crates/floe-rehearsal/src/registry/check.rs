//! Checks a manifest before it is stored: its JSON fits its media type, and everything it names is in the repository
//! with the stated size and type (image-spec, "Image Manifest" and "Image Index").

use std::collections::BTreeMap;

use floe_core::oci::{self, Descriptor, ImageIndex, ImageManifest};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::RegistryError;
use super::route::Name;
use super::store::Store;

const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest of either kind. Docker's types have the same fields.
pub(super) enum Document {
    Manifest(ImageManifest),
    Index(ImageIndex),
}

impl Document {
    /// Parses a manifest. The error is 400 `MANIFEST_INVALID` or `DIGEST_INVALID`.
    pub(super) fn parse(media_type: &str, bytes: &[u8]) -> Result<Self, RegistryError> {
        let keys: Keys = json(bytes)?;
        if keys.schema_version != 2 {
            return Err(invalid(format!("`schemaVersion` is {}, not 2", keys.schema_version)));
        }
        if let Some(other) = keys.media_type.filter(|inner| inner != media_type) {
            return Err(invalid(format!("`mediaType` is `{other}`, but Content-Type is `{media_type}`")));
        }
        let (config, layers, manifests) =
            (keys.config.is_some(), keys.layers.is_some(), keys.manifests.is_some());
        match media_type {
            oci::MANIFEST | DOCKER_MANIFEST if manifests => {
                Err(invalid("an image manifest has no `manifests`"))
            }
            oci::MANIFEST | DOCKER_MANIFEST => Ok(Document::Manifest(json(bytes)?)),
            oci::INDEX | DOCKER_INDEX if config || layers => {
                Err(invalid("an index has neither `config` nor `layers`"))
            }
            oci::INDEX | DOCKER_INDEX => Ok(Document::Index(json(bytes)?)),
            _ => Err(invalid(format!("`{media_type}` is not the media type of a manifest"))),
        }
    }

    /// The manifests of an index.
    pub(super) fn children(&self) -> &[Descriptor] {
        match self {
            Document::Manifest(_) => &[],
            Document::Index(index) => &index.manifests,
        }
    }

    /// The config and the layers of an image.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let image = match self {
            Document::Manifest(manifest) => Some(manifest),
            Document::Index(_) => None,
        };
        image.into_iter().flat_map(|image| std::iter::once(&image.config).chain(&image.layers))
    }

    pub(super) fn subject(&self) -> Option<&Descriptor> {
        match self {
            Document::Manifest(manifest) => manifest.subject.as_ref(),
            Document::Index(index) => index.subject.as_ref(),
        }
    }

    /// The artifact type as the referrers API lists it: of an image without one, the media type of its config.
    pub(super) fn artifact_type(&self) -> Option<&str> {
        let (stated, default) = match self {
            Document::Manifest(manifest) => (&manifest.artifact_type, Some(&manifest.config.media_type)),
            Document::Index(index) => (&index.artifact_type, None),
        };
        stated.as_ref().filter(|stated| !stated.is_empty()).or(default).map(String::as_str)
    }

    pub(super) fn annotations(&self) -> &BTreeMap<String, String> {
        match self {
            Document::Manifest(manifest) => &manifest.annotations,
            Document::Index(index) => &index.annotations,
        }
    }

    /// Checks that everything it names is in the repository. A missing blob or child is 404
    /// `MANIFEST_BLOB_UNKNOWN`.
    pub(super) fn check(&self, store: &Store, name: &Name) -> Result<(), RegistryError> {
        for child in self.children() {
            let (media_type, size) =
                store.manifest_facts(name, &child.digest)?.ok_or_else(|| unknown(child))?;
            check_size(child, size)?;
            if media_type != child.media_type {
                let (digest, stated) = (child.digest, &child.media_type);
                return Err(invalid(format!("`{digest}` is a `{media_type}`, not a `{stated}`")));
            }
        }
        for blob in self.blobs() {
            match store.blob_size(name, &blob.digest) {
                Some(size) => check_size(blob, size)?,
                None if is_elsewhere(blob) => {}
                None => return Err(unknown(blob)),
            }
        }
        Ok(())
    }
}

/// Whether a blob is served from other addresses, as layers that must not be redistributed are.
pub(super) fn is_elsewhere(blob: &Descriptor) -> bool {
    !blob.urls.is_empty()
}

/// The fields by which the kinds of manifest differ.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    schema_version: u32,
    media_type: Option<String>,
    config: Option<IgnoredAny>,
    layers: Option<IgnoredAny>,
    manifests: Option<IgnoredAny>,
}

fn json<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, RegistryError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("cannot parse the manifest: {error}");
        // serde passes on the text of the error only.
        let is_digest = message.contains("is not a digest of the form");
        if is_digest { RegistryError::bad("DIGEST_INVALID", message) } else { invalid(message) }
    })
}

fn check_size(descriptor: &Descriptor, size: u64) -> Result<(), RegistryError> {
    if descriptor.size == size {
        return Ok(());
    }
    let Descriptor { digest, size: stated, .. } = descriptor;
    Err(invalid(format!("`{digest}` has {size} bytes, but the manifest says {stated}")))
}

fn invalid(message: impl Into<String>) -> RegistryError {
    RegistryError::bad("MANIFEST_INVALID", message)
}

fn unknown(descriptor: &Descriptor) -> RegistryError {
    RegistryError::unknown("MANIFEST_BLOB_UNKNOWN", format!("the repository lacks `{}`", descriptor.digest))
}
