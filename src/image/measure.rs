//! Reads the files of a layout: documents into memory, and layers as streams, each once for both digests and its
//! members. `layout` reports the problems, in the order of the layout.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use flate2::bufread::MultiGzDecoder;
use serde::de::DeserializeOwned;

use super::rootfs::{self, Changeset};
use super::strict;
use super::tarball::MEMBERS_LIMIT;
use super::{JSON_LIMIT, UNPACKED_LIMIT};
use floe_core::model::image::blob_path;
use floe_core::model::{Blob, Digest, Hashing};
use floe_core::untrusted::bounded::{Bounded, ByteLimit};
use floe_core::untrusted::files;
use floe_core::{parallel, units};

/// How many bytes of a file are read at once.
const PIECE: usize = 128 * 1024;

/// A layer's digest before compression, and its members.
pub type UnpackedLayer = (Digest, Arc<Changeset>);

/// A layer that was read.
pub struct Measured {
    /// Its size by its descriptor.
    pub size: u64,
    /// Why it does not match its descriptor, if it does not.
    pub sound: Result<(), String>,
    /// Its content, or why it cannot be unpacked within the limits of all layers together.
    pub unpacked: Result<UnpackedLayer, String>,
}

/// The limits of all layers of an image together: their bytes and their members.
pub const LIMITS: (u64, usize) = (UNPACKED_LIMIT, MEMBERS_LIMIT);

/// Reads layers in parallel, each digest once. All of them together stay within limits.
pub fn measure(
    folder: &Path,
    mut layers: Vec<Blob>,
    (bytes, members): (u64, usize),
) -> BTreeMap<Digest, Measured> {
    let (bytes_left, members_left) = (AtomicU64::new(bytes), AtomicUsize::new(members));
    let one = |layer: Blob| {
        let path = blob_path(folder, &layer.digest);
        let mut unpacked = Err("it cannot be read".to_owned());
        let sound = read(&path, &layer, |reader| {
            let limits = (bytes_left.load(Relaxed), members_left.load(Relaxed));
            unpacked = unpack(reader, limits).map_err(|error| format!("{error:#}")).and_then(|found| {
                let (diff_id, size, changes) = found;
                let count = changes.members.len();
                // Another thread may have used up what was left when this layer was begun.
                let fits = bytes_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(size)).is_ok()
                    && members_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(count)).is_ok();
                let limit = units::size(bytes);
                let too_much =
                    || format!("all layers together unpack to more than {limit} or {members} members");
                fits.then(|| (diff_id, Arc::new(changes))).ok_or_else(too_much)
            });
        });
        (layer.digest, Measured { size: layer.size, sound, unpacked })
    };
    let mut seen = BTreeSet::new();
    layers.retain(|layer| seen.insert(layer.digest));
    parallel::map(layers, one).into_iter().collect()
}

/// Hashes a blob and compares it with its descriptor.
pub fn hash(path: &Path, promised: &Blob) -> Result<(), String> {
    read(path, promised, |_| {})
}

/// Opens a blob, if its size is the one that its descriptor promises.
pub fn open(path: &Path, promised: &Blob) -> Result<File, String> {
    let file = files::open_no_link(path).map_err(|error| why_not(&error))?;
    let size = file.metadata().map_err(|error| why_not(&error))?.len();
    if size != promised.size {
        return Err(format!("has {size} bytes, not {}", promised.size));
    }
    Ok(file)
}

/// Hashes a whole blob, of which `look` may read as much as it needs.
fn read(path: &Path, promised: &Blob, look: impl FnOnce(&mut dyn Read)) -> Result<(), String> {
    let file = open(path, promised)?;
    let mut hashing = Hashing::new(&file);
    look(&mut hashing);
    match hashing.finish_file().map_err(|error| why_not(&error))? {
        (digest, _) if digest == promised.digest => Ok(()),
        (digest, _) => Err(format!("has the digest {digest}")),
    }
}

