//! The folder of a registry, plain enough to be looked at:
//!
//! ```text
//! blobs/sha256/<hex>                    every blob and manifest, once
//! repositories/<name>/_blobs/<hex>      empty: this repository holds that blob
//! repositories/<name>/_manifests/<hex>  this repository holds that manifest; the file says its media type
//! repositories/<name>/_tags.json        tag -> digest
//! repositories/<name>/_uploads/<id>     what an unfinished upload has sent so far
//! ```
//!
//! A file appears under its final name only when it is whole (written beside it, then renamed). No component of a
//! name begins with `_`, so nothing collides. Tags stand in one file because they tell `A` from `a` and not every
//! file system does. The small files are read and written in place, blobs never: `blobs` and `session` stream.
//! Nothing is ever removed from `blobs/`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context;

use super::route::{Name, Reference, UploadId};
use super::{lock, random_hex};
use floe_core::model::Digest;

/// A registry's folder.
pub(super) struct Store {
    root: PathBuf,
    /// Held while tags are read and written again, and while a repository's folders come and go.
    changing: Mutex<()>,
}

/// A manifest as it was pushed.
pub(super) struct StoredManifest {
    /// The digest of `bytes`.
    pub(super) digest: Digest,
    /// What the pusher said it is.
    pub(super) media_type: String,
    /// Exactly the bytes that were pushed.
    pub(super) bytes: Vec<u8>,
}

/// The tags of a repository.
pub(super) type Tags = BTreeMap<String, Digest>;

