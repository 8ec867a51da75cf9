//! Tars of layers, valid and not, as `floe reproduce` reads them to compare two images.

use floe::image::layer_reader;
use tar::EntryType;

use super::samples::{Tar, gzip, raw_header};

/// The paths in a layer.
fn paths(tar: &[u8]) -> anyhow::Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("layer");
    std::fs::write(&path, gzip(tar))?;
    Ok(layer_reader::members(&path)?.into_iter().map(|member| member.path).collect())
}

fn refused(tar: &[u8]) -> String {
    format!("{:#}", paths(tar).unwrap_err())
}

#[test]
fn paths_are_normalised() {
    let tar = Tar::new().dir("./").dir("./bin/").file("./bin//floe", b"x").file("/nix/store/a", b"y").end();
    assert_eq!(paths(&tar).unwrap(), [".", "bin", "bin/floe", "nix/store/a"]);
}

#[test]
fn long_names_of_both_kinds_are_read() {
    let name = format!("{}/file", "folder".repeat(40));
    let mut gnu = Tar::new();
    gnu.append(EntryType::GNULongName, "././@LongLink", format!("{name}\0").as_bytes());
    let pax = format!(" path={name}\n");
    let pax = format!("{}{pax}", pax.len() + 3);
    let mut posix = Tar::new();
    posix.append(EntryType::XHeader, "x", pax.as_bytes());
    for tar in [gnu, posix] {
        assert_eq!(paths(&tar.file("short", b"x").end()).unwrap(), [name.as_str()]);
    }
}

#[test]
fn names_that_lead_out_are_refused_wherever_they_are() {
    for name in ["../evil", "a/../../evil", "/..", "a/.."] {
        assert!(refused(&Tar::new().file(name, b"x").end()).contains("leads out"), "{name}");
    }
    let mut long = Tar::new();
    long.append(EntryType::GNULongName, "././@LongLink", b"../evil\0");
    assert!(refused(&long.file("good", b"x").end()).contains("leads out"));
    let mut posix = Tar::new();
    posix.append(EntryType::XHeader, "x", b"16 path=../evil\n");
    assert!(refused(&posix.file("good", b"x").end()).contains("leads out"));
    assert!(refused(&Tar::new().hard_link("a", "../../etc/shadow").end()).contains("leads out"));
    assert!(refused(&Tar::new().file("a\x1b[2Jb", b"x").end()).contains("a\\u{1b}[2Jb"));
}

#[test]
fn members_that_no_image_needs_are_refused() {
    for (kind, why) in [
        (EntryType::Char, "device"),
        (EntryType::Fifo, "device"),
        (EntryType::GNUSparse, "sparse"),
        (EntryType::Continuous, "the unsupported type '7'"),
    ] {
        let mut tar = Tar::new();
        tar.append(kind, "thing", b"");
        assert!(refused(&tar.end()).contains(why), "{why}");
    }
    let mut global = Tar::new();
    global.append(EntryType::XGlobalHeader, "g", b"12 path=evil\n");
    assert!(refused(&global.end()).contains("the unsupported type 'g'"));
    let mut sparse = Tar::new();
    sparse.append(EntryType::XHeader, "x", b"22 GNU.sparse.major=1\n");
    assert!(refused(&sparse.file("a", b"x").end()).contains("sparse"));
    let mut folder = Tar::new();
    folder.append(EntryType::Directory, "a", b"content");
    assert!(refused(&folder.end()).contains("`a` has content but is not a file"));
}

#[test]
fn two_sizes_and_huge_headers_are_refused_before_they_are_read() {
    let mut tar = Tar::new();
    tar.append(EntryType::XHeader, "x", b"12 size=999\n");
    assert!(refused(&tar.file("a", b"x").end()).contains("two different sizes"));
    let claim = raw_header(EntryType::GNULongName, "././@LongLink", 1 << 40);
    assert!(refused(&claim).contains("extended header of 1099511627776 bytes"));
}

#[test]
fn names_are_limited_each_and_together() {
    const NAME_LIMIT: usize = 4096;
    let long = |length: usize| {
        let mut tar = Tar::new();
        tar.append(EntryType::GNULongName, "././@LongLink", &vec![b'n'; length]);
        tar.file("x", b"").end()
    };
    assert!(refused(&long(NAME_LIMIT + 1)).contains("is longer than 4096 bytes"));
    let one = long(NAME_LIMIT);
    let many = one[..one.len() - 1024].repeat((32 << 20) / NAME_LIMIT + 1);
    assert!(refused(&many).contains("its names are longer than 33554432 bytes together"));
}

#[test]
fn a_cut_tar_and_data_after_its_end_are_refused() {
    let tar = Tar::new().file("a", &[7; 2000]).end();
    assert!(paths(&tar[..1000]).is_err());
    assert!(refused(&[tar, b"more".to_vec()].concat()).contains("after its end"));
}
