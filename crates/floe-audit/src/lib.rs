//! Facts about binaries, read from their bytes: what they are, what they run on and what they ask of a host.
//!
//! Pure: it takes bytes or a reader that hands them out piece by piece. It never trusts a number in a file: hostile
//! input gives an error, never a panic, a hang or memory beyond the file's size.

mod auditable;
mod contract;
mod elf;
mod facts;
mod identify;
mod macho;
mod paths;
mod pe;
mod read;
mod rule;
pub mod rules;
mod source;
mod strings;

pub use contract::{Arch, Contract, Format};
pub use facts::{
    Auditable, Crt, Dylib, DylibLoad, ElfFacts, Facts, Floor, FoundPath, Kind, MachoFacts, PathKind, Paths,
    PeFacts, Relro, Rustc, Signature, SignatureKind, Slice, Stack, Symbol, TimeStamp, VersionNeed, above,
};
pub use identify::{Identity, identify};
pub use read::{facts, facts_passing, section_at};
pub use rule::Rule;
