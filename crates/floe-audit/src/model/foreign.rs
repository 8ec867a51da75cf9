//! The facts that only Mach-O files or only PE files have.

use serde::{Deserialize, Serialize};

use super::BinaryKind;
use crate::Arch;

/// The facts that only Mach-O files have (Apple's `mach-o/loader.h` and `mach-o/fat.h`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachoFacts {
    /// Whether it is universal, which means that a table lists its slices, even if there is only one.
    pub universal: bool,
    /// One for each instruction set, never empty. A thin file is one slice.
    pub slices: Vec<Slice>,
}

/// The part of a Mach-O file that is for one instruction set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Its instruction set.
    pub arch: Arch,
    /// How the loader treats it.
    pub kind: BinaryKind,
    /// Its offset in the file in bytes.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Whether its local symbols were removed.
    pub stripped: bool,
    /// Whether it contains DWARF.
    pub debug_info: bool,
    /// `LC_UUID` as `XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The platform of `LC_BUILD_VERSION` or `LC_VERSION_MIN_*`: `macos`, `ios`, …, or its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The oldest version of the platform that it starts on, as `11.0` or `10.13.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_os: Option<String>,
    /// The SDK that it was linked with, as `14.2`. Absent if the linker wrote none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// The loader it needs (`LC_LOAD_DYLINKER`), such as `/usr/lib/dyld`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dylinker: Option<String>,
    /// Its path for programs that link to it (`LC_ID_DYLIB`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_name: Option<String>,
    /// The libraries it needs, in the file's order.
    pub dylibs: Vec<Dylib>,
    /// The folders of every `LC_RPATH`, in the file's order.
    pub rpaths: Vec<String>,
    /// Its signature.
    pub signature: SliceSignature,
}

/// A library that a Mach-O file needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dylib {
    /// Its install name: an absolute path, or one that begins with `@rpath/`, `@executable_path/` or `@loader_path/`.
    pub path: String,
    /// How it is loaded.
    pub load: DylibLoad,
    /// The version that the file was linked with, as `1351.0.0`.
    pub current_version: String,
    /// The oldest version that is sufficient, as `1.0.0`.
    pub compatibility_version: String,
}

/// How a library is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DylibLoad {
    /// `LC_LOAD_DYLIB`.
    Load,
    /// `LC_LOAD_WEAK_DYLIB`: the library may be absent.
    Weak,
    /// `LC_REEXPORT_DYLIB`.
    Reexport,
    /// `LC_LAZY_LOAD_DYLIB`.
    Lazy,
    /// `LC_LOAD_UPWARD_DYLIB`.
    Upward,
}

/// The signature of a slice (`LC_CODE_SIGNATURE`; Apple's `kern/cs_blobs.h`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SliceSignature {
    /// Who signed it.
    pub kind: SignatureKind,
    /// The identifier of the signed program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The identifier of the signer's team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Whether the linker made it, and not `codesign` (`CS_LINKER_SIGNED`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub linker_signed: bool,
    /// Whether it enables the hardened runtime, which notarisation demands (`CS_RUNTIME`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hardened_runtime: bool,
    /// Whether every page matches the digest that was signed. `None` if there is no signature, or none with SHA-256 digests.
    /// Certificates are not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intact: Option<bool>,
    /// The first mismatch, as a clause: `the page at offset 16384 has another digest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<String>,
}

/// Who made a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    /// There is no signature.
    #[default]
    None,
    /// It has digests but no certificate (`CS_ADHOC`, or no CMS blob).
    AdHoc,
    /// A certificate of Apple's "Developer ID Application" kind, for programs outside the App Store.
    DeveloperId,
    /// Another certificate.
    Certificate,
}

/// The facts that only PE files have (Microsoft, "PE Format").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeFacts {
    /// `windows_cui` (console), `windows_gui`, `native`, …, or its number.
    pub subsystem: String,
    /// The oldest Windows that starts it, as `6.0` (the subsystem version in the optional header).
    pub subsystem_version: String,
    /// The DLLs it needs at the start, in the file's order and spelling.
    pub imports: Vec<String>,
    /// The DLLs it needs when one of their functions is first called.
    pub delay_imports: Vec<String>,
    /// Where its C runtime comes from.
    pub crt: Crt,
    /// The DLLs of the C runtime among the imports.
    pub crt_dlls: Vec<String>,
    /// The kinds of the debug directory's entries, such as `codeview`, `repro`, `pogo`, or their numbers.
    pub debug_directory: Vec<String>,
    /// The path of the PDB file, as the linker wrote it (CodeView).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdb_path: Option<String>,
    /// The time stamp of the COFF header.
    pub timestamp: TimeStamp,
    /// Whether it may be loaded at any address (`IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE`).
    pub aslr: bool,
    /// Whether that address may be above 4 GiB (`IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA`).
    pub high_entropy_va: bool,
    /// Whether data is protected from execution (`IMAGE_DLLCHARACTERISTICS_NX_COMPAT`).
    pub dep: bool,
    /// Whether indirect calls are checked (`IMAGE_DLLCHARACTERISTICS_GUARD_CF`).
    pub cfg: bool,
    /// Whether it has an Authenticode signature, which is not checked.
    pub authenticode: bool,
    /// The subject of the certificate that it was signed with, as RFC 4514 writes it, such as `CN=Acme Ltd.`. The signature
    /// and the certificate are not checked, because the host decides which ones it trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

impl PeFacts {
    /// Every DLL that it needs, each once: Windows compares names without case, and a program may spell one in two ways.
    pub fn libraries(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for dll in self.imports.iter().chain(&self.delay_imports) {
            if !all.iter().any(|other| other.eq_ignore_ascii_case(dll)) {
                all.push(dll);
            }
        }
        all
    }
}

/// Where a PE file's C runtime comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crt {
    /// It is linked in or not used: no DLL of a C runtime is imported.
    Static,
    /// From DLLs, which may be a part of Windows (`msvcrt.dll`, `ucrtbase.dll`).
    Dynamic,
    /// From DLLs that only machines with Visual Studio have (`VCRUNTIME140D.dll`, `ucrtbased.dll`).
    DynamicDebug,
}

/// The time stamp of a PE file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct TimeStamp {
    /// Whether it does not depend on the time of the build: it is zero, all ones, or a digest of the content
    /// (`IMAGE_DEBUG_TYPE_REPRO`).
    pub reproducible: bool,
    /// The value in the header. If it is a time, in seconds since 1970-01-01 UTC.
    pub value: u32,
}
