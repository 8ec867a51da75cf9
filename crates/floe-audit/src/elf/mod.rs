//! ELF: what the loader would do with a file (System V ABI, "Object Files" and "Program Loading and Dynamic Linking").
//!
//! Everything that decides whether it runs comes from program headers and `PT_DYNAMIC`, as for the loader. Section
//! headers, which a loader never reads, only tell symbols, debug information and the names of places.

mod dynamic;
mod versions;

use std::io::{Read, Seek};

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64};
use object::read::elf::NoteIterator;

use self::dynamic::Dynamic;
use super::identify;
use super::read::{Headers, Section};
use super::source::{Source, cut_off, printable};
use super::{ElfFacts, Kind, Relro, Stack};

/// More program headers than any linker writes; a file with more is not read on.
const MAX_SEGMENTS: u16 = 1024;
/// More sections than any linker writes into what can be loaded.
const MAX_SECTIONS: u64 = 16 * 1024;

pub(super) fn read<S: Read + Seek>(source: &mut Source<S>) -> Result<(Headers, ElfFacts), String> {
    let start = source.bytes("ELF header", 0, source.size().min(size_of::<FileHeader64<LE>>() as u64))?;
    let arch = identify::elf::arch(&start[..])?;
    let header: FileHeader64<LE> = source.pod("ELF header", 0)?;
    let segments = segments(source, &header)?;
    let (sections, dynsym) = sections(source, &header)?;
    let dynamic = Dynamic::read(source, &segments)?;
    let mut facts = ElfFacts { relro: relro(&segments, &dynamic), ..ElfFacts::default() };
    if let Some(segment) = find(&segments, elf::PT_INTERP) {
        let bytes = source.bytes("ELF interpreter", segment.p_offset.get(LE), segment.p_filesz.get(LE))?;
        let path = bytes.strip_suffix(b"\0").filter(|path| !path.is_empty());
        facts.interpreter = Some(printable(path.ok_or_else(|| cut_off("ELF interpreter"))?));
    }
    if let Some(stack) = find(&segments, elf::PT_GNU_STACK) {
        let executable = stack.p_flags.get(LE).0 & elf::PF_X.0 != 0;
        facts.stack = if executable { Stack::Executable } else { Stack::NotExecutable };
    }
    let both = elf::PF_W.0 | elf::PF_X.0;
    let mixed = loads(&segments).any(|segment| segment.p_flags.get(LE).0 & both == both);
    facts.nx = facts.stack == Stack::NotExecutable && !mixed;
    facts.soname = dynamic.strings(source, elf::DT_SONAME)?.pop();
    facts.needed = dynamic.strings(source, elf::DT_NEEDED)?;
    facts.rpath = folders(dynamic.strings(source, elf::DT_RPATH)?);
    facts.runpath = folders(dynamic.strings(source, elf::DT_RUNPATH)?);
    (facts.floors, facts.unnumbered) = versions::needs(source, &dynamic, dynsym)?;
    let headers = Headers {
        arches: vec![arch],
        kind: kind(&header, &facts, &dynamic),
        stripped: !sections.iter().any(|section| section.name == ".symtab"),
        build_id: build_id(source, &segments)?,
        sections,
    };
    Ok((headers, facts))
}

fn segments<S: Read + Seek>(
    source: &mut Source<S>,
    header: &FileHeader64<LE>,
) -> Result<Vec<ProgramHeader64<LE>>, String> {
    let what = "ELF program header table";
    let count = header.e_phnum.get(LE);
    if count > MAX_SEGMENTS {
        return Err(format!("its {what} is broken (it is too long)"));
    }
    let entry = size_of::<ProgramHeader64<LE>>() as u16;
    if count > 0 && header.e_phentsize.get(LE) != entry {
        return Err(format!("its {what} is broken (an entry has not {entry} bytes)"));
    }
    let segments: Vec<ProgramHeader64<LE>> = source.pods(what, header.e_phoff.get(LE), count.into())?;
    for segment in segments.iter().filter(|segment| segment.p_filesz.get(LE) > 0) {
        source.within("ELF segment", segment.p_offset.get(LE), segment.p_filesz.get(LE))?;
    }
    if loads(&segments).next().is_none() {
        return Err("it is an ELF file that loads nothing, not an executable".to_owned());
    }
    Ok(segments)
}

