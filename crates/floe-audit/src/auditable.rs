//! The dependency list that `cargo auditable` embeds: zlib-compressed JSON in the section `.dep-v0` (its `PARSING.md`).
//!
//! Only the packages are counted. A list that cannot be read has no count and is not an error, because the program runs
//! without it.

use std::io::Read as _;

use flate2::bufread::ZlibDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Auditable;
use super::error::Result;
use super::facts::Section;
use super::reader::BinaryReader;

/// The largest list that is read, in bytes after decompression.
const INFLATED: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct DependencyList {
    packages: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "version")]
    _version: IgnoredAny,
}

pub(super) fn read(reader: &mut BinaryReader<'_>, sections: &[Section]) -> Result<Option<Auditable>> {
    let is_list = |section: &&Section| section.name == ".dep-v0" || section.name.ends_with(",.dep-v0");
    let Some(section) = sections.iter().find(is_list) else { return Ok(None) };
    let bytes = reader.bytes("section `.dep-v0`", section.offset, section.size)?;
    Ok(Some(Auditable { size: section.size, packages: count_packages(&bytes) }))
}

/// Padding after the compressed data is ignored.
fn count_packages(section: &[u8]) -> Option<u64> {
    let mut json = Vec::new();
    ZlibDecoder::new(section).take(INFLATED + 1).read_to_end(&mut json).ok()?;
    if json.len() as u64 > INFLATED {
        return None;
    }
    serde_json::from_slice::<DependencyList>(&json).ok().map(|list| list.packages.len() as u64)
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

    #[test]
    fn a_list_is_counted_and_anything_else_is_not() {
        let json = br#"{"packages":[{"name":"a","version":"1.0.0","source":"local","root":true},
            {"name":"b","version":"2.0.0","source":"registry","dependencies":[0]}]}"#;
        let padded = [deflate(json), vec![0; 300]].concat();
        assert_eq!(count_packages(&padded), Some(2));
        assert_eq!(count_packages(&deflate(b"{}")), None);
        assert_eq!(count_packages(&padded[..20]), None);
        assert_eq!(count_packages(b""), None);
        assert_eq!(count_packages(&deflate(&vec![b' '; 9 * 1024 * 1024])), None);
    }
}
