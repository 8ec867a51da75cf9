//! Reads the facts of a binary: first its headers, then every byte once, in search of embedded paths.
//!
//! At most a few MiB of a file are in memory, however large it is.

use std::io::{Read, Seek};

use super::auditable;
use super::error::{Error, Result};
use super::headers::{self, Headers};
use super::macho::signature;
use super::reader::BinaryReader;
use super::strings;
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

/// A range of memory that a loader fills from the file.
pub(super) struct Mapping {
    pub(super) address: u64,
    /// In bytes from the beginning of the file.
    pub(super) offset: u64,
    /// In bytes, in the file.
    pub(super) size: u64,
}

impl Mapping {
    /// The offset in the file of an address, and of the end of its range.
    pub(super) fn find(mappings: &[Mapping], address: u64) -> Option<(u64, u64)> {
        mappings.iter().find_map(|Mapping { address: begin, offset, size }| {
            let distance = address.checked_sub(*begin).filter(|distance| distance < size)?;
            Some((offset + distance, offset + size))
        })
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
    let (facts, sections) = headers(&mut file)?;
    file.rewind().map_err(Error::Io)?;
    let content = file.take(facts.size);
    strings::search(facts, sections, content)
}

/// The facts outside the content, and the sections.
fn headers<S: Read + Seek>(file: &mut S) -> Result<(Facts, Vec<Section>)> {
    let reader = BinaryReader::new(file)?;
    let Headers { mut facts, sections, signatures, .. } = headers::read(reader.clone())?;
    let slices = facts.macho.iter_mut().flat_map(|macho| &mut macho.slices);
    for (slice, place) in slices.zip(signatures) {
        slice.signature = place.map(signature::read).transpose()?.unwrap_or_default();
    }
    let dwarf = [".debug_info", ".zdebug_info", "__DWARF,__debug_info", "__DWARF,__zdebug_info"];
    facts.size = reader.size;
    facts.debug_info = sections.iter().any(|section| dwarf.contains(&section.name.as_str()));
    facts.auditable = auditable::read(&reader, &sections)?;
    let version = strings::rustc_version(&reader, &sections)?;
    facts.rustc = version.map(|version| Rustc { version: Some(version), source: None });
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
