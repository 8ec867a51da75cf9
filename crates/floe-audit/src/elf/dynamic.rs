//! The dynamic section, found through `PT_DYNAMIC` (System V ABI, "Dynamic Section").
//!
//! Its addresses are turned into offsets with the segments that are loaded, never with sections.

use std::io::{Read, Seek};

use object::LittleEndian as LE;
use object::elf::{self, Dyn64, DynamicTag, ProgramHeader64};

use crate::source::{Source, cut_off};

const WHAT: &str = "ELF dynamic section";
/// More entries than any linker writes.
const MAX_ENTRIES: u64 = 64 * 1024;

/// What a file tells its loader; empty where there is nothing to tell.
pub(super) struct Dynamic {
    entries: Vec<(DynamicTag, u64)>,
    /// Address, offset and size in the file.
    loads: Vec<(u64, u64, u64)>,
}

impl Dynamic {
    pub(super) fn read<S: Read + Seek>(
        source: &mut Source<S>,
        segments: &[ProgramHeader64<LE>],
    ) -> Result<Dynamic, String> {
        let place = |segment: &ProgramHeader64<LE>| {
            (segment.p_vaddr.get(LE), segment.p_offset.get(LE), segment.p_filesz.get(LE))
        };
        let mut dynamic = Dynamic { entries: Vec::new(), loads: super::loads(segments).map(place).collect() };
        let Some((_, offset, size)) = super::find(segments, elf::PT_DYNAMIC).map(place) else {
            return Ok(dynamic);
        };
        let count = size / size_of::<Dyn64<LE>>() as u64;
        if count > MAX_ENTRIES {
            return Err(format!("its {WHAT} is broken (it is larger than any linker writes)"));
        }
        let entries: Vec<Dyn64<LE>> = source.pods(WHAT, offset, count)?;
        let entries = entries.iter().map(|entry| (entry.d_tag.get(LE), entry.d_val.get(LE)));
        dynamic.entries = entries.take_while(|(tag, _)| *tag != elf::DT_NULL).collect();
        Ok(dynamic)
    }

    /// The number behind the first entry of a kind.
    pub(super) fn value(&self, tag: DynamicTag) -> Option<u64> {
        self.entries.iter().find(|(other, _)| *other == tag).map(|(_, value)| *value)
    }

    /// Where in the file the table of a kind begins.
    pub(super) fn table(&self, tag: DynamicTag) -> Result<Option<u64>, String> {
        self.value(tag).map(|address| self.offset(address)).transpose()
    }

    /// Where in the file an address is loaded from.
    fn offset(&self, address: u64) -> Result<u64, String> {
        let holds = |(begin, _, size): &&(u64, u64, u64)| {
            address.checked_sub(*begin).is_some_and(|distance| distance < *size)
        };
        let load = self.loads.iter().find(holds).ok_or_else(|| cut_off(WHAT))?;
        load.1.checked_add(address - load.0).ok_or_else(|| cut_off(WHAT))
    }

    /// The address behind the nearest table that begins after an address.
    pub(super) fn next_table(&self, after: u64) -> Option<u64> {
        let tables = [
            elf::DT_STRTAB,
            elf::DT_HASH,
            elf::DT_GNU_HASH,
            elf::DT_VERSYM,
            elf::DT_VERNEED,
            elf::DT_VERDEF,
            elf::DT_RELA,
            elf::DT_JMPREL,
            elf::DT_RELR,
        ];
        tables.into_iter().filter_map(|tag| self.value(tag)).filter(|address| *address > after).min()
    }

    /// The names behind all entries of a kind, in their order.
    pub(super) fn strings<S: Read + Seek>(
        &self,
        source: &mut Source<S>,
        tag: DynamicTag,
    ) -> Result<Vec<String>, String> {
        let entries = self.entries.iter().filter(|(other, _)| *other == tag);
        entries.map(|(_, index)| self.string(source, *index)).collect()
    }

    /// The name at an index of the string table.
    pub(super) fn string<S: Read + Seek>(
        &self,
        source: &mut Source<S>,
        index: u64,
    ) -> Result<String, String> {
        let what = "ELF dynamic string table";
        let table = self.table(elf::DT_STRTAB)?.ok_or_else(|| cut_off(what))?;
        let end = self.value(elf::DT_STRSZ).and_then(|size| table.checked_add(size));
        let begin = table.checked_add(index);
        let (begin, end) = begin.zip(end).ok_or_else(|| cut_off(what))?;
        source.string(what, begin, end)
    }
}
