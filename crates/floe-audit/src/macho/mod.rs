//! Mach-O, thin or universal: what dyld would do with it (Apple's `mach-o/loader.h` and `mach-o/fat.h`).
//!
//! A slice is read on its own, as dyld does; nothing in one can point into another.

mod commands;
mod signature;

use std::io::{Read, Seek};

use object::macho::{self, FatArch32, FatArch64, FatHeader, MachHeader64};
use object::read::macho::{FatArch, MachHeader as _};
use object::{BigEndian, Endianness};

use super::identify::macho::{MAX_ARCHES, MAX_COMMANDS, arch};
use super::read::{Headers, Section};
use super::source::{Source, cut_off};
use super::{Kind, MachoFacts, Slice};

pub(super) fn read<S: Read + Seek>(source: &mut Source<S>) -> Result<(Headers, MachoFacts), String> {
    let header: FatHeader = source.pod("Mach-O header", 0)?;
    let ranges = match header.magic.get(BigEndian) {
        macho::FAT_MAGIC => Some(ranges::<FatArch32, S>(source, &header)?),
        macho::FAT_MAGIC_64 => Some(ranges::<FatArch64, S>(source, &header)?),
        _ => None,
    };
    let universal = ranges.is_some();
    let (mut slices, mut sections) = (Vec::new(), Vec::new());
    for (offset, size) in ranges.unwrap_or_else(|| vec![(0, source.size())]) {
        source.within("universal Mach-O header", offset, size)?;
        let slice = slice(source, (offset, size), &mut sections)?;
        if slices.iter().any(|other: &Slice| other.arch == slice.arch) {
            return Err("it is a universal Mach-O file with two slices for one instruction set".to_owned());
        }
        slices.push(slice);
    }
    let kind = slices.first().map(|slice| slice.kind).ok_or_else(|| cut_off("universal Mach-O header"))?;
    if slices.iter().any(|slice| slice.kind != kind) {
        return Err("it is a universal Mach-O file of slices that are not of one kind".to_owned());
    }
    let headers = Headers {
        arches: slices.iter().map(|slice| slice.arch).collect(),
        kind,
        stripped: slices.iter().all(|slice| slice.stripped),
        build_id: slices[0].uuid.clone(),
        sections,
    };
    Ok((headers, MachoFacts { universal, slices }))
}

/// Where the slices of a universal file are: offset and size in bytes.
fn ranges<Fat: FatArch + Copy, S: Read + Seek>(
    source: &mut Source<S>,
    header: &FatHeader,
) -> Result<Vec<(u64, u64)>, String> {
    let count = header.nfat_arch.get(BigEndian);
    // A Java class has the same magic, and its version where the count is.
    if !(1..=MAX_ARCHES).contains(&count) {
        return Err("it is not a binary of a format that floe knows (ELF, Mach-O, PE)".to_owned());
    }
    let begin = size_of::<FatHeader>() as u64;
    let arches: Vec<Fat> = source.pods("universal Mach-O header", begin, count.into())?;
    Ok(arches.iter().map(FatArch::file_range).collect())
}

fn slice<S: Read + Seek>(
    source: &mut Source<S>,
    (offset, size): (u64, u64),
    sections: &mut Vec<Section>,
) -> Result<Slice, String> {
    let what = "list of Mach-O load commands";
    let begin = size_of::<MachHeader64<Endianness>>() as u64;
    let header: MachHeader64<Endianness> = source.pod("Mach-O header", offset)?;
    let endian = header.endian().map_err(|why| format!("its Mach-O header is broken ({why})"))?;
    let arch = arch(header.cputype(endian))?;
    let length = u64::from(header.sizeofcmds(endian));
    if length > MAX_COMMANDS.into() {
        return Err(format!("its {what} is broken (it is too long)"));
    }
    if begin + length > size {
        return Err(cut_off(what));
    }
    let bytes = source.bytes(what, offset, begin + length)?;
    let broken = |why| format!("its {what} is broken ({why})");
    let all = header.load_commands(endian, &bytes[..], 0).map_err(broken)?;
    let found = commands::Commands::read(all, endian, (offset, size), sections)?;
    let mut slice = found.slice;
    slice.arch = arch;
    slice.kind = match header.filetype(endian) {
        macho::MH_EXECUTE if slice.dylinker.is_none() && slice.dylibs.is_empty() => Kind::Static,
        macho::MH_EXECUTE if header.flags(endian).contains(macho::MH_PIE) => Kind::Pie,
        macho::MH_EXECUTE => Kind::Executable,
        macho::MH_DYLIB | macho::MH_BUNDLE => Kind::Shared,
        macho::MH_OBJECT => return Err("it is a Mach-O object file, not an executable".to_owned()),
        other => return Err(format!("it is a Mach-O file of type {}, not an executable", other.0)),
    };
    if let Some(table) = found.symbols {
        slice.stripped = table.is_stripped(source)?;
    }
    if let Some((at, length)) = found.signature {
        slice.signature = signature::read(source, (offset, size), (at, length))?;
    }
    Ok(slice)
}
