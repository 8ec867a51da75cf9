//! ELF (System V gABI, "Object Files" and "Program Loading and Dynamic Linking").
//!
//! Everything that decides whether a file runs is read from the program headers and `PT_DYNAMIC`, as its loader does.
//! Section headers, which no loader reads, only contribute names, symbols and debug information.

mod dynamic;
mod versions;

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64};
use object::read::elf::{FileHeader as _, NoteIterator};

use self::dynamic::DynamicSection;
use super::error::{Result, broken, cut_off, malformed, unsupported};
use super::facts::{Section, of_format};
use super::reader::{BinaryReader, printable};
use super::{BinaryKind, ElfFacts, Executable, Facts, Relro, Stack};
use crate::{Arch, Format};

/// More program headers than any linker writes.
const MAX_SEGMENTS: u16 = 1024;
/// More sections than any linker writes into a file that can be loaded.
const MAX_SECTIONS: u64 = 16 * 1024;
/// The longest interpreter that Linux accepts, in bytes (`PATH_MAX`).
const MAX_INTERPRETER: u64 = 4096;

/// The headers that a loader reads.
pub(super) struct ElfHeaders {
    file: FileHeader64<LE>,
    arch: Arch,
    segments: Vec<ProgramHeader64<LE>>,
    interpreter: Option<String>,
}

impl ElfHeaders {
    pub(super) fn read(reader: &mut BinaryReader<'_>) -> Result<ElfHeaders> {
        let ident = reader.bytes("ELF header", 0, 6)?;
        match (ident[4], ident[5]) {
            (1, _) => return unsupported("it is a 32-bit ELF file, and no target of floe is 32-bit"),
            (_, 2) => return unsupported("it is a big-endian ELF file, and no target of floe is big-endian"),
            _ => {}
        }
        let file: FileHeader64<LE> = reader.pod("ELF header", 0)?;
        if !file.is_supported() {
            return Err(malformed("ELF header", "its class, byte order or version is unknown"));
        }
        match file.e_type.get(LE) {
            elf::ET_EXEC | elf::ET_DYN => {}
            elf::ET_REL => return unsupported("it is an ELF object file, not an executable"),
            elf::ET_CORE => return unsupported("it is an ELF core dump, not an executable"),
            other => return unsupported(format!("it is an ELF file of type {}, not an executable", other.0)),
        }
        let arch = arch(file.e_machine.get(LE))?;
        let segments = segments(reader, &file)?;
        let interpreter = find(&segments, elf::PT_INTERP).map(|segment| interpreter(reader, segment));
        Ok(ElfHeaders { file, arch, interpreter: interpreter.transpose()?, segments })
    }

    pub(super) fn identity(self) -> Result<Executable> {
        if self.file.e_entry.get(LE) == 0 {
            return unsupported("it is an ELF file without an entry point: a library, not an executable");
        }
        Ok(Executable { format: Format::Elf, arches: vec![self.arch], interpreter: self.interpreter })
    }

    pub(super) fn facts(self, reader: &mut BinaryReader<'_>) -> Result<(Facts, Vec<Section>)> {
        let (sections, dynsym) = sections(reader, &self.file)?;
        let dynamic = DynamicSection::read(reader, &self.segments)?;
        let mut elf = ElfFacts {
            relro: self.relro(&dynamic),
            interpreter: self.interpreter.clone(),
            soname: dynamic.strings(reader, elf::DT_SONAME)?.pop(),
            needed: dynamic.strings(reader, elf::DT_NEEDED)?,
            rpath: folders(dynamic.strings(reader, elf::DT_RPATH)?),
            runpath: folders(dynamic.strings(reader, elf::DT_RUNPATH)?),
            ..ElfFacts::default()
        };
        if let Some(stack) = find(&self.segments, elf::PT_GNU_STACK) {
            let executable = stack.p_flags.get(LE).contains(elf::PF_X);
            elf.stack = if executable { Stack::Executable } else { Stack::NotExecutable };
        }
        let mixed =
            loads(&self.segments).any(|segment| segment.p_flags.get(LE).contains(elf::PF_W | elf::PF_X));
        elf.nx = elf.stack == Stack::NotExecutable && !mixed;
        (elf.floors, elf.unnumbered) = versions::needs(reader, &dynamic, dynsym)?;
        let facts = Facts {
            stripped: !sections.iter().any(|section| section.name == ".symtab"),
            build_id: self.build_id(reader)?,
            ..of_format(Format::Elf, vec![self.arch], self.kind(&elf, &dynamic))
        };
        Ok((Facts { elf: Some(elf), ..facts }, sections))
    }

    fn relro(&self, dynamic: &DynamicSection) -> Relro {
        let at_once = dynamic.value(elf::DT_BIND_NOW).is_some()
            || dynamic.value(elf::DT_FLAGS).unwrap_or(0) & elf::DF_BIND_NOW.0 != 0
            || dynamic.value(elf::DT_FLAGS_1).unwrap_or(0) & elf::DF_1_NOW.0 != 0;
        match (find(&self.segments, elf::PT_GNU_RELRO), at_once) {
            (None, _) => Relro::None,
            (Some(_), false) => Relro::Partial,
            (Some(_), true) => Relro::Full,
        }
    }

