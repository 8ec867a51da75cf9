//! Archives: the same bytes every time, readable for other programs, and no harm from a hostile one.

use std::fs::{self, File, OpenOptions};
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect;
use floe::package::archive::{Contents, Item, Packed, copy, extract, list, write};
use floe_core::model::{ArchiveKind, Digest};
use tempfile::TempDir;

use crate::support::peers::peer;

const KINDS: [ArchiveKind; 2] = [ArchiveKind::TarGz, ArchiveKind::Zip];
/// 2024-02-29 12:34:56 UTC.
const EPOCH: u64 = 1_709_210_096;

/// A folder with files; the archive's items are its files.
struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Files(folder)
    }

    fn item(&self, path: &str) -> Item {
        Item { path: path.to_owned(), file: self.0.path().join(path), executable: path == "tool" }
    }

    fn pack(&self, kind: ArchiveKind, paths: &[&str]) -> anyhow::Result<(Packed, PathBuf)> {
        let items = paths.iter().map(|path| self.item(path)).collect();
        let contents = Contents { top: "tool-target".to_owned(), epoch: EPOCH, items };
        let path = self.0.path().join(format!("archive.{kind}"));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok((write(&contents, kind, &mut file, &mut copy)?, path))
    }

    fn refused(&self, kind: ArchiveKind, paths: &[&str]) -> String {
        format!("{:#}", self.pack(kind, paths).map(|(packed, _)| packed.size).unwrap_err())
    }
}

/// Text that compresses, and some that does not.
fn content(seed: u32, size: usize) -> Vec<u8> {
    let mut state = seed;
    (0..size)
        .map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if index / 1000 % 2 == 0 { b"the quick brown fox "[index % 20] } else { (state >> 24) as u8 }
        })
        .collect()
}

fn sample() -> Files {
    Files::new(&[
        ("tool", &content(1, 300_000)),
        ("README.md", b"# tool\n"),
        ("LICENSE-MIT", &content(2, 1_100)),
        ("man/tool.1", &content(3, 512)),
        ("completions/tool.bash", b""),
    ])
}

const PATHS: [&str; 5] = ["tool", "man/tool.1", "README.md", "completions/tool.bash", "LICENSE-MIT"];

#[test]
fn written_files_are_listed_and_unpacked() {
    for kind in KINDS {
        let files = sample();
        let (packed, path) = files.pack(kind, &PATHS).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!((packed.size, packed.digest), (bytes.len() as u64, Digest::of(&bytes)));
        let shown: Vec<String> =
            packed.entries.iter().map(|entry| format!("{:o} {}", entry.mode, entry.path)).collect();
        assert_eq!(
            shown,
            [
                "644 tool-target/LICENSE-MIT",
                "644 tool-target/README.md",
                "644 tool-target/completions/tool.bash",
                "644 tool-target/man/tool.1",
                "755 tool-target/tool",
            ]
        );
        assert_eq!(list(&path, kind).unwrap(), packed.entries);
        let into = files.0.path().join("unpacked/here");
        assert_eq!(extract(&path, kind, &into).unwrap(), packed.entries);
        for entry in &packed.entries {
            let unpacked = fs::read(into.join(&entry.path)).unwrap();
            assert_eq!((Digest::of(&unpacked), unpacked.len() as u64), (entry.digest, entry.size));
        }
        assert_eq!(mode(&into.join("tool-target/tool")), 0o755);
        assert_eq!(mode(&into.join("tool-target/README.md")), 0o644);
        let again = format!("{:#}", extract(&path, kind, &into).unwrap_err());
        assert!(again.contains("failed to make `"), "{again}");
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(path: &Path) -> u32 {
    if path.ends_with("tool") { 0o755 } else { 0o644 }
}

/// If this fails, the format or the compressor changed: every archive of every project gets other bytes, and a
/// release made before cannot be reproduced any more. Never change the digests without saying so in the changelog.
#[test]
fn the_bytes_never_change() {
    let digest = |kind| sample().pack(kind, &PATHS).unwrap().0.digest.to_string();
    expect!["sha256:e30b80259d656bc58a9bb6918369229ec34c2927cd2d2f6c7cbff9f3bef7ef59"]
        .assert_eq(&digest(ArchiveKind::TarGz));
    expect!["sha256:c2169e2f61dd3b21a2ee61fb4ed79ebdc8647f4d64b3ea6de1dfd824b8d3461e"]
        .assert_eq(&digest(ArchiveKind::Zip));
}

#[test]
fn the_headers_are_plain() {
    let files = sample();
    let (_, path) = files.pack(ArchiveKind::TarGz, &PATHS).unwrap();
    let bytes = fs::read(path).unwrap();
    // No flags (so no name), time 0, "best compression", unknown system.
    assert_eq!(&bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
    for entry in tar.entries().unwrap().raw(true) {
        let entry = entry.unwrap();
        let header = entry.header();
        assert!(header.as_ustar().is_some() && header.entry_type().is_file());
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, EPOCH));
        assert_eq!((header.username().unwrap(), header.groupname().unwrap()), (Some(""), Some("")));
    }
    let (_, path) = files.pack(ArchiveKind::Zip, &PATHS).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(4).any(|window| window == b"PK\x07\x08"), "there is a data descriptor");
    let mut zip = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    for index in 0..zip.len() {
        let entry = zip.by_index(index).unwrap();
        assert_eq!(entry.extra_data().unwrap_or_default(), b"");
        let time = entry.last_modified().unwrap();
        assert_eq!((time.year(), time.month(), time.day()), (2024, 2, 29));
        assert_eq!((time.hour(), time.minute(), time.second()), (12, 34, 56));
    }
}

