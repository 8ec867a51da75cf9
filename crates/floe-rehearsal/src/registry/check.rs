//! Checks a manifest before it is stored: its JSON fits its media type, and everything it names is in the repository
//! with the stated size and type (image-spec, "Image Manifest" and "Image Index").

use std::collections::BTreeMap;

use floe_core::oci::{self, Descriptor};
use serde::Deserialize;

use super::error::RegistryError;
use super::store::StoredRegistry;
use crate::store::Store;

const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest of either kind. Docker's types have the same fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    schema_version: u32,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    pub(super) subject: Option<Descriptor>,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
}

impl Document {
    /// Parses a manifest. The error is 400 `MANIFEST_INVALID`.
    pub(super) fn parse(media_type: &str, bytes: &[u8]) -> Result<Self, RegistryError> {
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| invalid(format!("cannot parse the manifest: {error}")))?;
        let Document { schema_version, media_type: inner, config, layers, manifests, .. } = &document;
        if *schema_version != 2 {
            return Err(invalid(format!("`schemaVersion` is {schema_version}, not 2")));
        }
        if let Some(other) = inner.as_ref().filter(|inner| *inner != media_type) {
            return Err(invalid(format!("`mediaType` is `{other}`, but Content-Type is `{media_type}`")));
        }
        match (media_type, config, layers, manifests) {
            (oci::MANIFEST | DOCKER_MANIFEST, Some(_), Some(_), None) => Ok(document),
            (oci::MANIFEST | DOCKER_MANIFEST, ..) => {
                Err(invalid("an image manifest has `config` and `layers`, and no `manifests`"))
            }
            (oci::INDEX | DOCKER_INDEX, None, None, Some(_)) => Ok(document),
            (oci::INDEX | DOCKER_INDEX, ..) => {
                Err(invalid("an index has `manifests`, and neither `config` nor `layers`"))
            }
            _ => Err(invalid(format!("`{media_type}` is not the media type of a manifest"))),
        }
    }

    /// The manifests of an index.
    pub(super) fn children(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().flatten()
    }

    /// The config and the layers of an image.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(self.layers.iter().flatten())
    }

    /// The artifact type as the referrers API lists it: of an image without one, the media type of its config.
    pub(super) fn artifact_type(&self) -> Option<&str> {
        let stated = self.artifact_type.as_ref().filter(|stated| !stated.is_empty());
        stated.or(self.config.as_ref().map(|config| &config.media_type)).map(String::as_str)
    }

    /// Checks that everything it names is in the repository. A missing blob or child is 404
    /// `MANIFEST_BLOB_UNKNOWN`.
    pub(super) fn check(&self, store: &Store<StoredRegistry>, name: &str) -> Result<(), RegistryError> {
        for child in self.children() {
            let media_type = store.of(name, |repository| repository.manifests.get(&child.digest).cloned());
            let (media_type, size) =
                media_type.flatten().zip(store.size(&child.digest)).ok_or_else(|| unknown(child))?;
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
