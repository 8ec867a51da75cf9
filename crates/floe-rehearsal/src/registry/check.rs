//! What a manifest must be before it is stored: JSON of the kind its media type says, and everything it names is
//! there with the size it says (image-spec, "Image Manifest" and "Image Index").
//!
//! It looks into no blob and changes nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::RegistryError;
use super::route::{self, Name};
use super::store::Store;
use floe_core::model::Digest;

/// The media type of an OCI image index.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

const IMAGES: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];
const INDEXES: [&str; 2] = [INDEX, "application/vnd.docker.distribution.manifest.list.v2+json"];

/// The fields that the registry looks at; whatever else stands in a manifest is the pusher's own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    schema_version: u32,
    media_type: Option<String>,
    /// What the artifact is, where it is not an image.
    pub(super) artifact_type: Option<String>,
    /// The config of an image.
    pub(super) config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    /// The manifest this one is about.
    pub(super) subject: Option<Descriptor>,
    /// Free texts.
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// The manifests an index names.
    pub(super) fn children(&self) -> impl Iterator<Item = Digest> {
        self.manifests.iter().flatten().map(|child| child.digest)
    }

    /// The blobs an image names, but for those that live elsewhere.
    pub(super) fn blobs(&self) -> impl Iterator<Item = Digest> {
        let all = self.config.iter().chain(self.layers.iter().flatten());
        all.filter(|blob| blob.urls.is_empty()).map(|blob| blob.digest)
    }
}

/// What a manifest says about another piece of content (image-spec, "Descriptor").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    /// What it is.
    pub(super) media_type: String,
    /// Its digest.
    #[serde(deserialize_with = "digest")]
    pub(super) digest: Digest,
    size: u64,
    #[serde(default)]
    urls: Vec<String>,
}

/// A descriptor as the referrers API lists it (distribution-spec, "Listing Referrers").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Referrer {
    /// The media type of the manifest.
    pub(super) media_type: String,
    /// The digest of the manifest.
    pub(super) digest: Digest,
    /// The size of the manifest in bytes.
    pub(super) size: u64,
    /// Its artifact type, or the media type of its config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    /// Its annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

/// Reads a manifest and refuses one that is not whole. A missing blob or child is 404 `MANIFEST_BLOB_UNKNOWN`,
/// everything else 400 `MANIFEST_INVALID` or `DIGEST_INVALID`.
pub(super) fn check(
    store: &Store,
    name: &Name,
    media_type: &str,
    bytes: &[u8],
) -> Result<Manifest, RegistryError> {
    let manifest = read(media_type, bytes)?;
    for child in manifest.manifests.iter().flatten() {
        let (found, size) = store
            .manifest_facts(name, &child.digest)?
            .ok_or_else(|| RegistryError::manifest_blob_unknown(&child.digest))?;
        check_size(child, size)?;
        if found != child.media_type {
            let message = format!("`{}` is a `{found}`, not a `{}`", child.digest, child.media_type);
            return Err(RegistryError::manifest_invalid(message));
        }
    }
    for blob in manifest.config.iter().chain(manifest.layers.iter().flatten()) {
        match store.blob_size(name, &blob.digest) {
            Some(size) => check_size(blob, size)?,
            // A layer that may not be distributed lives where its addresses say.
            None if !blob.urls.is_empty() => {}
            None => return Err(RegistryError::manifest_blob_unknown(&blob.digest)),
        }
    }
    Ok(manifest)
}

/// Reads a manifest and refuses one of the wrong kind.
pub(super) fn read(media_type: &str, bytes: &[u8]) -> Result<Manifest, RegistryError> {
    let invalid = RegistryError::manifest_invalid;
    let manifest: Manifest = match serde_json::from_slice(bytes) {
        Ok(manifest) => manifest,
        Err(error) if error.to_string().starts_with(NOT_A_DIGEST) => {
            return Err(RegistryError::digest_invalid(error.to_string()));
        }
        Err(error) => return Err(invalid(format!("cannot read the manifest: {error}"))),
    };
    if manifest.schema_version != 2 {
        return Err(invalid(format!("`schemaVersion` is {}, not 2", manifest.schema_version)));
    }
    if let Some(said) = manifest.media_type.as_ref().filter(|said| *said != media_type) {
        return Err(invalid(format!("`mediaType` is `{said}`, but Content-Type is `{media_type}`")));
    }
    let (config, layers, children) =
        (manifest.config.is_some(), manifest.layers.is_some(), manifest.manifests.is_some());
    if IMAGES.contains(&media_type) {
        match (config, layers, children) {
            (true, true, false) => Ok(manifest),
            _ => Err(invalid("an image manifest has `config` and `layers`, and no `manifests`".to_owned())),
        }
    } else if INDEXES.contains(&media_type) {
        match (config, layers, children) {
            (false, false, true) => Ok(manifest),
            _ => Err(invalid("an index has `manifests`, and neither `config` nor `layers`".to_owned())),
        }
    } else {
        Err(invalid(format!("`{media_type}` is not a manifest's media type")))
    }
}

const NOT_A_DIGEST: &str = "not a digest: ";

fn digest<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    route::digest(&text).map_err(|_| {
        let text: String = text.chars().take(100).collect();
        serde::de::Error::custom(format!("{NOT_A_DIGEST}`{text}`"))
    })
}

fn check_size(descriptor: &Descriptor, size: u64) -> Result<(), RegistryError> {
    if descriptor.size == size {
        return Ok(());
    }
    Err(RegistryError::manifest_invalid(format!(
        "`{}` has {size} bytes, but the manifest says {}",
        descriptor.digest, descriptor.size
    )))
}
