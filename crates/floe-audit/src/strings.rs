//! Searches every byte of a binary once for paths that tell where it was built and with which compiler.
//!
//! One window of the file is in memory at a time. Compressed sections (some debug information) and UTF-16 text are not
//! searched.

use memchr::memmem::Finder;
use std::io::Read;
use std::ops::Range;

use super::error::{Error, Result};
use super::facts::Section;
use super::paths::{self, MARKERS, PathMarker};
use super::reader::BinaryReader;
use super::text::printable;
use super::{Facts, FoundPath};

/// How many new bytes are searched at once.
const PIECE: u64 = 256 * 1024;
/// How many bytes before and after the start of a marker may be looked at to judge it.
const CONTEXT: usize = 512;
/// How many paths of a kind are kept.
const KEPT: usize = 32;
/// How many markers are judged. A file with more of them consists of them, and its paths are counted up to here.
const JUDGED: u32 = 200_000;
/// How much of the section `.comment` is read, in bytes.
const COMMENT: u64 = 64 * 1024;

/// A search of all bytes of a binary whose headers were read.
struct Search {
    finders: Vec<(PathMarker, Finder<'static>)>,
    facts: Facts,
    sections: Vec<Section>,
    /// The bytes that are searched now, after some that were and before some that will be.
    window: Vec<u8>,
    /// Where the window begins in the file.
    begin: u64,
    judged: u32,
}

/// Adds the facts that are found in the bytes of a file. The sections are only named.
pub(super) fn search(facts: Facts, sections: Vec<Section>, mut file: impl Read) -> Result<Facts> {
    let finders = MARKERS.map(|marker| (marker, Finder::new(marker.0))).to_vec();
    let mut search = Search { finders, facts, sections, window: Vec::new(), begin: 0, judged: 0 };
    let mut from = 0;
    loop {
        let read = file.by_ref().take(PIECE).read_to_end(&mut search.window).map_err(Error::Io)?;
        if (read as u64) < PIECE {
            search.judge_all(from..search.window.len());
            break;
        }
        // The last bytes are searched with the next ones.
        let until = search.window.len() - CONTEXT;
        search.judge_all(from..until);
        search.window.drain(..until - CONTEXT);
        search.begin += (until - CONTEXT) as u64;
        from = CONTEXT;
    }
    if search.begin + search.window.len() as u64 != search.facts.size {
        return Err(Error::Malformed("it changed while it was read".to_owned()));
    }
    search.facts.paths.found.sort_by_key(|path| path.offset);
    Ok(search.facts)
}

impl Search {
    /// Judges the markers that begin in a part of the window.
    fn judge_all(&mut self, part: Range<usize>) {
        let mut hits = Vec::new();
        for (marker, finder) in &self.finders {
            // A marker that begins in the part may end after it.
            let end = self.window.len().min(part.end + marker.0.len() - 1);
            let found = finder.find_iter(&self.window[part.start..end]);
            hits.extend(found.map(|at| (part.start + at, *marker)));
        }
        hits.sort_unstable_by_key(|(at, _)| *at);
        hits.truncate((JUDGED - self.judged) as usize);
        self.judged += hits.len() as u32;
        for (at, marker) in hits {
            self.judge(marker, at);
        }
    }

    fn judge(&mut self, marker: PathMarker, at: usize) {
        let before = &self.window[at.saturating_sub(CONTEXT)..at];
        let text = &self.window[at..self.window.len().min(at + CONTEXT)];
        if marker.0 == paths::RUSTC {
            if let Some(source) = paths::rustc_source(text) {
                self.facts.rustc.get_or_insert_default().source.get_or_insert(source);
            }
            return;
        }
        let Some(hit) = paths::read(marker, before, text) else { return };
        let paths = &mut self.facts.paths;
        paths.total += 1;
        let kept = paths.found.iter().filter(|path| path.kind == hit.kind);
        let kept: Vec<&str> = kept.map(|path| path.text.as_str()).collect();
        if kept.len() == KEPT || kept.contains(&hit.text.as_str()) {
            return;
        }
        let offset = self.begin + (at - hit.lead) as u64;
        let section = self.sections.iter().find(|section| section.contains(offset));
        let section = section.map(|section| section.name.clone());
        paths.found.push(FoundPath { kind: hit.kind, text: hit.text, section, offset });
    }
}

/// The version of the Rust compiler, which it writes into ELF's section `.comment`.
pub(super) fn rustc_version(reader: &BinaryReader<'_>, sections: &[Section]) -> Result<Option<String>> {
    let Some(comment) = sections.iter().find(|section| section.name == ".comment") else { return Ok(None) };
    let bytes = reader.bytes("section `.comment`", comment.offset, comment.size.min(COMMENT))?;
    let mut texts = bytes.split(|byte| *byte == 0);
    Ok(texts.find_map(|text| text.strip_prefix(b"rustc version ")).map(printable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::of_format;
    use crate::{Arch, BinaryKind, Format, PathKind, Paths};

    fn paths(bytes: &[u8]) -> Paths {
        let size = bytes.len() as u64;
        let facts = Facts { size, ..of_format(Format::Elf, vec![Arch::X86_64], BinaryKind::Pie) };
        let sections = vec![Section { name: ".rodata".to_owned(), offset: 1, size }];
        search(facts, sections, bytes).unwrap().paths
    }

    #[test]
    fn a_path_is_found_once_wherever_the_windows_meet() {
        let path = b"/home/user/work/floe/src/main.rs";
        let piece = PIECE as usize;
        let edges = [0, CONTEXT, piece - CONTEXT, piece, piece + CONTEXT, 2 * piece - CONTEXT, 2 * piece];
        for edge in edges {
            for at in [33, 32, 31, 8, 1, 0].map(|distance| usize::saturating_sub(edge, distance)) {
                let mut bytes = vec![0; at];
                bytes.extend(path);
                bytes.resize(at + path.len() + piece, 0);
                let found = paths(&bytes);
                assert_eq!((found.total, found.found.len()), (1, 1), "{at}");
                assert_eq!(found.found[0].text.as_bytes(), path);
                assert_eq!(found.found[0].offset, at as u64);
                assert_eq!(found.found[0].section.is_some(), at > 0);
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
        let found = paths(&bytes);
        assert_eq!((found.total, found.found.len()), (501, KEPT + 1));
        assert_eq!(found.found[KEPT].kind, PathKind::NixStore);
        assert_eq!(found.found[KEPT].text, "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-glibc-2.40/lib");
    }
}
