//! The dynamic section, found through `PT_DYNAMIC` (System V gABI, "Dynamic Section").
//!
//! Its addresses are mapped to offsets with the `PT_LOAD` segments, never with sections.

use object::LittleEndian as LE;
use object::elf::{self, DynamicTag};
use object::read::elf::{Dyn as _, Dynamic, FileHeader, ProgramHeader};

use crate::error::{Result, cut_off, too_large};
use crate::facts::Mapping;
use crate::reader::BinaryReader;

const PART: &str = "ELF dynamic section";
/// More entries than any linker writes.
const MAX_ENTRIES: u64 = 64 * 1024;

/// The entries for the loader; empty in a file that has none.
pub(super) struct DynamicSection<'f> {
    pub(super) reader: BinaryReader<'f>,
    entries: Vec<Dynamic>,
    /// The loaded segments.
    mappings: Vec<Mapping>,
}

impl<'f> DynamicSection<'f> {
    pub(super) fn read<E: FileHeader<Endian = LE>>(
        reader: BinaryReader<'f>,
        segments: &[E::ProgramHeader],
    ) -> Result<DynamicSection<'f>> {
        let mapping = |segment: &E::ProgramHeader| {
            let (offset, size) = segment.file_range(LE);
            Mapping { address: segment.p_vaddr(LE).into(), offset, size }
        };
        let mappings = super::of_type(segments, elf::PT_LOAD).map(mapping).collect();
        let dynamic = super::of_type(segments, elf::PT_DYNAMIC).next();
        let (offset, size) = dynamic.map(|segment| segment.file_range(LE)).unwrap_or_default();
        let count = size / size_of::<E::Dyn>() as u64;
        if count > MAX_ENTRIES {
            return Err(too_large(PART));
        }
        let entries: Vec<E::Dyn> = reader.pods(PART, offset, count)?;
        let entries = entries.iter().map(|entry| Dynamic { tag: entry.tag(LE), val: entry.val(LE) });
        let entries = entries.take_while(|entry| entry.tag != elf::DT_NULL).collect();
        Ok(DynamicSection { reader, entries, mappings })
    }

    /// The value of the first entry with a tag.
    pub(super) fn value(&self, tag: DynamicTag) -> Option<u64> {
        self.entries.iter().find(|entry| entry.tag == tag).map(|entry| entry.val)
    }

    /// The offset in the file of the table whose address an entry holds.
    pub(super) fn table(&self, tag: DynamicTag) -> Result<Option<u64>> {
        let Some(address) = self.value(tag) else { return Ok(None) };
        let (offset, _) = Mapping::find(&self.mappings, address).ok_or_else(|| cut_off(PART))?;
        Ok(Some(offset))
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
        let end = table.checked_add(self.value(elf::DT_STRSZ).unwrap_or(0)).ok_or_else(|| cut_off(part))?;
        self.reader.string(part, table.saturating_add(index), end)
    }
}
