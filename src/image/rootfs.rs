//! What the layers of an image come to: the changes of each layer, and the regular files of all of them together
//! (OCI image-spec, layer.md: "Change Types", "Whiteouts").
//!
//! It reads layers as streams and unpacks nothing.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::Context;

use super::tarball::{self, Kind, Member};
use floe_core::model::{Digest, Entry};

/// The prefix of a name that removes what lower layers have under the rest of it.
const WHITEOUT: &str = ".wh.";

/// The name that removes all that lower layers have in its folder.
const OPAQUE: &str = ".wh..wh..opq";

/// The most problems that are told of one layer: a hostile one has a million.
const PROBLEMS_LIMIT: usize = 20;

/// What one layer changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// By path, in the order of the tar.
    list: Vec<(String, Change)>,
    /// What is wrong with its names, in words.
    pub problems: Vec<String>,
}

#[derive(Debug)]
enum Change {
    File { size: u64, mode: u32, digest: Digest },
    HardLink(String),
    Directory,
    Other,
    Whiteout,
    Opaque,
}

/// Reads a layer's tar of no more than so many members to its end.
///
/// # Errors
/// What [`tarball::walk`] refuses; what else is wrong with names stands in [`Changes::problems`].
pub fn scan(tar: impl Read, members: usize) -> anyhow::Result<Changes> {
    let mut changes = Changes::default();
    let mut seen: BTreeMap<String, bool> = BTreeMap::new();
    tarball::walk(tar, members, |member, content| {
        let is_directory = member.kind == Kind::Directory;
        if let Some(problem) = misplaced(member, &seen) {
            changes.problem(problem);
        }
        seen.insert(member.path.clone(), is_directory);
        let (path, change) = change(member, content)?;
        changes.list.push((path, change));
        Ok(())
    })?;
    Ok(changes)
}

/// The regular files of an image, sorted by path: upper layers over lower ones, whiteouts obeyed.
///
/// # Errors
/// A sentence a hard link that leads to nothing.
pub fn files<'a>(layers: impl IntoIterator<Item = &'a Changes>) -> Result<Vec<Entry>, Vec<String>> {
    let mut tree = Tree::default();
    let mut problems = Vec::new();
    for layer in layers {
        for (path, change) in &layer.list {
            match change {
                Change::Whiteout => tree.remove(path),
                Change::Opaque => tree.remove_below(path),
                _ => {}
            }
        }
        for (path, change) in &layer.list {
            if let Err(problem) = tree.put(path, change)
                && problems.len() < PROBLEMS_LIMIT
            {
                problems.push(problem);
            }
        }
    }
    if problems.is_empty() { Ok(tree.0.into_values().flatten().collect()) } else { Err(problems) }
}

impl Changes {
    /// The changes of a layer that holds only these regular files.
    pub fn of_files(files: &[Entry]) -> Self {
        let change = |file: &Entry| Change::File { size: file.size, mode: file.mode, digest: file.digest };
        let list = files.iter().map(|file| (file.path.clone(), change(file))).collect();
        Changes { list, problems: Vec::new() }
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_LIMIT {
            self.problems.push(problem);
        }
    }
}

