//! Searches every byte of a binary once for paths that tell where it was built and with which compiler.
//!
//! One window of the file is in memory at a time. Compressed sections (some debug information) and UTF-16 text are not
//! searched.

use memchr::memmem::Finder;
use std::collections::BTreeMap;

use super::error::Result;
use super::facts::Section;
use super::paths::{self, MARKERS, Marker};
use super::reader::{BinaryReader, printable};
use super::{FoundPath, PathKind, Paths};

/// How many new bytes are searched at once.
const PIECE: usize = 256 * 1024;
/// How many bytes before and after the start of a marker may be looked at to judge it.
const CONTEXT: usize = 512;
const WINDOW: usize = PIECE + 2 * CONTEXT;
/// How many paths of a kind are kept.
const KEPT: usize = 32;
/// How many markers are judged. A file with more of them consists of them, and its paths are counted up to here.
const JUDGED: u32 = 200_000;
/// How much of the section `.comment` is read, in bytes.
const COMMENT: u64 = 64 * 1024;

/// A search: it takes the bytes of a file in order.
pub(super) struct Scanner {
    finders: Vec<(Marker, Finder<'static>)>,
    sections: Vec<Section>,
    window: Vec<u8>,
    /// Where the window begins in the file.
    begin: u64,
    /// Up to where in the window it was searched.
    searched: usize,
    pub(super) paths: Paths,
    /// The commit or version in the first path of the standard library.
    pub(super) rustc_source: Option<String>,
    kept: BTreeMap<PathKind, usize>,
    judged: u32,
}

impl Scanner {
    /// The sections are only named in the result; the whole file is searched.
    pub(super) fn new(sections: Vec<Section>) -> Scanner {
        Scanner {
            finders: MARKERS.map(|marker| (marker, Finder::new(marker.text))).to_vec(),
            sections,
            window: Vec::with_capacity(WINDOW),
            begin: 0,
            searched: 0,
            paths: Paths::default(),
            rustc_source: None,
            kept: BTreeMap::new(),
            judged: 0,
        }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.window.len() == WINDOW {
                let until = WINDOW - CONTEXT;
                self.search(until);
                // The last bytes stay as context of the next ones.
                let done = until - CONTEXT;
                self.window.drain(..done);
                self.begin += done as u64;
                self.searched = CONTEXT;
            }
            let (now, later) = bytes.split_at(bytes.len().min(WINDOW - self.window.len()));
            self.window.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Searches the last bytes, and returns how many there were in all.
    pub(super) fn finish(&mut self) -> u64 {
        self.search(self.window.len());
        self.paths.found.sort_by_key(|path| path.offset);
        self.begin + self.window.len() as u64
    }

    /// Judges the markers that begin before `until` in the window.
    fn search(&mut self, until: usize) {
        let mut hits = Vec::new();
        for (marker, finder) in &self.finders {
            // A marker that begins before `until` may end after it.
            let end = self.window.len().min(until + marker.text.len() - 1);
            let found = finder.find_iter(&self.window[self.searched..end]);
            hits.extend(found.map(|at| (self.searched + at, *marker)));
        }
        hits.sort_unstable_by_key(|(at, _)| *at);
        hits.truncate((JUDGED - self.judged) as usize);
        self.judged += hits.len() as u32;
        for (at, marker) in hits {
            self.judge(marker, at);
        }
    }

    fn judge(&mut self, marker: Marker, at: usize) {
        let before = &self.window[at.saturating_sub(CONTEXT)..at];
        let text = &self.window[at..self.window.len().min(at + CONTEXT)];
        if marker.text == paths::RUSTC {
            self.rustc_source = self.rustc_source.take().or_else(|| paths::rustc_source(text));
            return;
        }
        let Some(hit) = paths::read(marker, before, text) else { return };
        self.paths.total += 1;
        let kept = self.kept.entry(hit.kind).or_default();
        let same = |path: &FoundPath| path.kind == hit.kind && path.text == hit.text;
        if *kept == KEPT || self.paths.found.iter().any(same) {
            return;
        }
        *kept += 1;
        let offset = self.begin + (at - hit.lead) as u64;
        let section = self.sections.iter().find(|section| section.contains(offset));
        let section = section.map(|section| section.name.clone());
        self.paths.found.push(FoundPath { kind: hit.kind, text: hit.text, section, offset });
    }
}

/// The version of the Rust compiler, which it writes into ELF's section `.comment`.
pub(super) fn rustc_version(reader: &mut BinaryReader<'_>, sections: &[Section]) -> Result<Option<String>> {
    let Some(comment) = sections.iter().find(|section| section.name == ".comment") else { return Ok(None) };
    let bytes = reader.bytes("section `.comment`", comment.offset, comment.size.min(COMMENT))?;
    let mut texts = bytes.split(|byte| *byte == 0);
    Ok(texts.find_map(|text| text.strip_prefix(b"rustc version ")).map(printable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8], piece: usize) -> Scanner {
        let size = bytes.len() as u64;
        let mut scanner = Scanner::new(vec![Section { name: ".rodata".to_owned(), offset: 1, size }]);
        bytes.chunks(piece).for_each(|piece| scanner.push(piece));
        assert_eq!(scanner.finish(), size);
        scanner
    }

    #[test]
    fn a_path_is_found_once_wherever_the_windows_meet() {
        let path = b"/home/user/work/floe/src/main.rs";
        let edges = [0, CONTEXT, PIECE, PIECE + CONTEXT, PIECE + 2 * CONTEXT, 2 * PIECE + CONTEXT];
        for edge in edges {
            for at in [33, 32, 31, 8, 1, 0].map(|distance| usize::saturating_sub(edge, distance)) {
                let mut bytes = vec![0; at];
                bytes.extend(path);
                bytes.resize(at + path.len() + PIECE, 0);
                for piece in [bytes.len(), 8192, 999] {
                    let found = texts(&bytes, piece).paths;
                    assert_eq!((found.total, found.found.len()), (1, 1), "{at}");
                    assert_eq!(found.found[0].text.as_bytes(), path);
                    assert_eq!(found.found[0].offset, at as u64);
                    assert_eq!(found.found[0].section.is_some(), at > 0);
                }
            }
        }
    }

    #[test]
    fn many_are_counted_and_some_of_each_kind_are_kept() {
        let mut bytes = Vec::new();
        for number in 0..500 {
            bytes.extend(format!("/home/user/{}/x\0", number % 100).as_bytes());
        }
        bytes.extend(b"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-glibc-2.40/lib\0");
        let found = texts(&bytes, bytes.len()).paths;
        assert_eq!((found.total, found.found.len()), (501, KEPT + 1));
        assert_eq!(found.found[KEPT].kind, PathKind::NixStore);
        assert_eq!(found.found[KEPT].text, "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-glibc-2.40/lib");
    }
}