impl Store {
    /// Opens the folder, and makes it if it is not there.
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        make_folder(&root.join("blobs").join("sha256"))?;
        make_folder(&root.join("repositories"))?;
        Ok(Store { root: root.to_owned(), changing: Mutex::default() })
    }

    /// Whether anything was ever pushed to a repository.
    pub(super) fn exists(&self, name: &Name) -> bool {
        let folder = self.repository(name);
        folder.join("_blobs").is_dir() || folder.join("_manifests").is_dir()
    }

    /// Where a blob's bytes are, if they are anywhere.
    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join("sha256").join(digest.hex())
    }

    /// The size in bytes of a blob that a repository holds.
    pub(super) fn blob_size(&self, name: &Name, digest: &Digest) -> Option<u64> {
        let held = self.repository(name).join("_blobs").join(digest.hex()).is_file();
        self.size(digest).filter(|_| held)
    }

    /// Puts a blob that is in the store already into one more repository.
    pub(super) fn link_blob(&self, name: &Name, digest: &Digest) -> anyhow::Result<()> {
        let _changing = lock(&self.changing);
        write(&self.repository(name).join("_blobs").join(digest.hex()), b"")
    }

    /// Takes a finished upload, whose digest the caller has checked, into the store and the repository.
    pub(super) fn adopt(&self, upload: &Path, name: &Name, digest: &Digest) -> anyhow::Result<()> {
        let blob = self.blob_path(digest);
        // A blob that is there already may be on its way to somebody: it stays, as it has the same bytes.
        let stored = if blob.is_file() { fs::remove_file(upload) } else { fs::rename(upload, &blob) };
        stored.with_context(|| format!("failed to store blob `{digest}`"))?;
        self.link_blob(name, digest)?;
        self.tidy(name);
        Ok(())
    }

    /// The manifest a tag or digest stands for.
    pub(super) fn manifest(
        &self,
        name: &Name,
        reference: &Reference,
    ) -> anyhow::Result<Option<StoredManifest>> {
        let digest = match reference {
            Reference::Digest(digest) => Some(*digest),
            Reference::Tag(tag) => self.tags(name)?.get(tag).copied(),
        };
        let Some(digest) = digest else { return Ok(None) };
        let Some(media_type) = self.media_type(name, &digest)? else { return Ok(None) };
        let path = self.blob_path(&digest);
        let bytes = fs::read(&path).with_context(|| format!("failed to read manifest `{digest}`"))?;
        Ok(Some(StoredManifest { digest, media_type, bytes }))
    }

    /// The media type and the size in bytes of a manifest that a repository holds.
    pub(super) fn manifest_facts(
        &self,
        name: &Name,
        digest: &Digest,
    ) -> anyhow::Result<Option<(String, u64)>> {
        Ok(self.media_type(name, digest)?.zip(self.size(digest)))
    }

    /// Every manifest of a repository, by digest.
    pub(super) fn manifests(&self, name: &Name) -> anyhow::Result<Vec<Digest>> {
        let folder = self.repository(name).join("_manifests");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error).with_context(|| format!("failed to list `{}`", folder.display()));
            }
        };
        let mut digests = Vec::new();
        for entry in entries {
            let file = entry.with_context(|| format!("failed to list `{}`", folder.display()))?.file_name();
            digests.extend(format!("sha256:{}", file.to_string_lossy()).parse::<Digest>());
        }
        digests.sort();
        Ok(digests)
    }

    /// Stores a manifest that the caller has checked, and points a tag at it where one is given.
    pub(super) fn put_manifest(
        &self,
        name: &Name,
        manifest: &StoredManifest,
        tag: Option<&str>,
    ) -> anyhow::Result<()> {
        let _changing = lock(&self.changing);
        let (digest, folder) = (&manifest.digest, self.repository(name));
        write(&self.blob_path(digest), &manifest.bytes)?;
        write(
            &folder.join("_manifests").join(digest.hex()),
            format!("{}\n", manifest.media_type).as_bytes(),
        )?;
        match tag {
            Some(tag) => self.change_tags(name, |tags| {
                tags.insert(tag.to_owned(), *digest);
            }),
            None => Ok(()),
        }
    }

    /// Forgets a tag, or a manifest with every tag that points at it. False if there is none.
    pub(super) fn delete_manifest(&self, name: &Name, reference: &Reference) -> anyhow::Result<bool> {
        let _changing = lock(&self.changing);
        match reference {
            Reference::Tag(tag) => {
                let found = self.tags(name)?.contains_key(tag);
                if found {
                    self.change_tags(name, |tags| {
                        tags.remove(tag);
                    })?;
                }
                Ok(found)
            }
            Reference::Digest(digest) => {
                if self.media_type(name, digest)?.is_none() {
                    return Ok(false);
                }
                // Tags first: a tag must never point at what is not there.
                self.change_tags(name, |tags| tags.retain(|_, target| target != digest))?;
                let path = self.repository(name).join("_manifests").join(digest.hex());
                fs::remove_file(&path).with_context(|| format!("failed to delete manifest `{digest}`"))?;
                Ok(true)
            }
        }
    }

    /// The tags of a repository, none if it has none.
    pub(super) fn tags(&self, name: &Name) -> anyhow::Result<Tags> {
        let path = self.repository(name).join("_tags.json");
        match read_if_there(&path)? {
            Some(text) => serde_json::from_str(&text)
                .with_context(|| format!("`{}` is not a list of tags", path.display())),
            None => Ok(Tags::new()),
        }
    }

    /// Where an upload's bytes are.
    pub(super) fn upload_path(&self, name: &Name, id: &UploadId) -> PathBuf {
        self.repository(name).join("_uploads").join(id.as_str())
    }

    /// Makes an upload's empty file.
    pub(super) fn create_upload(&self, name: &Name, id: &UploadId) -> anyhow::Result<PathBuf> {
        let _changing = lock(&self.changing);
        let path = self.upload_path(name, id);
        make_folder(&self.repository(name).join("_uploads"))?;
        fs::File::create_new(&path).context("failed to begin an upload")?;
        Ok(path)
    }

    /// Throws an upload away, and with it the folders of a repository that nothing else was pushed to.
    pub(super) fn remove_upload(&self, name: &Name, upload: &Path) -> anyhow::Result<()> {
        fs::remove_file(upload).context("failed to remove an upload")?;
        self.tidy(name);
        Ok(())
    }

    /// Removes the empty folders an upload leaves.
    fn tidy(&self, name: &Name) {
        let _changing = lock(&self.changing);
        let mut folder = self.repository(name).join("_uploads");
        let top = self.root.join("repositories");
        // Removing a folder fails where something is in it, and that is where tidying ends.
        while folder != top && fs::remove_dir(&folder).is_ok() && folder.pop() {}
    }

    fn repository(&self, name: &Name) -> PathBuf {
        name.as_str().split('/').fold(self.root.join("repositories"), |path, part| path.join(part))
    }

    fn size(&self, digest: &Digest) -> Option<u64> {
        fs::metadata(self.blob_path(digest)).ok().map(|metadata| metadata.len())
    }

    fn media_type(&self, name: &Name, digest: &Digest) -> anyhow::Result<Option<String>> {
        let path = self.repository(name).join("_manifests").join(digest.hex());
        Ok(read_if_there(&path)?.map(|text| text.trim_end().to_owned()))
    }

    /// The caller holds `changing`.
    fn change_tags(&self, name: &Name, change: impl FnOnce(&mut Tags)) -> anyhow::Result<()> {
        let mut tags = self.tags(name)?;
        change(&mut tags);
        let text = serde_json::to_vec_pretty(&tags)?;
        write(&self.repository(name).join("_tags.json"), &text)
    }
}

fn make_folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("failed to make the folder `{}`", path.display()))
}

fn read_if_there(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("failed to read `{}`", path.display())),
    }
}

/// Writes a small file so that it is there whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let beside = path.with_extension(format!("{}.tmp", random_hex(8)?));
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .with_context(|| format!("failed to write `{}`", path.display()))
}
