//! A layout that appears whole or not at all: it is made in a temporary folder next to its path, then renamed.
//!
//! Each blob is written in one pass and named by its digest; layers are streamed. The layout replaces only an OCI layout or
//! an empty folder, and leaves nothing behind when it fails.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::JSON_LIMIT;
use super::rootfs::Changeset;
use crate::error::{AtPath as _, Failure};
use crate::files::scratch::Scratch;
use crate::files::unfinished;
use crate::package::archive::Gzip;
use floe_core::disk;
use floe_core::model::image::blob_path;
use floe_core::model::{Blob, Digest, Hashing};
use floe_core::oci::{Descriptor, ImageIndex, LAYER, LAYOUT_VERSION, OciLayout};
use floe_core::untrusted::files;

/// A layout that is being made.
#[derive(Debug)]
pub struct LayoutDraft {
    out: PathBuf,
    folder: Scratch,
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

impl LayoutDraft {
    /// Begins the layout that will be at `out`, without blobs.
    pub fn new(out: &Path) -> anyhow::Result<Self> {
        refuse_to_replace(out)?;
        let folder = Scratch::beside(out)?;
        let blobs = folder.path().join("blobs");
        // Not `create_dir_all`, which would make the layout again if a signal has just removed it.
        let made = fs::create_dir(&blobs).and_then(|()| fs::create_dir(blobs.join("sha256")));
        made.at("cannot make the folder", &blobs)?;
        Ok(LayoutDraft { out: out.to_owned(), folder })
    }

    /// The path of a blob.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        blob_path(self.folder.path(), digest)
    }

    /// Writes a JSON document.
    pub fn json(&self, media_type: &str, document: &impl Serialize) -> anyhow::Result<Blob> {
        let bytes = serde_json::to_vec(document)?;
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        let path = self.blob_path(&digest);
        fs::write(&path, bytes).at("cannot write", &path)?;
        Ok(Blob { media_type: media_type.to_owned(), digest, size })
    }

    /// Writes a layer: `fill` writes the tar, which is hashed, compressed and hashed again on its way to the disk.
    pub fn layer(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> anyhow::Result<Changeset>,
    ) -> anyhow::Result<WrittenLayer> {
        // The name is free, because the layout is a temporary folder so far.
        let path = self.folder.path().join("unfinished");
        let file = Hashing::new(BufWriter::new(File::create(&path).at("cannot write", &path)?));
        let mut tar = Hashing::new(Gzip::new(file).at("cannot write", &path)?);
        let changes = Arc::new(fill(&mut tar)?);
        let (gzip, diff_id, _) = tar.finish();
        let (mut file, digest, size) = gzip.finish().at("cannot write", &path)?.finish();
        file.flush().at("cannot write", &path)?;
        drop(file);
        disk::rename(&path, &self.blob_path(&digest)).at("cannot write", &path)?;
        Ok(WrittenLayer { blob: Blob { media_type: LAYER.to_owned(), digest, size }, diff_id, changes })
    }

    /// Writes `oci-layout` and `index.json`, whose one entry is the image index.
    pub fn finish(&self, entry: Descriptor) -> anyhow::Result<()> {
        let version = OciLayout { image_layout_version: LAYOUT_VERSION.to_owned() };
        let index = ImageIndex::new(vec![entry], BTreeMap::new());
        for (name, json) in
            [("index.json", serde_json::to_vec(&index)?), ("oci-layout", serde_json::to_vec(&version)?)]
        {
            let path = self.folder.path().join(name);
            fs::write(&path, json).at("cannot write", &path)?;
        }
        Ok(())
    }

