//! The facts of a binary, which rules judge and records keep.
//!
//! They are plain data. Every text comes from a file that may be hostile: control characters were replaced, and the length
//! of texts and lists is limited. Offsets and sizes are in bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Arch, FloatAbi, Format};

mod foreign;

pub use foreign::{
    Crt, Dylib, DylibLoad, MachoFacts, PeFacts, SignatureKind, Slice, SliceSignature, TimeStamp,
};

/// The facts of one binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The file format.
    pub format: Format,
    /// The instruction sets it has code for, never empty. Only a universal Mach-O file has more than one.
    pub arches: Vec<Arch>,
    /// The width of its addresses in bits: 32 or 64.
    pub bits: u8,
    /// Its size in bytes.
    pub size: u64,
    /// How a loader treats it. A universal Mach-O file whose slices disagree is refused.
    pub kind: BinaryKind,
    /// Whether its own symbols were removed: it has no `.symtab` (ELF), no local symbols (Mach-O, in any slice) or no COFF
    /// symbols (PE, where Microsoft's linker never writes any).
    pub stripped: bool,
    /// Whether it contains DWARF: a section `.debug_info` or `.zdebug_info` (in Mach-O `__debug_info`).
    pub debug_info: bool,
    /// The identifier of this build: the GNU build id as hex digits (ELF `NT_GNU_BUILD_ID`), the UUID of the first slice as
    /// `XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX` (Mach-O `LC_UUID`), or the GUID in the same form, followed by `-` and the age
    /// (PE, CodeView `RSDS`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// The Rust compiler that built it, if the file names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rustc: Option<Rustc>,
    /// The dependency list that `cargo auditable` embedded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auditable: Option<Auditable>,
    /// The paths of the build machine that are in it.
    pub paths: Paths,
    /// The facts that only ELF files have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elf: Option<ElfFacts>,
    /// The facts that only Mach-O files have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macho: Option<MachoFacts>,
    /// The facts that only PE files have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pe: Option<PeFacts>,
}

/// How a loader treats a binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryKind {
    /// An executable with dynamic libraries and a fixed address (ELF `ET_EXEC`; Mach-O without `MH_PIE`). Also every PE
    /// executable: see [`PeFacts::aslr`] for whether its address is fixed.
    Executable,
    /// An executable with dynamic libraries or an interpreter, loaded at any address (ELF `ET_DYN` with `DF_1_PIE` or
    /// `PT_INTERP`; Mach-O `MH_PIE`).
    Pie,
    /// A statically linked executable with a fixed address.
    Static,
    /// A statically linked executable, loaded at any address.
    StaticPie,
    /// A library: an ELF shared object, a Mach-O dylib or bundle, a DLL.
    Shared,
}

/// The Rust compiler that a binary names. At least one field is present.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rustc {
    /// The version in ELF's section `.comment`: `1.75.0 (82e1608df 2023-12-21)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The source in the paths of the standard library (`/rustc/<source>/…`): a commit of 40 hex digits, or a version if a
    /// distribution built the compiler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// The dependency list of `cargo auditable` (section `.dep-v0`: zlib-compressed JSON).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auditable {
    /// Its compressed size in bytes.
    pub size: u64,
    /// The number of packages in it. `None` if it is not in the format of `cargo auditable`, or larger than 8 MiB after
    /// decompression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<u64>,
}

/// A package in the dependency list of `cargo auditable` (its `PARSING.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedCrate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it is from: `crates.io`, `git`, `local`, `registry`, or another word.
    #[serde(default)]
    pub source: String,
    /// `runtime`, or `build` for a package that only the build used. The list counts some packages as `runtime` that are
    /// not in the binary, because it unites the features of all kinds of dependencies.
    #[serde(default = "runtime")]
    pub kind: String,
    /// Whether it is the package of the binary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub root: bool,
}

fn runtime() -> String {
    "runtime".to_owned()
}

/// The paths of the build machine in a binary.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Paths {
    /// How many there are, including repetitions. A lower bound if the file has more than 200,000 candidates.
    pub total: u64,
    /// The first 32 distinct ones of each kind, in the order of their offsets.
    pub found: Vec<FoundPath>,
}

/// A path in a binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPath {
    /// The kind of place that it leads to.
    pub kind: PathKind,
    /// The path, as far as it is printable ASCII, at most 200 bytes. Rust places string literals side by side without a
    /// separator, so the end may belong to the next one.
    pub text: String,
    /// The section that holds it (Mach-O: `__SEGMENT,__section`); `None` in headers and between sections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Where it begins, in bytes from the beginning of the file.
    pub offset: u64,
}

