//! Archives: the same bytes every time, readable for other programs, and no harm from a hostile one.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::list;
use expect_test::expect;
use floe::package::archive::{Contents, Item, Packed, extract, write};
use floe_core::model::{ArchiveKind, Digest};
use tempfile::TempDir;

use crate::support::peers::peer;

pub(super) const KINDS: [ArchiveKind; 2] = [ArchiveKind::TarGz, ArchiveKind::Zip];
/// 2024-02-29 12:34:56 UTC.
const EPOCH: u64 = 1_709_210_096;

/// A folder with files; the archive's items are its files.
pub(super) struct Files(pub(super) TempDir);

impl Files {
    pub(super) fn new(files: &[(&str, &[u8])]) -> Self {
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

    pub(super) fn pack(&self, kind: ArchiveKind, paths: &[&str]) -> anyhow::Result<(Packed, PathBuf)> {
        let items = paths.iter().map(|path| self.item(path)).collect();
        let contents = Contents { top: "tool-target".to_owned(), epoch: EPOCH, items };
        let path = self.0.path().join(format!("archive.{kind}"));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok((write(&contents, kind, &mut file)?, path))
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

pub(super) fn sample() -> Files {
    Files::new(&[
        ("tool", &content(1, 300_000)),
        ("README.md", b"# tool\n"),
        ("LICENSE-MIT", &content(2, 1_100)),
        ("man/tool.1", &content(3, 512)),
        ("completions/tool.bash", b""),
    ])
}

pub(super) const PATHS: [&str; 5] =
    ["tool", "man/tool.1", "README.md", "completions/tool.bash", "LICENSE-MIT"];

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

#[test]
fn bad_names_and_files_are_refused_by_name() {
    let files = Files::new(&[("README", b""), ("sub/file", b"")]);
    for kind in KINDS {
        assert!(files.refused(kind, &["a:b"]).contains("`tool-target/a:b` has a character that Windows"));
        assert!(files.refused(kind, &["README", "README"]).ends_with("`tool-target/README` is there twice"));
        assert!(files.refused(kind, &["sub"]).ends_with("sub`: it is not a regular file"));
        let long = format!("{}/file", "d".repeat(200));
        let items = vec![Item { path: long, ..files.item("README") }];
        let contents = Contents { top: "t".to_owned(), epoch: 1 << 40, items };
        let error = write(&contents, kind, &mut tempfile::tempfile().unwrap()).unwrap_err();
        assert!(error.to_string().contains("after the year 2107"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let files = Files::new(&[("README", b"")]);
    std::os::unix::fs::symlink("README", files.0.path().join("LINK")).unwrap();
    for kind in KINDS {
        assert!(files.refused(kind, &["LINK"]).ends_with("LINK`: it is a link"));
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
