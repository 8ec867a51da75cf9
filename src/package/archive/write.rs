//! Writes archives: the checks that both formats share, and how a file is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use super::names::{self, Names};
use super::{Contents, Item, LIMITS, Limits, Packed, tar_gz, zip_write};
use floe_core::model::{ArchiveKind, Digest, Entry, Facts, Hashing};

/// 2108-01-01, the first day that a ZIP file cannot represent.
const END_OF_TIME: u64 = 4_354_819_200;

/// Writes an archive into an empty file that is open for writing and reading. Each file is read once: it is hashed,
/// compressed and, if it is executable, audited in that one pass.
///
/// The bytes depend on the contents only. There are no entries for folders; tar is plain POSIX ustar, ZIP has no
/// extra fields. A file that is a link or a special file or that changes meanwhile is refused, and so is a name
/// that is not `[A-Za-z0-9._+-]`, comes twice or differs from another only in case.
pub fn write(contents: &Contents, kind: ArchiveKind, into: &mut File) -> anyhow::Result<Packed> {
    let items = sorted(contents)?;
    match kind {
        ArchiveKind::TarGz => tar_gz::write(&items, contents.epoch, into),
        ArchiveKind::Zip => zip_write::write(&items, contents.epoch, into),
    }
}

/// A file to write, with its path in the archive.
pub(super) struct Ready<'c> {
    pub(super) path: String,
    pub(super) mode: u32,
    item: &'c Item,
}

impl Ready<'_> {
    /// Opens the file, and returns its size in bytes.
    pub(super) fn open(&self) -> anyhow::Result<(File, u64)> {
        let path = &self.item.file;
        refuse_special(path)?;
        let file = File::open(path).with_context(|| format!("failed to open `{}`", path.display()))?;
        let size = file.metadata().with_context(|| format!("failed to read `{}`", path.display()))?.len();
        ensure!(size < LIMITS.bytes, "`{}` is too large for an archive", path.display());
        Ok((file, size))
    }

    /// Copies the opened file into the archive.
    pub(super) fn copy(
        &self,
        file: &mut File,
        size: u64,
        into: &mut impl Write,
    ) -> anyhow::Result<PackedFile> {
        let path = &self.item.file;
        let mut into = Hashing::new(into);
        let mut failed = None;
        let facts = self.item.executable.then(|| {
            floe_audit::facts_passing(&mut *file, &mut |piece| {
                // The error of the writer is kept aside, because it is no fact about the file.
                into.write_all(piece).map_err(|error| failed.insert(error).to_string())
            })
        });
        if let Some(error) = failed {
            return Err(error).context("failed to write the archive");
        }
        // The audit stops where it sees that a file is no binary, so the rest is copied here.
        file.seek(SeekFrom::Start(into.length()))
            .and_then(|_| io::copy(file, &mut into))
            .with_context(|| format!("failed to pack `{}`", path.display()))?;
        let (_, digest, copied) = into.finish();
        ensure!(copied == size, "`{}` changed while it was packed", path.display());
        let entry = Entry { path: self.path.clone(), size, mode: self.mode, digest };
        Ok(PackedFile { entry, facts })
    }
}

/// A file that was written.
pub(super) struct PackedFile {
    pub(super) entry: Entry,
    /// Only of an executable.
    pub(super) facts: Option<Result<Facts, String>>,
}

/// The files that were written so far.
#[derive(Default)]
pub(super) struct Inside {
    entries: Vec<Entry>,
    facts: BTreeMap<String, Result<Facts, String>>,
}

impl Inside {
    pub(super) fn add(&mut self, PackedFile { entry, facts }: PackedFile) {
        self.facts.extend(facts.map(|facts| (entry.path.clone(), facts)));
        self.entries.push(entry);
    }

    /// The archive that holds them.
    pub(super) fn packed(self, (digest, size): (Digest, u64)) -> Packed {
        Packed { size, digest, entries: self.entries, facts: self.facts }
    }
}

fn sorted(contents: &Contents) -> anyhow::Result<Vec<Ready<'_>>> {
    let Limits { entries, bytes } = LIMITS;
    ensure!(contents.epoch < END_OF_TIME, "the time {} is after the year 2107", contents.epoch);
    ensure!(contents.items.len() <= entries, "an archive takes at most {entries} files");
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
    ensure!(total < bytes, "an archive takes at most 8 GiB");
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
