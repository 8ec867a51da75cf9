//! Archives that floe never writes are refused, and nothing is unpacked outside of the folder.

use std::fs;
use std::io::{Cursor, Write as _};

use super::list;
use floe::package::archive::extract;
use floe_core::model::ArchiveKind;

use super::archive::{KINDS, PATHS, sample};

/// Type, name, content.
type TarEntry<'e> = (u8, &'e str, &'e [u8]);
/// Name, mode, content.
type ZipEntry<'e> = (&'e str, u32, &'e [u8]);

/// A tar.gz with entries that floe never writes.
fn tar_gz(entries: &[TarEntry<'_>]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for (kind, name, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_mtime(0);
        header.set_cksum();
        gzip.write_all(header.as_bytes()).unwrap();
        gzip.write_all(content).unwrap();
        gzip.write_all(&vec![0; content.len().next_multiple_of(512) - content.len()]).unwrap();
    }
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap()
}

/// A ZIP file of the same sort.
fn zip_of(entries: &[ZipEntry<'_>]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let attributes = mode << 16;
        let options = zip::write::SimpleFileOptions::DEFAULT
            .system(zip::System::Unix)
            .external_attributes(attributes)
            .compression_method(zip::CompressionMethod::Stored);
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn refused(kind: ArchiveKind, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    fs::write(&path, bytes).unwrap();
    let into = folder.path().join("deep/into");
    let listed = format!("{:#}", list(&path, kind).unwrap_err());
    extract(&path, kind, &into).unwrap_err();
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "something was unpacked outside: {listed}");
    listed.split_once("`: ").map(|(_, why)| why.to_owned()).unwrap_or(listed)
}

#[test]
fn hostile_tars_are_refused() {
    let cases: [(&[TarEntry<'_>], &str); 17] = [
        (&[(b'0', "/etc/passwd", b"x")], "`/etc/passwd` is absolute"),
        (&[(b'0', "a/../../b", b"x")], "`a/../../b` leaves the folder it is unpacked into"),
        (&[(b'0', "a\\b", b"x")], "`a\\\\b` has a backslash"),
        (&[(b'2', "a", b"")], "`a` is a link"),
        (&[(b'1', "a", b"")], "`a` is a link"),
        (&[(b'3', "a", b"")], "`a` is a device"),
        (&[(b'6', "a", b"")], "`a` is a device"),
        (&[(b'x', "a", b"16 path=../../b\n")], "it ends after a long name that belongs to no member"),
        (&[(b'x', "p", b"10 path=b\n"), (b'0', "a", b"")], "`b` has another name in its extended header"),
        (&[(b'x', "p", b"9 size=1\n"), (b'0', "a", b"1")], "it has an extended header with `size`"),
        (
            &[(b'x', "p", b"10 path=a\n"), (b'x', "p", b"10 path=a\n"), (b'0', "a", b"")],
            "it has two extended headers in a row",
        ),
        (&[(b'0', "a\u{202e}b", b"x")], "`a\\u{202e}b` has a control or an invisible character"),
        (&[(b'0', "e\u{301}", b"x")], "`e\\u{301}` is not spelled in Unicode's composed form (NFC)"),
        (&[(b'0', "Ä", b"1"), (b'0', "ä", b"2")], "`ä` and `Ä` differ only in case"),
        (&[(b'L', "././@LongLink", b"../b\0")], "`././@LongLink` is an entry of the unsupported type 'L'"),
        (&[(b'0', "a", b"1"), (b'0', "a", b"2")], "`a` is there twice"),
        (&[(b'0', "a", b"1"), (b'0', "a/b", b"2")], "`a` is both a file and a folder"),
    ];
    for (entries, why) in cases {
        assert_eq!(refused(ArchiveKind::TarGz, &tar_gz(entries)), why);
    }
}

#[test]
fn hostile_zips_are_refused() {
    let cases: [(&[ZipEntry<'_>], &str); 6] = [
        (&[("/etc/passwd", 0o100_644, b"x")], "`/etc/passwd` is absolute"),
        (&[("a/../../b", 0o100_644, b"x")], "`a/../../b` leaves the folder it is unpacked into"),
        (
            &[("C:/b", 0o100_644, b"x")],
            "`C:/b` has a character that Windows does not allow in a name (one of `<>:\"|?*`)",
        ),
        (&[("a", 0o120_777, b"/etc/passwd")], "`a` is a link"),
        (&[("a", 0o020_644, b"")], "`a` is a device"),
        (&[("a", 0o104_755, b"")], "`a` has the mode 4755"),
    ];
    for (entries, why) in cases {
        assert_eq!(refused(ArchiveKind::Zip, &zip_of(entries)), why);
    }
    // Two entries of one name: the second is renamed in both of its headers after writing.
    let mut twice = zip_of(&[("aaaa", 0o100_644, b"1"), ("bbbb", 0o100_644, b"2")]);
    for at in 0..twice.len() - 4 {
        if &twice[at..at + 4] == b"bbbb" {
            twice[at..at + 4].copy_from_slice(b"aaaa");
        }
    }
    assert!(refused(ArchiveKind::Zip, &twice).contains("duplicate file names"));
    // The index says another name than the entry.
    let mut other = zip_of(&[("aaaa", 0o100_644, b"1")]);
    let at = other.windows(4).position(|bytes| bytes == b"aaaa").unwrap();
    other[at] = b'b';
    assert!(refused(ArchiveKind::Zip, &other).starts_with("its index does not agree with its entries"));
    // The flag for UTF-8 is gone from both headers.
    let mut unmarked = zip_of(&[("ä", 0o100_644, b"1")]);
    let headers: Vec<usize> =
        (0..unmarked.len() - 4).filter(|at| unmarked[*at..].starts_with(b"PK")).collect();
    for at in headers {
        match unmarked[at + 2] {
            3 => unmarked[at + 7] = 0,
            1 => unmarked[at + 9] = 0,
            _ => {}
        }
    }
    assert_eq!(refused(ArchiveKind::Zip, &unmarked), "`ä` has a name that is not marked as UTF-8");
    let mut comment = zip_of(&[("a", 0o100_644, b"1")]);
    let length = comment.len();
    comment[length - 2] = 1;
    comment.push(b'!');
    assert!(refused(ArchiveKind::Zip, &comment).ends_with("or a comment after it"));
}

#[test]
fn a_changed_or_cut_archive_is_refused() {
    for kind in KINDS {
        let files = sample();
        let bytes = fs::read(files.pack(kind, &PATHS).unwrap().1).unwrap();
        for length in [0, 1, 10, 21, 600, bytes.len() / 2, bytes.len() - 1] {
            refused(kind, &bytes[..length]);
        }
        for at in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 6] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            refused(kind, &flipped);
        }
        let mut longer = bytes.clone();
        longer.extend_from_slice(b"more");
        refused(kind, &longer);
    }
    // A second gzip member, which gunzip would read on into.
    let two = [tar_gz(&[(b'0', "a", b"1")]), tar_gz(&[(b'0', "b", b"2")])].concat();
    assert_eq!(refused(ArchiveKind::TarGz, &two), "it has data after its gzip member");
}
