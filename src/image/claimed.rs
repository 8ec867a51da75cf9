//! What a layout says it holds, before its layers are read: enough to plan on, and nothing that may be published yet.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::spec::{self, Descriptor, ImageIndex, ImageManifest, platform_fields};
use super::{ENTRIES_LIMIT, LAYERS_LIMIT, measure};
use floe_core::model::{Image, Platform, PlatformImage, Stamps};

/// The image that a layout claims to hold, without the files in its layers. Its documents and configs are hashed, so
/// that they are what is planned by their digests. `None` where anything is odd: [`super::check`] says what.
pub fn claimed(layout: &Path) -> Option<Image> {
    let top: ImageIndex = measure::json(&layout.join("index.json"), spec::INDEX).ok()?;
    let [entry] = top.manifests.as_slice() else { return None };
    let mut stamps = Stamps::default();
    let index: ImageIndex = document(layout, entry, spec::INDEX, &mut stamps)?;
    if index.manifests.len() > ENTRIES_LIMIT {
        return None;
    }
    let mut platforms = Vec::new();
    for one in &index.manifests {
        let manifest: ImageManifest = document(layout, one, spec::MANIFEST, &mut stamps)?;
        let of = |platform: &Platform| one.platform.as_ref() == Some(&platform_fields(*platform));
        if manifest.layers.len() > LAYERS_LIMIT {
            return None;
        }
        let config =
            measure::hash(&measure::blob_path(layout, &manifest.config.digest), &manifest.config).ok()?;
        stamps.0.extend(config.map(|stamp| (manifest.config.digest, stamp)));
        platforms.push(PlatformImage {
            platform: Platform::ALL.into_iter().find(of)?,
            manifest: one.blob(),
            config: manifest.config.blob(),
            layers: manifest.layers.iter().map(Descriptor::blob).collect(),
            files: Vec::new(),
        });
    }
    platforms.sort_by_key(|image| image.platform);
    let (layout, index_blob) = (layout.to_owned(), entry.blob());
    Some(Image { layout, index: index_blob, annotations: index.annotations, platforms, stamps })
}

/// A document that has the promised digest and kind.
fn document<T: DeserializeOwned>(
    layout: &Path,
    promised: &Descriptor,
    media_type: &str,
    stamps: &mut Stamps,
) -> Option<T> {
    let path = measure::blob_path(layout, &promised.digest);
    let stamp = measure::hash(&path, promised).ok().filter(|_| promised.media_type == media_type)?;
    stamps.0.extend(stamp.map(|stamp| (promised.digest, stamp)));
    measure::json(&path, media_type).ok()
}