/// The digest and the size of a layer before compression, and its members, within limits.
fn unpack(layer: impl Read, (bytes, members): (u64, usize)) -> anyhow::Result<(Digest, u64, Changeset)> {
    let gzip = MultiGzDecoder::new(BufReader::with_capacity(PIECE, layer));
    let mut tar = Hashing::new(Bounded::new(gzip, ByteLimit::of_unpacked(bytes)));
    let changes = rootfs::scan(&mut tar, members)?;
    let (_, diff_id, size) = tar.finish();
    Ok((diff_id, size, changes))
}

/// Reads a JSON document of a layout. The error is a clause about the file.
pub fn json<T: DeserializeOwned>(path: &Path, media_type: &str) -> Result<T, String> {
    let read = files::open_no_link(path).and_then(|file| files::read(file, JSON_LIMIT));
    let bytes = read.map_err(|error| why_not(&error))?;
    strict::check(&bytes, media_type)?;
    serde_json::from_slice(&bytes).map_err(|error| format!("cannot be read: {error}"))
}

fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is missing".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::image::draft::LayoutDraft;

    /// A layout of three layers that unpack to as much each, below a folder.
    fn layout(folder: &Path) -> (PathBuf, Vec<Blob>) {
        let path = folder.join("image");
        let draft = LayoutDraft::new(&path).unwrap();
        let layer = |name: &&str| {
            let mut tar = tar::Builder::new(Vec::new());
            for (name, content) in [(*name, &[7; 2000][..]), ("b", b"")] {
                let mut header = tar::Header::new_ustar();
                header.set_size(content.len() as u64);
                header.set_mode(0o644);
                header.set_mtime(0);
                tar.append_data(&mut header, name, content).unwrap();
            }
            let tar = tar.into_inner().unwrap();
            draft.layer(|writer| Ok(writer.write_all(&tar).map(|()| Changeset::default())?)).unwrap().blob
        };
        let layers = ["x", "y", "z"].iter().map(layer).collect();
        draft.reveal().unwrap();
        (path, layers)
    }

    #[test]
    fn all_layers_together_stay_within_the_limits() {
        let folder = tempfile::tempdir().unwrap();
        let (layout, layers) = layout(folder.path());
        let all = measure(&layout, [layers.clone(), layers.clone()].concat(), LIMITS);
        assert_eq!(all.len(), 3);
        let (_, changes) = all[&layers[0].digest].unpacked.as_ref().unwrap();
        assert_eq!(changes.members.len(), 2);
        // Two files of three and no blocks, and the end of the tar, in the least number of blocks.
        let size = 6 * 512 + 2 * 512;
        for (limits, kept) in
            [((3 * size, 6), 3), ((2 * size, 9), 2), ((9 * size, 4), 2), ((size, 2), 1), ((size - 1, 9), 0)]
        {
            let found = measure(&layout, layers.clone(), limits);
            // Every file is still read to its end.
            assert!(found.values().all(|layer| layer.sound.is_ok()), "{limits:?}");
            assert_eq!(found.values().filter(|layer| layer.unpacked.is_ok()).count(), kept, "{limits:?}");
        }
    }

    #[test]
    fn a_wrong_file_is_reported_by_its_size_or_digest() {
        let folder = tempfile::tempdir().unwrap();
        let (layout, layers) = layout(folder.path());
        let path = |number: usize| blob_path(&layout, &layers[number].digest);
        std::fs::remove_file(path(0)).unwrap();
        std::fs::write(path(1), "x").unwrap();
        let mut flipped = std::fs::read(path(2)).unwrap();
        flipped[100] ^= 1;
        std::fs::write(path(2), &flipped).unwrap();
        let found = measure(&layout, layers.clone(), LIMITS);
        let why = |number: usize| found[&layers[number].digest].sound.clone().unwrap_err();
        assert_eq!(why(0), "is missing");
        assert_eq!(why(1), format!("has 1 bytes, not {}", layers[1].size));
        assert_eq!(why(2), format!("has the digest {}", Digest::of(&flipped)));
    }
}
