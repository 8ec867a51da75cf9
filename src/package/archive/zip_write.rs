//! Writes ZIP (PKWARE's APPNOTE.TXT): deflate, no data descriptors, no comments and no extra fields.
//!
//! The `zip` crate compresses on one core and takes no compressed data. ZIP64, for 4 GiB and more, is never written, because
//! GitHub accepts no archive of that size.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Seek, SeekFrom, Write};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Datelike as _, Timelike as _};
use zip::DateTime as DosTime;

use super::Packed;
use super::deflate::Deflate;
use super::write::PackItem;
use super::zip::UTF8;
use crate::error::Failure;
use floe_core::model::Digest;

/// The sizes below it fit into the fields of 32 bits, of which the highest value means ZIP64 (APPNOTE 4.5.3).
const ZIP64: u64 = u32::MAX as u64;
/// The version of the format that is needed to unpack a file: 2.0 (APPNOTE 4.4.3).
const VERSION: u16 = 20;
/// The offset of the checksum in a local header (APPNOTE 4.3.7).
const CHECKSUM_AT: u64 = 14;
/// "Made on Unix" on every system: only then is the mode read (APPNOTE 4.4.2).
const UNIX: u16 = 3 << 8;
/// The mode of a regular file without its permissions.
const REGULAR: u32 = 0o100_000;

pub(super) fn write(items: &[PackItem<'_>], epoch: u64, into: &mut File) -> anyhow::Result<Packed> {
    let time = dos_time(epoch)?;
    let mut out = BufWriter::new(&mut *into);
    let mut files = Vec::with_capacity(items.len());
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let (mut file, size) = item.open()?;
        let why = || format!("`{}` has 4 GiB or more; no ZIP file of a release takes that", item.path);
        let hint = "leave it out with `exclude` under [package.metadata.floe] in Cargo.toml";
        ensure!(size < ZIP64, Failure::new(why()).hint(hint));
        let offset = out.stream_position()?;
        let mut entry =
            ZipEntry { path: &item.path, mode: item.mode, time, offset, size, ..ZipEntry::default() };
        out.write_all(&entry.local())?;
        let begin = offset + entry.local().len() as u64;
        let mut deflate = Deflate::new(&mut out);
        files.push(item.pack(&mut file, size, &mut deflate)?);
        entry.crc = deflate.checksum();
        deflate.finish()?;
        let end = out.stream_position()?;
        entry.compressed = end - begin;
        entry.write_sizes(&mut out, end)?;
        entries.push(entry);
    }
    end(&entries, &mut out)?;
    out.into_inner().map_err(|error| error.into_error())?;
    // Hashed only now, because checksums and sizes are written into the local headers afterwards.
    into.rewind().context("failed to read the archive")?;
    let (digest, size) = Digest::of_reader(into).context("failed to read the archive")?;
    ensure!(size < ZIP64, "it has 4 GiB or more; no release takes that");
    Ok(Packed { size, digest, entries: files })
}

/// A ZIP file of small files that are in memory, in the given order: each with mode 0644 and the time 1980-01-01.
pub fn small(files: &[(&str, &[u8])]) -> io::Result<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    let mut entries = Vec::with_capacity(files.len());
    for &(path, bytes) in files {
        let mut deflate = Deflate::new(Vec::new());
        deflate.write_all(bytes)?;
        let crc = deflate.checksum();
        let (size, packed) = (bytes.len() as u64, deflate.finish()?);
        let (offset, compressed) = (out.position(), packed.len() as u64);
        let entry = ZipEntry { path, mode: 0o644, time: DosTime::DEFAULT, offset, size, compressed, crc };
        out.write_all(&entry.local())?;
        out.write_all(&packed)?;
        entries.push(entry);
    }
    end(&entries, &mut out)?;
    Ok(out.into_inner())
}

/// One file of the archive.
#[derive(Default)]
struct ZipEntry<'p> {
    path: &'p str,
    mode: u32,
    time: DosTime,
    /// The offset of its local header.
    offset: u64,
    size: u64,
    compressed: u64,
    crc: u32,
}

