//! Facts about binaries, read from their bytes: what they are, what they run on and what they ask of a host.
//!
//! Pure: it takes bytes or a reader that hands them out piece by piece. It never trusts a number in a file: hostile
//! input gives an error, never a panic, a hang or memory beyond the file's size.

mod auditable;
mod elf;
mod facts;
mod foreign;
mod identify;
mod macho;
mod paths;
mod pe;
mod read;
mod source;
mod strings;

pub use facts::{
    Auditable, ElfFacts, Facts, Floor, FoundPath, Kind, PathKind, Paths, Relro, Rustc, Stack, Symbol,
    VersionNeed,
};
pub use foreign::{Crt, Dylib, DylibLoad, MachoFacts, PeFacts, Signature, SignatureKind, Slice, TimeStamp};
pub use identify::{Identity, identify};
pub use read::facts;