/// The kind of place on the build machine that a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// `/nix/store/<32 letters and digits>-<name>`.
    NixStore,
    /// A home folder: `/home/<x>/…`, `/Users/<x>/…`, `/root/…`, `C:\Users\<x>\…`.
    Home,
    /// The folder of a sandbox, a build service or Cargo: `/build/<x>/…`, `/private/tmp/nix-build-…`, `D:\a\<x>\…`,
    /// `/usr/local/cargo/registry/…`.
    Build,
    /// A folder below a temporary one: `/tmp/<x>/…`, `/var/folders/…`.
    Temporary,
}

/// The facts that only ELF files have (System V gABI; for symbol versions, Linux Standard Base, Core, "Symbol Versioning").
///
/// They are read as the loader reads them, through program headers and `PT_DYNAMIC`, so a file without section headers has
/// the same ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ElfFacts {
    /// The convention for floating-point arguments, where the file header holds one (Arm, RISC-V).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_abi: Option<FloatAbi>,
    /// The program that must be on the host to load it (`PT_INTERP`), such as `/lib64/ld-linux-x86-64.so.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// Its name for programs that link to it (`DT_SONAME`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soname: Option<String>,
    /// The libraries it needs (`DT_NEEDED`), in the file's order.
    pub needed: Vec<String>,
    /// The folders of `DT_RPATH`, split at colons.
    pub rpath: Vec<String>,
    /// The folders of `DT_RUNPATH`, split at colons.
    pub runpath: Vec<String>,
    /// The needed versions of each family of symbol versions: `GLIBC`, `GLIBCXX`, `CXXABI`, `GCC`, … (`DT_VERNEED`).
    pub floors: BTreeMap<String, Floor>,
    /// The needed versions that have no number, such as `GLIBC_PRIVATE`, or `GLIBC_ABI_DT_RELR` of glibc 2.36 and later.
    pub unnumbered: Vec<VersionNeed>,
    /// Whether its stack is executable (`PT_GNU_STACK`).
    pub stack: Stack,
    /// Whether no memory is both writable and executable: [`Stack::NotExecutable`], and no `PT_LOAD` has both flags.
    pub nx: bool,
    /// Which tables are made read-only after relocation (`PT_GNU_RELRO`).
    pub relro: Relro,
}

/// The needs of a binary in one family of symbol versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Floor {
    /// The highest version, compared number by number and without the family: `2.34`.
    pub version: String,
    /// Every needed version of the family, the highest first.
    pub needs: Vec<VersionNeed>,
}

/// A symbol version that a binary needs of a library (an entry of `.gnu.version_r`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionNeed {
    /// The whole version: `GLIBC_2.34`.
    pub version: String,
    /// The library that must have it: `libc.so.6`.
    pub library: String,
    /// Whether the loader starts the program without it (`VER_FLG_WEAK`). Otherwise it refuses, even if every symbol is weak.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
    /// The first 32 symbols with this version, in the order of the symbol table.
    pub symbols: Vec<Symbol>,
    /// The number of symbols with this version.
    pub symbol_count: u64,
}

/// A symbol with a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// Its name, without the version.
    pub name: String,
    /// Whether it may be absent (`STB_WEAK`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
}

/// Whether the stack is executable (`PT_GNU_STACK`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stack {
    /// The file does not say, so the host decides.
    #[default]
    Unsaid,
    /// Not executable.
    NotExecutable,
    /// Executable.
    Executable,
}

/// Which tables are made read-only after relocation (`PT_GNU_RELRO`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relro {
    /// None.
    #[default]
    None,
    /// All except the table of lazily bound functions.
    Partial,
    /// All: functions are bound at the start (`DT_BIND_NOW`, `DF_BIND_NOW` or `DF_1_NOW`).
    Full,
}

/// How the names of the libraries of glibc begin.
const GLIBC: &str = "ld-linux- libBrokenLocale.so. libanl.so. libc.so. libdl.so. libm.so. libmvec.so. libpthread.so. \
     libresolv.so. librt.so. libthread_db.so. libutil.so.";

