//! The debug directory of a PE file (Microsoft, "PE Format", "The .debug Section").
//!
//! It holds the name of the PDB file, and whether the time stamps are digests. The PDB file itself is not read.

use object::LittleEndian as LE;
use object::pe::{self, ImageDebugDirectory};

use super::Image;
use crate::error::{Result, too_large};
use crate::text::{named, until_zero, uuid};

const PART: &str = "PE debug directory";
/// More entries than any linker writes.
const MAX_ENTRIES: u64 = 256;
/// The signature, the identifier and the age before the path, in bytes.
const CODEVIEW: u64 = 24;
/// The longest path of a PDB file that is read, in bytes.
const MAX_PATH: u64 = 4096;

/// `IMAGE_DEBUG_TYPE_COFF` and others.
const KINDS: &str =
    "1=coff 2=codeview 4=misc 12=vc_feature 13=pogo 14=iltcg 16=repro 20=ex_dllcharacteristics";

#[derive(Default)]
pub(super) struct DebugDirectory {
    pub(super) kinds: Vec<String>,
    /// The identifier and the age of the PDB.
    pub(super) id: Option<String>,
    pub(super) pdb_path: Option<String>,
    pub(super) reproducible: bool,
}

pub(super) fn read(image: &Image<'_>) -> Result<DebugDirectory> {
    let mut debug = DebugDirectory::default();
    let Some((address, size)) = image.directory(pe::IMAGE_DIRECTORY_ENTRY_DEBUG) else {
        return Ok(debug);
    };
    let count = size / size_of::<ImageDebugDirectory>() as u64;
    if count > MAX_ENTRIES {
        return Err(too_large(PART));
    }
    let (at, _) = image.offset(PART, address)?;
    let entries: Vec<ImageDebugDirectory> = image.reader.pods(PART, at, count)?;
    for entry in entries {
        let kind = entry.typ.get(LE);
        debug.kinds.push(named(kind.0, KINDS));
        debug.reproducible |= kind == pe::IMAGE_DEBUG_TYPE_REPRO;
        let size = u64::from(entry.size_of_data.get(LE));
        if kind == pe::IMAGE_DEBUG_TYPE_CODEVIEW && debug.id.is_none() && size >= CODEVIEW {
            let at = entry.pointer_to_raw_data.get(LE).into();
            let bytes = image.reader.bytes(PART, at, size.min(CODEVIEW + MAX_PATH))?;
            let (id, path) = codeview(&bytes).unzip();
            debug.id = id;
            debug.pdb_path = path.filter(|path| !path.is_empty());
        }
    }
    Ok(debug)
}

/// The identifier with the age, and the path, of a CodeView entry for PDB 7.0 (`RSDS`). Others have neither.
fn codeview(bytes: &[u8]) -> Option<(String, String)> {
    let (guid, rest) = bytes.strip_prefix(b"RSDS")?.split_first_chunk()?;
    let (age, path) = rest.split_first_chunk()?;
    // The first three parts of an identifier are little-endian numbers.
    let mut guid = *guid;
    guid[..4].reverse();
    guid[4..6].reverse();
    guid[6..8].reverse();
    Some((format!("{}-{}", uuid(guid), u32::from_le_bytes(*age)), until_zero(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_written_as_microsoft_does() {
        let mut bytes = b"RSDS".to_vec();
        bytes.extend(1..=16);
        bytes.extend(7_u32.to_le_bytes());
        bytes.extend(b"floe.pdb\0");
        let (id, path) = codeview(&bytes).unwrap();
        assert_eq!(id, "04030201-0605-0807-090A-0B0C0D0E0F10-7");
        assert_eq!(path, "floe.pdb");
        assert_eq!(codeview(b"NB10"), None);
        assert_eq!(codeview(b"RSDS\0"), None);
    }
}
