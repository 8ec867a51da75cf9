//! ELF (System V gABI, "Object Files" and "Program Loading and Dynamic Linking").
//!
//! Everything that decides whether a file runs is read from the program headers and `PT_DYNAMIC`, as its loader does.
//! Section headers, which no loader reads, only contribute names, symbols and debug information.

mod dynamic;
mod versions;

use object::LittleEndian as LE;
use object::elf;
use object::read::elf::{FileHeader, NoteIterator, ProgramHeader, SectionHeader};

use self::dynamic::DynamicSection;
use super::error::{Result, broken, cut_off, malformed, of_target, unsupported};
use super::facts::{Section, of_format};
use super::headers::Headers;
use super::reader::BinaryReader;
use super::text::{printable, until_zero};
use super::{BinaryKind, ElfFacts, Facts, Relro, Stack};
use crate::{Arch, FloatAbi, Format};

/// More program headers than any linker writes.
const MAX_SEGMENTS: u16 = 1024;
/// More sections than any linker writes into a file that can be loaded.
const MAX_SECTIONS: u64 = 16 * 1024;
/// The longest name of a section that is kept, in bytes.
const MAX_NAME: usize = 256;
/// The longest interpreter that Linux accepts, in bytes (`PATH_MAX`).
const MAX_INTERPRETER: u64 = 4096;

/// The headers that a loader reads, in a file of 32 or 64 bits.
struct ElfFile<'f, E: FileHeader> {
    reader: BinaryReader<'f>,
    header: E,
    segments: Vec<E::ProgramHeader>,
}

pub(super) fn read<'f>(reader: BinaryReader<'f>) -> Result<Headers<'f>> {
    let ident = reader.bytes("ELF header", 0, 6)?;
    if ident[5] == 2 {
        return unsupported("it is a big-endian ELF file, and no target of floe is big-endian");
    }
    match ident[4] {
        1 => ElfFile::<elf::FileHeader32<LE>>::read(reader),
        _ => ElfFile::<elf::FileHeader64<LE>>::read(reader),
    }
}

