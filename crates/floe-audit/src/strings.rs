//! One pass over all bytes of a binary for the texts that tell where it was built and with what.
//!
//! It holds one window of the file at a time. What is compressed (some debug sections) or written in UTF-16 is not
//! searched.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use memchr::memmem::Finder;

use super::paths::{self, Marker};
use super::read::Section;
use super::source::{Source, printable};
use super::{FoundPath, PathKind, Paths, Rustc};

/// What is searched at once, in bytes.
const PIECE: usize = 256 * 1024;
/// How many bytes before and behind a marker its reading may look at.
const CONTEXT: usize = 512;
/// How many paths of a kind are kept.
const KEPT: usize = 32;
/// How many markers are read; a file that has more is made of them, and its paths are counted up to here.
const READ: u32 = 200_000;
/// As much of the section `.comment` as is read, in bytes.
const COMMENT: u64 = 64 * 1024;

/// What was found.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) paths: Paths,
    /// What stands behind `/rustc/` in the first path of the standard library.
    pub(super) rustc_source: Option<String>,
    kept: BTreeMap<PathKind, usize>,
    read: u32,
}

/// Searches the whole file, whatever its headers say of it, and hands it to `pass` on the way.
pub(super) fn scan<S: Read + Seek>(
    source: &mut Source<S>,
    sections: &[Section],
    pass: &mut dyn FnMut(&[u8]) -> Result<(), String>,
) -> Result<Texts, String> {
    let finders = Marker::ALL.map(|marker| (marker, Finder::new(marker.text())));
    let mut texts = Texts::default();
    let mut window = Vec::with_capacity(PIECE + 2 * CONTEXT);
    // `begin` is where the window begins in the file, `searched` where the search goes on.
    let (mut begin, mut searched) = (0_u64, 0_u64);
    loop {
        let (filled, room) = (window.len(), PIECE + 2 * CONTEXT - window.len());
        let take = (source.size() - begin - filled as u64).min(room as u64) as usize;
        window.resize(filled + take, 0);
        source.fill(begin + filled as u64, &mut window[filled..])?;
        pass(&window[filled..])?;
        let last = begin + window.len() as u64 == source.size();
        let until = if last { window.len() } else { window.len() - CONTEXT };
        let from = (searched - begin) as usize;
        let mut hits = Vec::new();
        for (marker, finder) in &finders {
            // A marker that begins before `until` may end behind it.
            let end = window.len().min(until + marker.text().len() - 1);
            hits.extend(finder.find_iter(&window[from..end]).map(|at| (from + at, *marker)));
        }
        hits.sort_unstable_by_key(|(at, _)| *at);
        hits.truncate((READ - texts.read) as usize);
        texts.read += hits.len() as u32;
        for (at, marker) in hits {
            texts.read(marker, (&window, at), begin, sections);
        }
        if last {
            texts.paths.found.sort_by_key(|path| path.offset);
            return Ok(texts);
        }
        searched = begin + until as u64;
        let keep = until.saturating_sub(CONTEXT);
        window.drain(..keep);
        begin += keep as u64;
    }
}

impl Texts {
    fn read(&mut self, marker: Marker, (window, at): (&[u8], usize), begin: u64, sections: &[Section]) {
        let before = &window[at.saturating_sub(CONTEXT)..at];
        let behind = &window[at..window.len().min(at + CONTEXT)];
        if marker == Marker::Rustc {
            self.rustc_source = self.rustc_source.take().or_else(|| paths::rustc_source(behind));
            return;
        }
        let Some(hit) = paths::read(marker, before, behind) else { return };
        self.paths.total += 1;
        let kept = self.kept.entry(hit.kind).or_default();
        let same = |path: &FoundPath| path.kind == hit.kind && path.text == hit.text;
        if *kept == KEPT || self.paths.found.iter().any(same) {
            return;
        }
        *kept += 1;
        let offset = begin + (at - hit.lead) as u64;
        let holds = |section: &&Section| {
            offset.checked_sub(section.offset).is_some_and(|distance| distance < section.size)
        };
        let section = sections.iter().find(holds).map(|section| section.name.clone());
        self.paths.found.push(FoundPath { kind: hit.kind, text: hit.text, section, offset });
    }
}

/// The Rust compiler, from ELF's `.comment` and from the paths of the standard library.
pub(super) fn rustc<S: Read + Seek>(
    source: &mut Source<S>,
    sections: &[Section],
    from_paths: Option<String>,
) -> Result<Option<Rustc>, String> {
    let mut version = None;
    if let Some(comment) = sections.iter().find(|section| section.name == ".comment") {
        let bytes = source.bytes("section `.comment`", comment.offset, comment.size.min(COMMENT))?;
        let mut texts = bytes.split(|byte| *byte == 0);
        version = texts.find_map(|text| text.strip_prefix(b"rustc version ")).map(printable);
    }
    let none = version.is_none() && from_paths.is_none();
    Ok((!none).then_some(Rustc { version, source: from_paths }))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn texts(bytes: Vec<u8>) -> Texts {
        let size = bytes.len() as u64;
        let all = Section { name: ".rodata".to_owned(), offset: 1, size };
        let mut passed = Vec::new();
        let mut source = Source::new(Cursor::new(&bytes)).unwrap();
        let texts = scan(&mut source, &[all], &mut |piece| {
            passed.extend_from_slice(piece);
            Ok(())
        });
        assert!(passed == bytes);
        texts.unwrap()
    }

    #[test]
    fn a_path_is_found_once_wherever_the_windows_meet() {
        let path = b"/home/jane/work/floe/src/main.rs";
        let edges = [0, CONTEXT, PIECE, PIECE + CONTEXT, PIECE + 2 * CONTEXT, 2 * PIECE + CONTEXT];
        for edge in edges {
            for at in [33, 32, 31, 8, 1, 0].map(|distance| usize::saturating_sub(edge, distance)) {
                let mut bytes = vec![0; at];
                bytes.extend(path);
                bytes.resize(at + path.len() + PIECE, 0);
                let found = texts(bytes).paths;
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
            bytes.extend(format!("/home/jane/{}/x\0", number % 100).as_bytes());
        }
        bytes.extend(b"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-glibc-2.40/lib\0");
        let found = texts(bytes).paths;
        assert_eq!((found.total, found.found.len()), (501, KEPT + 1));
        assert_eq!(found.found[KEPT].kind, PathKind::NixStore);
        assert_eq!(found.found[KEPT].text, "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-glibc-2.40/lib");
    }
}
