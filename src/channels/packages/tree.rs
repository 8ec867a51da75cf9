//! Where the files of an archive go in a system.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use super::PackageSource;
use crate::channels::{completions, man_page};
use crate::package::archive::{Gzip, Unpacked};
use floe_core::model::PackageKind;
use floe_core::model::extras::{LICENSES, NOTICES, begins};
use floe_core::model::manifest::Artifact;

/// The files of a package by their paths from the root, without a slash before them.
pub(super) type Tree<'a> = BTreeMap<String, Node<'a>>;

/// A file of a package.
pub(super) struct Node<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) mode: u32,
    pub(super) nature: NodeKind,
}

/// The nature of a file, which rpm notes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// A program, or what belongs to one.
    Plain,
    /// Documentation.
    Document,
    /// The text of a license.
    License,
    /// A folder.
    Folder,
}

impl PackageSource<'_> {
    /// The files of an archive, each at its place. Of two files for the same place, such as a completion in two folders, the
    /// first one in the order of the archive is taken.
    pub(super) fn tree<'f>(&self, files: &'f [Unpacked], package: &str, kind: PackageKind) -> Tree<'f> {
        let top = self.artifact.target.top_folder(self.name);
        let mut tree = Tree::new();
        for file in files {
            let inside = file.path.strip_prefix(&top).and_then(|path| path.strip_prefix('/'));
            let (path, nature) = self.place((&file.path, inside.unwrap_or(&file.path)), package, kind);
            let is_page = nature == NodeKind::Document && path.starts_with("usr/share/man/");
            let bytes = match is_page && !file.path.ends_with(".gz") {
                true => Cow::Owned(gzip(&file.bytes)),
                false => Cow::Borrowed(file.bytes.as_slice()),
            };
            let mode = if file.mode & 0o111 == 0 { 0o644 } else { 0o755 };
            tree.entry(path).or_insert(Node { bytes, mode, nature });
        }
        tree
    }

    fn place(&self, (path, inside): (&str, &str), package: &str, kind: PackageKind) -> (String, NodeKind) {
        let file = inside.rsplit('/').next().unwrap_or(inside);
        let plain = |path| (path, NodeKind::Plain);
        let Artifact { binaries, extras, .. } = &*self.artifact;
        if binaries.iter().any(|binary| binary.path == path) {
            plain(format!("usr/bin/{file}"))
        } else if let Some((_, place)) = completions(extras).find(|(one, _)| *one == path) {
            match place.strip_prefix("zsh/site-functions/") {
                // Debian leaves the usual folder to the administrator.
                Some(name) if kind == PackageKind::Deb => {
                    plain(format!("usr/share/zsh/vendor-completions/{name}"))
                }
                _ => plain(format!("usr/share/{place}")),
            }
        } else if let Some(page) = man_page(inside).filter(|_| extras.man.iter().any(|one| one == path)) {
            let page = page.strip_suffix(".gz").unwrap_or(&page);
            (format!("usr/share/{page}.gz"), NodeKind::Document)
        } else {
            let is_license = begins(inside, &LICENSES) || begins(inside, &NOTICES);
            let nature = if is_license { NodeKind::License } else { NodeKind::Document };
            let is_apart = nature == NodeKind::License && kind == PackageKind::Rpm;
            (format!("usr/share/{}/{package}/{inside}", if is_apart { "licenses" } else { "doc" }), nature)
        }
    }
}

/// The folders that hold these files, without a slash at either end.
pub(super) fn folders<'p>(paths: impl Iterator<Item = &'p String>) -> BTreeSet<String> {
    paths.flat_map(|path| path.match_indices('/').map(|(end, _)| path[..end].to_owned())).collect()
}

/// A member of gzip without name and time, as `gzip -n` writes it.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let gzip = Gzip::new(Vec::new()).and_then(|mut gzip| gzip.write_all(bytes).and_then(|()| gzip.finish()));
    gzip.expect("writing into memory does not fail")
}
