//! Reads untrusted ZIP files (PKWARE's APPNOTE.TXT). `zip_write` writes them.

use std::io::{BufReader, Cursor, SeekFrom};

use anyhow::{Context as _, bail, ensure};
use chrono::NaiveDate;
use zip::read::{ArchiveOffset, Config};
use zip::{System, ZipArchive};

use super::Limits;
use super::names::readable;
use super::read::{PIECE, RawEntry, ReadSeek, Visit};
use floe_core::untrusted::bounded::{Bounded, ByteLimit};

/// The size of the end-of-central-directory record without a comment (APPNOTE 4.3.16).
const END_RECORD: i64 = 22;
/// The size of the locator before it in a ZIP64 file (APPNOTE 4.3.15).
const LOCATOR: i64 = 20;
/// The most bytes of an index: ten thousand entries with paths of 250 letters fit.
const INDEX_LIMIT: i64 = 4 * 1024 * 1024;
/// The flag of a name in UTF-8 (APPNOTE 4.4.4).
pub(super) const UTF8: u16 = 1 << 11;
/// The bits of a Unix mode for the kind of a file, and their values.
const KIND_BITS: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// A ZIP file's time in seconds since 1970-01-01 UTC; 0 for an invalid date.
fn seconds(time: zip::DateTime) -> u64 {
    let day = NaiveDate::from_ymd_opt(time.year().into(), time.month().into(), time.day().into());
    let time =
        day.and_then(|day| day.and_hms_opt(time.hour().into(), time.minute().into(), time.second().into()));
    time.and_then(|time| u64::try_from(time.and_utc().timestamp()).ok()).unwrap_or(0)
}

/// Calls `visit` with every entry, in the order of the central directory.
pub(super) fn read(file: &mut dyn ReadSeek, limits: Limits, visit: Visit<'_>) -> anyhow::Result<()> {
    check_end(file, limits)?;
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, BufReader::with_capacity(PIECE, file))
        .context("failed to read its index")?;
    // Readers of the index and readers of the local headers must see the same files.
    archive.validate_header_consistency().context("its index does not agree with its entries")?;
    let mut unpacked = ByteLimit::of_unpacked(limits.bytes);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).context("failed to read the next entry")?;
        let path = readable(entry.name_raw()).map_err(anyhow::Error::msg)?.to_owned();
        // Without the flag for UTF-8, readers decode the name in different ways.
        let is_utf8 = path.is_ascii() || entry.flags().as_u16() & UTF8 != 0;
        ensure!(is_utf8, "`{path}` has a name that is not marked as UTF-8");
        // The crate's `unix_mode` hides a set-user-id bit.
        let mode = match (entry.system(), entry.external_attributes() >> 16) {
            (System::Unix, mode) => mode,
            (_, 0) => 0o644,
            // The system has no modes, but some readers apply one anyway, so it must not be a link.
            (_, mode) => mode,
        };
        let is_folder = match mode & KIND_BITS {
            LINK => bail!("`{path}` is a link"),
            0 | REGULAR if entry.is_dir() => bail!("`{path}` is a file and a folder at once"),
            0 | REGULAR => false,
            FOLDER => true,
            _ => bail!("`{path}` is a device"),
        };
        let time = entry.last_modified().map_or(0, seconds);
        let mut content = Bounded::new(&mut entry, &mut unpacked);
        visit(RawEntry { path, is_folder, mode: mode & !KIND_BITS, time, content: &mut content })?;
    }
    Ok(())
}

/// The bytes of all files of a small ZIP file that is in memory, one after the other with line breaks between them.
pub fn unzipped(zip: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    read(&mut Cursor::new(zip), Limits { entries: 100, bytes: 4 << 20 }, &mut |entry| {
        entry.content.read_to_end(&mut all)?;
        all.push(b'\n');
        Ok(())
    })?;
    Ok(all)
}

/// Checks the number of entries before the index is read into memory. A comment and ZIP64 are refused: readers
/// disagree about where such a file ends, and floe writes neither.
fn check_end(file: &mut dyn ReadSeek, limits: Limits) -> anyhow::Result<()> {
    let no_zip = "it has no end-of-central-directory record, or a comment after it";
    let size = i64::try_from(file.seek(SeekFrom::End(0)).context("failed to read its size")?)?;
    ensure!(size >= END_RECORD, no_zip);
    let length = (END_RECORD + LOCATOR).min(size);
    file.seek(SeekFrom::End(-length)).context("failed to read its end")?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).context("failed to read its end")?;
    file.rewind().context("failed to read its beginning")?;
    let (locator, end) = tail.split_at(tail.len() - END_RECORD as usize);
    ensure!(end.starts_with(b"PK\x05\x06") && end.ends_with(&[0, 0]), no_zip);
    ensure!(!locator.starts_with(b"PK\x06\x07"), "it is a ZIP64 file");
    let entries = usize::from(u16::from_le_bytes([end[10], end[11]]));
    ensure!(entries <= limits.entries, "it has more members than the {} allowed", limits.entries);
    let number = |at: usize| i64::from(u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]));
    let (index, begin) = (number(12), number(16));
    // The index is read whole, and nothing else is before the end.
    ensure!(index <= INDEX_LIMIT, "its index has {index} bytes");
    ensure!(begin + index + END_RECORD == size, "its index is not where its end record says");
    Ok(())
}
