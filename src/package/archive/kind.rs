//! Recognises archives by their content.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;

use floe_core::model::ArchiveKind;
use floe_core::untrusted::files;

/// The size of a header of tar, in bytes.
const HEADER: usize = 512;

/// The format of the archive at `path`, whatever it is called; `None` if it is no archive.
pub fn kind(path: &Path) -> anyhow::Result<Option<ArchiveKind>> {
    let failed = || format!("`{}` cannot be read", path.display());
    let mut start = Vec::new();
    let mut file = files::open(path).with_context(failed)?;
    (&mut file).take(4).read_to_end(&mut start).with_context(failed)?;
    match start.as_slice() {
        // The head of an entry, or of the directory of an archive without any (APPNOTE 4.3.7 and 4.3.16).
        b"PK\x03\x04" | b"PK\x05\x06" => Ok(Some(ArchiveKind::Zip)),
        [0x1f, 0x8b, ..] => {
            let mut header = Vec::new();
            let rest = start.as_slice().chain(file);
            // A file that cannot be unpacked is none.
            let _ = MultiGzDecoder::new(rest).take(HEADER as u64).read_to_end(&mut header);
            let is_tar = header.get(257..262) == Some(b"ustar") || header == [0; HEADER];
            Ok(is_tar.then_some(ArchiveKind::TarGz))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_content_decides() {
        let folder = tempfile::tempdir().unwrap();
        let of = |bytes: &[u8]| {
            let path = folder.path().join("file.zip");
            std::fs::write(&path, bytes).unwrap();
            kind(&path).unwrap()
        };
        let gzip = |bytes: &[u8]| {
            let mut gzip = super::super::Gzip::new(Vec::new()).unwrap();
            gzip.write_all(bytes).unwrap();
            gzip.finish().unwrap()
        };
        let mut header = [0; HEADER];
        header[257..262].copy_from_slice(b"ustar");
        assert_eq!(of(b"PK\x03\x04rest"), Some(ArchiveKind::Zip));
        assert_eq!(of(&gzip(&header)), Some(ArchiveKind::TarGz));
        assert_eq!(of(&gzip(&[0; 1024])), Some(ArchiveKind::TarGz));
        for other in [&b""[..], b"PK", b"\x7fELF", &gzip(b"a page of the manual"), &[0x1f, 0x8b], &header] {
            assert_eq!(of(other), None);
        }
    }
}
