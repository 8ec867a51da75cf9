//! The dynamic section, found through `PT_DYNAMIC` (System V gABI, "Dynamic Section").
//!
//! Its addresses are mapped to offsets with the `PT_LOAD` segments, never with sections.

use object::LittleEndian as LE;
use object::elf::{self, DynamicTag};
use object::read::elf::{Dyn as _, Dynamic, FileHeader, ProgramHeader};

use crate::error::{Result, cut_off, too_large};
use crate::reader::BinaryReader;

const PART: &str = "ELF dynamic section";
/// More entries than any linker writes.
const MAX_ENTRIES: u64 = 64 * 1024;

/// The entries for the loader; empty in a file that has none.
pub(super) struct DynamicSection<'f> {
    pub(super) reader: BinaryReader<'f>,
    entries: Vec<Dynamic>,
    /// Address, offset and size in the file of each loaded segment.
    loads: Vec<(u64, u64, u64)>,
}

impl<'f> DynamicSection<'f> {
    pub(super) fn read<E: FileHeader<Endian = LE>>(
        reader: BinaryReader<'f>,
        segments: &[E::ProgramHeader],
    ) -> Result<DynamicSection<'f>> {
        let place = |segment: &E::ProgramHeader| {
            (segment.p_vaddr(LE).into(), segment.p_offset(LE).into(), segment.p_filesz(LE).into())
        };
        let loads = super::loads(segments).map(place).collect();
        let (_, offset, size) = super::find(segments, elf::PT_DYNAMIC).map(place).unwrap_or_default();
        let count = size / size_of::<E::Dyn>() as u64;
        if count > MAX_ENTRIES {
            return Err(too_large(PART));
        }
        let entries: Vec<E::Dyn> = reader.pods(PART, offset, count)?;
        let entries = entries.iter().map(|entry| Dynamic { tag: entry.tag(LE), val: entry.val(LE) });
        let entries = entries.take_while(|entry| entry.tag != elf::DT_NULL).collect();
        Ok(DynamicSection { reader, entries, loads })
    }

    /// The value of the first entry with a tag.
    pub(super) fn value(&self, tag: DynamicTag) -> Option<u64> {
        self.entries.iter().find(|entry| entry.tag == tag).map(|entry| entry.val)
    }

    /// The offset in the file of the table whose address an entry holds.
    pub(super) fn table(&self, tag: DynamicTag) -> Result<Option<u64>> {
        self.value(tag).map(|address| self.offset(address)).transpose()
    }

    fn offset(&self, address: u64) -> Result<u64> {
        let holds = |(begin, _, size): &&(u64, u64, u64)| {
            address.checked_sub(*begin).is_some_and(|distance| distance < *size)
        };
        let load = self.loads.iter().find(holds).ok_or_else(|| cut_off(PART))?;
        load.1.checked_add(address - load.0).ok_or_else(|| cut_off(PART))
    }

    /// The nearest address that an entry holds after an address.
    pub(super) fn next_address(&self, after: u64) -> Option<u64> {
        let entries = self.entries.iter().filter(|entry| entry.is_address() && entry.val > after);
        entries.map(|entry| entry.val).min()
    }

    /// The strings of all entries with a tag, in their order.
    pub(super) fn strings(&self, tag: DynamicTag) -> Result<Vec<String>> {
        let entries = self.entries.iter().filter(|entry| entry.tag == tag);
        entries.map(|entry| self.string(entry.val)).collect()
    }

    /// The string at an index of the string table.
    pub(super) fn string(&self, index: u64) -> Result<String> {
        let part = "ELF dynamic string table";
        let table = self.table(elf::DT_STRTAB)?.ok_or_else(|| cut_off(part))?;
        let end = self.value(elf::DT_STRSZ).and_then(|size| table.checked_add(size));
        let begin = table.checked_add(index);
        let (begin, end) = begin.zip(end).ok_or_else(|| cut_off(part))?;
        self.reader.string(part, begin, end)
    }
}