impl Facts {
    /// Who signed it with a certificate: the subject in a PE file, the team in all slices of a Mach-O file, or `a certificate` if
    /// it names none. The signature is not checked.
    pub fn signer(&self) -> Option<String> {
        let with_certificate = |slice: &Slice| {
            matches!(slice.signature.kind, SignatureKind::DeveloperId | SignatureKind::Certificate)
        };
        let name = match (&self.macho, &self.pe) {
            (Some(macho), _) if macho.slices.iter().all(with_certificate) => {
                let team = macho.slices.first()?.signature.team.as_ref();
                team.map(|team| format!("team {team}"))
            }
            (_, Some(pe)) if pe.authenticode => pe.signer.clone(),
            _ => return None,
        };
        Some(name.unwrap_or_else(|| "a certificate".to_owned()))
    }

    /// The parts of the host that the binary needs, each with the lowest version that is sufficient: `glibc`, `macos`, and
    /// by its name each library that does not come with glibc, such as `libgcc_s.so.1`. A library without symbol versions
    /// has the version `any`.
    pub fn requires(&self) -> Vec<(String, String)> {
        let mut requires = Vec::new();
        if let Some(elf) = self.elf.as_ref().filter(|elf| elf.interpreter.is_some()) {
            let glibc = elf.floors.get("GLIBC").map(|floor| ("glibc".to_owned(), floor.version.clone()));
            requires.extend(glibc);
            let is_own = |library: &&String| GLIBC.split(' ').any(|begin| library.starts_with(begin));
            for library in elf.needed.iter().filter(|library| !is_own(library)) {
                let of_library = |floor: &&Floor| floor.needs.iter().any(|need| need.library == *library);
                let floor = elf.floors.values().find(of_library);
                requires.push((library.clone(), floor.map_or("any", |floor| &floor.version).to_owned()));
            }
        }
        let slices = self.macho.iter().flat_map(|macho| &macho.slices);
        requires.extend(slices.filter_map(|slice| Some(("macos".to_owned(), slice.min_os.clone()?))));
        requires
    }
}

impl VersionNeed {
    /// The family and the number: `GLIBCXX` and `3.4.21`. `None` if no number follows an underscore.
    pub(crate) fn split(&self) -> Option<(&str, &str)> {
        let version = &self.version;
        let digit =
            |(at, _): &(usize, &str)| version[at + 1..].starts_with(|letter: char| letter.is_ascii_digit());
        let (at, _) = version.match_indices('_').find(digit)?;
        (at > 0).then(|| (&version[..at], &version[at + 1..]))
    }

    /// The number alone, or nothing.
    pub(crate) fn number(&self) -> &str {
        self.split().map_or("", |(_, number)| number)
    }
}

/// Whether one version is above another, compared number by number.
pub fn above(version: &str, limit: &str) -> bool {
    let numbers = |text: &str| {
        let mut numbers = numbers(text);
        numbers.truncate(numbers.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1));
        numbers
    };
    numbers(version) > numbers(limit)
}

/// The numbers of a version, whatever separates them.
pub(crate) fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().unwrap_or(u64::MAX)).collect()
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
        assert!(above("1_1_1", "1_1_0"));
    }

    #[test]
    fn every_library_that_is_not_of_glibc_is_required_by_name() {
        let need = |version: &str, library: &str| VersionNeed {
            version: version.to_owned(),
            library: library.to_owned(),
            weak: false,
            symbols: Vec::new(),
            symbol_count: 0,
        };
        let floor =
            |version: &str, need: VersionNeed| Floor { version: version.to_owned(), needs: vec![need] };
        let libraries = ["libgcc_s.so.1", "libc.so.6", "libssl.so.3", "libfoo.so"].map(str::to_owned);
        let mut facts = crate::facts::of_format(Format::Elf, vec![Arch::X86_64], BinaryKind::Pie);
        facts.elf = Some(ElfFacts {
            interpreter: Some("/lib64/ld-linux-x86-64.so.2".to_owned()),
            needed: libraries.to_vec(),
            floors: BTreeMap::from([
                ("GLIBC".to_owned(), floor("2.16", need("GLIBC_2.16", "libc.so.6"))),
                ("GCC".to_owned(), floor("4.2.0", need("GCC_4.2.0", "libgcc_s.so.1"))),
                ("OPENSSL".to_owned(), floor("3.0.0", need("OPENSSL_3.0.0", "libssl.so.3"))),
            ]),
            ..ElfFacts::default()
        });
        let requires: Vec<String> =
            facts.requires().into_iter().map(|(what, version)| format!("{what} {version}")).collect();
        assert_eq!(requires, ["glibc 2.16", "libgcc_s.so.1 4.2.0", "libssl.so.3 3.0.0", "libfoo.so any"]);
        // A static binary needs none of it.
        facts.elf.as_mut().unwrap().interpreter = None;
        assert!(facts.requires().is_empty());
    }
}
