//! A binary as a reader that is asked for small pieces and never trusted with a size.
//!
//! It never hands out more than lies in the file, never more than a few MiB at once, and in sum no more than any
//! linker's headers take: what a hostile file can make floe read has an end.

use std::io::{Read, Seek, SeekFrom};

use object::pod::{self, Pod};

/// The largest piece, in bytes. Only a Mach-O signature of a binary of more than 500 MB would need more.
const LARGEST: u64 = 8 * 1024 * 1024;
/// How many bytes may be asked for in sum, besides passes over the whole file: at most as many, and no more than twice
/// the file and a little.
const BUDGET: u64 = 64 * 1024 * 1024;
const LITTLE: u64 = 1024 * 1024;
/// What a piece costs at least: it bounds the number of pieces.
const PIECE: u64 = 64;
/// The longest name or path that is kept, in bytes.
const TEXT: u64 = 1024;

/// A binary under examination.
pub(super) struct Source<S> {
    inner: S,
    size: u64,
    left: u64,
}

impl<S: Read + Seek> Source<S> {
    pub(super) fn new(mut inner: S) -> Result<Self, String> {
        let size = inner.seek(SeekFrom::End(0)).map_err(|why| format!("its size cannot be read ({why})"))?;
        let left = size.saturating_mul(2).saturating_add(LITTLE).min(BUDGET);
        Ok(Source { inner, size, left })
    }

    /// The size of the file in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The `size` bytes at `offset`; `what` names them in an error.
    pub(super) fn bytes(&mut self, what: &str, offset: u64, size: u64) -> Result<Vec<u8>, String> {
        self.within(what, offset, size)?;
        let cost = size.max(PIECE);
        if size > LARGEST || cost > self.left {
            return Err(format!("its {what} is broken (it is larger than any linker writes)"));
        }
        self.left -= cost;
        // No larger than `LARGEST`, so it fits.
        let mut bytes = vec![0; size as usize];
        self.fill(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// One plain structure.
    pub(super) fn pod<T: Pod + Copy>(&mut self, what: &str, offset: u64) -> Result<T, String> {
        let bytes = self.bytes(what, offset, size_of::<T>() as u64)?;
        pod::from_bytes(&bytes).map(|(value, _)| *value).map_err(|()| cut_off(what))
    }

    /// `count` plain structures side by side.
    pub(super) fn pods<T: Pod + Copy>(
        &mut self,
        what: &str,
        offset: u64,
        count: u64,
    ) -> Result<Vec<T>, String> {
        let size = count.checked_mul(size_of::<T>() as u64).ok_or_else(|| cut_off(what))?;
        let bytes = self.bytes(what, offset, size)?;
        pod::slice_from_bytes(&bytes, count as usize).map(|(all, _)| all.to_vec()).map_err(|()| cut_off(what))
    }

    /// The text from `offset` to the next zero byte, which must stand before `end`. What is longer than 1024 bytes is
    /// cut.
    pub(super) fn string(&mut self, what: &str, offset: u64, end: u64) -> Result<String, String> {
        let end = end.min(self.size);
        let mut text = Vec::new();
        while (text.len() as u64) < TEXT {
            let at =
                offset.checked_add(text.len() as u64).filter(|at| *at < end).ok_or_else(|| cut_off(what))?;
            let piece = self.bytes(what, at, (end - at).min(PIECE))?;
            if let Some(length) = memchr::memchr(0, &piece) {
                text.extend(&piece[..length]);
                break;
            }
            text.extend(piece);
        }
        Ok(printable(&text))
    }

    /// Whether a piece lies in the file.
    pub(super) fn within(&self, what: &str, offset: u64, size: u64) -> Result<(), String> {
        let end = offset.checked_add(size).ok_or_else(|| cut_off(what))?;
        if end > self.size {
            return Err(format!(
                "its {what} is broken or cut off (it ends at {end}, the file at {})",
                self.size
            ));
        }
        Ok(())
    }

    /// Fills a buffer from `offset` on, which the caller has seen to lie in the file: for passes over all of it, which
    /// cost nothing of the budget.
    pub(super) fn fill(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), String> {
        let read = self.inner.seek(SeekFrom::Start(offset)).and_then(|_| self.inner.read_exact(buffer));
        read.map_err(|why| format!("it cannot be read at offset {offset} ({why})"))
    }
}

/// A name from a file as it may be shown: control characters and what is not UTF-8 are replaced, and the rest is at
/// most 1024 bytes long.
pub(super) fn printable(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(TEXT as usize)];
    let shown = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    String::from_utf8_lossy(bytes).chars().map(shown).collect()
}

/// The error for a piece that is not where it should be.
pub(super) fn cut_off(what: &str) -> String {
    format!("its {what} is broken or cut off")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_lies_outside_is_an_error_and_takes_no_memory() {
        let mut source = Source::new(Cursor::new(b"abc\0d\x1b[31m")).unwrap();
        assert_eq!(source.bytes("x", 1, 2).unwrap(), b"bc");
        assert_eq!(source.string("x", 0, 10).unwrap(), "abc");
        assert!(source.string("x", 4, 10).is_err());
        assert!(source.bytes("x", u64::MAX, 2).is_err());
        assert!(source.pods::<u64>("x", 0, u64::MAX / 4).is_err());
        assert_eq!(
            source.bytes("note", 8, 4).unwrap_err(),
            "its note is broken or cut off (it ends at 12, the file at 10)"
        );
    }

    #[test]
    fn the_budget_ends() {
        let mut source = Source::new(Cursor::new(vec![0; 4096])).unwrap();
        let reads = (0..).take_while(|_| source.bytes("x", 0, 4096).is_ok()).count();
        assert_eq!(reads as u64, LITTLE / 4096 + 2);
        assert!(source.bytes("x", 0, 1).unwrap_err().contains("larger than any linker writes"));
    }

    #[test]
    fn names_lose_what_a_terminal_would_obey() {
        assert_eq!(printable(b"lib\x1b[31m\xff.so"), "lib\u{fffd}[31m\u{fffd}.so");
        assert_eq!(printable(&[b'a'; 5000]).len(), 1024);
    }
}
