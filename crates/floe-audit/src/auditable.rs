//! The dependency list that `cargo auditable` embeds: zlib-compressed JSON in the section `.dep-v0` (its `PARSING.md`).
//!
//! The facts hold only the number of packages; [`dependency_list`] reads all of it. A list that cannot be read has no count
//! and is not an error, because the program runs without it.

use std::io::{Read, Seek};

use flate2::bufread::ZlibDecoder;
use serde::Deserialize;

use super::error::{Error, Result};
use super::facts::Section;
use super::headers;
use super::reader::BinaryReader;
use super::{Auditable, EmbeddedCrate};

/// The largest list that is read, in bytes after decompression.
const INFLATED: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct DependencyList {
    packages: Vec<EmbeddedCrate>,
}

/// Reads the dependency list that `cargo auditable` embedded in a binary.
///
/// `None` if there is none, or if it is not in the format of `cargo auditable` or larger than 8 MiB after decompression.
///
/// # Errors
///
/// As [`facts`](super::facts()), but only the headers and the list are read.
pub fn dependency_list<S: Read + Seek>(mut file: S) -> Result<Option<Vec<EmbeddedCrate>>, Error> {
    let reader = BinaryReader::new(&mut file)?;
    Ok(section(&reader, &headers::read(reader.clone())?.sections)?.and_then(|bytes| packages(&bytes)))
}

pub(super) fn read(reader: &BinaryReader<'_>, sections: &[Section]) -> Result<Option<Auditable>> {
    let bytes = section(reader, sections)?;
    Ok(bytes.map(|bytes| Auditable {
        size: bytes.len() as u64,
        packages: packages(&bytes).map(|packages| packages.len() as u64),
    }))
}

fn section(reader: &BinaryReader<'_>, sections: &[Section]) -> Result<Option<Vec<u8>>> {
    let is_list = |section: &&Section| section.name == ".dep-v0" || section.name.ends_with(",.dep-v0");
    let Some(section) = sections.iter().find(is_list) else { return Ok(None) };
    reader.bytes("section `.dep-v0`", section.offset, section.size).map(Some)
}

/// Padding after the compressed data is ignored.
fn packages(section: &[u8]) -> Option<Vec<EmbeddedCrate>> {
    let mut json = Vec::new();
    ZlibDecoder::new(section).take(INFLATED + 1).read_to_end(&mut json).ok()?;
    if json.len() as u64 > INFLATED {
        return None;
    }
    serde_json::from_slice::<DependencyList>(&json).ok().map(|list| list.packages)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn deflate(text: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn count(section: &[u8]) -> Option<usize> {
        packages(section).map(|packages| packages.len())
    }

    #[test]
    fn a_list_is_counted_and_anything_else_is_not() {
        let json = br#"{"packages":[{"name":"a","version":"1.0.0","source":"local","root":true},
            {"name":"b","version":"2.0.0","source":"registry","dependencies":[0]}]}"#;
        let padded = [deflate(json), vec![0; 300]].concat();
        assert_eq!(count(&padded), Some(2));
        let list = packages(&padded).unwrap();
        assert_eq!((list[0].name.as_str(), list[0].root, list[1].source.as_str()), ("a", true, "registry"));
        assert_eq!(count(&deflate(b"{}")), None);
        assert_eq!(count(&deflate(br#"{"packages":[{"name":1,"version":"1.0.0","source":"local"}]}"#)), None);
        assert_eq!(count(&padded[..20]), None);
        assert_eq!(count(b""), None);
        assert_eq!(count(&deflate(&vec![b' '; 9 * 1024 * 1024])), None);
    }
}
