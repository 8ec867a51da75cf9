//! Mach-O, thin or universal (Apple's `mach-o/loader.h` and `mach-o/fat.h`).
//!
//! Each slice is read on its own, as dyld does. Nothing in a slice can refer to another one.

mod commands;
pub(super) mod signature;

use object::BigEndian;
use object::macho::{FatArch32, FatArch64, FatHeader};
use object::read::macho::FatArch;

use self::commands::SliceHeaders;
use super::error::{Result, cut_off, unsupported};
use super::facts::of_format;
use super::headers::{Headers, UNKNOWN};
use super::reader::BinaryReader;
use super::{BinaryKind, Facts, MachoFacts};
use crate::Format;

/// More slices than there are instruction sets. Java class files have the same magic, followed by a version that is
/// larger.
const MAX_SLICES: u32 = 30;

pub(super) fn read_thin<'f>(reader: BinaryReader<'f>) -> Result<Headers<'f>> {
    of_slices(false, vec![SliceHeaders::read(reader)?])
}

pub(super) fn read_universal<'f>(reader: BinaryReader<'f>) -> Result<Headers<'f>> {
    let part = "universal Mach-O header";
    let header: FatHeader = reader.pod(part, 0)?;
    let count = header.nfat_arch.get(BigEndian);
    if !(1..=MAX_SLICES).contains(&count) {
        return unsupported(UNKNOWN);
    }
    let begin = size_of::<FatHeader>() as u64;
    let ranges: Vec<(u64, u64)> = if header.magic.get(BigEndian) == object::macho::FAT_MAGIC_64 {
        reader.pods::<FatArch64>(part, begin, count.into())?.iter().map(FatArch::file_range).collect()
    } else {
        reader.pods::<FatArch32>(part, begin, count.into())?.iter().map(FatArch::file_range).collect()
    };
    let mut slices = Vec::<SliceHeaders<'f>>::new();
    for (offset, size) in ranges {
        let next = SliceHeaders::read(reader.slice(part, offset, size)?)?;
        if slices.iter().any(|other| other.slice.arch == next.slice.arch) {
            return unsupported("it is a universal Mach-O file with two slices for one instruction set");
        }
        slices.push(next);
    }
    of_slices(true, slices)
}

fn of_slices<'f>(universal: bool, slices: Vec<SliceHeaders<'f>>) -> Result<Headers<'f>> {
    let kind = slices.first().map(|first| first.slice.kind).ok_or_else(|| cut_off("Mach-O header"))?;
    if slices.iter().any(|other| other.slice.kind != kind) {
        return unsupported("it is a universal Mach-O file of slices that are not of one kind");
    }
    let arches = slices.iter().map(|headers| headers.slice.arch).collect();
    let facts = Facts {
        stripped: slices.iter().all(|headers| headers.slice.stripped),
        build_id: slices.first().and_then(|first| first.slice.uuid.clone()),
        ..of_format(Format::Macho, arches, kind)
    };
    let (mut sections, mut signatures, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for mut headers in slices {
        // Sections lie in segments and are the better name, so they come first.
        sections.append(&mut headers.sections);
        sections.append(&mut headers.segments);
        signatures.push(headers.signature);
        all.push(headers.slice);
    }
    let macho = Some(MachoFacts { universal, slices: all });
    Ok(Headers {
        facts: Facts { macho, ..facts },
        sections,
        has_entry: kind != BinaryKind::Shared,
        signatures,
    })
}
