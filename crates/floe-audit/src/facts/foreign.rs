//! The facts that only Mach-O and only PE have.
//!
//! Plain data, like the rest of [`super`].

use serde::{Deserialize, Serialize};

use super::super::Arch;
use super::Kind;

/// What only Mach-O has (Apple's `mach-o/loader.h` and `mach-o/fat.h`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachoFacts {
    /// Whether it is universal: slices behind a table, even if there is one only.
    pub universal: bool,
    /// One for each instruction set, never empty; a thin file is one slice.
    pub slices: Vec<Slice>,
}

/// The part of a Mach-O file that is for one instruction set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Its instruction set.
    pub arch: Arch,
    /// How the loader takes it.
    pub kind: Kind,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Whether its local symbols are gone.
    pub stripped: bool,
    /// Whether it holds DWARF.
    pub debug_info: bool,
    /// `LC_UUID` as `XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The platform of `LC_BUILD_VERSION` or `LC_VERSION_MIN_*`: `macos`, `ios`, …, or its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The oldest system it starts on, as `11.0` or `10.13.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_os: Option<String>,
    /// The SDK it was linked with, as `14.2`; `n/a` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// The loader it asks for (`LC_LOAD_DYLINKER`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dylinker: Option<String>,
    /// Its own name, for those that link to it (`LC_ID_DYLIB`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_name: Option<String>,
    /// The libraries it asks for, in the file's order.
    pub dylibs: Vec<Dylib>,
    /// The folders of every `LC_RPATH`, in the file's order.
    pub rpaths: Vec<String>,
    /// Its signature.
    pub signature: Signature,
}

/// A library that a Mach-O file asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dylib {
    /// Its install name: an absolute path, or one that begins with `@rpath/`, `@executable_path/` or `@loader_path/`.
    pub path: String,
    /// Which command asks for it.
    pub load: DylibLoad,
    /// The version it was linked with, as `1351.0.0`.
    pub current_version: String,
    /// The oldest version that does, as `1.0.0`.
    pub compatibility_version: String,
}

/// How a library is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DylibLoad {
    /// `LC_LOAD_DYLIB`.
    Load,
    /// `LC_LOAD_WEAK_DYLIB`: it may be absent.
    Weak,
    /// `LC_REEXPORT_DYLIB`.
    Reexport,
    /// `LC_LAZY_LOAD_DYLIB`.
    Lazy,
    /// `LC_LOAD_UPWARD_DYLIB`.
    Upward,
}

/// The signature of a slice (`LC_CODE_SIGNATURE`; Apple's `kern/cs_blobs.h`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who vouches for it.
    pub kind: SignatureKind,
    /// The name that it signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The team that signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Made by the linker, not by `codesign` (`CS_LINKER_SIGNED`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub linker_signed: bool,
    /// Asks for the hardened runtime, as notarisation demands (`CS_RUNTIME`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hardened_runtime: bool,
    /// Whether every page still has the digest that was signed. `None` where there is no signature, or none with a
    /// digest that floe computes (SHA-256). The certificates are not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intact: Option<bool>,
    /// What is not intact, as a clause: `the page at offset 16384 has another digest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<String>,
}

/// Who vouches for a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    /// There is no signature.
    #[default]
    None,
    /// Nobody: digests without a certificate (`CS_ADHOC`, or no CMS blob).
    AdHoc,
    /// A certificate of Apple's "Developer ID Application" kind, for programs outside the App Store.
    DeveloperId,
    /// Another certificate.
    Certificate,
}

/// What only PE has (Microsoft, "PE Format").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeFacts {
    /// `windows_cui` (console), `windows_gui`, `native`, …, or its number.
    pub subsystem: String,
    /// The oldest Windows that starts it, as `6.0` (the optional header's subsystem version).
    pub subsystem_version: String,
    /// The DLLs it asks for at the start, in the file's order and spelling.
    pub imports: Vec<String>,
    /// The DLLs it asks for when a function of theirs is first called.
    pub delay_imports: Vec<String>,
    /// Where its C runtime comes from.
    pub crt: Crt,
    /// The C runtime's DLLs among the imports.
    pub crt_dlls: Vec<String>,
    /// The kinds of the debug directory's entries, such as `codeview`, `repro`, `pogo`, or their numbers.
    pub debug_directory: Vec<String>,
    /// The path of the PDB file as the linker wrote it (CodeView).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdb_path: Option<String>,
    /// The time stamp of the COFF header.
    pub timestamp: TimeStamp,
    /// May be loaded anywhere (`IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE`).
    pub aslr: bool,
    /// Even above 4 GiB (`IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA`).
    pub high_entropy_va: bool,
    /// Data is not executed (`IMAGE_DLLCHARACTERISTICS_NX_COMPAT`).
    pub dep: bool,
    /// Indirect calls are checked (`IMAGE_DLLCHARACTERISTICS_GUARD_CF`).
    pub cfg: bool,
    /// Whether there is an Authenticode signature. It is not checked.
    pub authenticode: bool,
}

/// Where a PE file's C runtime comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crt {
    /// No DLL of a C runtime is imported: it is linked in, or not used.
    Static,
    /// From DLLs.
    Dynamic,
    /// From DLLs that only machines with Visual Studio have (`VCRUNTIME140D.dll`, `ucrtbased.dll`).
    DynamicDebug,
}

/// The time stamp of a PE file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct TimeStamp {
    /// Not a time: zero, all ones, or a digest of the content (`IMAGE_DEBUG_TYPE_REPRO` says so).
    pub reproducible: bool,
    /// The number in the header; where it is a time, seconds since 1970-01-01 UTC.
    pub value: u32,
}
