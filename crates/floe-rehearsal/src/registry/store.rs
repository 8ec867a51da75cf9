//! The folder of a registry:
//!
//! ```text
//! blobs/sha256/<hex>                    every blob and manifest, once
//! repositories/<name>/_blobs/<hex>      empty: this repository holds that blob
//! repositories/<name>/_manifests/<hex>  this repository holds that manifest; the file has its media type
//! repositories/<name>/_tags.json        tag -> digest
//! uploads/<id>                          the bytes of an unfinished upload, for the life of the process
//! ```
//!
//! Files are written under another name and renamed, so they are never seen half written. No component of a repository
//! name starts with `_`, so names do not collide. Tags are in one file because they are case-sensitive and some file
//! systems are not. Nothing is ever removed from `blobs/`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use floe_core::disk;
use floe_core::model::Digest;

use super::route::{Name, Reference};
use crate::basics::{lock, random_hex};

pub(super) struct Store {
    root: PathBuf,
    /// Held while tags change.
    changing: Mutex<()>,
}

/// A manifest as it was pushed.
pub(super) struct StoredManifest {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

pub(super) type Tags = BTreeMap<String, Digest>;

impl Store {
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let uploads = root.join("uploads");
        if uploads.exists() {
            fs::remove_dir_all(&uploads)
                .with_context(|| format!("failed to empty the folder `{}`", uploads.display()))?;
        }
        for folder in [root.join("blobs").join("sha256"), root.join("repositories"), uploads] {
            make_folder(&folder)?;
        }
        Ok(Store { root: root.to_owned(), changing: Mutex::default() })
    }