/// The sections that take room in the file, and how many symbols the section `.dynsym` holds.
fn sections<S: Read + Seek>(
    source: &mut Source<S>,
    header: &FileHeader64<LE>,
) -> Result<(Vec<Section>, Option<u64>), String> {
    let what = "ELF section table";
    let offset = header.e_shoff.get(LE);
    if offset == 0 {
        return Ok((Vec::new(), None));
    }
    // Where there are too many for the fields of the header, the first entry says how many and where the names are.
    let first: SectionHeader64<LE> = source.pod(what, offset)?;
    let count = Some(u64::from(header.e_shnum.get(LE))).filter(|count| *count > 0);
    let count = count.unwrap_or_else(|| first.sh_size.get(LE));
    if count > MAX_SECTIONS || header.e_shentsize.get(LE) as usize != size_of::<SectionHeader64<LE>>() {
        return Err(format!("its {what} is broken (its size or that of an entry is wrong)"));
    }
    let table: Vec<SectionHeader64<LE>> = source.pods(what, offset, count)?;
    let names = match header.e_shstrndx.get(LE).0 {
        0xffff => first.sh_link.get(LE),
        index => u32::from(index),
    };
    let names = match table.get(names as usize) {
        Some(names) => {
            source.bytes("table of ELF section names", names.sh_offset.get(LE), names.sh_size.get(LE))?
        }
        None => Vec::new(),
    };
    let mut sections = Vec::new();
    for section in &table {
        let (begin, size) = (section.sh_offset.get(LE), section.sh_size.get(LE));
        let kind = section.sh_type.get(LE);
        if kind == elf::SHT_NULL || kind == elf::SHT_NOBITS {
            continue;
        }
        source.within("ELF section", begin, size)?;
        let name = names.get(section.sh_name.get(LE) as usize..).unwrap_or_default();
        let length = memchr::memchr(0, name).unwrap_or(name.len()).min(256);
        sections.push(Section { name: printable(&name[..length]), offset: begin, size });
    }
    let dynsym = table.iter().find(|section| section.sh_type.get(LE) == elf::SHT_DYNSYM);
    Ok((sections, dynsym.map(|section| section.sh_size.get(LE) / versions::SYMBOL)))
}

fn loads(segments: &[ProgramHeader64<LE>]) -> impl Iterator<Item = &ProgramHeader64<LE>> {
    segments.iter().filter(|segment| segment.p_type.get(LE) == elf::PT_LOAD)
}

fn find(segments: &[ProgramHeader64<LE>], kind: elf::ProgramType) -> Option<&ProgramHeader64<LE>> {
    segments.iter().find(|segment| segment.p_type.get(LE) == kind)
}

fn relro(segments: &[ProgramHeader64<LE>], dynamic: &Dynamic) -> Relro {
    let at_once = dynamic.value(elf::DT_BIND_NOW).is_some()
        || dynamic.value(elf::DT_FLAGS).unwrap_or(0) & elf::DF_BIND_NOW.0 != 0
        || dynamic.value(elf::DT_FLAGS_1).unwrap_or(0) & elf::DF_1_NOW.0 != 0;
    match (find(segments, elf::PT_GNU_RELRO), at_once) {
        (None, _) => Relro::None,
        (Some(_), false) => Relro::Partial,
        (Some(_), true) => Relro::Full,
    }
}

fn kind(header: &FileHeader64<LE>, facts: &ElfFacts, dynamic: &Dynamic) -> Kind {
    let asks = facts.interpreter.is_some() || !facts.needed.is_empty();
    let pie = dynamic.value(elf::DT_FLAGS_1).unwrap_or(0) & elf::DF_1_PIE.0 != 0;
    match (header.e_type.get(LE), asks) {
        (elf::ET_EXEC, true) => Kind::Executable,
        (elf::ET_EXEC, false) => Kind::Static,
        (_, true) if pie => Kind::Pie,
        (_, false) if pie => Kind::StaticPie,
        // Linkers before 2016 set no flag. A library may have an interpreter as well (libc.so.6), but it has a name.
        _ if facts.soname.is_some() => Kind::Shared,
        _ if facts.interpreter.is_some() => Kind::Pie,
        (_, false) if header.e_entry.get(LE) != 0 => Kind::StaticPie,
        _ => Kind::Shared,
    }
}

fn folders(paths: Vec<String>) -> Vec<String> {
    paths.iter().flat_map(|path| path.split(':')).map(str::to_owned).collect()
}

/// The note that linkers make from a digest of the output (`NT_GNU_BUILD_ID`), as hex digits.
fn build_id<S: Read + Seek>(
    source: &mut Source<S>,
    segments: &[ProgramHeader64<LE>],
) -> Result<Option<String>, String> {
    for segment in segments.iter().filter(|segment| segment.p_type.get(LE) == elf::PT_NOTE) {
        let bytes = source.bytes("list of ELF notes", segment.p_offset.get(LE), segment.p_filesz.get(LE))?;
        let broken = |why| format!("its list of ELF notes is broken ({why})");
        let mut notes =
            NoteIterator::<FileHeader64<LE>>::new(LE, segment.p_align.get(LE), &bytes).map_err(broken)?;
        while let Some(note) = notes.next().map_err(broken)? {
            let id = note.desc();
            if note.name() == elf::ELF_NOTE_GNU
                && note.n_type(LE).0 == elf::NT_GNU_BUILD_ID.0
                && id.len() <= 64
            {
                return Ok(Some(id.iter().map(|byte| format!("{byte:02x}")).collect()));
            }
        }
    }
    Ok(None)
}
