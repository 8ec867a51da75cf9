//! Names of files in any script, in archives and as other programs unpack them.

use std::fs;
use std::process::Command;

use super::list;
use expect_test::expect;
use floe::package::archive::extract;
use floe_core::model::ArchiveKind;

use super::archive::{Files, KINDS};
use crate::support::peers::peer;

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
