//! Why a file has no facts.

use std::{fmt, io};

use crate::{Arch, Format};

/// Why a file could not be identified or read.
///
/// Its text is a clause that completes "`floe.exe` is refused: …" and does not name the file:
/// `it is a script, not an executable`, `its ELF section table is broken or cut off`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not one of the binaries that this crate reads: a text or a script, an object file, a program for
    /// another instruction set or, for [`identify`](super::identify), a library. Nothing is wrong with the file itself.
    #[error("{0}")]
    Unsupported(String),
    /// The file was cut off, or its headers contradict themselves or describe more than any linker writes.
    #[error("{0}")]
    Malformed(String),
    /// The underlying reader failed.
    #[error("it cannot be read ({0})")]
    Io(io::Error),
}

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

pub(super) fn unsupported<T>(clause: impl Into<String>) -> Result<T> {
    Err(Error::Unsupported(clause.into()))
}

/// The instruction set of a file of `bits`, if a target has it. `machine` is the number in the header.
pub(super) fn of_target(
    arch: Option<Arch>,
    bits: u8,
    format: Format,
    machine: impl fmt::Display,
) -> Result<Arch> {
    match arch.filter(|arch| arch.bits() == bits) {
        Some(arch) => Ok(arch),
        None => unsupported(format!(
            "it is a {bits}-bit {format} file for machine {machine}, which no target of floe has"
        )),
    }
}

pub(super) fn malformed(part: &str, why: impl fmt::Display) -> Error {
    Error::Malformed(format!("its {part} is broken ({why})"))
}

/// Adapts the errors of the `object` crate, which do not name the part.
pub(super) fn broken(part: &str) -> impl Fn(object::read::Error) -> Error {
    move |why| malformed(part, why)
}

pub(super) fn cut_off(part: &str) -> Error {
    Error::Malformed(format!("its {part} is broken or cut off"))
}

pub(super) fn too_large(part: &str) -> Error {
    malformed(part, "it is larger than any linker writes")
}
