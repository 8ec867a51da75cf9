//! ELF (System V gABI, "Object Files" and "Program Loading and Dynamic Linking").
//!
//! Everything that decides whether a file runs is read from the program headers and `PT_DYNAMIC`, as its loader does.
//! Section headers, which no loader reads, only contribute names, symbols and debug information.

mod class;
mod dynamic;
mod versions;

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64};
use object::read::elf::NoteIterator;

use self::class::{Class, FileHeader, Segment};
use self::dynamic::DynamicSection;
use super::error::{Result, broken, cut_off, malformed, unsupported};
use super::facts::{Section, of_format};
use super::reader::{BinaryReader, printable};
use super::{BinaryKind, ElfFacts, Executable, Facts, Relro, Stack};
use crate::{Arch, FloatAbi, Format};

/// More program headers than any linker writes.
const MAX_SEGMENTS: u16 = 1024;
/// More sections than any linker writes into a file that can be loaded.
const MAX_SECTIONS: u64 = 16 * 1024;
/// The longest interpreter that Linux accepts, in bytes (`PATH_MAX`).
const MAX_INTERPRETER: u64 = 4096;

/// The headers that a loader reads.
pub(super) struct ElfHeaders {
    class: Class,
    file: FileHeader,
    arch: Arch,
    segments: Vec<Segment>,
    interpreter: Option<String>,
}

impl ElfHeaders {
    pub(super) fn read(reader: &mut BinaryReader<'_>) -> Result<ElfHeaders> {
        let ident = reader.bytes("ELF header", 0, 6)?;
        if ident[5] == 2 {
            return unsupported("it is a big-endian ELF file, and no target of floe is big-endian");
        }
        let class = if ident[4] == 1 { Class::Elf32 } else { Class::Elf64 };
        let file = class.file_header(reader)?;
        if !file.supported {
            return Err(malformed("ELF header", "its class, byte order or version is unknown"));
        }
        match file.kind {
            elf::ET_EXEC | elf::ET_DYN => {}
            elf::ET_REL => return unsupported("it is an ELF object file, not an executable"),
            elf::ET_CORE => return unsupported("it is an ELF core dump, not an executable"),
            other => return unsupported(format!("it is an ELF file of type {}, not an executable", other.0)),
        }
        let arch = arch(file.machine, class)?;
        let segments = segments(reader, class, &file)?;
        let interpreter = find(&segments, elf::PT_INTERP).map(|segment| interpreter(reader, segment));
        Ok(ElfHeaders { class, file, arch, interpreter: interpreter.transpose()?, segments })
    }

    pub(super) fn identity(self) -> Result<Executable> {
        if self.file.entry == 0 {
            return unsupported("it is an ELF file without an entry point: a library, not an executable");
        }
        Ok(Executable { format: Format::Elf, arches: vec![self.arch], interpreter: self.interpreter })
    }

    pub(super) fn facts(self, reader: &mut BinaryReader<'_>) -> Result<(Facts, Vec<Section>)> {
        let (sections, dynsym) = sections(reader, self.class, &self.file)?;
        let dynamic = DynamicSection::read(reader, self.class, &self.segments)?;
        let mut elf = ElfFacts {
            float_abi: float_abi(self.arch, self.file.flags),
            relro: self.relro(&dynamic),
            interpreter: self.interpreter.clone(),
            soname: dynamic.strings(reader, elf::DT_SONAME)?.pop(),
            needed: dynamic.strings(reader, elf::DT_NEEDED)?,
            rpath: folders(dynamic.strings(reader, elf::DT_RPATH)?),
            runpath: folders(dynamic.strings(reader, elf::DT_RUNPATH)?),
            ..ElfFacts::default()
        };
        if let Some(stack) = find(&self.segments, elf::PT_GNU_STACK) {
            let executable = stack.flags.contains(elf::PF_X);
            elf.stack = if executable { Stack::Executable } else { Stack::NotExecutable };
        }
        let mixed = loads(&self.segments).any(|segment| segment.flags.contains(elf::PF_W | elf::PF_X));
        elf.nx = elf.stack == Stack::NotExecutable && !mixed;
        (elf.floors, elf.unnumbered) = versions::needs(reader, (self.class, &dynamic), dynsym)?;
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
        match (self.file.kind, dynamically) {
            (elf::ET_EXEC, true) => BinaryKind::Executable,
            (elf::ET_EXEC, false) => BinaryKind::Static,
            (_, true) if pie => BinaryKind::Pie,
            (_, false) if pie => BinaryKind::StaticPie,
            // Linkers before 2016 set no flag. A library may have an interpreter too (libc.so.6), but it has a name.
            _ if elf.soname.is_some() => BinaryKind::Shared,
            _ if elf.interpreter.is_some() => BinaryKind::Pie,
            (_, false) if self.file.entry != 0 => BinaryKind::StaticPie,
            _ => BinaryKind::Shared,
        }
    }