    /// Whether anything was ever pushed to a repository.
    pub(super) fn exists(&self, name: &Name) -> bool {
        let folder = self.repository(name);
        folder.join("_blobs").is_dir() || folder.join("_manifests").is_dir()
    }

    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join("sha256").join(digest.hex())
    }

    /// The size in bytes of a blob that a repository holds.
    pub(super) fn blob_size(&self, name: &Name, digest: &Digest) -> Option<u64> {
        let held = self.entry(name, "_blobs", digest).is_file();
        self.size(digest).filter(|_| held)
    }

    /// Adds a blob of the store to one more repository.
    pub(super) fn link_blob(&self, name: &Name, digest: &Digest) -> anyhow::Result<()> {
        write(&self.entry(name, "_blobs", digest), b"")
    }

    /// Makes a finished upload a blob of the repository. The caller has checked the digest.
    pub(super) fn adopt(&self, upload: &Path, name: &Name, digest: &Digest) -> anyhow::Result<()> {
        let blob = self.blob_path(digest);
        // An existing blob has the same bytes and may be in use, so it stays.
        let stored = if blob.is_file() { fs::remove_file(upload) } else { disk::rename(upload, &blob) };
        stored.with_context(|| format!("failed to store blob `{digest}`"))?;
        self.link_blob(name, digest)
    }

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

    /// The digests of all manifests of a repository.
    pub(super) fn manifests(&self, name: &Name) -> anyhow::Result<Vec<Digest>> {
        let folder = self.repository(name).join("_manifests");
        let failed = || format!("failed to list `{}`", folder.display());
        let entries = if_there(fs::read_dir(&folder)).with_context(failed)?;
        let mut digests = Vec::new();
        for entry in entries.into_iter().flatten() {
            let file = entry.with_context(failed)?.file_name();
            digests.extend(format!("sha256:{}", file.to_string_lossy()).parse::<Digest>());
        }
        digests.sort();
        Ok(digests)
    }

    /// Stores a manifest that the caller has checked, and moves the tag to it if there is one.
    pub(super) fn put_manifest(
        &self,
        name: &Name,
        manifest: &StoredManifest,
        tag: Option<&str>,
    ) -> anyhow::Result<()> {
        let _changing = lock(&self.changing);
        let digest = &manifest.digest;
        write(&self.blob_path(digest), &manifest.bytes)?;
        let media_type = format!("{}\n", manifest.media_type);
        write(&self.entry(name, "_manifests", digest), media_type.as_bytes())?;
        match tag {
            Some(tag) => self.change_tags(name, |tags| tags.extend([(tag.to_owned(), *digest)])),
            None => Ok(()),
        }
    }

    /// Removes a tag, or a manifest with every tag that points at it. False if there is none.
    pub(super) fn delete_manifest(&self, name: &Name, reference: &Reference) -> anyhow::Result<bool> {
        let _changing = lock(&self.changing);
        let is_there = match reference {
            Reference::Tag(tag) => self.tags(name)?.contains_key(tag),
            Reference::Digest(digest) => self.media_type(name, digest)?.is_some(),
        };
        if is_there {
            // Tags first, so that no tag ever points at a missing manifest.
            self.change_tags(name, |tags| {
                tags.retain(|tag, digest| match reference {
                    Reference::Tag(deleted) => tag != deleted,
                    Reference::Digest(deleted) => digest != deleted,
                });
            })?;
            if let Reference::Digest(digest) = reference {
                let path = self.entry(name, "_manifests", digest);
                fs::remove_file(&path).with_context(|| format!("failed to delete manifest `{digest}`"))?;
            }
        }
        Ok(is_there)
    }

    pub(super) fn tags(&self, name: &Name) -> anyhow::Result<Tags> {
        let path = self.repository(name).join("_tags.json");
        match read_if_there(&path)? {
            Some(text) => serde_json::from_str(&text)
                .with_context(|| format!("`{}` is not a list of tags", path.display())),
            None => Ok(Tags::new()),
        }
    }

    /// The file with the tags of every repository, as text.
    pub(super) fn all_tags(&self) -> anyhow::Result<BTreeMap<PathBuf, String>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.root.join("repositories")];
        while let Some(folder) = folders.pop() {
            found.extend(read_if_there(&folder.join("_tags.json"))?.map(|tags| (folder.clone(), tags)));
            let is_component = |path: &PathBuf| {
                path.is_dir() && !path.file_name().unwrap_or_default().to_string_lossy().starts_with('_')
            };
            let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
            folders.extend(entries.map(|entry| entry.path()).filter(is_component));
        }
        Ok(found)
    }

    /// Creates the empty file of an upload.
    pub(super) fn create_upload(&self, id: &str) -> anyhow::Result<PathBuf> {
        let path = self.root.join("uploads").join(id);
        fs::File::create_new(&path).context("failed to start an upload")?;
        Ok(path)
    }

    pub(super) fn repository(&self, name: &Name) -> PathBuf {
        name.as_str().split('/').fold(self.root.join("repositories"), |path, part| path.join(part))
    }

    /// The file that says that a repository holds something.
    fn entry(&self, name: &Name, kind: &str, digest: &Digest) -> PathBuf {
        self.repository(name).join(kind).join(digest.hex())
    }

    pub(super) fn size(&self, digest: &Digest) -> Option<u64> {
        fs::metadata(self.blob_path(digest)).ok().map(|metadata| metadata.len())
    }

    pub(super) fn media_type(&self, name: &Name, digest: &Digest) -> anyhow::Result<Option<String>> {
        let path = self.entry(name, "_manifests", digest);
        Ok(read_if_there(&path)?.map(|text| text.trim_end().to_owned()))
    }

    /// The caller holds the lock.
    fn change_tags(&self, name: &Name, change: impl FnOnce(&mut Tags)) -> anyhow::Result<()> {
        let mut tags = self.tags(name)?;
        change(&mut tags);
        let text = serde_json::to_vec_pretty(&tags)?;
        write(&self.repository(name).join("_tags.json"), &text)
    }
}

fn make_folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("failed to create the folder `{}`", path.display()))
}

fn read_if_there(path: &Path) -> anyhow::Result<Option<String>> {
    if_there(fs::read_to_string(path)).with_context(|| format!("failed to read `{}`", path.display()))
}

/// `None` where there is no such file or folder.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Writes a small file so that it is complete or absent.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let beside = path.with_extension(format!("{}.tmp", random_hex(8)?));
    fs::write(&beside, bytes)
        .and_then(|()| disk::rename(&beside, path))
        .with_context(|| format!("failed to write `{}`", path.display()))
}
