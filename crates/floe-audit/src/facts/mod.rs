//! What is known about a binary after reading it: the facts that rules judge and that a record keeps.
//!
//! Plain data. Every text in it came out of a file that may be hostile: control characters have been replaced, and
//! every list has an end that the file's size sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Arch, Format};

mod foreign;

pub use foreign::{Crt, Dylib, DylibLoad, MachoFacts, PeFacts, Signature, SignatureKind, Slice, TimeStamp};

/// The facts of one binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its format.
    pub format: Format,
    /// The instruction sets it has code for, never empty. Only a universal Mach-O has more than one.
    pub arches: Vec<Arch>,
    /// The width of its addresses in bits: always 64, because no target of floe has another.
    pub bits: u8,
    /// Its size in bytes.
    pub size: u64,
    /// How a loader takes it. The slices of a universal Mach-O agree, or it is refused.
    pub kind: Kind,
    /// Whether its own symbols are gone: no `.symtab` (ELF), no local symbols (Mach-O), no COFF symbols (PE; Microsoft's
    /// linker never writes any). Of a universal Mach-O: all slices.
    pub stripped: bool,
    /// Whether it holds DWARF: a section `.debug_info` or `.zdebug_info` (in Mach-O `__debug_info`).
    pub debug_info: bool,
    /// What identifies this very build: the GNU build id as hex digits (ELF, `NT_GNU_BUILD_ID`), the UUID as
    /// `XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX` (Mach-O, `LC_UUID`; of the first slice), or the same with `-` and the age
    /// behind it (PE, CodeView `RSDS`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// The Rust compiler that it says it was built with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rustc: Option<Rustc>,
    /// The dependency list that `cargo auditable` put into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auditable: Option<Auditable>,
    /// The paths of a builder's machine that are in it.
    pub paths: Paths,
    /// What only ELF has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elf: Option<ElfFacts>,
    /// What only Mach-O has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macho: Option<MachoFacts>,
    /// What only PE has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pe: Option<PeFacts>,
}

/// How a loader takes a binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An executable that asks for libraries, at a fixed address (ELF `ET_EXEC`; Mach-O without `MH_PIE`); every `.exe`,
    /// whose address [`PeFacts::aslr`] tells.
    Executable,
    /// An executable that asks for a loader, at any address (ELF `ET_DYN` with `DF_1_PIE` or `PT_INTERP`; Mach-O
    /// `MH_PIE`).
    Pie,
    /// An executable that asks for nothing, at a fixed address.
    Static,
    /// An executable that asks for nothing, at any address.
    StaticPie,
    /// A library: ELF shared object, Mach-O dylib or bundle, DLL.
    Shared,
}

/// The Rust compiler a binary names. At least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rustc {
    /// Its version as ELF's `.comment` has it: `1.75.0 (82e1608df 2023-12-21)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What stands behind `/rustc/` in the paths of the standard library: a commit of 40 hex digits, or a version
    /// where a distribution built the compiler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// The data of `cargo auditable` (section `.dep-v0`: zlib-compressed JSON).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auditable {
    /// Its compressed size in bytes.
    pub size: u64,
    /// How many packages it lists; `None` where it is not what `cargo auditable` writes, or inflates to more than
    /// 8 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<u64>,
}

/// The paths of a builder's machine in a binary.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Paths {
    /// How many there are, repetitions included. Of a file with more than 200,000 texts that may be one, at least as
    /// many.
    pub total: u64,
    /// The first 32 of each kind whose texts differ, in the order of their offsets.
    pub found: Vec<FoundPath>,
}

/// A path in a binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPath {
    /// What makes it a builder's.
    pub kind: PathKind,
    /// The path, as far as it is printable ASCII, at most 200 bytes. Rust lays texts side by side without a separator,
    /// so the end may belong to the next one.
    pub text: String,
    /// The section it is in (Mach-O: `__SEGMENT,__section`); `None` in headers and between sections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Where it begins, in bytes from the beginning of the file.
    pub offset: u64,
}

/// What makes a path a builder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// `/nix/store/<32 letters and digits>-<name>`.
    NixStore,
    /// A person's folder: `/home/<x>/…`, `/Users/<x>/…`, `/root/…`, `C:\Users\<x>\…`.
    Home,
    /// The folder of a sandbox, a build service or Cargo: `/build/<x>/…`, `/private/tmp/nix-build-…`, `D:\a\<x>\…`,
    /// `/usr/local/cargo/registry/…`.
    Build,
    /// A folder below a temporary one: `/tmp/<x>/…`, `/var/folders/…`.
    Temporary,
}

