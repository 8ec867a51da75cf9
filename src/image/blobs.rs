//! Writes the blobs of a layout, each in one pass and named by its digest. Layers are streamed.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::rootfs::Changeset;
use crate::error::AtPath as _;
use crate::package::archive::Gzip;
use floe_core::disk;
use floe_core::model::{Blob, Digest, Hashing};
use floe_core::oci::LAYER;

/// The folder `blobs/sha256` of a layout that is being made.
pub struct Blobs {
    folder: PathBuf,
}

/// A layer that was written.
#[derive(Clone)]
pub struct WrittenLayer {
    /// The compressed layer.
    pub blob: Blob,
    /// The digest before compression.
    pub diff_id: Digest,
    /// Its members.
    pub changes: Arc<Changeset>,
}

impl Blobs {
    /// Makes the folder below `layout`.
    pub fn create(layout: &Path) -> anyhow::Result<Self> {
        let blobs = layout.join("blobs");
        let folder = blobs.join("sha256");
        // Not `create_dir_all`, which would make the layout again if a signal has just removed it.
        let made = fs::create_dir(blobs).and_then(|()| fs::create_dir(&folder));
        made.at("cannot make the folder", &folder)?;
        Ok(Blobs { folder })
    }

    /// Writes a JSON document.
    pub fn json(&self, media_type: &str, document: &impl Serialize) -> anyhow::Result<Blob> {
        let bytes = serde_json::to_vec(document)?;
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        let path = self.folder.join(digest.hex());
        fs::write(&path, bytes).at("cannot write", &path)?;
        Ok(Blob { media_type: media_type.to_owned(), digest, size })
    }

    /// Writes a layer: `fill` writes the tar, which is hashed, compressed and hashed again on its way to the disk.
    pub fn layer(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> anyhow::Result<Changeset>,
    ) -> anyhow::Result<WrittenLayer> {
        // The name is free, because the layout is a temporary folder so far.
        let draft = self.folder.join("unfinished");
        let file = Hashing::new(BufWriter::new(File::create(&draft).at("cannot write", &draft)?));
        let mut tar = Hashing::new(Gzip::new(file).at("cannot write", &draft)?);
        let changes = Arc::new(fill(&mut tar)?);
        let (gzip, diff_id, _) = tar.finish();
        let (mut file, digest, size) = gzip.finish().at("cannot write", &draft)?.finish();
        file.flush().at("cannot write", &draft)?;
        drop(file);
        disk::rename(&draft, &self.folder.join(digest.hex())).at("cannot write", &draft)?;
        Ok(WrittenLayer { blob: Blob { media_type: LAYER.to_owned(), digest, size }, diff_id, changes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_hashed_before_and_after_compression() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::create(folder.path()).unwrap();
        let layer =
            blobs.layer(|writer| Ok(writer.write_all(b"floe").map(|()| Changeset::default())?)).unwrap();
        let bytes = fs::read(folder.path().join("blobs/sha256").join(layer.blob.digest.hex())).unwrap();
        assert_eq!((Digest::of(&bytes), bytes.len() as u64), (layer.blob.digest, layer.blob.size));
        assert_eq!(layer.diff_id, Digest::of(b"floe"));
        // Magic, deflate, no flags, no time, best compression, unknown system.
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
        assert_eq!(fs::read_dir(folder.path().join("blobs/sha256")).unwrap().count(), 1);
    }

    #[test]
    fn a_layout_that_a_signal_has_removed_is_not_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone.part");
        assert!(Blobs::create(&gone).is_err());
        assert!(!gone.exists());
        Blobs::create(folder.path()).unwrap();
        assert!(folder.path().join("blobs/sha256").is_dir());
    }
}