impl<'f, E: FileHeader<Endian = LE>> ElfFile<'f, E> {
    fn read(reader: BinaryReader<'f>) -> Result<Headers<'f>> {
        let header: E = reader.pod("ELF header", 0)?;
        if !header.is_supported() {
            return Err(malformed("ELF header", "its class, byte order or version is unknown"));
        }
        match header.e_type(LE) {
            elf::ET_EXEC | elf::ET_DYN => {}
            elf::ET_REL => return unsupported("it is an ELF object file, not an executable"),
            elf::ET_CORE => return unsupported("it is an ELF core dump, not an executable"),
            other => return unsupported(format!("it is an ELF file of type {}, not an executable", other.0)),
        }
        let arch = arch(header.e_machine(LE), if header.is_class_64() { 64 } else { 32 })?;
        let segments = segments(&reader, &header)?;
        let file = ElfFile { reader, header, segments };
        let interpreter = file.interpreter()?;
        let sections = file.sections()?;
        let dynamic = DynamicSection::read::<E>(file.reader.clone(), &file.segments)?;
        let mut elf = ElfFacts {
            float_abi: float_abi(arch, header.e_flags(LE)),
            relro: file.relro(&dynamic),
            interpreter,
            soname: dynamic.strings(elf::DT_SONAME)?.pop(),
            needed: dynamic.strings(elf::DT_NEEDED)?,
            rpath: folders(dynamic.strings(elf::DT_RPATH)?),
            runpath: folders(dynamic.strings(elf::DT_RUNPATH)?),
            ..ElfFacts::default()
        };
        if let Some(stack) = of_type(&file.segments, elf::PT_GNU_STACK).next() {
            let executable = stack.p_flags(LE).contains(elf::PF_X);
            elf.stack = if executable { Stack::Executable } else { Stack::NotExecutable };
        }
        let mut loaded = of_type(&file.segments, elf::PT_LOAD);
        let mixed = loaded.any(|segment| segment.p_flags(LE).contains(elf::PF_W | elf::PF_X));
        elf.nx = elf.stack == Stack::NotExecutable && !mixed;
        (elf.floors, elf.unnumbered) = versions::needs::<E>(&dynamic, &sections)?;
        let kind = file.kind(&elf, &dynamic);
        let facts = Facts {
            stripped: !sections.iter().any(|section| section.name == ".symtab"),
            build_id: file.build_id()?,
            elf: Some(elf),
            ..of_format(Format::Elf, vec![arch], kind)
        };
        Ok(Headers { facts, sections, has_entry: file.has_entry(), signatures: Vec::new() })
    }

    fn has_entry(&self) -> bool {
        self.header.e_entry(LE).into() != 0
    }

    fn interpreter(&self) -> Result<Option<String>> {
        let part = "ELF interpreter";
        let Some(segment) = of_type(&self.segments, elf::PT_INTERP).next() else { return Ok(None) };
        let (offset, size) = segment.file_range(LE);
        if size > MAX_INTERPRETER {
            return Err(cut_off(part));
        }
        let bytes = self.reader.bytes(part, offset, size)?;
        let path = bytes.strip_suffix(b"\0").filter(|path| !path.is_empty());
        path.map(|path| Some(printable(path))).ok_or_else(|| cut_off(part))
    }

    /// The sections that occupy bytes of the file.
    fn sections(&self) -> Result<Vec<Section>> {
        let (reader, part) = (&self.reader, "ELF section table");
        let offset = self.header.e_shoff(LE).into();
        if offset == 0 {
            return Ok(Vec::new());
        }
        let count = match self.header.e_shnum(LE) {
            // A count too large for the file header is in the first entry instead.
            0 => reader.pod::<E::SectionHeader>(part, offset)?.sh_size(LE).into(),
            count => count.into(),
        };
        if count > MAX_SECTIONS || usize::from(self.header.e_shentsize(LE)) != size_of::<E::SectionHeader>() {
            return Err(malformed(part, "its size or that of an entry is wrong"));
        }
        let table: Vec<E::SectionHeader> = reader.pods(part, offset, count)?;
        let names = table.get(usize::from(self.header.e_shstrndx(LE).0));
        let names = names.map(|names| (names.sh_offset(LE).into(), names.sh_size(LE).into()));
        let (offset, size) = names.unwrap_or_default();
        let names = reader.bytes("table of ELF section names", offset, size)?;
        let mut sections = Vec::new();
        for section in table.iter().filter(|section| section.sh_type(LE) != elf::SHT_NULL) {
            let Some((offset, size)) = section.file_range(LE) else { continue };
            reader.within("ELF section", offset, size)?;
            let name = names.get(section.sh_name(LE) as usize..).unwrap_or_default();
            let name = until_zero(&name[..name.len().min(MAX_NAME)]);
            sections.push(Section { name, offset, size });
        }
        Ok(sections)
    }

    fn relro(&self, dynamic: &DynamicSection<'_>) -> Relro {
        let at_once = dynamic.value(elf::DT_BIND_NOW).is_some()
            || dynamic.value(elf::DT_FLAGS).unwrap_or(0) & elf::DF_BIND_NOW.0 != 0
            || dynamic.value(elf::DT_FLAGS_1).unwrap_or(0) & elf::DF_1_NOW.0 != 0;
        match (of_type(&self.segments, elf::PT_GNU_RELRO).next(), at_once) {
            (None, _) => Relro::None,
            (Some(_), false) => Relro::Partial,
            (Some(_), true) => Relro::Full,
        }
    }

    fn kind(&self, elf: &ElfFacts, dynamic: &DynamicSection<'_>) -> BinaryKind {
        let dynamically = elf.interpreter.is_some() || !elf.needed.is_empty();
        let pie = dynamic.value(elf::DT_FLAGS_1).unwrap_or(0) & elf::DF_1_PIE.0 != 0;
        match (self.header.e_type(LE), dynamically) {
            (elf::ET_EXEC, true) => BinaryKind::Executable,
            (elf::ET_EXEC, false) => BinaryKind::Static,
            (_, true) if pie => BinaryKind::Pie,
            (_, false) if pie => BinaryKind::StaticPie,
            // Linkers before 2016 set no flag. A library may have an interpreter too (libc.so.6), but it has a name.
            _ if elf.soname.is_some() => BinaryKind::Shared,
            _ if elf.interpreter.is_some() => BinaryKind::Pie,
            (_, false) if self.has_entry() => BinaryKind::StaticPie,
            _ => BinaryKind::Shared,
        }
    }

    /// The note that linkers make from a digest of the output (`NT_GNU_BUILD_ID`), as hex digits.
    fn build_id(&self) -> Result<Option<String>> {
        let part = "list of ELF notes";
        for segment in of_type(&self.segments, elf::PT_NOTE) {
            let (offset, size) = segment.file_range(LE);
            let bytes = self.reader.bytes(part, offset, size)?;
            for note in NoteIterator::<E>::new(LE, segment.p_align(LE), &bytes).map_err(broken(part))? {
                let note = note.map_err(broken(part))?;
                let (kind, id) = (note.n_type(LE).0, note.desc());
                if note.name() == elf::ELF_NOTE_GNU && kind == elf::NT_GNU_BUILD_ID.0 && id.len() <= 64 {
                    return Ok(Some(hex::encode(id)));
                }
            }
        }
        Ok(None)
    }
}

fn arch(machine: elf::Machine, bits: u8) -> Result<Arch> {
    let arch = match machine {
        elf::EM_X86_64 => Some(Arch::X86_64),
        elf::EM_AARCH64 => Some(Arch::Aarch64),
        elf::EM_ARM => Some(Arch::Arm),
        elf::EM_RISCV => Some(Arch::Riscv64),
        _ => None,
    };
    // x32, ILP32 and RV32 share their machine with another target.
    of_target(arch, bits, Format::Elf, machine.0)
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

fn segments<E: FileHeader<Endian = LE>>(
    reader: &BinaryReader<'_>,
    file: &E,
) -> Result<Vec<E::ProgramHeader>> {
    let part = "ELF program header table";
    let (count, entry) = (file.e_phnum(LE), size_of::<E::ProgramHeader>());
    if count > MAX_SEGMENTS {
        return Err(malformed(part, "it is too long"));
    }
    if count > 0 && usize::from(file.e_phentsize(LE)) != entry {
        return Err(malformed(part, format_args!("its entries are not {entry} bytes long")));
    }
    let segments: Vec<E::ProgramHeader> = reader.pods(part, file.e_phoff(LE).into(), count.into())?;
    for (offset, size) in segments.iter().map(|segment| segment.file_range(LE)).filter(|(_, size)| *size > 0)
    {
        reader.within("ELF segment", offset, size)?;
    }
    if of_type(&segments, elf::PT_LOAD).next().is_none() {
        return unsupported("it is an ELF file that loads nothing, not an executable");
    }
    Ok(segments)
}

fn of_type<P: ProgramHeader<Endian = LE>>(
    segments: &[P],
    kind: elf::ProgramType,
) -> impl Iterator<Item = &P> {
    segments.iter().filter(move |segment| segment.p_type(LE) == kind)
}

fn folders(paths: Vec<String>) -> Vec<String> {
    paths.iter().flat_map(|path| path.split(':')).map(str::to_owned).collect()
}
