//! Reads the files of a layout: documents whole, and layers as streams, each once for the digests on both sides of its
//! compression and for what it changes.
//!
//! It judges nothing: whoever asked says what is wrong, in the order of the layout.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use flate2::bufread::MultiGzDecoder;
use serde::de::DeserializeOwned;

use super::blobs::Hashed;
use super::rootfs::{self, Changes};
use super::spec::Descriptor;
use super::strict;
use super::tarball::{Bounded, MEMBERS_LIMIT};
use super::{JSON_LIMIT, UNPACKED_LIMIT};
use crate::border::files;
use crate::cores;
use crate::model::{Digest, Stamp};

/// So much of a file is read at once, in bytes.
const PIECE: usize = 128 * 1024;

/// A layer's digest and size before compression, and what it changes.
pub type Unpacked = (Digest, u64, Changes);

/// A layer that was read.
pub struct Measured {
    /// Its size by its descriptor.
    pub size: u64,
    /// How it looked meanwhile, or why it is not what its descriptor promises.
    pub sound: Result<Option<Stamp>, String>,
    /// What it unpacks to; `None` where that failed, or is more than all layers together may be.
    pub unpacked: Option<Unpacked>,
}

/// Reads layers on all cores, each digest once. What all of them unpack to is held within the limits of an image.
pub fn measure(folder: &Path, layers: Vec<Descriptor>) -> BTreeMap<Digest, Measured> {
    let (bytes, members) = (AtomicU64::new(UNPACKED_LIMIT), AtomicUsize::new(MEMBERS_LIMIT));
    let one = |layer: Descriptor| {
        let path = blob_path(folder, &layer.digest);
        let mut unpacked = None;
        let sound = read(&path, &layer, |reader| {
            let limits = (bytes.load(Relaxed), members.load(Relaxed));
            unpacked = unpack(reader, limits).ok().filter(|(_, size, changes)| {
                let bytes = bytes.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(*size));
                let members = members.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(changes.len()));
                bytes.is_ok() && members.is_ok()
            });
        });
        (layer.digest, Measured { size: layer.size, sound, unpacked })
    };
    let mut first: BTreeMap<Digest, Descriptor> = BTreeMap::new();
    for layer in layers {
        first.entry(layer.digest).or_insert(layer);
    }
    cores::each(first.into_values().collect(), one).into_iter().collect()
}

/// Hashes a blob and says how it looked meanwhile.
///
/// # Errors
/// A clause: it is not what its descriptor promises.
pub fn hash(path: &Path, promised: &Descriptor) -> Result<Option<Stamp>, String> {
    read(path, promised, |_| {})
}

/// Hashes a blob to its end, and lets `look` read it on the way as far as it likes.
fn read(
    path: &Path,
    promised: &Descriptor,
    look: impl FnOnce(&mut dyn Read),
) -> Result<Option<Stamp>, String> {
    let file = files::open_no_link(path).map_err(|error| why_not(&error))?;
    let size = file.metadata().map_err(|error| why_not(&error))?.len();
    let before = files::stamp(&file);
    if size != promised.size {
        return Err(format!("has {size} bytes, not {}", promised.size));
    }
    let mut hashed = Hashed::new(&file);
    look(&mut hashed);
    let mut rest = BufReader::with_capacity(PIECE, hashed);
    io::copy(&mut rest, &mut io::sink()).map_err(|error| why_not(&error))?;
    match rest.into_inner().finish() {
        (_, (digest, _)) if digest == promised.digest => Ok(files::lasting(&file, before)),
        (_, (digest, _)) => Err(format!("has the digest {digest}")),
    }
}

/// Unpacks a layer to nowhere, so many bytes and members of it at most.
///
/// # Errors
/// It is no gzip of a tar, or more than that.
pub fn unpack(layer: impl Read, (bytes, members): (u64, usize)) -> anyhow::Result<Unpacked> {
    let gzip = MultiGzDecoder::new(BufReader::with_capacity(PIECE, layer));
    let mut tar = Hashed::new(Bounded::new(gzip, bytes));
    let changes = rootfs::scan(&mut tar, members)?;
    let (_, (diff_id, size)) = tar.finish();
    Ok((diff_id, size, changes))
}

/// A document of a layout.
///
/// # Errors
/// A clause: it is missing, too large, or not understood in one way only.
pub fn json<T: DeserializeOwned>(path: &Path, media_type: &str) -> Result<T, String> {
    let read = files::open_no_link(path).and_then(|file| files::read(file, JSON_LIMIT));
    let bytes = read.map_err(|error| why_not(&error))?;
    strict::check(&bytes, media_type)?;
    serde_json::from_slice(&bytes).map_err(|error| format!("cannot be read: {error}"))
}

/// Where a blob lies in a layout.
pub fn blob_path(layout: &Path, digest: &Digest) -> PathBuf {
    layout.join("blobs").join("sha256").join(digest.hex())
}

fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is missing".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}