/// What only ELF has (System V ABI; the GNU parts: Linux Standard Base, Core, "Symbol Versioning").
///
/// All of it is read as the loader reads it, through program headers and `PT_DYNAMIC`; a file without section headers
/// gives the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ElfFacts {
    /// The program that must be on the host to load it (`PT_INTERP`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// Its own name, for those that link to it (`DT_SONAME`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soname: Option<String>,
    /// The libraries it asks for (`DT_NEEDED`), in the file's order.
    pub needed: Vec<String>,
    /// The folders of `DT_RPATH`, split at colons.
    pub rpath: Vec<String>,
    /// The folders of `DT_RUNPATH`, split at colons.
    pub runpath: Vec<String>,
    /// For each family of symbol versions (`GLIBC`, `GLIBCXX`, `CXXABI`, `GCC`, …) what it needs (`DT_VERNEED`).
    pub floors: BTreeMap<String, Floor>,
    /// Needed versions that have no number, such as `GLIBC_PRIVATE`, and `GLIBC_ABI_DT_RELR`, which glibc has from 2.36
    /// on.
    pub unnumbered: Vec<VersionNeed>,
    /// What `PT_GNU_STACK` says.
    pub stack: Stack,
    /// No memory is both writable and executable: [`Stack::NotExecutable`], and no `PT_LOAD` has both flags.
    pub nx: bool,
    /// Whether tables are made read-only after relocation.
    pub relro: Relro,
}

/// What a binary needs of one family of symbol versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// The highest version by the order of its numbers, without the family: `2.34`.
    pub version: String,
    /// Every version of the family, the highest first; those that make the floor are the first ones.
    pub needs: Vec<VersionNeed>,
}

/// A symbol version that a binary needs of a library (an entry of `.gnu.version_r`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionNeed {
    /// The whole version: `GLIBC_2.34`.
    pub version: String,
    /// The library that must have it: `libc.so.6`.
    pub library: String,
    /// Whether the loader goes on without it (`VER_FLG_WEAK`). It refuses to start otherwise, even if every symbol is
    /// weak.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
    /// The symbols that ask for it, in the order of the symbol table: the first 32.
    pub symbols: Vec<Symbol>,
    /// How many symbols ask for it.
    pub symbol_count: u64,
}

/// A symbol that asks for a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// Its name, without the version.
    pub name: String,
    /// Whether it may be absent (`STB_WEAK`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
}

/// What a binary says about its stack (`PT_GNU_STACK`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stack {
    /// Nothing: the host decides.
    #[default]
    Unsaid,
    /// Not executable.
    NotExecutable,
    /// Executable.
    Executable,
}

/// Whether a binary's relocated tables are made read-only (`PT_GNU_RELRO`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relro {
    /// No.
    #[default]
    None,
    /// All but the table of lazily bound functions.
    Partial,
    /// All: functions are bound at the start (`DT_BIND_NOW`, `DF_BIND_NOW` or `DF_1_NOW`).
    Full,
}

impl Facts {
    /// What a binary needs of its host, for people: `glibc` or `macos` with the lowest version that will do.
    pub fn requires(&self) -> Vec<(&'static str, String)> {
        let glibc =
            self.elf.iter().filter(|elf| elf.interpreter.is_some()).filter_map(|elf| elf.floors.get("GLIBC"));
        let macos =
            self.macho.iter().flat_map(|macho| &macho.slices).filter_map(|slice| slice.min_os.as_ref());
        glibc
            .map(|floor| ("glibc", floor.version.clone()))
            .chain(macos.map(|min| ("macos", min.clone())))
            .collect()
    }
}

/// Whether one dotted version is above another, by the order of the numbers; what is no number counts as 0.
pub fn above(version: &str, limit: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let mut numbers: Vec<u64> = text.split('.').map(|part| part.parse().unwrap_or(0)).collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        numbers
    };
    numbers(version) > numbers(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(above("2.34", "2.17"));
        assert!(above("2.17.1", "2.17"));
        assert!(!above("2.4", "2.17"));
        assert!(!above("2.17", "2.17"));
        assert!(!above("11", "11.0"));
        assert!(!above("10.12", "11.0"));
    }
}
