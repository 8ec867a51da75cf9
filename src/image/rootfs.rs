//! The files of an image: the members of each layer, and the regular files of all layers together (OCI image-spec,
//! layer.md).
//!
//! Layers are read as streams and never unpacked. Layers that remove files of lower ones are refused.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::Context;

use super::tarball::{self, LayerMember};
use crate::package::archive::tar_walk::TarKind;
use floe_core::model::{Digest, Entry};

/// The prefix of a name that removes a file of lower layers (layer.md, "Whiteouts").
const WHITEOUT: &str = ".wh.";

/// The most problems that are reported for one layer: a hostile one can have a million.
const PROBLEMS_LIMIT: usize = 20;

/// The members of one layer (layer.md, "Change Types").
#[derive(Debug, Default)]
pub struct Changeset {
    /// By path, in the order of the tar.
    list: Vec<(String, Node)>,
    /// The names that cannot be accepted, a sentence each.
    pub problems: Vec<String>,
}

#[derive(Debug)]
enum Node {
    File { size: u64, mode: u32, digest: Digest },
    HardLink(String),
    Directory,
    Symlink,
}

/// Reads a layer's tar of at most `members` members to its end. Names that are not accepted are in
/// [`Changeset::problems`].
pub fn scan(tar: impl Read, members: usize) -> anyhow::Result<Changeset> {
    let mut changeset = Changeset::default();
    let mut seen: BTreeMap<String, bool> = BTreeMap::new();
    tarball::walk(tar, members, |member, content| {
        if let Some(problem) = problem(member, &seen)
            && changeset.problems.len() < PROBLEMS_LIMIT
        {
            changeset.problems.push(problem);
        }
        seen.insert(member.path.clone(), member.kind == TarKind::Directory);
        changeset.list.push((member.path.clone(), node(member, content)?));
        Ok(())
    })?;
    Ok(changeset)
}

/// The regular files of an image, sorted by path: upper layers over lower ones. The error has a sentence for each hard
/// link without a target.
pub fn files<'a>(layers: impl IntoIterator<Item = &'a Changeset>) -> Result<Vec<Entry>, Vec<String>> {
    let mut tree = Tree::default();
    let mut problems = Vec::new();
    for (path, node) in layers.into_iter().flat_map(|layer| &layer.list) {
        if let Err(problem) = tree.put(path, node)
            && problems.len() < PROBLEMS_LIMIT
        {
            problems.push(problem);
        }
    }
    if problems.is_empty() { Ok(tree.0.into_values().flatten().collect()) } else { Err(problems) }
}

impl Changeset {
    /// A layer that holds only these regular files.
    pub fn of_files(files: &[Entry]) -> Self {
        let node = |file: &Entry| Node::File { size: file.size, mode: file.mode, digest: file.digest };
        let list = files.iter().map(|file| (file.path.clone(), node(file))).collect();
        Changeset { list, problems: Vec::new() }
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.list.len()
    }
}

fn node(member: &LayerMember, content: &mut dyn Read) -> anyhow::Result<Node> {
    Ok(match member.kind {
        TarKind::File => {
            let (digest, size) =
                Digest::of_reader(content).with_context(|| format!("cannot read `{}`", member.path))?;
            Node::File { size, mode: member.mode, digest }
        }
        TarKind::HardLink => Node::HardLink(member.target.clone()),
        TarKind::Directory => Node::Directory,
        TarKind::Symlink => Node::Symlink,
    })
}

/// Why the name of a member is not accepted after those before it. Unpackers disagree about such layers.
fn problem(member: &LayerMember, seen: &BTreeMap<String, bool>) -> Option<String> {
    let LayerMember { path, absolute, .. } = member;
    if path.split('/').any(|part| part.starts_with(WHITEOUT)) {
        return Some(format!(
            "`{path}` is a whiteout, which floe does not apply: build the image without removing files of lower layers"
        ));
    }
    // dockerTools writes its store paths from the root; no other absolute path is expected.
    if *absolute && path != "nix" && path != "nix/store" && !path.starts_with("nix/store/") {
        return Some(format!("`/{path}` is an absolute path"));
    }
    let is_directory = member.kind == TarKind::Directory;
    if seen.get(path).is_some_and(|was_directory| !(*was_directory && is_directory)) {
        return Some(format!("`{path}` is there twice"));
    }
    let mut ancestors = path.match_indices('/').map(|(end, _)| &path[..end]);
    if let Some(through) = ancestors.find(|folder| seen.get(*folder) == Some(&false)) {
        return Some(format!("`{path}` lies below `{through}`, which is no folder"));
    }
    let below = (!is_directory).then(|| below(path)).and_then(|range| seen.range(range).next());
    below.map(|(inner, _)| format!("`{inner}` lies below `{path}`, which is no folder"))
}

/// The keys of everything below a folder: the character after `/` is `0`.
fn below(folder: &str) -> std::ops::Range<String> {
    format!("{folder}/")..format!("{folder}0")
}

/// Everything in the image by path; `None` for all but regular files.
#[derive(Default)]
struct Tree(BTreeMap<String, Option<Entry>>);

impl Tree {
    fn put(&mut self, path: &str, node: &Node) -> Result<(), String> {
        let entry = match node {
            Node::Directory | Node::Symlink => None,
            Node::File { size, mode, digest } => {
                Some(Entry { path: path.to_owned(), size: *size, mode: *mode, digest: *digest })
            }
            Node::HardLink(target) => match self.0.get(target) {
                Some(entry) => entry.clone().map(|entry| Entry { path: path.to_owned(), ..entry }),
                None => return Err(format!("`{path}` is a hard link to `{target}`, which is missing")),
            },
        };
        if !matches!(node, Node::Directory) {
            let hidden: Vec<String> = self.0.range(below(path)).map(|(path, _)| path.clone()).collect();
            hidden.iter().for_each(|path| drop(self.0.remove(path)));
        }
        self.0.insert(path.to_owned(), entry);
        Ok(())
    }
}