    /// Renames the finished layout to its path; one that is there is replaced.
    pub fn reveal(self) -> anyhow::Result<()> {
        refuse_to_replace(&self.out)?;
        let aside = Scratch::beside(&self.out)?;
        // A signal in between would remove both layouts.
        let _both = unfinished::hold();
        let old = aside.path().join("old");
        match disk::rename(&self.out, &old) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved.at("cannot move the layout to", &self.out)?,
        }
        if let Err(error) = disk::rename(self.folder.path(), &self.out) {
            let _ = disk::rename(&old, &self.out);
            return Err(error).at("cannot move the layout to", &self.out);
        }
        disk::retry(|| fs::remove_dir_all(aside.path())).at("cannot remove", aside.path())
    }
}

fn refuse_to_replace(out: &Path) -> anyhow::Result<()> {
    let about = match fs::symlink_metadata(out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about.at("cannot read", out)?,
    };
    if about.is_dir() && (is_layout(out) || fs::read_dir(out).at("cannot read", out)?.next().is_none()) {
        return Ok(());
    }
    Err(Failure::new(format!("`{}` exists and is not an OCI layout", out.display()))
        .hint("choose another --out, or remove it yourself")
        .into())
}

fn is_layout(folder: &Path) -> bool {
    let file = files::open_no_link(&folder.join("oci-layout"));
    let bytes = file.and_then(|file| files::read(file, JSON_LIMIT)).unwrap_or_default();
    let layout: Result<OciLayout, _> = serde_json::from_slice(&bytes);
    layout.is_ok_and(|layout| layout.image_layout_version == LAYOUT_VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_layout_replaces_a_layout_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dist/image");
        for content in ["first", "next"] {
            let draft = LayoutDraft::new(&out).unwrap();
            let blob = draft.json("text", &content).unwrap();
            draft.finish(Descriptor::of(&blob)).unwrap();
            draft.reveal().unwrap();
            assert_eq!(names(&out), ["blobs", "index.json", "oci-layout"]);
            assert_eq!(names(&out.join("blobs/sha256")), [blob.digest.hex()]);
        }
        drop(LayoutDraft::new(&out).unwrap());
        assert_eq!(names(&folder.path().join("dist")), ["image"]);
    }

    #[test]
    fn anything_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, photos) = (folder.path().join("file"), folder.path().join("photos"));
        fs::write(&file, "").unwrap();
        fs::create_dir(&photos).unwrap();
        drop(LayoutDraft::new(&photos).unwrap());
        fs::write(photos.join("oci-layout"), "{}").unwrap();
        for out in [&file, &photos] {
            let error = LayoutDraft::new(out).unwrap_err();
            assert!(error.to_string().contains("is not an OCI layout"), "{error}");
        }
        assert_eq!(names(folder.path()), ["file", "photos"]);
        assert!(LayoutDraft::new(Path::new("/")).is_err());
    }

    #[test]
    fn a_layer_is_hashed_before_and_after_compression() {
        let folder = tempfile::tempdir().unwrap();
        let draft = LayoutDraft::new(&folder.path().join("image")).unwrap();
        let layer =
            draft.layer(|writer| Ok(writer.write_all(b"floe").map(|()| Changeset::default())?)).unwrap();
        let bytes = fs::read(draft.blob_path(&layer.blob.digest)).unwrap();
        assert_eq!((Digest::of(&bytes), bytes.len() as u64), (layer.blob.digest, layer.blob.size));
        assert_eq!(layer.diff_id, Digest::of(b"floe"));
        // Magic, deflate, no flags, no time, best compression, unknown system.
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
        assert_eq!(names(draft.folder.path()), ["blobs"]);
        assert_eq!(names(&draft.folder.path().join("blobs/sha256")), [layer.blob.digest.hex()]);
    }

    #[test]
    fn a_layout_that_a_signal_has_removed_is_not_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let draft = LayoutDraft::new(&folder.path().join("image")).unwrap();
        fs::remove_dir_all(draft.folder.path()).unwrap();
        assert!(draft.json("text", &"x").is_err());
        assert!(draft.layer(|_| Ok(Changeset::default())).is_err());
        assert!(names(folder.path()).is_empty());
    }
}