    /// The note that linkers make from a digest of the output (`NT_GNU_BUILD_ID`), as hex digits.
    fn build_id(&self, reader: &mut BinaryReader<'_>) -> Result<Option<String>> {
        let part = "list of ELF notes";
        for segment in self.segments.iter().filter(|segment| segment.kind == elf::PT_NOTE) {
            let bytes = reader.bytes(part, segment.offset, segment.size)?;
            // Notes are the same in both classes.
            let mut notes =
                NoteIterator::<FileHeader64<LE>>::new(LE, segment.align, &bytes).map_err(broken(part))?;
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

fn arch(machine: elf::Machine, class: Class) -> Result<Arch> {
    let arch = match machine {
        elf::EM_X86_64 => Some(Arch::X86_64),
        elf::EM_AARCH64 => Some(Arch::Aarch64),
        elf::EM_ARM => Some(Arch::Arm),
        elf::EM_RISCV => Some(Arch::Riscv64),
        _ => None,
    };
    // x32, ILP32 and RV32 share their machine with another target.
    arch.filter(|arch| arch.bits() == class.bits()).map_or_else(
        || {
            let (bits, machine) = (class.bits(), machine.0);
            unsupported(format!(
                "it is a {bits}-bit ELF file for machine {machine}, which no target of floe has"
            ))
        },
        Ok,
    )
}

/// The convention in the flags of the file header (ELF for the Arm Architecture, "ELF Header"; RISC-V ELF psABI, "File
/// Header").
fn float_abi(arch: Arch, flags: elf::FileFlags) -> Option<FloatAbi> {
    match arch {
        Arch::Arm if flags.0 & elf::EF_ARM_ABI_FLOAT_HARD != 0 => Some(FloatAbi::Hard),
        Arch::Arm if flags.0 & elf::EF_ARM_ABI_FLOAT_SOFT != 0 => Some(FloatAbi::Soft),
        Arch::Riscv64 => Some(match flags.riscv_float_abi() {
            elf::EF_RISCV_FLOAT_ABI_SOFT => FloatAbi::Soft,
            elf::EF_RISCV_FLOAT_ABI_SINGLE => FloatAbi::Single,
            elf::EF_RISCV_FLOAT_ABI_DOUBLE => FloatAbi::Double,
            _ => FloatAbi::Quad,
        }),
        _ => None,
    }
}

fn segments(reader: &mut BinaryReader<'_>, class: Class, file: &FileHeader) -> Result<Vec<Segment>> {
    let part = "ELF program header table";
    let table = file.segments;
    if table.count > MAX_SEGMENTS {
        return Err(malformed(part, "it is too long"));
    }
    let entry = class.segment_size();
    if table.count > 0 && usize::from(table.entry) != entry {
        return Err(malformed(part, format_args!("its entries are not {entry} bytes long")));
    }
    let segments = class.segments(reader, part, (table.offset, table.count.into()))?;
    for segment in segments.iter().filter(|segment| segment.size > 0) {
        reader.within("ELF segment", segment.offset, segment.size)?;
    }
    if loads(&segments).next().is_none() {
        return unsupported("it is an ELF file that loads nothing, not an executable");
    }
    Ok(segments)
}

fn interpreter(reader: &mut BinaryReader<'_>, segment: &Segment) -> Result<String> {
    let part = "ELF interpreter";
    if segment.size > MAX_INTERPRETER {
        return Err(cut_off(part));
    }
    let bytes = reader.bytes(part, segment.offset, segment.size)?;
    let path = bytes.strip_suffix(b"\0").filter(|path| !path.is_empty());
    path.map(printable).ok_or_else(|| cut_off(part))
}

/// The sections that occupy bytes of the file, and how many symbols the section `.dynsym` holds.
fn sections(
    reader: &mut BinaryReader<'_>,
    class: Class,
    file: &FileHeader,
) -> Result<(Vec<Section>, Option<u64>)> {
    let part = "ELF section table";
    let offset = file.sections.offset;
    if offset == 0 {
        return Ok((Vec::new(), None));
    }
    // A count and an index too large for the file header are in the first entry instead.
    let mut first = class.sections(reader, part, (offset, 1))?;
    let first = first.pop().ok_or_else(|| cut_off(part))?;
    let count = Some(u64::from(file.sections.count)).filter(|count| *count > 0);
    let count = count.unwrap_or(first.size);
    if count > MAX_SECTIONS || usize::from(file.sections.entry) != class.section_size() {
        return Err(malformed(part, "its size or that of an entry is wrong"));
    }
    let table = class.sections(reader, part, (offset, count))?;
    let names = match file.names {
        elf::SHN_XINDEX => first.link,
        index => u32::from(index.0),
    };
    let names = match table.get(names as usize) {
        Some(names) => reader.bytes("table of ELF section names", names.offset, names.size)?,
        None => Vec::new(),
    };
    let mut sections = Vec::new();
    for section in &table {
        if matches!(section.kind, elf::SHT_NULL | elf::SHT_NOBITS) {
            continue;
        }
        reader.within("ELF section", section.offset, section.size)?;
        let name = names.get(section.name as usize..).unwrap_or_default();
        let length = memchr::memchr(0, name).unwrap_or(name.len()).min(256);
        sections.push(Section {
            name: printable(&name[..length]),
            offset: section.offset,
            size: section.size,
        });
    }
    let dynsym = table.iter().find(|section| section.kind == elf::SHT_DYNSYM);
    Ok((sections, dynsym.map(|section| section.size / class.symbol_size())))
}

fn loads(segments: &[Segment]) -> impl Iterator<Item = &Segment> {
    segments.iter().filter(|segment| segment.kind == elf::PT_LOAD)
}

fn find(segments: &[Segment], kind: elf::ProgramType) -> Option<&Segment> {
    segments.iter().find(|segment| segment.kind == kind)
}

fn folders(paths: Vec<String>) -> Vec<String> {
    paths.iter().flat_map(|path| path.split(':')).map(str::to_owned).collect()
}
