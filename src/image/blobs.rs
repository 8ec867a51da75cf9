//! Writes the blobs of a layout, each in one pass and named by its digest. Layers are streamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

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
pub struct WrittenLayer<T> {
    /// The compressed layer.
    pub blob: Blob,
    /// The digest before compression.
    pub diff_id: Digest,
    /// The result of the function that filled it.
    pub facts: T,
}

impl<T> WrittenLayer<T> {
    /// Converts the facts.
    pub fn map<U>(self, facts: impl FnOnce(T) -> U) -> WrittenLayer<U> {
        WrittenLayer { blob: self.blob, diff_id: self.diff_id, facts: facts(self.facts) }
    }
}

impl Blobs {
    /// Makes the folder below `layout`.
    pub fn create(layout: &Path) -> anyhow::Result<Self> {
        let folder = layout.join("blobs").join("sha256");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        Ok(Blobs { folder })
    }

    /// Writes a JSON document.
    pub fn json(&self, media_type: &str, document: &impl Serialize) -> anyhow::Result<Blob> {
        let bytes = serde_json::to_vec(document)?;
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        let path = self.folder.join(digest.hex());
        fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(Blob { media_type: media_type.to_owned(), digest, size })
    }

    /// Writes a layer: `fill` writes the tar, which is hashed, compressed and hashed again on its way to the disk.
    pub fn layer<T>(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
    ) -> anyhow::Result<WrittenLayer<T>> {
        // The name is free, because the layout is a temporary folder so far.
        let draft = self.folder.join("unfinished");
        let writing = || format!("cannot write `{}`", draft.display());
        let file = Hashing::new(BufWriter::new(File::create(&draft).with_context(writing)?));
        let mut tar = Hashing::new(Gzip::new(file).with_context(writing)?);
        let facts = fill(&mut tar)?;
        let (gzip, diff_id, _) = tar.finish();
        let (mut file, digest, size) = gzip.finish().with_context(writing)?.finish();
        file.flush().with_context(writing)?;
        drop(file);
        disk::rename(&draft, &self.folder.join(digest.hex())).with_context(writing)?;
        Ok(WrittenLayer { blob: Blob { media_type: LAYER.to_owned(), digest, size }, diff_id, facts })
    }
}

/// A reader that writes a copy of everything that is read.
pub struct Tee<R, W> {
    /// The source.
    pub reader: R,
    /// The destination of the copy.
    pub writer: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.writer.write_all(&buffer[..read])?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_hashed_before_and_after_compression() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::create(folder.path()).unwrap();
        let layer = blobs.layer(|writer| Ok(writer.write_all(b"floe")?)).unwrap();
        let bytes = fs::read(folder.path().join("blobs/sha256").join(layer.blob.digest.hex())).unwrap();
        assert_eq!((Digest::of(&bytes), bytes.len() as u64), (layer.blob.digest, layer.blob.size));
        assert_eq!(layer.diff_id, Digest::of(b"floe"));
        // Magic, deflate, no flags, no time, best compression, unknown system.
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
        assert_eq!(fs::read_dir(folder.path().join("blobs/sha256")).unwrap().count(), 1);
    }
}
