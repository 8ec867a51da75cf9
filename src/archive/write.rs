//! Writing: the checks that hold for both formats, and the one way in which a file is read.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use super::names::{self, Names};
use super::{Contents, Item, LIMITS, Limits, Packed, tar_gz, zip};
use crate::model::{ArchiveKind, Digest, Entry, Hasher};

/// 2108-01-01, the first day that a ZIP file cannot hold.
const END_OF_TIME: u64 = 4_354_819_200;
/// A compressor may give other bytes for other pieces, so every file is handed over in pieces of exactly this size.
const PIECE: usize = 64 * 1024;

/// Writes an archive into an empty file that is open for writing and reading.
///
/// The bytes depend on the contents and on nothing else: the same on every system, for every user, in every time
/// zone. There are no entries for folders; tar is plain POSIX ustar, ZIP has no extra fields.
///
/// # Errors
///
/// A file cannot be read or changes meanwhile, is a link or a special file; a name is not `[A-Za-z0-9._+-]`, comes
/// twice or differs from another only in case; there is more than an archive may hold; the disk is full.
pub fn write(contents: &Contents, kind: ArchiveKind, into: &mut File) -> anyhow::Result<Packed> {
    let items = sorted(contents)?;
    match kind {
        ArchiveKind::TarGz => tar_gz::write(&items, contents.epoch, into),
        ArchiveKind::Zip => zip::write(&items, contents.epoch, into),
    }
}

/// One file that is going to be written, with its path in the archive.
pub(super) struct Ready<'c> {
    pub(super) path: String,
    pub(super) mode: u32,
    item: &'c Item,
}

impl Ready<'_> {
    /// Opens the file and says its size in bytes.
    pub(super) fn open(&self) -> anyhow::Result<(File, u64)> {
        let path = &self.item.file;
        refuse_special(path)?;
        let file = File::open(path).with_context(|| format!("failed to open `{}`", path.display()))?;
        let size = file.metadata().with_context(|| format!("failed to read `{}`", path.display()))?.len();
        ensure!(size < LIMITS.bytes, "`{}` is too large for an archive", path.display());
        Ok((file, size))
    }

    /// Copies the opened file into the archive and says what it was.
    pub(super) fn copy(&self, file: &mut File, size: u64, into: &mut impl Write) -> anyhow::Result<Entry> {
        let path = &self.item.file;
        let mut hasher = Hasher::default();
        let mut piece = vec![0; PIECE];
        loop {
            let filled =
                fill(file, &mut piece).with_context(|| format!("failed to read `{}`", path.display()))?;
            hasher.update(&piece[..filled]);
            into.write_all(&piece[..filled]).context("failed to write the archive")?;
            if filled < PIECE {
                break;
            }
        }
        let (digest, copied) = hasher.finish();
        ensure!(copied == size, "`{}` changed while it was packed", path.display());
        Ok(Entry { path: self.path.clone(), size, mode: self.mode, digest })
    }
}

/// A file's digest and size.
pub(super) fn digest(file: &mut File) -> std::io::Result<(Digest, u64)> {
    let mut hasher = Hasher::default();
    std::io::copy(file, &mut hasher)?;
    Ok(hasher.finish())
}

fn sorted(contents: &Contents) -> anyhow::Result<Vec<Ready<'_>>> {
    let Limits { entries, bytes } = LIMITS;
    ensure!(contents.epoch < END_OF_TIME, "the time {} is after the year 2107", contents.epoch);
    ensure!(contents.items.len() <= entries, "more than {entries} files are too many for an archive");
    let mut total = 0;
    let mut seen = Names::default();
    let mut items = Vec::new();
    for item in &contents.items {
        let path = format!("{}/{}", contents.top, item.path);
        let named = names::writable(&path).and_then(|()| seen.file(&path));
        named
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("failed to pack `{}`", item.file.display()))?;
        total += refuse_special(&item.file)?;
        let mode = if item.executable { 0o755 } else { 0o644 };
        items.push(Ready { path, mode, item });
    }
    ensure!(total < bytes, "more than 8 GiB are too much for an archive");
    items.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(items)
}

/// The size of a regular file; anything else is refused by name.
fn refuse_special(path: &Path) -> anyhow::Result<u64> {
    let about = path.symlink_metadata().with_context(|| format!("failed to read `{}`", path.display()))?;
    let what = match about.file_type() {
        kind if kind.is_file() => return Ok(about.len()),
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_dir() => "a folder",
        _ => "a special file",
    };
    bail!("`{}` is {what}, not a regular file", path.display())
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