impl ZipEntry<'_> {
    /// The local file header (APPNOTE 4.3.7), name included.
    fn local(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend(self.common());
        bytes.extend(self.path.as_bytes());
        bytes
    }

    /// Its entry in the central directory (APPNOTE 4.3.12).
    fn central(&self) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02".to_vec();
        bytes.extend((UNIX | VERSION).to_le_bytes());
        bytes.extend(self.common());
        // No comment, the first disk, no internal attributes.
        bytes.extend([0; 6]);
        bytes.extend(((REGULAR | self.mode) << 16).to_le_bytes());
        bytes.extend((self.offset as u32).to_le_bytes());
        bytes.extend(self.path.as_bytes());
        bytes
    }

    /// The fields that both headers share, in this order.
    fn common(&self) -> Vec<u8> {
        const DEFLATE: u16 = 8;
        let flags = if self.path.is_ascii() { 0 } else { UTF8 };
        let (time, date) = (self.time.timepart(), self.time.datepart());
        let sizes = [self.crc, self.compressed as u32, self.size as u32];
        // Paths were checked: they fit into a tar.
        let lengths = [self.path.len() as u16, 0];
        let mut bytes = Vec::new();
        bytes.extend([VERSION, flags, DEFLATE, time, date].map(u16::to_le_bytes).concat());
        bytes.extend(sizes.map(u32::to_le_bytes).concat());
        bytes.extend(lengths.map(u16::to_le_bytes).concat());
        bytes
    }

    /// Writes checksum and compressed size into the local header, and seeks back to `end`.
    fn write_sizes(&self, out: &mut BufWriter<&mut File>, end: u64) -> io::Result<()> {
        out.seek(SeekFrom::Start(self.offset + CHECKSUM_AT))?;
        out.write_all(&self.local()[CHECKSUM_AT as usize..])?;
        out.seek(SeekFrom::Start(end)).map(drop)
    }
}

/// The central directory and its end (APPNOTE 4.3.16).
fn end(entries: &[ZipEntry<'_>], out: &mut (impl Write + Seek)) -> io::Result<()> {
    let begin = out.stream_position()?;
    let mut size = 0;
    for entry in entries {
        let central = entry.central();
        size += central.len() as u32;
        out.write_all(&central)?;
    }
    // There are at most 10,000 entries.
    let count = entries.len() as u16;
    let mut bytes = b"PK\x05\x06\0\0\0\0".to_vec();
    bytes.extend([count, count].map(u16::to_le_bytes).concat());
    bytes.extend([size, begin as u32].map(u32::to_le_bytes).concat());
    bytes.extend([0; 2]);
    out.write_all(&bytes)
}

/// The time in UTC (APPNOTE 4.4.6), in steps of two seconds; 1980-01-01 for everything before it.
fn dos_time(epoch: u64) -> anyhow::Result<DosTime> {
    let time = i64::try_from(epoch).ok().and_then(|epoch| DateTime::from_timestamp(epoch, 0));
    let time = time.with_context(|| format!("{epoch} is not a time"))?;
    if time.year() < 1980 {
        return Ok(DosTime::DEFAULT);
    }
    let year = u16::try_from(time.year()).unwrap_or(u16::MAX);
    let [month, day, hour, minute, second] =
        [time.month(), time.day(), time.hour(), time.minute(), time.second()].map(|number| number as u8);
    DosTime::from_date_and_time(year, month, day, hour, minute, second)
        .with_context(|| format!("{epoch} is not a time that a ZIP file can represent"))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zip::write::{SimpleFileOptions, ZipWriter};
    use zip::{CompressionMethod, System};

    use super::*;
    use crate::package::archive::{self, Contents, Item};
    use floe_core::model::ArchiveKind;

    /// Files of less than one block, which the crate compresses to the same bytes.
    const FILES: [(&str, &[u8], bool); 4] = [
        ("a/empty", b"", false),
        ("a/text", b"text text text text", false),
        ("tool", &[7; 5000], true),
        ("中 文", b"text", false),
    ];

    fn ours(folder: &std::path::Path, epoch: u64) -> Vec<u8> {
        let items = FILES.map(|(path, content, executable)| {
            let file = folder.join(path.replace('/', "-"));
            std::fs::write(&file, content).unwrap();
            Item { path: path.to_owned(), file, executable }
        });
        let contents = Contents { top: "top".to_owned(), epoch, items: items.to_vec() };
        let mut file = tempfile::tempfile().unwrap();
        archive::write(&contents, ArchiveKind::Zip, &mut file).unwrap();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn theirs(time: zip::DateTime) -> Vec<u8> {
        let options = SimpleFileOptions::DEFAULT
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(time)
            .system(System::Unix);
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (path, content, executable) in FILES {
            let mode = if executable { 0o755 } else { 0o644 };
            writer.start_file(format!("top/{path}"), options.unix_permissions(mode)).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn another_writer_writes_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let time = zip::DateTime::from_date_and_time(2024, 2, 29, 12, 34, 56).unwrap();
        assert!(ours(folder.path(), 1_709_210_096) == theirs(time));
        assert!(ours(folder.path(), 0) == theirs(zip::DateTime::DEFAULT));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_needs_zip64_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(u32::MAX.into()).unwrap();
        let item = Item { path: "data".to_owned(), file: file.path().to_owned(), executable: false };
        let contents = Contents { top: "top".to_owned(), epoch: 0, items: vec![item] };
        let error = archive::write(&contents, ArchiveKind::Zip, &mut tempfile::tempfile().unwrap());
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "`top/data` has 4 GiB or more; no ZIP file of a release takes that");
        assert!(crate::error::hint_of(&error).is_some_and(|hint| hint.contains("`exclude`")));
    }
}
