//! The dependency list that `cargo auditable` embeds: zlib-compressed JSON (its `PARSING.md`).
//!
//! It only counts; a list that is none gives no number, never an error, because a binary runs without one.

use std::io::Read;

use flate2::bufread::ZlibDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// As much as it may inflate to, in bytes.
const INFLATED: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct List {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "version")]
    _version: IgnoredAny,
}

/// How many packages a list names; what stands behind the compressed data is padding.
pub(super) fn count_packages(section: &[u8]) -> Option<u64> {
    let mut json = Vec::new();
    ZlibDecoder::new(section).take(INFLATED + 1).read_to_end(&mut json).ok()?;
    if json.len() as u64 > INFLATED {
        return None;
    }
    serde_json::from_slice::<List>(&json).ok().map(|list| list.packages.len() as u64)
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
