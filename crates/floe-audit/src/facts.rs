//! Reads the facts of a binary: first its headers, then every byte once, in search of embedded paths.
//!
//! At most a few MiB of a file are in memory, however large it is.

use std::io::{self, Read, Seek, Write};

use super::auditable;
use super::error::{Error, Result};
use super::headers;
use super::reader::BinaryReader;
use super::strings::{self, Scanner};
use super::{BinaryKind, Facts, Paths, Rustc};
use crate::{Arch, Format};

/// A named range of a file.
pub(super) struct Section {
    pub(super) name: String,
    /// In bytes from the beginning of the file.
    pub(super) offset: u64,
    /// In bytes, in the file.
    pub(super) size: u64,
}

impl Section {
    pub(super) fn contains(&self, offset: u64) -> bool {
        offset.checked_sub(self.offset).is_some_and(|distance| distance < self.size)
    }
}

/// Reads the facts of an executable or a shared library.
///
/// `file` is a file, or a [`Cursor`](std::io::Cursor) over bytes. It is read in small pieces: first the headers at
/// random offsets, then all of it once from its beginning.
///
/// # Errors
///
/// [`Error::Unsupported`] if it is not a binary of a format and an instruction set that this
/// crate reads. Any other [`Error`] if it is incomplete, invalid or cannot be read.
pub fn facts<S: Read + Seek>(mut file: S) -> Result<Facts, Error> {
    let mut audit = Audit::begin(&mut file, io::sink())?;
    let size = audit.facts.size;
    file.rewind().and_then(|()| io::copy(&mut file.take(size), &mut audit)).map_err(Error::Io)?;
    audit.finish()
}

/// Reads the facts of a binary and copies the file to `into` in the same pass, for a caller that packs or hashes it.
///
/// The file is copied whole even if it is not a binary; the inner result says so.
///
/// # Errors
///
/// The outer error is one of reading the file or of writing to `into`, after which the copy is incomplete. The inner error
/// is that of [`facts`].
pub fn facts_while_copying<S: Read + Seek, W: Write + ?Sized>(
    mut file: S,
    into: &mut W,
) -> io::Result<Result<Facts, Error>> {
    let begun = Audit::begin(&mut file, &mut *into);
    file.rewind()?;
    match begun {
        Ok(mut audit) => {
            io::copy(&mut file, &mut audit)?;
            Ok(audit.finish())
        }
        Err(why) => {
            io::copy(&mut file, into)?;
            Ok(Err(why))
        }
    }
}

/// A binary whose headers were read. Writing its bytes to it, in order, searches them and passes them on.
struct Audit<W> {
    facts: Facts,
    scanner: Scanner,
    into: W,
}

impl<W: Write> Audit<W> {
    fn begin<S: Read + Seek>(file: &mut S, into: W) -> Result<Self> {
        let mut reader = BinaryReader::new(file)?;
        let (mut facts, sections) = headers(&mut reader)?;
        facts.auditable = auditable::read(&mut reader, &sections)?;
        let version = strings::rustc_version(&mut reader, &sections)?;
        facts.rustc = version.map(|version| Rustc { version: Some(version), source: None });
        Ok(Audit { facts, scanner: Scanner::new(sections), into })
    }

    fn finish(self) -> Result<Facts> {
        let Audit { mut facts, mut scanner, .. } = self;
        if scanner.finish() != facts.size {
            return Err(Error::Malformed("it changed while it was read".to_owned()));
        }
        facts.paths = scanner.paths;
        if scanner.rustc_source.is_some() {
            facts.rustc.get_or_insert(Rustc { version: None, source: None }).source = scanner.rustc_source;
        }
        Ok(facts)
    }
}

impl<W: Write> Write for Audit<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.into.write(bytes)?;
        self.scanner.push(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// The facts in the headers of any format, and the sections. Where two sections overlap, the first one counts.
pub(super) fn headers(reader: &mut BinaryReader<'_>) -> Result<(Facts, Vec<Section>)> {
    let (mut facts, sections) = headers::read(reader)?.facts(reader)?;
    let dwarf = [".debug_info", ".zdebug_info", "__DWARF,__debug_info", "__DWARF,__zdebug_info"];
    facts.size = reader.size();
    facts.debug_info = sections.iter().any(|section| dwarf.contains(&section.name.as_str()));
    Ok((facts, sections))
}

/// Facts to which a format's reader adds its own.
pub(super) fn of_format(format: Format, arches: Vec<Arch>, kind: BinaryKind) -> Facts {
    Facts {
        format,
        // Universal Mach-O files, the only ones with several, are 64-bit.
        bits: arches.first().map_or(64, |arch| arch.bits()),
        arches,
        size: 0,
        kind,
        stripped: false,
        debug_info: false,
        build_id: None,
        rustc: None,
        auditable: None,
        paths: Paths::default(),
        elf: None,
        macho: None,
        pe: None,
    }
}