#[test]
fn other_programs_read_them() {
    let files = sample();
    let run = |program: PathBuf, arguments: &[&str], path: &Path| {
        let output = Command::new(program).args(arguments).arg(path).env("TZ", "UTC").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (_, tar_gz) = files.pack(ArchiveKind::TarGz, &PATHS).unwrap();
    let (_, zip) = files.pack(ArchiveKind::Zip, &PATHS).unwrap();
    if let Some(tar) = peer("tar") {
        let listed = run(tar, &["tzvf"], &tar_gz);
        assert_eq!(listed.lines().count(), 5, "{listed}");
        assert!(listed.contains("tool-target/man/tool.1"), "{listed}");
    }
    if let Some(unzip) = peer("unzip") {
        let tested = run(unzip, &["-t"], &zip);
        assert!(tested.contains("No errors detected"), "{tested}");
    }
    if let Some(python) = peer("python3") {
        let listed = run(python.clone(), &["-m", "zipfile", "-l"], &zip);
        assert!(listed.contains("2024-02-29 12:34:56"), "{listed}");
        let listed = run(python, &["-m", "tarfile", "-l"], &tar_gz);
        assert_eq!(listed.lines().count(), 5, "{listed}");
    }
}

/// Names in other scripts and with spaces.
const NAMES: [&str; 5] =
    ["README.中文.md", "Lizenz für Töne.txt", "themes/Solarized (dark).toml", "tool@.service", "😀"];

#[test]
fn names_in_any_script_are_read_back() {
    let contents: Vec<(&str, &[u8])> = NAMES.iter().map(|name| (*name, name.as_bytes())).collect();
    let files = Files::new(&contents);
    for kind in KINDS {
        let (packed, path) = files.pack(kind, &NAMES).unwrap();
        assert_eq!(list(&path, kind).unwrap(), packed.entries);
        let into = files.0.path().join(format!("into.{kind}"));
        assert_eq!(extract(&path, kind, &into).unwrap(), packed.entries);
        for name in NAMES {
            assert_eq!(fs::read(into.join("tool-target").join(name)).unwrap(), name.as_bytes());
        }
        // The bytes are a part of the format, too.
        match kind {
            ArchiveKind::TarGz => {
                expect!["sha256:7d65181229d12051f0be8ae685a464850347f5ab8cee8ac52d49d37117434b23"]
            }
            ArchiveKind::Zip => {
                expect!["sha256:4ba2d6bc4ddf94bfedb53ab1ae4716688fac83844dad786d6d45e99c6a5317c1"]
            }
        }
        .assert_eq(&packed.digest.to_string());
    }
}

#[test]
fn other_programs_unpack_names_in_any_script() {
    let contents: Vec<(&str, &[u8])> = NAMES.iter().map(|name| (*name, name.as_bytes())).collect();
    let files = Files::new(&contents);
    let (_, tar_gz) = files.pack(ArchiveKind::TarGz, &NAMES).unwrap();
    let (_, zip) = files.pack(ArchiveKind::Zip, &NAMES).unwrap();
    let python_tar = "import sys, tarfile; tarfile.open(sys.argv[1]).extractall('.')";
    let python_zip = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall('.')";
    for (program, arguments, archive) in [
        ("tar", &["xzf"][..], &tar_gz),
        ("bsdtar", &["xf"], &tar_gz),
        ("bsdtar", &["xf"], &zip),
        ("busybox", &["tar", "xzf"], &tar_gz),
        ("unzip", &["-q"], &zip),
        ("7zz", &["x"], &zip),
        ("python3", &["-c", python_tar], &tar_gz),
        ("python3", &["-c", python_zip], &zip),
    ] {
        let Some(path) = peer(program) else { continue };
        let into = tempfile::tempdir().unwrap();
        let mut command = Command::new(path);
        command.args(arguments).arg(archive).current_dir(into.path()).env("LC_ALL", "C.UTF-8");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        for name in NAMES {
            let unpacked = fs::read(into.path().join("tool-target").join(name));
            assert_eq!(unpacked.unwrap_or_default(), name.as_bytes(), "{program} unpacks `{name}`");
        }
        assert_eq!(fs::read_dir(into.path()).unwrap().count(), 1, "{program} unpacks more");
    }
}

#[test]
fn bad_names_and_files_are_refused_by_name() {
    let files = Files::new(&[("README", b""), ("sub/file", b"")]);
    for kind in KINDS {
        assert!(files.refused(kind, &["a:b"]).contains("`tool-target/a:b` has a character that Windows"));
        assert!(files.refused(kind, &["README", "README"]).ends_with("`tool-target/README` is there twice"));
        assert!(files.refused(kind, &["sub"]).ends_with("sub` is a folder, not a regular file"));
        let long = format!("{}/file", "d".repeat(200));
        let items = vec![Item { path: long, ..files.item("README") }];
        let contents = Contents { top: "t".to_owned(), epoch: 1 << 40, items };
        let error = write(&contents, kind, &mut tempfile::tempfile().unwrap(), &mut copy).unwrap_err();
        assert!(error.to_string().contains("after the year 2107"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let files = Files::new(&[("README", b"")]);
    std::os::unix::fs::symlink("README", files.0.path().join("LINK")).unwrap();
    for kind in KINDS {
        assert!(files.refused(kind, &["LINK"]).ends_with("LINK` is a symbolic link, not a regular file"));
    }
    // A link in the folder that is unpacked into leads nowhere either.
    let sample = sample();
    let (_, path) = sample.pack(ArchiveKind::TarGz, &PATHS).unwrap();
    let outside = tempfile::tempdir().unwrap();
    let into = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), into.path().join("tool-target")).unwrap();
    let error = extract(&path, ArchiveKind::TarGz, into.path()).unwrap_err();
    assert!(format!("{error:#}").contains("is there already and is not a folder"), "{error:#}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

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
