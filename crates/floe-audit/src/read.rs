//! Reads the facts of a binary: headers first, then once over all of its bytes for what stands in them.
//!
//! It never holds more than a few MiB of a file, however large that is.

use std::io::{Read, Seek};

use super::source::Source;
use super::{Auditable, Facts, Kind, auditable, elf, macho, pe, strings};
use crate::{Arch, Format};

/// A named part of a file.
pub(super) struct Section {
    pub(super) name: String,
    /// In bytes from the beginning of the file.
    pub(super) offset: u64,
    /// In bytes, in the file.
    pub(super) size: u64,
}

/// What the headers of every format say.
pub(super) struct Headers {
    pub(super) arches: Vec<Arch>,
    pub(super) kind: Kind,
    pub(super) stripped: bool,
    pub(super) build_id: Option<String>,
    /// Where two overlap, the first is meant.
    pub(super) sections: Vec<Section>,
}

/// Reads the facts of a binary: an executable or a library of a format and an instruction set that floe has a target
/// for.
///
/// `file` may be a file or a [`std::io::Cursor`] over bytes; it is read in pieces. A file of 60 MB takes a fraction of
/// a second and some MiB.
///
/// # Errors
///
/// It is no such binary, it was cut off, or its headers contradict themselves. The text is a clause about the file: "its
/// ELF section table is broken or cut off".
pub fn facts<S: Read + Seek>(file: S) -> Result<Facts, String> {
    facts_passing(file, &mut |_| Ok(()))
}

/// The same, and hands every byte of the file to `pass`, once and in their order, so that whoever wants to hash or pack
/// them need not read them again.
///
/// # Errors
///
/// As [`facts`]: then `pass` was given the file's beginning, or nothing. What `pass` refuses is refused.
pub fn facts_passing<S: Read + Seek>(
    file: S,
    pass: &mut dyn FnMut(&[u8]) -> Result<(), String>,
) -> Result<Facts, String> {
    let mut source = Source::new(file)?;
    let (mut facts, sections) = headers(&mut source)?;
    facts.size = source.size();
    facts.auditable = auditable(&mut source, &sections)?;
    let texts = strings::scan(&mut source, &sections, pass)?;
    facts.paths = texts.paths;
    facts.rustc = strings::rustc(&mut source, &sections, texts.rustc_source)?;
    Ok(facts)
}

/// The name of the section that holds the byte at `offset`; `None` where no section does, or the file is no binary that
/// floe reads.
pub fn section_at<S: Read + Seek>(file: S, offset: u64) -> Option<String> {
    let (_, sections) = headers(&mut Source::new(file).ok()?).ok()?;
    let holds =
        |section: &Section| offset.checked_sub(section.offset).is_some_and(|inside| inside < section.size);
    sections
        .into_iter()
        .find(|section| holds(section) && !section.name.is_empty())
        .map(|section| section.name)
}

/// What the headers say, whatever the format.
fn headers<S: Read + Seek>(source: &mut Source<S>) -> Result<(Facts, Vec<Section>), String> {
    let magic = source.bytes("magic", 0, source.size().min(4))?;
    Ok(match *magic {
        [0x7f, b'E', b'L', b'F'] => {
            let (headers, only) = elf::read(source)?;
            let (facts, sections) = common(Format::Elf, headers);
            (Facts { elf: Some(only), ..facts }, sections)
        }
        [0xfe, 0xed, 0xfa, 0xcf] | [0xcf, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, 0xbe | 0xbf] => {
            let (headers, only) = macho::read(source)?;
            let (facts, sections) = common(Format::Macho, headers);
            (Facts { macho: Some(only), ..facts }, sections)
        }
        [b'M', b'Z', ..] => {
            let (headers, only) = pe::read(source)?;
            let (facts, sections) = common(Format::Pe, headers);
            (Facts { pe: Some(only), ..facts }, sections)
        }
        // The refusal names what it is instead.
        _ => return Err(super::identify(&magic[..]).err().unwrap_or_default()),
    })
}

fn common(format: Format, headers: Headers) -> (Facts, Vec<Section>) {
    let dwarf = [".debug_info", ".zdebug_info", "__DWARF,__debug_info", "__DWARF,__zdebug_info"];
    let facts = Facts {
        format,
        arches: headers.arches,
        bits: 64,
        size: 0,
        kind: headers.kind,
        stripped: headers.stripped,
        debug_info: headers.sections.iter().any(|section| dwarf.contains(&section.name.as_str())),
        build_id: headers.build_id,
        rustc: None,
        auditable: None,
        paths: Default::default(),
        elf: None,
        macho: None,
        pe: None,
    };
    (facts, headers.sections)
}

fn auditable<S: Read + Seek>(
    source: &mut Source<S>,
    sections: &[Section],
) -> Result<Option<Auditable>, String> {
    let holds = |section: &&Section| section.name == ".dep-v0" || section.name.ends_with(",.dep-v0");
    let Some(section) = sections.iter().find(holds) else { return Ok(None) };
    let bytes = source.bytes("section `.dep-v0`", section.offset, section.size)?;
    Ok(Some(Auditable { size: section.size, packages: auditable::count_packages(&bytes) }))
}
