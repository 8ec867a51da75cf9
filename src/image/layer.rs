//! Writes a layer of floe's own: programs, users, `/tmp` and CA certificates. Owner, mode and time of every entry are
//! fixed.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use tar::{EntryType, Header};

use super::rootfs::{Changeset, Node};
use floe_core::model::Hashing;
use floe_core::untrusted::files;

/// Root owns the files; `nonroot` runs the program and has a writable home.
const PASSWD: &str = "\
root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin
";

const GROUP: &str = "\
root:x:0:
nobody:x:65534:
nonroot:x:65532:
";

/// The path of the CA certificates, which `SSL_CERT_FILE` names.
pub const CA_CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// The files that a layer adds to the layers below it.
#[derive(Debug)]
pub struct Additions<'a> {
    /// Programs by name, for `/bin`.
    pub programs: &'a BTreeMap<String, PathBuf>,
    /// Whether `/etc/group` is one of them.
    pub group: bool,
    /// Whether `/etc/passwd` is.
    pub passwd: bool,
    /// The content of the CA certificates.
    pub certificates: Option<&'a [u8]>,
    /// Whether a `/tmp` that every user can write is.
    pub tmp: bool,
}

impl Additions<'_> {
    /// Whether there is anything to add.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && !self.group && !self.passwd && !self.tmp && self.certificates.is_none()
    }

    /// Writes the layer and returns its members.
    pub fn write(&self, writer: &mut dyn Write, epoch: u64) -> anyhow::Result<Changeset> {
        let mut layer = LayerTar::new(writer, epoch);
        if !self.programs.is_empty() {
            layer.folder("bin/", 0o755)?;
        }
        for (name, path) in self.programs {
            let reading = || format!("cannot read `{}`", path.display());
            let file = files::open(path).with_context(reading)?;
            let size = file.metadata().with_context(reading)?.len();
            layer.file(&format!("bin/{name}"), 0o755, size, file).with_context(reading)?;
        }
        if self.group || self.passwd || self.certificates.is_some() {
            layer.folder("etc/", 0o755)?;
        }
        if self.group {
            layer.text("etc/group", GROUP.as_bytes())?;
        }
        if self.passwd {
            layer.text("etc/passwd", PASSWD.as_bytes())?;
        }
        if let Some(certificates) = self.certificates {
            layer.folder("etc/ssl/", 0o755)?;
            layer.folder("etc/ssl/certs/", 0o755)?;
            layer.text(CA_CERTIFICATES, certificates)?;
        }
        if self.tmp {
            layer.folder("tmp/", 0o1777)?;
        }
        layer.tar.finish()?;
        Ok(layer.members)
    }
}

/// A tar with one owner, one time and the ustar format (POSIX.1-1988), which has no extra headers.
struct LayerTar<'a> {
    tar: tar::Builder<&'a mut dyn Write>,
    epoch: u64,
    members: Changeset,
}

impl<'a> LayerTar<'a> {
    fn new(writer: &'a mut dyn Write, epoch: u64) -> Self {
        LayerTar { tar: tar::Builder::new(writer), epoch, members: Changeset::default() }
    }

    fn folder(&mut self, path: &str, mode: u32) -> anyhow::Result<()> {
        let header = self.header(path, EntryType::Directory, mode, 0)?;
        self.tar.append(&header, std::io::empty())?;
        self.members.add(path.trim_end_matches('/'), Node::Directory { mode });
        Ok(())
    }

    fn text(&mut self, path: &str, content: &[u8]) -> anyhow::Result<()> {
        self.file(path, 0o644, content.len() as u64, content)
    }

    fn file(&mut self, path: &str, mode: u32, size: u64, content: impl Read) -> anyhow::Result<()> {
        let header = self.header(path, EntryType::Regular, mode, size)?;
        // One byte more is read, to notice a file that grew.
        let mut content = Hashing::new(content.take(size + 1));
        self.tar.append(&header, &mut content)?;
        let (_, digest, read) = content.finish();
        ensure!(read == size, "it changed while it was read: it had {size} bytes, then {read}");
        self.members.add(path, Node::File { size, mode, digest });
        Ok(())
    }

    fn header(&self, path: &str, kind: EntryType, mode: u32, size: u64) -> anyhow::Result<Header> {
        let mut header = Header::new_ustar();
        header.set_path(path).with_context(|| format!("`{path}` is not a valid path in a tar"))?;
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_mtime(self.epoch);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::rootfs::{self, FileTree};

    #[test]
    fn a_layer_does_not_depend_on_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("floe");
        std::fs::write(&binary, b"binary").unwrap();
        let mut tar = Vec::new();
        let programs = [("floe".to_owned(), binary)].into();
        let certificates = Some(&b"PEM"[..]);
        let all = Additions { programs: &programs, group: true, passwd: true, certificates, tmp: true };
        let written = all.write(&mut tar, 1_000_000_000).unwrap();
        let read = rootfs::scan(tar.as_slice(), 99).unwrap();
        assert_eq!(read.len(), written.len());
        let files = |layer: &Changeset| FileTree::of([layer]).unwrap().files();
        assert_eq!(files(&read), files(&written));
        let mut archive = tar::Archive::new(tar.as_slice());
        let listed: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
                assert_eq!(header.mtime().unwrap(), 1_000_000_000);
                format!("{:o} {}", header.mode().unwrap(), entry.path().unwrap().display())
            })
            .collect();
        assert_eq!(
            listed.join("\n"),
            "755 bin/\n755 bin/floe\n755 etc/\n644 etc/group\n644 etc/passwd\n755 etc/ssl/\n\
             755 etc/ssl/certs/\n644 etc/ssl/certs/ca-certificates.crt\n1777 tmp/"
        );
        // The same in every version, or published images could not be reproduced.
        expect_test::expect!["sha256:4eef6e0a82e93af3bab70768792b9cb1207771a6617d385cf2076810d71f227d"]
            .assert_eq(&floe_core::model::Digest::of(&tar).to_string());
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        for content in [b"longer".as_slice(), b"s"] {
            let mut tar = Vec::new();
            let mut layer = LayerTar::new(&mut tar, 0);
            let error = layer.file("bin/floe", 0o755, 4, content).unwrap_err();
            assert!(error.to_string().contains("it changed while it was read"), "{error}");
        }
    }
}