fn change(member: &Member, content: &mut dyn Read) -> anyhow::Result<(String, Change)> {
    let (folder, name) = member.path.rsplit_once('/').unwrap_or(("", &member.path));
    if name == OPAQUE {
        return Ok((folder.to_owned(), Change::Opaque));
    }
    if let Some(removed) = name.strip_prefix(WHITEOUT) {
        return Ok((join(folder, removed), Change::Whiteout));
    }
    let change = match &member.kind {
        Kind::File => {
            let (digest, size) =
                Digest::of_reader(content).with_context(|| format!("cannot read `{}`", member.path))?;
            Change::File { size, mode: member.mode, digest }
        }
        Kind::HardLink(target) => Change::HardLink(target.clone()),
        Kind::Directory => Change::Directory,
        Kind::Symlink => Change::Other,
    };
    Ok((member.path.clone(), change))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// What is wrong with where a member stands among those before it: unpackers disagree about such layers.
fn misplaced(member: &Member, seen: &BTreeMap<String, bool>) -> Option<String> {
    let Member { path, absolute, .. } = member;
    // dockerTools writes its store paths from the root; nothing else that is absolute is meant well.
    if *absolute && path != "nix" && path != "nix/store" && !path.starts_with("nix/store/") {
        return Some(format!("`/{path}` is an absolute path"));
    }
    let is_directory = member.kind == Kind::Directory;
    if seen.get(path).is_some_and(|was_directory| !(*was_directory && is_directory)) {
        return Some(format!("`{path}` is there twice"));
    }
    let through = ancestors(path).find(|folder| seen.get(*folder) == Some(&false));
    if let Some(through) = through {
        return Some(format!("`{path}` lies below `{through}`, which is no folder"));
    }
    let below = (!is_directory).then(|| below(path)).and_then(|range| seen.range(range).next());
    below.map(|(inner, _)| format!("`{inner}` lies below `{path}`, which is no folder"))
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// The keys of everything below a folder: `/` is followed by `0`.
fn below(folder: &str) -> std::ops::Range<String> {
    if folder.is_empty() {
        return "\0".to_owned()..char::MAX.to_string();
    }
    format!("{folder}/")..format!("{folder}0")
}

/// Everything in the image by path; `None` is what is no regular file.
#[derive(Default)]
struct Tree(BTreeMap<String, Option<Entry>>);

impl Tree {
    fn put(&mut self, path: &str, change: &Change) -> Result<(), String> {
        let node = match change {
            Change::Whiteout | Change::Opaque => return Ok(()),
            Change::Directory => {
                self.0.insert(path.to_owned(), None);
                return Ok(());
            }
            Change::Other => None,
            Change::File { size, mode, digest } => {
                Some(Entry { path: path.to_owned(), size: *size, mode: *mode, digest: *digest })
            }
            Change::HardLink(target) => match self.0.get(target) {
                Some(node) => node.clone().map(|entry| Entry { path: path.to_owned(), ..entry }),
                None => return Err(format!("`{path}` is a hard link to `{target}`, which is not there")),
            },
        };
        self.remove_below(path);
        self.0.insert(path.to_owned(), node);
        Ok(())
    }

    fn remove(&mut self, path: &str) {
        self.0.remove(path);
        self.remove_below(path);
    }

    fn remove_below(&mut self, folder: &str) {
        let gone: Vec<String> = self.0.range(below(folder)).map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.0.remove(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::samples::Tar;

    fn paths(layers: &[Tar]) -> Vec<String> {
        let layers: Vec<Changes> =
            layers.iter().map(|tar| scan(tar.bytes().as_slice(), 9).unwrap()).collect();
        assert!(layers.iter().all(|layer| layer.problems.is_empty()), "{layers:?}");
        files(&layers).unwrap().into_iter().map(|entry| entry.path).collect()
    }

    #[test]
    fn upper_layers_cover_lower_ones_and_whiteouts_remove() {
        let lower =
            Tar::new().dir("a/").file("a/1", b"1").file("a/2", b"2").file("b", b"b").file("c/x", b"x");
        let upper =
            Tar::new().file("a/.wh.1", b"").file("b", b"other").file("c/.wh..wh..opq", b"").file("c/y", b"y");
        assert_eq!(paths(&[lower, upper]), ["a/2", "b", "c/y"]);
        let lower = Tar::new().file("d/1", b"1").file("d.txt", b"").file("e", b"e").file("f/g", b"");
        let upper = Tar::new().symlink("d", "/elsewhere").dir("e/").file(".wh.f", b"");
        assert_eq!(paths(&[lower, upper]), ["d.txt"]);
    }

    #[test]
    fn a_file_is_described_by_the_layer_that_wins() {
        let layers = [b"one".as_slice(), b"three"]
            .map(|content| scan(Tar::new().file("./bin/floe", content).end().as_slice(), 9).unwrap());
        let expected =
            Entry { path: "bin/floe".to_owned(), size: 5, mode: 0o644, digest: Digest::of(b"three") };
        assert_eq!(files(&layers).unwrap(), [expected]);
    }

    #[test]
    fn hard_links_are_files_and_links_are_not() {
        let lower = Tar::new().file("a", b"content").symlink("s", "a");
        let upper = Tar::new().hard_link("b", "a").hard_link("t", "s");
        assert_eq!(paths(&[lower, upper]), ["a", "b"]);
        let broken = scan(Tar::new().hard_link("b", "a").end().as_slice(), 9).unwrap();
        assert_eq!(files([&broken]).unwrap_err(), ["`b` is a hard link to `a`, which is not there"]);
    }

    #[test]
    fn names_that_unpackers_disagree_about_are_problems() {
        let problems = |tar: Tar| scan(tar.end().as_slice(), 9).unwrap().problems.join("; ");
        assert_eq!(problems(Tar::new().file("a", b"1").file("./a", b"2")), "`a` is there twice");
        assert_eq!(problems(Tar::new().dir("a").dir("a/").file("/nix/store/x", b"")), "");
        assert_eq!(problems(Tar::new().file("/etc/shadow", b"")), "`/etc/shadow` is an absolute path");
        let through = "`l/x` lies below `l`, which is no folder";
        assert_eq!(problems(Tar::new().symlink("l", "/etc").file("l/x", b"")), through);
        assert_eq!(problems(Tar::new().file("l/x", b"").symlink("l", "/etc")), through);
    }
}
