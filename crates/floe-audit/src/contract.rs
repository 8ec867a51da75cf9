//! A contract: the properties that a portable binary must have on one platform.
//!
//! It is plain data that the caller reads from its own table of targets.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The instruction set of a binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64, also known as amd64.
    X86_64,
    /// AArch64, also known as arm64.
    Aarch64,
    /// 32-bit x86, also known as i686.
    X86,
    /// 32-bit Arm, also known as armv7.
    Arm,
    /// 64-bit RISC-V.
    Riscv64,
}

/// How a function of Arm or RISC-V gets floating-point arguments. Code of two conventions cannot be linked together, and
/// the libraries of a system have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FloatAbi {
    /// In integer registers.
    Soft,
    /// In floating-point registers (Arm).
    Hard,
    /// In floating-point registers of 32 bits (RISC-V).
    Single,
    /// In floating-point registers of 64 bits (RISC-V).
    Double,
    /// In floating-point registers of 128 bits (RISC-V).
    Quad,
}

/// The format of an executable file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Linux executables.
    Elf,
    /// macOS executables.
    Macho,
    /// Windows executables.
    Pe,
}

/// The requirements that a binary may have on its host.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contract {
    /// The standard loader (`PT_INTERP`).
    pub interpreter: Option<String>,
    /// The libraries that every such host has; a `*` at the end matches any suffix. A Windows has its own libraries as well,
    /// which are not listed here.
    pub libraries: Vec<String>,
    /// The highest symbol version by family: `GLIBC` at most `2.17`.
    pub floors: BTreeMap<String, String>,
    /// The convention for floating-point arguments, where the instruction set has several.
    pub float_abi: Option<FloatAbi>,
    /// No loader and no library is allowed.
    #[serde(rename = "static")]
    pub is_static: bool,
    /// The oldest macOS that must start it.
    pub min_os: Option<String>,
    /// The C runtime must be linked in or be a part of the system.
    pub crt_static: bool,
}

impl Arch {
    /// The width of its addresses in bits.
    pub fn bits(self) -> u8 {
        match self {
            Arch::X86_64 | Arch::Aarch64 | Arch::Riscv64 => 64,
            Arch::X86 | Arch::Arm => 32,
        }
    }
}

impl Contract {
    /// Whether a library is one of those that every such host has.
    pub fn has_library(&self, library: &str) -> bool {
        self.libraries.iter().any(|known| match known.strip_suffix('*') {
            Some(prefix) => library.starts_with(prefix),
            None => library == known,
        })
    }
}

display_as_serde!(Arch, FloatAbi);

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Elf => "ELF",
            Format::Macho => "Mach-O",
            Format::Pe => "PE",
        })
    }
}
