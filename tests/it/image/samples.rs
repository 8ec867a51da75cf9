//! Inputs made by hand: tars of any kind, and docker archives.

use std::io::Write;

use floe_core::model::Digest;
use tar::EntryType;

use crate::support::binaries::binary;

/// A tar, valid or not.
#[derive(Clone)]
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

    /// An executable file.
    pub fn program(self, name: &str, content: &[u8]) -> Self {
        self.mode(0o755, name, content)
    }

    pub fn mode(mut self, mode: u32, name: &str, content: &[u8]) -> Self {
        let mut header = header(EntryType::Regular, name, "", content.len() as u64);
        header.set_mode(mode);
        header.set_cksum();
        self.push_raw(&header, content);
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

    /// Its bytes, with the two empty blocks at the end.
    pub fn end(self) -> Vec<u8> {
        [self.0.as_slice(), &[0; 1024]].concat()
    }

    fn push(&mut self, kind: EntryType, name: &str, link: &str, content: &[u8]) {
        self.push_raw(&header(kind, name, link, content.len() as u64), content);
    }

    fn push_raw(&mut self, header: &tar::Header, content: &[u8]) {
        self.0.extend(header.as_bytes());
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
    }
}

/// A layer of two programs for linux/amd64, `/bin/floe` and `/bin/other`.
pub fn programs() -> Vec<u8> {
    let binary = binary("x86_64-musl".parse().unwrap(), b"seed");
    Tar::new().program("bin/floe", &binary).program("bin/other", &binary).end()
}

/// A header that claims `size` bytes of content, without content.
pub fn raw_header(kind: EntryType, name: &str, size: u64) -> Vec<u8> {
    header(kind, name, "", size).as_bytes().to_vec()
}

fn header(kind: EntryType, name: &str, link: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    // The crate's setters refuse names such as `../a`.
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

/// The config of a docker image; `execution` is its `config` as JSON.
pub fn docker_config(architecture: &str, layers: &[&[u8]], execution: &str) -> String {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let diff_ids = serde_json::to_string(&diff_ids).unwrap();
    format!(
        r#"{{"architecture": "{architecture}", "os": "linux", "created": "1970-01-01T00:00:01+00:00",
            "config": {execution}, "rootfs": {{"type": "layers", "diff_ids": {diff_ids}}},
            "history": [{{"comment": "store paths: ['/nix/store/abc-customisation-layer']"}}]}}"#
    )
}

/// A docker archive as dockerTools makes it.
pub fn docker_archive(architecture: &str, layers: &[&[u8]], execution: &str) -> Vec<u8> {
    let config = docker_config(architecture, layers, execution);
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    let listed = serde_json::to_string(&names).unwrap();
    let manifest = format!(r#"[{{"Config": "c.json", "RepoTags": ["tool:1.4.0"], "Layers": {listed}}}]"#);
    let mut tar = Tar::new();
    for (name, layer) in names.iter().zip(layers) {
        tar = tar.file(name, layer);
    }
    tar.file("c.json", config.as_bytes()).file("manifest.json", manifest.as_bytes()).end()
}
