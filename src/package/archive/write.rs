//! Writes archives: the checks that both formats share, and how a file is read.

use std::fs::File;
use std::io::{self, Write};

use anyhow::ensure;

use super::names::{self, Names};
use super::{Contents, Item, LIMITS, Limits, Packed, tar_gz, zip_write};
use crate::error::AtPath as _;
use floe_core::model::{ArchiveKind, Entry, Hashing};
use floe_core::untrusted::files;

/// 2108-01-01, the first day that a ZIP file cannot represent.
const END_OF_TIME: u64 = 4_354_819_200;

/// Writes an archive into an empty file that is open for writing and reading. Each file is read once; it is
/// hashed and compressed in that pass.
///
/// The bytes depend on the contents only. There are no entries for folders. A tar is POSIX ustar, and a name that is not
/// ASCII is also in an extended header (pax). A ZIP file has no extra fields, and such a name has the flag for UTF-8. A
/// file that is a link or a special file or that changes meanwhile is refused, and so is a name that is not [`portable`],
/// comes twice or differs from another only in case.
///
/// [`portable`]: super::portable
pub fn write(contents: &Contents, kind: ArchiveKind, into: &mut File) -> anyhow::Result<Packed> {
    let items = sorted(contents)?;
    match kind {
        ArchiveKind::TarGz => tar_gz::write(&items, contents.epoch, into),
        ArchiveKind::Zip => zip_write::write(&items, contents.epoch, into),
    }
}

/// A file to write, with its path in the archive.
pub(super) struct PackItem<'c> {
    pub(super) path: String,
    pub(super) mode: u32,
    item: &'c Item,
}

impl PackItem<'_> {
    /// Opens the file, and returns its size in bytes.
    pub(super) fn open(&self) -> anyhow::Result<(File, u64)> {
        let path = &self.item.file;
        let file = files::open_no_link(path).at("failed to open", path)?;
        let size = file.metadata().at("failed to read", path)?.len();
        ensure!(size < LIMITS.bytes, "`{}` is too large for an archive", path.display());
        Ok((file, size))
    }

    /// Copies the opened file into the archive.
    pub(super) fn pack(&self, file: &mut File, size: u64, into: &mut impl Write) -> anyhow::Result<Entry> {
        let path = &self.item.file;
        let mut hashing = Hashing::new(into);
        io::copy(file, &mut hashing).at("failed to pack", path)?;
        let (_, digest, copied) = hashing.finish();
        ensure!(copied == size, "`{}` changed while it was packed", path.display());
        Ok(Entry { path: self.path.clone(), size, mode: self.mode, digest })
    }
}

fn sorted(contents: &Contents) -> anyhow::Result<Vec<PackItem<'_>>> {
    let Limits { entries, bytes } = LIMITS;
    ensure!(contents.epoch < END_OF_TIME, "the time {} is after the year 2107", contents.epoch);
    ensure!(contents.items.len() <= entries, "an archive takes at most {entries} files");
    let mut total = 0;
    let mut seen = Names::default();
    let mut items = Vec::new();
    for item in &contents.items {
        let path = format!("{}/{}", contents.top, item.path);
        let named = names::portable(&path).and_then(|()| seen.add(&path, true));
        named.map_err(anyhow::Error::msg).at("failed to pack", &item.file)?;
        total += item.file.metadata().at("failed to read", &item.file)?.len();
        let mode = if item.executable { 0o755 } else { 0o644 };
        items.push(PackItem { path, mode, item });
    }
    ensure!(total < bytes, "an archive takes at most 8 GiB");
    items.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(items)
}
