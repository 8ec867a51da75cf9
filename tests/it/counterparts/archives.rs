//! Archives opened with the tools people open them with, and `SHA256SUMS` checked with coreutils.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use floe_core::model::{Digest, Record};

use super::tree;
use crate::support::peers::{self, peer};
use crate::support::scenario::Scenario;

/// The dist's archives of one kind, each with its record.
fn archives(dist: &Path, kind: &str) -> Vec<(String, Record)> {
    let names = tree(dist).into_keys().filter(|name| !name.contains('/') && name.ends_with(kind));
    let record = |name: &str| fs::read_to_string(dist.join(format!("{name}.json"))).unwrap();
    let found: Vec<_> = names
        .map(|name| {
            let record = serde_json::from_str(&record(&name)).unwrap();
            (name, record)
        })
        .collect();
    assert!(!found.is_empty());
    found
}

/// The unpacked files are those of the record, no others, each with its bytes.
#[track_caller]
fn assert_contents(folder: &Path, record: &Record) {
    let found: BTreeMap<String, Digest> =
        tree(folder).into_iter().map(|(path, bytes)| (path, Digest::of(&bytes))).collect();
    let promised: BTreeMap<String, Digest> =
        record.contents.iter().map(|entry| (entry.path.clone(), entry.digest)).collect();
    assert!(!promised.is_empty());
    assert_eq!(found, promised, "{}", record.archive.file);
}

/// The same for the permission bits and the time.
#[track_caller]
fn assert_modes_and_times(folder: &Path, record: &Record) {
    for entry in &record.contents {
        let facts = fs::metadata(folder.join(&entry.path)).unwrap();
        let path = format!("{} in {}", entry.path, record.archive.file);
        assert_eq!(facts.mode() & 0o777, entry.mode, "{path}");
        assert_eq!(u64::try_from(facts.mtime()).unwrap(), record.source.epoch, "{path}");
    }
}

#[test]
fn tar_unpacks_every_file_with_its_mode_time_and_owner_0() {
    let Some(tar) = peer("tar") else { return };
    let scenario = Scenario::new("1.4.0");
    let archives = archives(&scenario.dist(), ".tar.gz");
    assert_eq!(archives.len(), 6);
    for (name, record) in archives {
        let home = tempfile::tempdir().unwrap();
        let archive = scenario.dist().join(&name);
        let archive = archive.to_str().unwrap();
        peers::run(&tar, home.path(), &["-xpzf", archive]).unwrap();
        assert_contents(home.path(), &record);
        assert_modes_and_times(home.path(), &record);
        let listing = peers::run(&tar, home.path(), &["--numeric-owner", "-tvzf", archive]).unwrap();
        for line in listing.lines() {
            let owner: String = line.split_whitespace().skip(1).take(3).collect();
            assert!(owner.starts_with("0/0") || owner.starts_with("000"), "{line}");
        }
    }
}

#[test]
fn unzip_unpacks_every_file_with_its_mode_and_time() {
    let Some(unzip) = peer("unzip") else { return };
    let scenario = Scenario::new("1.4.0");
    for (name, record) in archives(&scenario.dist(), ".zip") {
        let home = tempfile::tempdir().unwrap();
        let archive = scenario.dist().join(&name);
        let archive = archive.to_str().unwrap();
        let tested = peers::run(&unzip, home.path(), &["-t", archive]).unwrap();
        assert!(tested.contains("No errors detected"), "{tested}");
        peers::run(&unzip, home.path(), &["-q", archive]).unwrap();
        assert_contents(home.path(), &record);
        assert_modes_and_times(home.path(), &record);
    }
}

#[test]
fn python_unpacks_both_kinds() {
    let Some(python) = peer("python3") else { return };
    let scenario = Scenario::new("1.4.0");
    for (kind, module) in [(".zip", "zipfile"), (".tar.gz", "tarfile")] {
        for (name, record) in archives(&scenario.dist(), kind) {
            let home = tempfile::tempdir().unwrap();
            let archive = scenario.dist().join(&name);
            let archive = archive.to_str().unwrap();
            peers::run(&python, home.path(), &["-m", module, "-t", archive]).unwrap();
            peers::run(&python, home.path(), &["-m", module, "-e", archive, "unpacked"]).unwrap();
            assert_contents(&home.path().join("unpacked"), &record);
        }
    }
}

#[test]
fn sha256sum_checks_downloaded_files() {
    let Some(sha256sum) = peer("sha256sum") else { return };
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    scenario.run(["verify", "--release", "v1.4.0", "--keep", "kept"]).exit(0);
    let assets = scenario.path().join("kept/assets");
    let check = |arguments: &[&str]| {
        peers::run(&sha256sum, &assets, &[&["--check", "--strict"][..], arguments, &["SHA256SUMS"]].concat())
    };
    let checked = check(&[]).unwrap();
    let promised = tree(&assets).into_keys().filter(|name| name != "SHA256SUMS");
    assert_eq!(checked, promised.map(|name| format!("{name}: OK\n")).collect::<String>());

    // The command of the README, for one downloaded file. It detects a changed byte.
    let one = assets.join("tool-x86_64-pc-windows-msvc.zip");
    let mut bytes = fs::read(&one).unwrap();
    fs::remove_file(assets.join("tool-aarch64-apple-darwin.tar.gz")).unwrap();
    check(&["--ignore-missing"]).unwrap();
    bytes[100] ^= 1;
    fs::write(&one, bytes).unwrap();
    assert!(check(&["--ignore-missing"]).unwrap_err().contains("1 computed checksum did NOT match"));
}
