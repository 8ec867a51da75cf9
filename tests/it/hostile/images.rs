//! Archives, layouts and docker archives that unpack to huge sizes, have too many names, or can be read in two ways at
//! once.

use std::fs;

use floe_core::model::Digest;
use serde_json::{Value, json};

use super::{ARCHIVE, Work};
use crate::support::sample::Sample;

fn gzip(fill: impl FnOnce(&mut dyn std::io::Write)) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    fill(&mut encoder);
    encoder.finish().unwrap()
}

fn header(name: &str, size: u64) -> [u8; 512] {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).unwrap();
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    *header.as_bytes()
}

/// Half a gigabyte of zeros in one file of a tar, in half a megabyte.
fn bomb(name: &str) -> Vec<u8> {
    const SIZE: u64 = 512 << 20;
    gzip(|writer| {
        writer.write_all(&header(name, SIZE)).unwrap();
        let zeros = vec![0; 1 << 20];
        (0..SIZE >> 20).for_each(|_| writer.write_all(&zeros).unwrap());
        writer.write_all(&[0; 1024]).unwrap();
    })
}

#[test]
fn an_archive_is_not_read_beyond_the_size_in_its_record() {
    let work = Work::dist();
    fs::write(work.path("dist").join(ARCHIVE), bomb("tool-x86_64-unknown-linux-musl/tool")).unwrap();
    work.verify().with(3, "is not a valid archive: failed to unpack `tool-x86_64-unknown-linux-musl/tool`: it unpacks to more than 1.0 MiB");
}

#[test]
fn a_zip_whose_index_is_elsewhere_is_refused() {
    let work = Work::new();
    for (index, begin, words) in [
        (u32::MAX, 0, "its index has 4294967295 bytes"),
        (0, 7, "its index is not where its end record says"),
        (100, u32::MAX, "its index is not where its end record says"),
    ] {
        let mut end = b"PK\x05\x06\0\0\0\0\x10\x27\x10\x27".to_vec();
        end.extend(index.to_le_bytes());
        end.extend(begin.to_le_bytes());
        end.extend([0, 0]);
        fs::write(work.path("a.zip"), end).unwrap();
        work.run(&["audit", "a.zip"]).with(1, words);
    }
}

/// A layout as it was built, whose documents can be changed with the digests above them made right again.
struct Layout(Work);

impl Layout {
    fn read(&self, digest: &Value) -> Value {
        serde_json::from_slice(&fs::read(self.path(digest)).unwrap()).unwrap()
    }

    fn path(&self, digest: &Value) -> std::path::PathBuf {
        let hex = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
        self.0.path("dist/image/blobs/sha256").join(hex)
    }

    /// Adds a blob, and returns its digest and size.
    fn put(&self, content: &[u8]) -> (Value, Value) {
        let digest = json!(Digest::of(content));
        fs::write(self.path(&digest), content).unwrap();
        (digest, json!(content.len()))
    }

    /// With the image index and the first manifest changed, the latter also as a text.
    fn with(
        index: impl FnOnce(&mut Value),
        change: impl FnOnce(&mut Value, &Layout),
        text: impl Fn(String) -> String,
    ) -> Self {
        let layout = Layout(Work::dist());
        let mut top: Value =
            serde_json::from_slice(&fs::read(layout.0.path("dist/image/index.json")).unwrap()).unwrap();
        let mut document = layout.read(&top["manifests"][0]["digest"]);
        let mut manifest = layout.read(&document["manifests"][0]["digest"]);
        change(&mut manifest, &layout);
        let (digest, size) = layout.put(text(manifest.to_string()).as_bytes());
        (document["manifests"][0]["digest"], document["manifests"][0]["size"]) = (digest, size);
        index(&mut document);
        let (digest, size) = layout.put(document.to_string().as_bytes());
        (top["manifests"][0]["digest"], top["manifests"][0]["size"]) = (digest, size);
        fs::write(layout.0.path("dist/image/index.json"), top.to_string()).unwrap();
        layout
    }

    #[track_caller]
    fn refused(&self, words: &str) {
        self.0.verify().with(3, words);
    }
}

