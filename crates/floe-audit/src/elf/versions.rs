//! The symbol versions that a file needs of its libraries (Linux Standard Base, Core, "Symbol Versioning").
//!
//! The table of needs alone decides whether the loader starts a program. The symbols only explain a need.

use object::LittleEndian as LE;
use object::elf::{self, Vernaux, Verneed};
use object::read::elf::{FileHeader, Sym as _};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::dynamic::DynamicSection;
use crate::error::{Result, too_large};
use crate::facts::Section;
use crate::model::numbers;
use crate::{Floor, Symbol, VersionNeed};

/// More needs, and more libraries, than any linker writes.
const MAX_NEEDS: usize = 4096;
/// How many symbols are named for a need.
const NAMED: usize = 32;
/// How many symbols are read at once.
const BATCH: u64 = 4096;

/// The floor of each family, and the needs that have no number.
type Needs = (BTreeMap<String, Floor>, Vec<VersionNeed>);

pub(super) fn needs<E: FileHeader<Endian = LE>>(
    dynamic: &DynamicSection<'_>,
    sections: &[Section],
) -> Result<Needs> {
    let (mut needs, indices) = entries(dynamic)?;
    if !needs.is_empty() {
        symbols::<E>(dynamic, sections, (&mut needs, &indices))?;
    }
    Ok(sorted(needs))
}

/// The entries of `DT_VERNEED` in the file's order, and which of them each index in `DT_VERSYM` means.
fn entries(dynamic: &DynamicSection<'_>) -> Result<(Vec<VersionNeed>, HashMap<u16, usize>)> {
    let part = "table of ELF version needs";
    let (mut needs, mut indices) = (Vec::new(), HashMap::new());
    let Some(mut at) = dynamic.table(elf::DT_VERNEED)? else {
        return Ok((needs, indices));
    };
    let libraries = dynamic.value(elf::DT_VERNEEDNUM).unwrap_or(0);
    if libraries > MAX_NEEDS as u64 {
        return Err(too_large(part));
    }
    for _ in 0..libraries {
        let need: Verneed<LE> = dynamic.reader.pod(part, at)?;
        let library = dynamic.string(need.vn_file.get(LE).into())?;
        let mut entry_at = at.saturating_add(need.vn_aux.get(LE).into());
        for _ in 0..need.vn_cnt.get(LE) {
            let entry: Vernaux<LE> = dynamic.reader.pod(part, entry_at)?;
            if needs.len() == MAX_NEEDS {
                return Err(too_large(part));
            }
            indices.insert(entry.vna_other.get(LE).0 & 0x7fff, needs.len());
            needs.push(VersionNeed {
                version: dynamic.string(entry.vna_name.get(LE).into())?,
                library: library.clone(),
                weak: entry.vna_flags.get(LE).0 & elf::VER_FLG_WEAK.0 != 0,
                symbols: Vec::new(),
                symbol_count: 0,
            });
            match entry.vna_next.get(LE) {
                0 => break,
                distance => entry_at = entry_at.saturating_add(distance.into()),
            }
        }
        match need.vn_next.get(LE) {
            0 => break,
            distance => at = at.saturating_add(distance.into()),
        }
    }
    Ok((needs, indices))
}

/// Adds to each need the symbols that have it.
fn symbols<E: FileHeader<Endian = LE>>(
    dynamic: &DynamicSection<'_>,
    sections: &[Section],
    (needs, indices): (&mut [VersionNeed], &HashMap<u16, usize>),
) -> Result<()> {
    let tables = (dynamic.table(elf::DT_SYMTAB)?, dynamic.table(elf::DT_VERSYM)?);
    let (Some(symbols), Some(versions)) = tables else { return Ok(()) };
    let size = size_of::<E::Sym>() as u64;
    let count = symbol_count(dynamic, sections, size)?;
    for done in (0..count).step_by(BATCH as usize) {
        let batch = BATCH.min(count - done);
        let table: Vec<E::Sym> =
            dynamic.reader.pods("ELF dynamic symbol table", symbols + done * size, batch)?;
        let part = "table of ELF symbol versions";
        let marks: Vec<object::U16<LE>> = dynamic.reader.pods(part, versions + done * 2, batch)?;
        for (symbol, mark) in table.iter().zip(&marks) {
            let Some(need) = indices.get(&(mark.get(LE) & 0x7fff)).and_then(|index| needs.get_mut(*index))
            else {
                continue;
            };
            need.symbol_count += 1;
            if need.symbols.len() < NAMED {
                let name = dynamic.string(symbol.st_name(LE).into())?;
                need.symbols.push(Symbol { name, weak: symbol.st_bind() == elf::STB_WEAK });
            }
        }
    }
    Ok(())
}

/// The number of symbols: the section's, the hash table's, or as many as fit before the next table. `size` is that of a symbol
/// in bytes.
fn symbol_count(dynamic: &DynamicSection<'_>, sections: &[Section], size: u64) -> Result<u64> {
    if let Some(section) = sections.iter().find(|section| section.name == ".dynsym") {
        return Ok(section.size / size);
    }
    if let Some(table) = dynamic.table(elf::DT_HASH)? {
        let chains: [object::U32<LE>; 2] = dynamic.reader.pod("ELF hash table", table)?;
        return Ok(chains[1].get(LE).into());
    }
    let begin = dynamic.value(elf::DT_SYMTAB).unwrap_or(0);
    Ok(dynamic.next_address(begin).map_or(0, |end| (end - begin) / size))
}

fn sorted(needs: Vec<VersionNeed>) -> Needs {
    let mut floors = BTreeMap::<String, Floor>::new();
    let mut unnumbered = Vec::new();
    for need in needs {
        match need.split() {
            Some((family, _)) => floors.entry(family.to_owned()).or_default().needs.push(need),
            None => unnumbered.push(need),
        }
    }
    for floor in floors.values_mut() {
        floor.needs.sort_by_cached_key(|need| {
            let number = need.number();
            (Reverse((numbers(number), number.to_owned())), need.library.clone())
        });
        floor.version = floor.needs[0].number().to_owned();
    }
    (floors, unnumbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(version: &str) -> VersionNeed {
        VersionNeed {
            version: version.to_owned(),
            library: "libc.so.6".to_owned(),
            weak: false,
            symbols: Vec::new(),
            symbol_count: 0,
        }
    }

    #[test]
    fn the_floor_is_the_highest_by_number_and_not_by_letter() {
        let needs =
            ["GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5", "GLIBC_PRIVATE", "OPENSSL_1_1_0", "GLIBC_ABI_DT_RELR"];
        let (floors, unnumbered) = sorted(needs.map(need).to_vec());
        assert_eq!(floors["GLIBC"].version, "2.17");
        let order: Vec<_> = floors["GLIBC"].needs.iter().map(|need| need.version.as_str()).collect();
        assert_eq!(order, ["GLIBC_2.17", "GLIBC_2.9", "GLIBC_2.2.5"]);
        assert_eq!(floors["OPENSSL"].version, "1_1_0");
        assert_eq!(unnumbered.len(), 2);
        assert_eq!(need("_1").split(), None);
        assert!(numbers("99999999999999999999999") > numbers("2.99"));
    }
}
