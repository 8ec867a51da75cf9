//! The files of an image: the members of each layer, and all layers together (OCI image-spec, layer.md).
//!
//! Layers are read as streams and never unpacked. Layers that remove files of lower ones are refused.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::Context;

use super::tarball::{self, LayerMember};
use crate::package::archive::tar_walk::TarKind;
use floe_core::model::{Digest, Entry, Member, Nature};

/// The prefix of a name that removes a file of lower layers (layer.md, "Whiteouts").
const WHITEOUT: &str = ".wh.";

/// The most problems that are reported for one layer: a hostile one can have a million.
const PROBLEMS_LIMIT: usize = 20;

/// The most links that are followed (Linux, `MAXSYMLINKS`).
const LINKS_LIMIT: usize = 40;

/// The bits of a mode by which a program runs as another user or group than the one that starts it.
const SETUID_SETGID: u32 = 0o6000;

/// The members of one layer (layer.md, "Change Types").
#[derive(Debug, Default)]
pub struct Changeset {
    /// In the order of the tar.
    pub members: Vec<Member>,
    /// Why some of them cannot be accepted, a sentence each.
    pub problems: Vec<String>,
}

/// Reads a layer's tar of at most `members` members to its end. Members that are not accepted are in
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
        changeset.members.push(examined(member, content)?);
        Ok(())
    })?;
    Ok(changeset)
}

/// A member with the digest of its content.
fn examined(member: &LayerMember, content: &mut dyn Read) -> anyhow::Result<Member> {
    let LayerMember { path, mode, time, .. } = member;
    let (digest, size) = Digest::of_reader(content).with_context(|| format!("cannot read `{path}`"))?;
    let nature = match member.kind {
        TarKind::File => Nature::File(digest),
        TarKind::Directory => Nature::Folder,
        TarKind::Symlink => Nature::Symlink(member.target.clone()),
        TarKind::HardLink => Nature::HardLink(member.target.clone()),
    };
    Ok(Member { path: path.clone(), nature, size, mode: *mode, time: *time })
}

/// Why a member is not accepted after those before it. Unpackers disagree about layers with such names.
fn problem(member: &LayerMember, seen: &BTreeMap<String, bool>) -> Option<String> {
    let LayerMember { path, absolute, mode, .. } = member;
    if path.split('/').any(|part| part.starts_with(WHITEOUT)) {
        return Some(format!(
            "`{path}` is a whiteout, which floe does not apply: build the image without removing files of lower layers"
        ));
    }
    // dockerTools writes its store paths from the root; no other absolute path is expected.
    if *absolute && path != "nix" && path != "nix/store" && !path.starts_with("nix/store/") {
        return Some(format!("`/{path}` is an absolute path"));
    }
    if member.kind == TarKind::File && mode & SETUID_SETGID != 0 {
        return Some(format!("`{path}` has the mode {mode:04o}: it would run as another user (`chmod a-s`)"));
    }
    let is_directory = member.kind == TarKind::Directory;
    if seen.get(path).is_some_and(|was_directory| !(*was_directory && is_directory)) {
        return Some(format!("`{path}` is there twice"));
    }
    let mut ancestors = ancestors(path);
    if let Some(through) = ancestors.find(|folder| seen.get(*folder) == Some(&false)) {
        return Some(format!("`{path}` is below `{through}`, which is not a folder"));
    }
    let below = (!is_directory).then(|| below(path)).and_then(|range| seen.range(range).next());
    below.map(|(inner, _)| format!("`{inner}` is below `{path}`, which is not a folder"))
}

/// The folders above a path, the outermost first.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// The keys of everything below a folder: the character after `/` is `0`.
fn below(folder: &str) -> std::ops::Range<String> {
    format!("{folder}/")..format!("{folder}0")
}

/// Everything in an image by path: upper layers over lower ones. A file's hard links are copies of it.
#[derive(Debug, Default)]
pub struct FileTree(BTreeMap<String, Member>);

impl FileTree {
    /// The error has a sentence for each member that does not fit to the layers below it.
    pub fn of<'a>(layers: impl IntoIterator<Item = &'a Changeset>) -> Result<FileTree, Vec<String>> {
        let mut tree = FileTree::default();
        let mut problems = Vec::new();
        for member in layers.into_iter().flat_map(|layer| &layer.members) {
            if let Err(problem) = tree.put(member)
                && problems.len() < PROBLEMS_LIMIT
            {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(tree) } else { Err(problems) }
    }

    fn put(&mut self, member: &Member) -> Result<(), String> {
        let Member { path, nature, .. } = member;
        let member = match nature {
            Nature::HardLink(target) => match self.0.get(target) {
                Some(file) => Member { path: path.clone(), ..file.clone() },
                None => return Err(format!("`{path}` is a hard link to `{target}`, which is missing")),
            },
            _ => member.clone(),
        };
        // Some unpackers follow a link of a lower layer, and others replace it by a folder.
        let is_no_folder = |path: &&str| self.0.get(*path).is_some_and(|one| one.nature != Nature::Folder);
        if let Some(through) = ancestors(path).find(is_no_folder) {
            return Err(format!("`{path}` is below `{through}`, which is not a folder in a lower layer"));
        }
        if member.nature != Nature::Folder {
            let hidden: Vec<String> = self.0.range(below(path)).map(|(path, _)| path.clone()).collect();
            hidden.iter().for_each(|path| drop(self.0.remove(path)));
        }
        self.0.insert(path.clone(), member);
        Ok(())
    }

    /// The regular files, sorted by path.
    pub fn files(&self) -> Vec<Entry> {
        self.0.values().filter_map(Member::file).collect()
    }

    /// Whether there is anything at a path, which may be a folder that no member describes.
    pub fn has(&self, path: &str) -> bool {
        self.0.contains_key(path) || self.0.range(below(path)).next().is_some()
    }

    /// The regular file that a path leads to. Links are followed as the kernel does in a container, where no link leads out
    /// of the image. The error is a clause.
    pub fn resolve(&self, path: &str) -> Result<Entry, String> {
        let mut rest: Vec<&str> = path.split('/').rev().collect();
        let (mut at, mut links) = (String::new(), 0);
        while let Some(part) = rest.pop() {
            if part == ".." {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            if part.is_empty() || part == "." {
                continue;
            }
            let next = if at.is_empty() { part.to_owned() } else { format!("{at}/{part}") };
            match self.0.get(&next).map(|member| (&member.nature, member.mode)) {
                Some((Nature::Symlink(target), _)) => {
                    links += 1;
                    if links > LINKS_LIMIT {
                        return Err(format!("`/{next}` leads through more than {LINKS_LIMIT} links"));
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    rest.extend(target.split('/').rev());
                }
                Some((Nature::Folder, mode)) if mode & 0o001 == 0 => {
                    return Err(format!("`/{next}` has the mode {mode:04o}, so not every user may enter it"));
                }
                Some((Nature::File(_), _)) if !rest.is_empty() => {
                    return Err(format!("`/{next}` is not a folder"));
                }
                None if !self.has(&next) => return Err(format!("`/{next}` is not in the image")),
                _ => at = next,
            }
        }
        self.0.get(&at).and_then(Member::file).ok_or_else(|| format!("`/{at}` is a folder"))
    }
}