    fn kind(&self, elf: &ElfFacts, dynamic: &DynamicSection) -> BinaryKind {
        let dynamically = elf.interpreter.is_some() || !elf.needed.is_empty();
        let pie = dynamic.value(elf::DT_FLAGS_1).unwrap_or(0) & elf::DF_1_PIE.0 != 0;
        match (self.file.e_type.get(LE), dynamically) {
            (elf::ET_EXEC, true) => BinaryKind::Executable,
            (elf::ET_EXEC, false) => BinaryKind::Static,
            (_, true) if pie => BinaryKind::Pie,
            (_, false) if pie => BinaryKind::StaticPie,
            // Linkers before 2016 set no flag. A library may have an interpreter too (libc.so.6), but it has a name.
            _ if elf.soname.is_some() => BinaryKind::Shared,
            _ if elf.interpreter.is_some() => BinaryKind::Pie,
            (_, false) if self.file.e_entry.get(LE) != 0 => BinaryKind::StaticPie,
            _ => BinaryKind::Shared,
        }
    }

    /// The note that linkers make from a digest of the output (`NT_GNU_BUILD_ID`), as hex digits.
    fn build_id(&self, reader: &mut BinaryReader<'_>) -> Result<Option<String>> {
        let part = "list of ELF notes";
        for segment in self.segments.iter().filter(|segment| segment.p_type.get(LE) == elf::PT_NOTE) {
            let bytes = reader.bytes(part, segment.p_offset.get(LE), segment.p_filesz.get(LE))?;
            let mut notes = NoteIterator::<FileHeader64<LE>>::new(LE, segment.p_align.get(LE), &bytes)
                .map_err(broken(part))?;
            while let Some(note) = notes.next().map_err(broken(part))? {
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
}

fn arch(machine: elf::Machine) -> Result<Arch> {
    match machine {
        elf::EM_X86_64 => Ok(Arch::X86_64),
        elf::EM_AARCH64 => Ok(Arch::Aarch64),
        other => {
            unsupported(format!("it is an ELF file for machine {}, which no target of floe has", other.0))
        }
    }
}

fn segments(reader: &mut BinaryReader<'_>, file: &FileHeader64<LE>) -> Result<Vec<ProgramHeader64<LE>>> {
    let part = "ELF program header table";
    let count = file.e_phnum.get(LE);
    if count > MAX_SEGMENTS {
        return Err(malformed(part, "it is too long"));
    }
    let entry = size_of::<ProgramHeader64<LE>>() as u16;
    if count > 0 && file.e_phentsize.get(LE) != entry {
        return Err(malformed(part, format_args!("its entries are not {entry} bytes long")));
    }
    let segments: Vec<ProgramHeader64<LE>> = reader.pods(part, file.e_phoff.get(LE), count.into())?;
    for segment in segments.iter().filter(|segment| segment.p_filesz.get(LE) > 0) {
        reader.within("ELF segment", segment.p_offset.get(LE), segment.p_filesz.get(LE))?;
    }
    if loads(&segments).next().is_none() {
        return unsupported("it is an ELF file that loads nothing, not an executable");
    }
    Ok(segments)
}

fn interpreter(reader: &mut BinaryReader<'_>, segment: &ProgramHeader64<LE>) -> Result<String> {
    let part = "ELF interpreter";
    let size = segment.p_filesz.get(LE);
    if size > MAX_INTERPRETER {
        return Err(cut_off(part));
    }
    let bytes = reader.bytes(part, segment.p_offset.get(LE), size)?;
    let path = bytes.strip_suffix(b"\0").filter(|path| !path.is_empty());
    path.map(printable).ok_or_else(|| cut_off(part))
}

/// The sections that occupy bytes of the file, and how many symbols the section `.dynsym` holds.
fn sections(reader: &mut BinaryReader<'_>, file: &FileHeader64<LE>) -> Result<(Vec<Section>, Option<u64>)> {
    let part = "ELF section table";
    let offset = file.e_shoff.get(LE);
    if offset == 0 {
        return Ok((Vec::new(), None));
    }
    // A count and an index too large for the file header are in the first entry instead.
    let first: SectionHeader64<LE> = reader.pod(part, offset)?;
    let count = Some(u64::from(file.e_shnum.get(LE))).filter(|count| *count > 0);
    let count = count.unwrap_or_else(|| first.sh_size.get(LE));
    if count > MAX_SECTIONS || file.e_shentsize.get(LE) as usize != size_of::<SectionHeader64<LE>>() {
        return Err(malformed(part, "its size or that of an entry is wrong"));
    }
    let table: Vec<SectionHeader64<LE>> = reader.pods(part, offset, count)?;
    let names = match file.e_shstrndx.get(LE) {
        elf::SHN_XINDEX => first.sh_link.get(LE),
        index => u32::from(index.0),
    };
    let names = match table.get(names as usize) {
        Some(names) => {
            reader.bytes("table of ELF section names", names.sh_offset.get(LE), names.sh_size.get(LE))?
        }
        None => Vec::new(),
    };
    let mut sections = Vec::new();
    for section in &table {
        let (offset, size) = (section.sh_offset.get(LE), section.sh_size.get(LE));
        if matches!(section.sh_type.get(LE), elf::SHT_NULL | elf::SHT_NOBITS) {
            continue;
        }
        reader.within("ELF section", offset, size)?;
        let name = names.get(section.sh_name.get(LE) as usize..).unwrap_or_default();
        let length = memchr::memchr(0, name).unwrap_or(name.len()).min(256);
        sections.push(Section { name: printable(&name[..length]), offset, size });
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

fn folders(paths: Vec<String>) -> Vec<String> {
    paths.iter().flat_map(|path| path.split(':')).map(str::to_owned).collect()
}
