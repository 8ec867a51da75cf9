//! Picks the header reader by a file's first bytes.

use super::error::{Result, unsupported};
use super::facts::Section;
use super::reader::BinaryReader;
use super::{Executable, Facts, elf, macho, pe};

pub(super) const UNKNOWN: &str = "it is not a binary of a format that floe knows (ELF, Mach-O, PE)";

/// The headers of a binary of some format.
pub(super) trait Headers {
    /// An error for a library.
    fn identity(self: Box<Self>) -> Result<Executable>;

    fn facts(self: Box<Self>) -> Result<(Facts, Vec<Section>)>;
}

pub(super) fn read<'f>(reader: BinaryReader<'f>) -> Result<Box<dyn Headers + 'f>> {
    let magic = reader.bytes("magic", 0, reader.size().min(4))?;
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
