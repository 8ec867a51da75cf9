//! Reads the facts of a binary, such as what it needs from its host, and judges it by the promises of a target.
//!
//! Three formats are read, each by one reader: ELF for x86_64, aarch64, arm and riscv64, Mach-O (thin and universal) for
//! x86_64 and aarch64, and PE for x86_64, aarch64 and x86. No code of the binary is run, and nothing is looked up outside
//! the file.
//!
//! - [`identify`] reads the headers of an executable: format, instruction sets, interpreter.
//! - [`facts`] reads everything: linked libraries, symbol versions, minimum operating systems, signatures, hardening, and
//!   the paths of the build machine that were compiled in.
//! - [`rules::judge`] compares facts with a [`Contract`] and reports the broken [`Rule`]s.
//!
//! Files are treated as hostile: no input makes a reader panic or hang, and memory and work are bounded. Offsets and sizes
//! are in bytes, and offsets count from the beginning of the file unless their documentation differs.

/// Displays values of an enum by the names that serde gives them.
#[macro_export]
macro_rules! display_as_serde {
    ($($type:ty),*) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                serde::Serialize::serialize(self, f)
            }
        }
    )*};
}

mod auditable;
mod contract;
mod elf;
mod error;
mod facts;
mod headers;
mod macho;
mod model;
mod paths;
mod pe;
mod reader;
pub mod rules;
mod strings;
mod text;
mod windows;

pub use auditable::dependency_list;
pub use contract::{Arch, Contract, FloatAbi, Format};
pub use error::Error;
pub use facts::facts;
pub use headers::{Executable, identify};
pub use model::{
    Auditable, BinaryKind, Crt, Dylib, DylibLoad, ElfFacts, EmbeddedCrate, Facts, Floor, FoundPath,
    MachoFacts, PathKind, Paths, PeFacts, Relro, Rustc, SignatureKind, Slice, SliceSignature, Stack, Symbol,
    TimeStamp, VersionNeed, above,
};
pub use rules::{Rule, RuleKind};
