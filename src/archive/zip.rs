//! ZIP (PKWARE's APPNOTE.TXT): deflate, no extra fields, no data descriptors, no comments.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Datelike as _, Timelike as _};
use zip::read::{ArchiveOffset, Config};
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, System, ZipArchive};

use super::names::readable;
use super::read::{Budget, Found, Visit};
use super::write::{Ready, digest};
use super::{Limits, Packed};

/// From this size on, a file needs ZIP64 fields.
const LARGE: u64 = 0xf000_0000;
/// The size of the end-of-central-directory record without a comment (APPNOTE 4.3.16).
const END_RECORD: i64 = 22;
/// The size of the locator that stands before it in a ZIP64 file (APPNOTE 4.3.15).
const LOCATOR: i64 = 20;
/// The bits of a Unix mode that say what a file is, and their values.
const KIND_BITS: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

pub(super) fn write(items: &[Ready<'_>], epoch: u64, into: &mut File) -> anyhow::Result<Packed> {
    let options = SimpleFileOptions::DEFAULT
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(dos_time(epoch)?)
        // Otherwise the crate writes the system it runs on.
        .system(System::Unix);
    let mut writer = ZipWriter::new(BufWriter::new(&mut *into));
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let (mut file, size) = item.open()?;
        let options = options.unix_permissions(item.mode).large_file(size >= LARGE);
        writer.start_file(&item.path, options).context("failed to write the archive")?;
        entries.push(item.copy(&mut file, size, &mut writer)?);
    }
    let buffered = writer.finish().context("failed to write the archive")?;
    buffered.into_inner().map_err(|error| error.into_error()).context("failed to write the archive")?;
    // Sizes are written into the local headers afterwards, so only now the bytes are what they will be.
    into.rewind().context("failed to read the archive")?;
    let (digest, size) = digest(into).context("failed to read the archive")?;
    Ok(Packed { size, digest, entries })
}

/// The time in UTC, and 1980-01-01 for everything before it. A ZIP file counts in steps of two seconds.
fn dos_time(epoch: u64) -> anyhow::Result<zip::DateTime> {
    let time = i64::try_from(epoch).ok().and_then(|epoch| DateTime::from_timestamp(epoch, 0));
    let time = time.with_context(|| format!("{epoch} is not a time"))?.naive_utc();
    if time.year() < 1980 {
        return Ok(zip::DateTime::DEFAULT);
    }
    zip::DateTime::from_date_and_time(
        u16::try_from(time.year())?,
        u8::try_from(time.month())?,
        u8::try_from(time.day())?,
        u8::try_from(time.hour())?,
        u8::try_from(time.minute())?,
        u8::try_from(time.second())?,
    )
    .with_context(|| format!("{epoch} is not a time that a ZIP file can hold"))
}

/// Hands every entry to `visit`, in the order of the central directory.
pub(super) fn read(mut file: File, limits: Limits, visit: Visit<'_>) -> anyhow::Result<()> {
    check_end(&mut file, limits)?;
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive =
        ZipArchive::with_config(config, BufReader::new(file)).context("failed to read its index")?;
    // Readers that go by the index and readers that go by the entries must see the same files.
    archive.validate_header_consistency().context("its index does not agree with its entries")?;
    let mut left = limits.bytes;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).context("failed to read the next entry")?;
        let path = readable(entry.name_raw()).map_err(anyhow::Error::msg)?.to_owned();
        // The crate's own `unix_mode` hides a set-user-id bit.
        let mode = match entry.system() {
            System::Unix => entry.external_attributes() >> 16,
            _ => 0o644,
        };
        let is_folder = match mode & KIND_BITS {
            LINK => bail!("`{path}` is a link"),
            0 | REGULAR if entry.is_dir() => bail!("`{path}` is a file and a folder at once"),
            0 | REGULAR => false,
            FOLDER => true,
            _ => bail!("`{path}` is a device"),
        };
        let mut content = Budget { inner: &mut entry, left: &mut left };
        visit(Found { path, is_folder, mode: mode & !KIND_BITS, content: &mut content })?;
    }
    Ok(())
}

/// The number of entries is asked before the index is read into memory. What floe writes has neither a comment nor
/// ZIP64, and with either of them readers find different ends.
fn check_end(file: &mut File, limits: Limits) -> anyhow::Result<()> {
    let no_zip = "it has no end of a ZIP file, or a comment behind it";
    let size = i64::try_from(file.metadata().context("failed to read its size")?.len())?;
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
    ensure!(entries <= limits.entries, "it has more than {} entries", limits.entries);
    Ok(())
}
