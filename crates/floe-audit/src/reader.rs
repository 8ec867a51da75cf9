//! Reads small pieces of a binary within a budget.
//!
//! No offset, size or count from the file is trusted. The sum of all pieces is limited, so that a hostile file costs
//! bounded time and memory. (`object::read::ReadCache` gives no such bound: it keeps every piece it ever read.)

use std::cell::RefCell;
use std::io::{Read, Seek, SeekFrom};
use std::rc::Rc;

use object::pod::{self, Pod};

use super::error::{Error, Result, cut_off, too_large};
use super::text::{TEXT, printable};

/// The largest piece, in bytes. Only the signature of a Mach-O file of more than 500 MB would need more.
const LARGEST: u64 = 8 * 1024 * 1024;
/// The budget in bytes is twice the file's size plus `LITTLE`, but no more than `BUDGET`.
const BUDGET: u64 = 64 * 1024 * 1024;
const LITTLE: u64 = 1024 * 1024;
/// The least that a piece costs, in bytes, which limits the number of pieces.
const PIECE: u64 = 64;

trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// A binary, or a slice of one, that is read piece by piece. `part` names the piece in an error.
#[derive(Clone)]
pub(super) struct BinaryReader<'f> {
    file: Rc<RefCell<BudgetedFile<'f>>>,
    /// Where the slice begins in the file, in bytes.
    pub(super) begin: u64,
    /// Its size in bytes.
    pub(super) size: u64,
}

struct BudgetedFile<'f> {
    inner: &'f mut dyn ReadSeek,
    left: u64,
}

impl<'f> BinaryReader<'f> {
    pub(super) fn new<S: Read + Seek>(inner: &'f mut S) -> Result<Self> {
        let size = inner.seek(SeekFrom::End(0)).map_err(Error::Io)?;
        let left = size.saturating_mul(2).saturating_add(LITTLE).min(BUDGET);
        Ok(BinaryReader { file: Rc::new(RefCell::new(BudgetedFile { inner, left })), begin: 0, size })
    }

    /// A slice of the file, with the same budget.
    pub(super) fn slice(&self, part: &str, offset: u64, size: u64) -> Result<BinaryReader<'f>> {
        self.within(part, offset, size)?;
        Ok(BinaryReader { file: self.file.clone(), begin: self.begin + offset, size })
    }

    pub(super) fn bytes(&self, part: &str, offset: u64, size: u64) -> Result<Vec<u8>> {
        self.within(part, offset, size)?;
        let left = self.file.borrow().left.checked_sub(size.max(PIECE)).filter(|_| size <= LARGEST);
        self.file.borrow_mut().left = left.ok_or_else(|| too_large(part))?;
        // At most `LARGEST`, so the cast loses nothing.
        let mut bytes = vec![0; size as usize];
        self.fill(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// One plain structure.
    pub(super) fn pod<T: Pod + Copy>(&self, part: &str, offset: u64) -> Result<T> {
        self.pods(part, offset, 1).map(|all| all[0])
    }

    /// `count` plain structures side by side.
    pub(super) fn pods<T: Pod + Copy>(&self, part: &str, offset: u64, count: u64) -> Result<Vec<T>> {
        let size = count.checked_mul(size_of::<T>() as u64).ok_or_else(|| cut_off(part))?;
        let bytes = self.bytes(part, offset, size)?;
        pod::slice_from_bytes(&bytes, count as usize).map(|(all, _)| all.to_vec()).map_err(|()| cut_off(part))
    }

    /// The text from `offset` to the next zero byte, which must lie before `end`. Text after 1024 bytes is dropped.
    pub(super) fn string(&self, part: &str, offset: u64, end: u64) -> Result<String> {
        let end = end.min(self.size);
        let mut text = Vec::new();
        while text.len() < TEXT {
            let at =
                offset.checked_add(text.len() as u64).filter(|at| *at < end).ok_or_else(|| cut_off(part))?;
            let piece = self.bytes(part, at, (end - at).min(PIECE))?;
            if let Some(length) = memchr::memchr(0, &piece) {
                text.extend(&piece[..length]);
                break;
            }
            text.extend(piece);
        }
        Ok(printable(&text))
    }

    /// Checks that a piece lies in it.
    pub(super) fn within(&self, part: &str, offset: u64, size: u64) -> Result<()> {
        let end = offset.checked_add(size).ok_or_else(|| cut_off(part))?;
        if end > self.size {
            let size = self.size;
            let text = format!("its {part} is broken or cut off (it ends at {end}, the file at {size})");
            return Err(Error::Malformed(text));
        }
        Ok(())
    }

    /// Fills a buffer from `offset` on. It costs nothing, so it is for passes over content that is known to lie in the
    /// file.
    pub(super) fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let inner = &mut self.file.borrow_mut().inner;
        let sought = inner.seek(SeekFrom::Start(self.begin + offset));
        sought.and_then(|_| inner.read_exact(buffer)).map_err(Error::Io)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_piece_outside_the_file_is_an_error_and_takes_no_memory() {
        let mut file = Cursor::new(b"abc\0d\x1b[31m");
        let reader = BinaryReader::new(&mut file).unwrap();
        assert_eq!(reader.bytes("x", 1, 2).unwrap(), b"bc");
        assert_eq!(reader.string("x", 0, 10).unwrap(), "abc");
        assert!(reader.string("x", 4, 10).is_err());
        assert!(reader.bytes("x", u64::MAX, 2).is_err());
        assert!(reader.pods::<u64>("x", 0, u64::MAX / 4).is_err());
        assert_eq!(
            reader.bytes("note", 8, 4).unwrap_err().to_string(),
            "its note is broken or cut off (it ends at 12, the file at 10)"
        );
    }

    #[test]
    fn the_budget_ends() {
        let mut file = Cursor::new(vec![0; 4096]);
        let reader = BinaryReader::new(&mut file).unwrap();
        let reads = (0..).take_while(|_| reader.bytes("x", 0, 4096).is_ok()).count();
        assert_eq!(reads as u64, LITTLE / 4096 + 2);
        let error = reader.bytes("x", 0, 1).unwrap_err().to_string();
        assert!(error.contains("larger than any linker writes"), "{error}");
    }
}
