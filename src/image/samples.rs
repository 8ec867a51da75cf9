//! Hand-made inputs for the tests of `oci`: tars of any kind, small executables, docker archives.
//!
//! Compiled for tests only.

use std::io::Write;

use tar::EntryType;

use super::ImageSpec;
use floe_core::model::Digest;

/// A tar that is written as it is told, however wrong.
pub struct Tar(Vec<u8>);

impl Tar {
    pub fn new() -> Self {
        Tar(Vec::new())
    }

    pub fn append(&mut self, kind: EntryType, name: &str, content: &[u8]) {
        self.push(kind, name, "", content);
    }

    pub fn file(mut self, name: &str, content: &[u8]) -> Self {
        self.push(EntryType::Regular, name, "", content);
        self
    }

    pub fn dir(mut self, name: &str) -> Self {
        self.push(EntryType::Directory, name, "", b"");
        self
    }

    pub fn symlink(mut self, name: &str, target: &str) -> Self {
        self.push(EntryType::Symlink, name, target, b"");
        self
    }

    pub fn hard_link(mut self, name: &str, target: &str) -> Self {
        self.push(EntryType::Link, name, target, b"");
        self
    }

    /// With its end: two empty blocks.
    pub fn end(self) -> Vec<u8> {
        self.bytes()
    }

    /// The same, and more may be added later.
    pub fn bytes(&self) -> Vec<u8> {
        [self.0.as_slice(), &[0; 1024]].concat()
    }

    fn push(&mut self, kind: EntryType, name: &str, link: &str, content: &[u8]) {
        self.0.extend(header(kind, name, link, content.len() as u64).as_bytes());
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
    }
}

/// A header that claims `size` bytes of content, with none behind it.
pub fn raw_header(kind: EntryType, name: &str, size: u64) -> Vec<u8> {
    header(kind, name, "", size).as_bytes().to_vec()
}

fn header(kind: EntryType, name: &str, link: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    // Not through the crate's setters: they refuse the very names that are wanted here.
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name.as_bytes());
    old.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1);
    header.set_cksum();
    header
}

/// `bytes` compressed with gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What a project says, and nothing that is optional in its start.
pub fn image_spec() -> ImageSpec {
    ImageSpec {
        title: "floe".to_owned(),
        version: "1.4.0".parse().unwrap(),
        description: Some("Turns a tag into a release".to_owned()),
        licenses: Some("MIT OR Apache-2.0".to_owned()),
        source: Some("https://github.com/acme/floe".to_owned()),
        url: None,
        documentation: None,
        revision: Some("3f9ac21000000000000000000000000000000000".parse().unwrap()),
        epoch: 1_000_000_000,
        binary: "floe".to_owned(),
        entrypoint: None,
        labels: Default::default(),
        ports: Vec::new(),
        user: None,
        ca_certificates: None,
    }
}

/// A static executable that loads itself whole; `machine` is 62 for x86-64 and 183 for AArch64.
pub fn elf(machine: u16) -> Vec<u8> {
    elf_of(machine, &[(1, 0, 64 + 56 + 8)], b"the code")
}

/// The same, but it asks for `/lib/ld.so`.
pub fn elf_with_interpreter(machine: u16) -> Vec<u8> {
    let end = 64 + 2 * 56 + 11;
    elf_of(machine, &[(1, 0, end), (3, end - 11, 11)], b"/lib/ld.so\0")
}

/// An executable of segments: type, offset and size in the file.
fn elf_of(machine: u16, segments: &[(u32, u64, u64)], tail: &[u8]) -> Vec<u8> {
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend([2, machine].map(u16::to_le_bytes).concat());
    elf.extend(1u32.to_le_bytes());
    elf.extend([0x40_0078, 64, 0].map(u64::to_le_bytes).concat());
    elf.extend(0u32.to_le_bytes());
    elf.extend([64, 56, segments.len() as u16, 64, 0, 0].map(u16::to_le_bytes).concat());
    for (kind, offset, size) in segments {
        let address = 0x40_0000 + offset;
        elf.extend([*kind, 5].map(u32::to_le_bytes).concat());
        elf.extend([*offset, address, address, *size, *size, 4096].map(u64::to_le_bytes).concat());
    }
    elf.extend(tail);
    elf
}

/// The config of a docker image; `execution` is its `config` as JSON.
pub fn docker_config(architecture: &str, layers: &[&Vec<u8>], execution: &str) -> String {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let diff_ids = serde_json::to_string(&diff_ids).unwrap();
    format!(
        r#"{{"architecture": "{architecture}", "os": "linux", "created": "1970-01-01T00:00:01+00:00",
            "config": {execution}, "rootfs": {{"type": "layers", "diff_ids": {diff_ids}}},
            "history": [{{"comment": "store paths: ['/nix/store/abc-customisation-layer']"}}]}}"#
    )
}

/// A docker archive as dockerTools makes it.
pub fn docker_archive(architecture: &str, layers: &[&Vec<u8>], execution: &str) -> Vec<u8> {
    let config = docker_config(architecture, layers, execution);
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    let listed = serde_json::to_string(&names).unwrap();
    let manifest = format!(r#"[{{"Config": "c.json", "RepoTags": ["floe:1.4.0"], "Layers": {listed}}}]"#);
    let mut tar = Tar::new();
    for (name, layer) in names.iter().zip(layers) {
        tar = tar.file(name, layer);
    }
    tar.file("c.json", config.as_bytes()).file("manifest.json", manifest.as_bytes()).end()
}
