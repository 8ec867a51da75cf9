//! Says what an executable is, from its headers alone.
//!
//! It never looks behind the headers; [`super::Facts`] are for that.

pub(super) mod elf;
pub(super) mod macho;
pub(super) mod pe;

use std::fmt;

use object::read::ReadRef;

use crate::{Arch, Format};

/// What an executable is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its format.
    pub format: Format,
    /// The instruction sets it has code for, never empty. Only a universal Mach-O has more than one.
    pub arches: Vec<Arch>,
    /// The program that must be on the host to load it (ELF's `PT_INTERP`); a static ELF has none.
    pub interpreter: Option<String>,
    /// How many bytes the headers speak of: a file with fewer was cut off.
    pub extent: u64,
}

impl Identity {
    /// The instruction set, if it has code for exactly one.
    pub fn arch(&self) -> Option<Arch> {
        match self.arches[..] {
            [arch] => Some(arch),
            _ => None,
        }
    }

    /// Whether it has exactly this format and this instruction set.
    pub fn is_for(&self, format: Format, arch: Arch) -> bool {
        self.format == format && self.arch() == Some(arch)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arches = self.arches.iter().map(ToString::to_string).collect::<Vec<_>>();
        write!(f, "{} for {}", self.format, arches.join(" and "))
    }
}

/// Says what an executable is, from its first bytes.
///
/// `data` may be the whole file, a reader over it, or a beginning that is long enough for the headers and the
/// interpreter's name. Whether the file is complete is for the caller to see: compare its size with
/// [`Identity::extent`].
///
/// # Errors
///
/// It is not an executable of a format and an instruction set that floe has a target for, or its headers contradict
/// themselves. The text is a clause about the file: "it is a shell script, not an executable".
pub fn identify<'data, R: ReadRef<'data>>(data: R) -> Result<Identity, String> {
    let length = data.len().map_err(|_| "its size cannot be read".to_owned())?;
    let magic =
        data.read_bytes_at(0, length.min(4)).map_err(|_| "its first bytes cannot be read".to_owned())?;
    match *magic {
        [] => Err("it is empty".to_owned()),
        [0x7f, b'E', b'L', b'F'] => elf::kind(data),
        [0xfe, 0xed, 0xfa, 0xce] | [0xce, 0xfa, 0xed, 0xfe] => {
            Err("it is a 32-bit Mach-O file, and no target of floe is 32-bit".to_owned())
        }
        [0xfe, 0xed, 0xfa, 0xcf] | [0xcf, 0xfa, 0xed, 0xfe] => macho::kind(data),
        [0xca, 0xfe, 0xba, 0xbe] => macho::universal::<object::macho::FatArch32, R>(data),
        [0xca, 0xfe, 0xba, 0xbf] => macho::universal::<object::macho::FatArch64, R>(data),
        [b'M', b'Z', ..] => pe::kind(data),
        [b'#', b'!', ..] => Err("it is a script, not an executable".to_owned()),
        _ => Err("it is not an executable of a format that floe knows (ELF, Mach-O, PE)".to_owned()),
    }
}

/// The error for a header that is not where it should be.
fn broken(what: &str) -> impl Fn(object::read::Error) -> String {
    move |error| format!("its {what} is broken or cut off ({error})")
}

/// The end of a piece of the file, in bytes from its beginning; hostile numbers must not wrap around.
fn end(what: &str, offset: u64, size: u64) -> Result<u64, String> {
    offset.checked_add(size).ok_or_else(|| format!("its {what} is broken (it ends beyond any file)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_executable_is_named() {
        for (bytes, part) in [
            (&b""[..], "it is empty"),
            (b"#!/bin/sh\n", "it is a script"),
            (b"MZ", "its DOS header is broken or cut off"),
            (b"\x7fELF", "its ELF header is broken or cut off"),
            (b"\xcf\xfa\xed\xfe", "its Mach-O header is broken or cut off"),
            (b"\xca\xfe\xba\xbe", "its universal Mach-O header is broken or cut off"),
            (b"\xce\xfa\xed\xfe", "it is a 32-bit Mach-O"),
            (b"hi", "it is not an executable"),
        ] {
            let error = identify(bytes).unwrap_err();
            assert!(error.starts_with(part), "{bytes:?}: {error}");
        }
    }
}