#[test]
fn documents_with_two_readings_are_refused() {
    let same = |_: &mut Value| ();
    let manifest = |text: fn(String) -> String| Layout::with(same, |_, _| (), text);
    manifest(|text| text.replacen('{', r#"{"Layers":[],"#, 1)).refused("`Layers` is not `layers`");
    manifest(|text| text.replacen('{', r#"{"layers":[],"#, 1)).refused("`layers` is there twice");
    manifest(|text| text.replacen('{', r#"{"manifests":[],"#, 1))
        .refused("which belongs to another kind of document");
    manifest(|text| text.replacen("\"size\"", "\"Size\":1,\"size\"", 1)).refused("`Size` is not `size`");
    manifest(|text| format!("{text}{text}")).refused("cannot be read: trailing characters");
    manifest(|text| text.replacen('{', &format!("{{\"a\":{},", "[".repeat(9999)), 1))
        .refused("recursion limit");
    Layout::with(|index| index["layers"] = json!([]), |_, _| (), |text| text)
        .refused("has `layers`, which belongs");
}

#[test]
fn invalid_descriptors_are_refused() {
    let first = |change: fn(&mut Value)| {
        Layout::with(|index| change(&mut index["manifests"][0]), |_, _| (), |text| text)
    };
    first(|one| one["size"] = json!(1)).refused("bytes, not 1");
    first(|one| one["size"] = json!(-1)).refused("cannot be read: invalid value");
    first(|one| one["size"] = json!(1e300)).refused("cannot be read: invalid type: floating point");
    first(|one| one["digest"] = json!("sha512:00")).refused("is not a digest of the form sha256");
    first(|one| one["digest"] = json!("sha256:../../../../etc/passwd"))
        .refused("is not a digest of the form sha256");
    first(|one| one["mediaType"] = json!("a\u{1b}[2J")).refused(r"is of the media type `a\u{1b}[2J`");
    first(|one| one["platform"] = json!({ "os": "unknown", "architecture": "unknown" }))
        .refused("has the platform");
    let many = |index: &mut Value| {
        let one = index["manifests"][0].clone();
        index["manifests"] = json!(vec![one; 5000]);
    };
    Layout::with(many, |_, _| (), |text| text)
        .refused("has 5000 entries, more than the 32 that floe accepts");
    let layers = |manifest: &mut Value, _: &Layout| {
        let one = manifest["layers"][0].clone();
        manifest["layers"] = json!(vec![one; 5000]);
    };
    Layout::with(|_| (), layers, |text| text).refused("has 5000 layers, more than the 256 that floe accepts");
}

#[test]
fn names_in_a_layer_are_limited() {
    let layer = |tar: Vec<u8>| {
        let put = move |manifest: &mut Value, layout: &Layout| {
            (manifest["layers"][0]["digest"], manifest["layers"][0]["size"]) = layout.put(&tar);
        };
        Layout::with(|_| (), put, |text| text)
    };
    let name = |writer: &mut dyn std::io::Write, length: usize| {
        let mut long = tar::Header::new_gnu();
        long.set_entry_type(tar::EntryType::GNULongName);
        long.set_path("././@LongLink").unwrap();
        long.set_size(length as u64);
        long.set_cksum();
        writer.write_all(long.as_bytes()).unwrap();
        writer.write_all(&vec![b'n'; length.next_multiple_of(512)]).unwrap();
        writer.write_all(&header("x", 0)).unwrap();
    };
    layer(gzip(|writer| name(writer, 5120))).refused("is longer than 4096 bytes");
}

#[test]
fn a_docker_archive_has_limits_too() {
    let sample = Sample::tool();
    let refused = |bytes: &[u8], words: &str| {
        fs::write(sample.path().join("archive"), bytes).unwrap();
        super::run(sample.path(), &["image", "archive", "--repo", "acme/tool", "--epoch", "0"])
            .with(1, words);
        assert!(!sample.path().join("dist").exists(), "something was left");
    };
    refused(&bomb("manifest.json"), "it is larger than 4.0 MiB");
    refused(&bomb("x"), "it holds no `manifest.json`");
    let manifest = json!([{ "Config": "c", "Layers": vec!["x"; 5000] }]).to_string();
    let mut tar = tar::Builder::new(Vec::new());
    tar.append(
        tar::Header::from_byte_slice(&header("manifest.json", manifest.len() as u64)),
        manifest.as_bytes(),
    )
    .unwrap();
    refused(&tar.into_inner().unwrap(), "it lists 5000 layers, more than the 256 that floe accepts");
}

/// Without a project, all names come from the record.
#[test]
fn a_record_with_an_invalid_name_is_refused() {
    for (name, words) in [
        ("tool\n::set-output name=x::y", "an asset's name takes up to 100 letters"),
        ("../tool", "an asset's name takes up to 100 letters"),
        ("", "an asset's name takes up to 100 letters"),
    ] {
        let work = Work::dist();
        let path = work.path("dist").join(format!("{ARCHIVE}.json"));
        let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        record["name"] = json!(name);
        fs::write(&path, record.to_string()).unwrap();
        work.verify().with(3, words);
        record["name"] = json!("tool");
        record["binaries"][0]["name"] = json!("sudo");
        fs::write(&path, record.to_string()).unwrap();
        work.verify().with(3, "is not the binary of the record");
    }
    for name in ["../x", "/etc/passwd", "tool-x86_64-unknown-linux-musl.zip", ""] {
        let work = Work::dist();
        let path = work.path("dist").join(format!("{ARCHIVE}.json"));
        let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        record["archive"]["file"] = json!(name);
        fs::write(&path, record.to_string()).unwrap();
        let words = format!("`{ARCHIVE}` has no usable record: it calls the archive `{name}`");
        work.verify().with(3, &words);
    }
    let work = Work::dist();
    let path = work.path("dist").join(format!("{ARCHIVE}.json"));
    let record = fs::read_to_string(&path).unwrap();
    for (text, words) in [
        (record.replacen('{', "{\"schema\":1,", 1), "duplicate field `schema`"),
        (
            record.replacen("\"schema\": 1", "\"schema\": 99", 1),
            "this floe reads schema 1, but the file says schema 99",
        ),
        (record.replacen('{', &format!("{{\"x\":{},", "[".repeat(9999)), 1), "has no usable record"),
        (" ".repeat(5 << 20), "it is larger than 4.0 MiB"),
    ] {
        fs::write(&path, text).unwrap();
        work.verify().with(3, words);
    }
}
