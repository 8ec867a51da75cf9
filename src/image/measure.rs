//! Reads the files of a layout: documents whole, and layers as streams, each once for the digests on both sides of its
//! compression and for what it changes.
//!
//! It judges nothing: whoever asked says what is wrong, in the order of the layout.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use flate2::bufread::MultiGzDecoder;
use serde::de::DeserializeOwned;

use super::rootfs::{self, Changes};
use super::spec::Descriptor;
use super::strict;
use super::tarball::MEMBERS_LIMIT;
use super::{JSON_LIMIT, UNPACKED_LIMIT};
use floe_core::model::{Digest, Hashing, Stamp};
use floe_core::parallel;
use floe_core::untrusted::bounded::{Bounded, ByteLimit};
use floe_core::untrusted::files;

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

/// Who hears, on any thread, that a blob is what its descriptor promises, and how it looked meanwhile.
pub type Tell<'a> = dyn Fn(Digest, Option<Stamp>) + Sync + 'a;

/// Reads layers on all cores, each digest once, in their order. What all of them unpack to is held within the limits of
/// an image.
pub fn measure(folder: &Path, layers: Vec<Descriptor>, tell: &Tell<'_>) -> BTreeMap<Digest, Measured> {
    measure_within((folder, tell), layers, (UNPACKED_LIMIT, MEMBERS_LIMIT))
}

fn measure_within(
    (folder, tell): (&Path, &Tell<'_>),
    mut layers: Vec<Descriptor>,
    (bytes, members): (u64, usize),
) -> BTreeMap<Digest, Measured> {
    let (bytes, members) = (AtomicU64::new(bytes), AtomicUsize::new(members));
    let one = |layer: Descriptor| {
        let path = blob_path(folder, &layer.digest);
        let mut unpacked = None;
        let sound = read(&path, &layer, |reader| {
            let limits = (bytes.load(Relaxed), members.load(Relaxed));
            unpacked = unpack(reader, limits).ok().filter(|(_, size, changes)| {
                let keep = bytes.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(*size)).is_ok();
                keep && members.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(changes.len())).is_ok()
            });
        });
        if let (Ok(stamp), Some(_)) = (&sound, &unpacked) {
            tell(layer.digest, *stamp);
        }
        (layer.digest, Measured { size: layer.size, sound, unpacked })
    };
    let mut seen = BTreeSet::new();
    layers.retain(|layer| seen.insert(layer.digest));
    parallel::map(layers, one).into_iter().collect()
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
    let mut hashing = Hashing::new(&file);
    look(&mut hashing);
    match hashing.finish_file().map_err(|error| why_not(&error))? {
        (digest, _) if digest == promised.digest => Ok(files::lasting(&file, before)),
        (digest, _) => Err(format!("has the digest {digest}")),
    }
}

/// Unpacks a layer to nowhere, so many bytes and members of it at most.
///
/// # Errors
/// It is no gzip of a tar, or more than that.
pub fn unpack(layer: impl Read, (bytes, members): (u64, usize)) -> anyhow::Result<Unpacked> {
    let gzip = MultiGzDecoder::new(BufReader::with_capacity(PIECE, layer));
    let mut tar = Hashing::new(Bounded::new(gzip, ByteLimit::of_unpacked(bytes)));
    let changes = rootfs::scan(&mut tar, members)?;
    let (_, diff_id, size) = tar.finish();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::blobs::Blobs;
    use crate::image::samples::Tar;
    use floe_core::model::Blob;

    /// A layout of three layers that unpack to as much each.
    fn layout() -> (tempfile::TempDir, Vec<Blob>) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::create(folder.path()).unwrap();
        let layer = |name: &&str| {
            let tar = Tar::new().file(name, &[7; 2000]).file("b", b"").end();
            blobs.layer(|writer| Ok(writer.write_all(&tar)?)).unwrap().blob
        };
        let layers = ["x", "y", "z"].iter().map(layer).collect();
        (folder, layers)
    }

    #[test]
    fn what_is_kept_of_all_layers_is_within_the_limits_of_one() {
        let (folder, layers) = layout();
        let descriptors: Vec<Descriptor> = layers.iter().map(Descriptor::of).collect();
        let told = std::sync::Mutex::new(BTreeSet::new());
        let tell = |digest, _| assert!(told.lock().unwrap().insert(digest), "{digest} is told twice");
        let all = measure(folder.path(), [descriptors.clone(), descriptors.clone()].concat(), &tell);
        assert_eq!(all.len(), 3);
        assert!(told.into_inner().unwrap().iter().eq(all.keys()));
        let (_, size, changes) = all[&layers[0].digest].unpacked.as_ref().unwrap();
        assert_eq!(changes.len(), 2);
        for (limits, kept) in
            [((3 * size, 6), 3), ((2 * size, 9), 2), ((9 * size, 4), 2), ((*size, 2), 1), ((size - 1, 9), 0)]
        {
            let found = measure_within((folder.path(), &|_, _| {}), descriptors.clone(), limits);
            // Every file is read to its end all the same.
            assert!(found.values().all(|layer| layer.sound.is_ok()), "{limits:?}");
            assert_eq!(found.values().filter(|layer| layer.unpacked.is_some()).count(), kept, "{limits:?}");
        }
    }

    #[test]
    fn a_file_that_is_not_the_promised_one_is_told_by_its_size_or_its_digest() {
        let (folder, layers) = layout();
        let path = |number: usize| blob_path(folder.path(), &layers[number].digest);
        std::fs::remove_file(path(0)).unwrap();
        std::fs::write(path(1), "x").unwrap();
        let mut flipped = std::fs::read(path(2)).unwrap();
        flipped[100] ^= 1;
        std::fs::write(path(2), &flipped).unwrap();
        let told = std::sync::Mutex::new(Vec::new());
        let tell = |digest, _| told.lock().unwrap().push(digest);
        let descriptors = layers.iter().map(Descriptor::of).collect();
        let found = measure(folder.path(), descriptors, &tell);
        assert_eq!(*told.lock().unwrap(), []);
        let why = |number: usize| found[&layers[number].digest].sound.clone().unwrap_err();
        assert_eq!(why(0), "is missing");
        assert_eq!(why(1), format!("has 1 bytes, not {}", layers[1].size));
        assert_eq!(why(2), format!("has the digest {}", Digest::of(&flipped)));
    }
}
