//! Picks the header reader by a file's first bytes.

use super::elf::ElfHeaders;
use super::error::{Result, unsupported};
use super::macho::MachoHeaders;
use super::pe::PeHeaders;
use super::reader::BinaryReader;

pub(super) const UNKNOWN: &str = "it is not a binary of a format that floe knows (ELF, Mach-O, PE)";

/// The headers of a binary, read by the one reader of its format.
pub(super) enum Headers {
    Elf(ElfHeaders),
    Macho(MachoHeaders),
    Pe(PeHeaders),
}

impl Headers {
    pub(super) fn read(reader: &mut BinaryReader<'_>) -> Result<Headers> {
        let magic = reader.bytes("magic", 0, reader.size().min(4))?;
        match *magic {
            [] => unsupported("it is empty"),
            [0x7f, b'E', b'L', b'F'] => ElfHeaders::read(reader).map(Headers::Elf),
            [0xfe, 0xed, 0xfa, 0xce] | [0xce, 0xfa, 0xed, 0xfe] => {
                unsupported("it is a 32-bit Mach-O file, and every macOS target of floe is 64-bit")
            }
            [0xfe, 0xed, 0xfa, 0xcf] | [0xcf, 0xfa, 0xed, 0xfe] => {
                MachoHeaders::read_thin(reader).map(Headers::Macho)
            }
            [0xca, 0xfe, 0xba, 0xbe | 0xbf] => MachoHeaders::read_universal(reader).map(Headers::Macho),
            [b'M', b'Z', ..] => PeHeaders::read(reader).map(Headers::Pe),
            [b'#', b'!', ..] => unsupported("it is a script, not an executable"),
            _ => unsupported(UNKNOWN),
        }
    }
}
