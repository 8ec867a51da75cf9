//! Picks the reader of a format by a file's first bytes, and identifies an executable from its headers alone.

use std::fmt;
use std::io::{Read, Seek};

use super::error::{Error, Result, unsupported};
use super::facts::Section;
use super::macho::signature::SignaturePlace;
use super::reader::BinaryReader;
use super::{Facts, elf, macho, pe};
use crate::{Arch, Format};

pub(super) const UNKNOWN: &str = "it is not a binary of a format that floe knows (ELF, Mach-O, PE)";

/// The headers of a binary.
pub(super) struct Headers<'f> {
    /// All facts but those of the content, of debug information and of signatures.
    pub(super) facts: Facts,
    /// Where two sections overlap, the first one counts.
    pub(super) sections: Vec<Section>,
    /// Whether it has an entry point, as every executable has. So do some ELF libraries, such as the loader itself.
    pub(super) has_entry: bool,
    /// For each slice of a Mach-O file, the place of its signature, if it has one. The signature is read only for facts,
    /// because everything that it signs is read with it.
    pub(super) signatures: Vec<Option<SignaturePlace<'f>>>,
}

pub(super) fn read<'f>(reader: BinaryReader<'f>) -> Result<Headers<'f>> {
    let magic = reader.bytes("magic", 0, reader.size.min(4))?;
    match *magic {
        [] => unsupported("it is empty"),
        [0x7f, b'E', b'L', b'F'] => elf::read(reader),
        [0xfe, 0xed, 0xfa, 0xce] | [0xce, 0xfa, 0xed, 0xfe] => {
            unsupported("it is a 32-bit Mach-O file, and every macOS target of floe is 64-bit")
        }
        [0xfe, 0xed, 0xfa, 0xcf] => {
            unsupported("it is a big-endian Mach-O file, and no target of floe is big-endian")
        }
        [0xcf, 0xfa, 0xed, 0xfe] => macho::read_thin(reader),
        [0xca, 0xfe, 0xba, 0xbe | 0xbf] => macho::read_universal(reader),
        [b'M', b'Z', ..] => pe::read(reader),
        [b'#', b'!', ..] => unsupported("it is a script, not an executable"),
        _ => unsupported(UNKNOWN),
    }
}

/// The kind of an executable, and the hosts that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// The file format.
    pub format: Format,
    /// The instruction sets it has code for, never empty. Only a universal Mach-O file has more than one.
    pub arches: Vec<Arch>,
    /// The program that the kernel starts to load it (ELF `PT_INTERP`). `None` for a static ELF file, for Mach-O and for
    /// PE.
    pub interpreter: Option<String>,
}

impl Executable {
    /// Whether it has exactly this format and this instruction set.
    pub fn is_for(&self, format: Format, arch: Arch) -> bool {
        self.format == format && self.arches == [arch]
    }
}

impl fmt::Display for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arches = self.arches.iter().map(ToString::to_string).collect::<Vec<_>>();
        write!(f, "{} for {}", self.format, arches.join(" and "))
    }
}

/// Identifies an executable, and checks that everything its headers describe is in the file.
///
/// Its content is not read, however large the file is, and neither is the signature of a Mach-O file.
///
/// # Errors
///
/// [`Error::Unsupported`] if the file is not an executable of a format and an instruction set that this crate reads;
/// libraries are refused. Any other [`Error`] as in [`facts`](super::facts()).
pub fn identify<S: Read + Seek>(mut file: S) -> Result<Executable, Error> {
    let headers = read(BinaryReader::new(&mut file)?)?;
    let Facts { format, arches, elf, .. } = headers.facts;
    if !headers.has_entry {
        let library = match format {
            Format::Elf => "an ELF file without an entry point: a library",
            Format::Macho => "a Mach-O library",
            Format::Pe => "a DLL",
        };
        return unsupported(format!("it is {library}, not an executable"));
    }
    Ok(Executable { format, arches, interpreter: elf.and_then(|elf| elf.interpreter) })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_file_that_is_not_an_executable_is_named() {
        for (bytes, part) in [
            (&b""[..], "it is empty"),
            (b"#!/bin/sh\n", "it is a script"),
            (b"MZ", "its DOS header is broken or cut off"),
            (b"\x7fELF", "its ELF header is broken or cut off"),
            (b"\xcf\xfa\xed\xfe", "its Mach-O header is broken or cut off"),
            (b"\xca\xfe\xba\xbe", "its universal Mach-O header is broken or cut off"),
            (b"\xce\xfa\xed\xfe", "it is a 32-bit Mach-O"),
            (b"\xfe\xed\xfa\xcf", "it is a big-endian Mach-O"),
            (b"hi", "it is not a binary of a format that floe knows"),
        ] {
            let error = identify(Cursor::new(bytes)).unwrap_err().to_string();
            assert!(error.starts_with(part), "{bytes:?}: {error}");
        }
    }
}
