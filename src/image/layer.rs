//! Writes a layer of floe's own: programs, users, `/tmp` and CA certificates. Owner, mode and time of every entry are
//! fixed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use tar::{EntryType, Header};

use super::rootfs::Changeset;
use crate::error::AtPath as _;
use crate::package::archive::ustar_header;
use floe_core::model::{Hashing, Member, Nature};
use floe_core::untrusted::files;

/// The users of an image, by path: root owns the files; `nonroot` runs the program and has a writable home.
pub const USERS: [(&str, &str); 2] = [
    ("etc/group", "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"),
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n\
         nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n",
    ),
];

/// The path of the CA certificates, which `SSL_CERT_FILE` names.
pub const CA_CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// The files that a layer adds to the layers below it.
#[derive(Debug)]
pub struct Additions<'a> {
    /// Programs by name, for `/bin`.
    pub programs: &'a BTreeMap<String, PathBuf>,
    /// Other files by path.
    pub texts: Vec<(&'static str, &'a [u8])>,
    /// Whether a `/tmp` that every user can write is.
    pub tmp: bool,
}

impl Additions<'_> {
    /// Whether there is anything to add.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.texts.is_empty() && !self.tmp
    }

    /// Writes the layer and returns its members.
    pub fn write(&self, writer: &mut dyn Write, epoch: u64) -> anyhow::Result<Changeset> {
        let mut layer = LayerTar::new(writer, epoch);
        for (name, path) in self.programs {
            let file = files::open(path).at("cannot read", path)?;
            let size = file.metadata().at("cannot read", path)?.len();
            layer.file(&format!("bin/{name}"), 0o755, size, file).at("cannot read", path)?;
        }
        for (path, text) in &self.texts {
            layer.file(path, 0o644, text.len() as u64, *text)?;
        }
        if self.tmp {
            layer.folder("tmp/", 0o1777)?;
        }
        layer.tar.finish()?;
        Ok(layer.changes)
    }
}

/// A tar with one owner, one time and the ustar format (POSIX.1-1988), which has no extra headers.
struct LayerTar<'a> {
    tar: tar::Builder<&'a mut dyn Write>,
    epoch: u64,
    changes: Changeset,
    folders: BTreeSet<String>,
}

impl<'a> LayerTar<'a> {
    fn new(writer: &'a mut dyn Write, epoch: u64) -> Self {
        let (changes, folders) = (Changeset::default(), BTreeSet::new());
        LayerTar { tar: tar::Builder::new(writer), epoch, changes, folders }
    }

    fn folder(&mut self, path: &str, mode: u32) -> anyhow::Result<()> {
        if !self.folders.insert(path.to_owned()) {
            return Ok(());
        }
        let header = self.header(path, EntryType::Directory, mode, 0)?;
        self.tar.append(&header, std::io::empty())?;
        self.add(path.trim_end_matches('/'), Nature::Folder, mode, 0);
        Ok(())
    }

    /// Adds a file, and the folders above it that are not there yet.
    fn file(&mut self, path: &str, mode: u32, size: u64, content: impl Read) -> anyhow::Result<()> {
        path.match_indices('/').try_for_each(|(end, _)| self.folder(&path[..=end], 0o755))?;
        let header = self.header(path, EntryType::Regular, mode, size)?;
        // One byte more is read, to notice a file that grew.
        let mut content = Hashing::new(content.take(size + 1));
        self.tar.append(&header, &mut content)?;
        let (_, digest, read) = content.finish();
        ensure!(read == size, "it changed while it was read: it had {size} bytes, then {read}");
        self.add(path, Nature::File(digest), mode, size);
        Ok(())
    }

    fn add(&mut self, path: &str, nature: Nature, mode: u32, size: u64) {
        self.changes.members.push(Member { path: path.to_owned(), nature, size, mode, time: self.epoch });
    }

    fn header(&self, path: &str, kind: EntryType, mode: u32, size: u64) -> anyhow::Result<Header> {
        ustar_header(kind, path, mode, size, self.epoch)
            .with_context(|| format!("`{path}` is not a valid path in a tar"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::rootfs;

    #[test]
    fn a_layer_does_not_depend_on_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("floe");
        std::fs::write(&binary, b"binary").unwrap();
        let mut tar = Vec::new();
        let programs = [("floe".to_owned(), binary)].into();
        let users = USERS.map(|(path, text)| (path, text.as_bytes()));
        let texts = [&users[..], &[(CA_CERTIFICATES, b"PEM")]].concat();
        let all = Additions { programs: &programs, texts, tmp: true };
        let written = all.write(&mut tar, 1_000_000_000).unwrap();
        let read = rootfs::scan(tar.as_slice(), 99).unwrap();
        assert_eq!(read.members, written.members);
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
