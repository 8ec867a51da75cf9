//! The two classes of ELF, 32-bit and 64-bit, whose structures are read into one form.

use object::LittleEndian as LE;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _, SectionHeader as _, Sym as _};

use crate::error::Result;
use crate::reader::BinaryReader;

/// The width of addresses and offsets in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Elf32,
    Elf64,
}

/// The fields of the file header, in the order of the specification.
pub(super) struct FileHeader {
    pub(super) supported: bool,
    pub(super) kind: elf::FileType,
    pub(super) machine: elf::Machine,
    pub(super) entry: u64,
    pub(super) segments: Table,
    pub(super) sections: Table,
    pub(super) flags: elf::FileFlags,
    /// The index of the section with the names of sections.
    pub(super) names: elf::SymbolSection,
}

/// Where a table of headers is, and how many entries of which size the file header promises.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) offset: u64,
    pub(super) entry: u16,
    pub(super) count: u16,
}

/// A program header.
pub(super) struct Segment {
    pub(super) kind: elf::ProgramType,
    pub(super) flags: elf::ProgramFlags,
    pub(super) offset: u64,
    pub(super) address: u64,
    /// In bytes, in the file.
    pub(super) size: u64,
    pub(super) align: u64,
}

/// A section header.
pub(super) struct SectionHeader {
    pub(super) name: u32,
    pub(super) kind: elf::SectionType,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) link: u32,
}

/// An entry of a symbol table.
pub(super) struct SymbolEntry {
    /// The index of its name in the string table.
    pub(super) name: u32,
    pub(super) weak: bool,
}

/// The sizes of the structures of a class, and how they are read.
macro_rules! by_class {
    ($self:expr, $elf:ident => $body:expr) => {
        match $self {
            Class::Elf32 => {
                type $elf = FileHeader32<LE>;
                $body
            }
            Class::Elf64 => {
                type $elf = FileHeader64<LE>;
                $body
            }
        }
    };
}

/// An address, offset or size of either class.
fn wide(word: impl Into<u64>) -> u64 {
    word.into()
}

/// The structures that belong to a file header.
type ProgramHeaderOf<E> = <E as object::read::elf::FileHeader>::ProgramHeader;
type SectionHeaderOf<E> = <E as object::read::elf::FileHeader>::SectionHeader;
type DynOf<E> = <E as object::read::elf::FileHeader>::Dyn;
type SymOf<E> = <E as object::read::elf::FileHeader>::Sym;

impl Class {
    /// In bits.
    pub(super) fn bits(self) -> u8 {
        match self {
            Class::Elf32 => 32,
            Class::Elf64 => 64,
        }
    }

    pub(super) fn segment_size(self) -> usize {
        by_class!(self, E => size_of::<ProgramHeaderOf<E>>())
    }

    pub(super) fn section_size(self) -> usize {
        by_class!(self, E => size_of::<SectionHeaderOf<E>>())
    }

    pub(super) fn dynamic_size(self) -> u64 {
        by_class!(self, E => size_of::<DynOf<E>>() as u64)
    }

    pub(super) fn symbol_size(self) -> u64 {
        by_class!(self, E => size_of::<SymOf<E>>() as u64)
    }

    pub(super) fn file_header(self, reader: &mut BinaryReader<'_>) -> Result<FileHeader> {
        by_class!(self, E => {
            let file: E = reader.pod("ELF header", 0)?;
            Ok(FileHeader {
                supported: file.is_supported(),
                kind: file.e_type(LE),
                machine: file.e_machine(LE),
                entry: wide(file.e_entry(LE)),
                segments: Table {
                    offset: wide(file.e_phoff(LE)),
                    entry: file.e_phentsize(LE),
                    count: file.e_phnum(LE),
                },
                sections: Table {
                    offset: wide(file.e_shoff(LE)),
                    entry: file.e_shentsize(LE),
                    count: file.e_shnum(LE),
                },
                flags: file.e_flags(LE),
                names: file.e_shstrndx(LE),
            })
        })
    }

    pub(super) fn segments(
        self,
        reader: &mut BinaryReader<'_>,
        part: &'static str,
        (offset, count): (u64, u64),
    ) -> Result<Vec<Segment>> {
        by_class!(self, E => {
            let segment = |one: &ProgramHeaderOf<E>| Segment {
                kind: one.p_type(LE),
                flags: one.p_flags(LE),
                offset: wide(one.p_offset(LE)),
                address: wide(one.p_vaddr(LE)),
                size: wide(one.p_filesz(LE)),
                align: wide(one.p_align(LE)),
            };
            Ok(reader.pods(part, offset, count)?.iter().map(segment).collect())
        })
    }

    pub(super) fn sections(
        self,
        reader: &mut BinaryReader<'_>,
        part: &'static str,
        (offset, count): (u64, u64),
    ) -> Result<Vec<SectionHeader>> {
        by_class!(self, E => {
            let section = |one: &SectionHeaderOf<E>| SectionHeader {
                name: one.sh_name(LE),
                kind: one.sh_type(LE),
                offset: wide(one.sh_offset(LE)),
                size: wide(one.sh_size(LE)),
                link: one.sh_link(LE),
            };
            Ok(reader.pods(part, offset, count)?.iter().map(section).collect())
        })
    }

    /// Tags and values of dynamic entries.
    pub(super) fn dynamics(
        self,
        reader: &mut BinaryReader<'_>,
        part: &'static str,
        (offset, count): (u64, u64),
    ) -> Result<Vec<(elf::DynamicTag, u64)>> {
        by_class!(self, E => {
            let entry = |one: &DynOf<E>| (one.tag(LE), one.val(LE));
            Ok(reader.pods(part, offset, count)?.iter().map(entry).collect())
        })
    }

    pub(super) fn symbols(
        self,
        reader: &mut BinaryReader<'_>,
        part: &'static str,
        (offset, count): (u64, u64),
    ) -> Result<Vec<SymbolEntry>> {
        by_class!(self, E => {
            let symbol = |one: &SymOf<E>| SymbolEntry {
                name: one.st_name(LE),
                weak: one.st_bind() == elf::STB_WEAK,
            };
            Ok(reader.pods(part, offset, count)?.iter().map(symbol).collect())
        })
    }
}
