//! Limits on how many bytes are taken from untrusted input: a small archive can unpack without end, and a server
//! can send without end.

use std::borrow::BorrowMut;
use std::io::{self, Read};

use crate::units;

/// How many bytes may still come. [`Bounded`] counts what is read; a writer calls [`ByteLimit::take`] itself.
#[derive(Debug)]
pub struct ByteLimit {
    left: u64,
    limit: u64,
    exceeded: &'static str,
}

impl ByteLimit {
    /// A limit on the size of a file or a message.
    pub fn of_size(limit: u64) -> Self {
        ByteLimit { left: limit, limit, exceeded: "it is larger than" }
    }

    /// A limit on the output of a decompressor.
    pub fn of_unpacked(limit: u64) -> Self {
        ByteLimit { left: limit, limit, exceeded: "it unpacks to more than" }
    }

    /// A limit on the output of all decompressors of one release.
    pub fn of_all_unpacked(limit: u64) -> Self {
        ByteLimit { left: limit, limit, exceeded: "all archives together unpack to more than" }
    }

    /// Counts `bytes` that came.
    ///
    /// # Errors
    /// They are more than are left; then nothing is left. The kind is [`io::ErrorKind::FileTooLarge`].
    pub fn take(&mut self, bytes: u64) -> io::Result<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(0);
        left.map(drop).ok_or_else(|| {
            let text = format!("{} {}", self.exceeded, units::size(self.limit));
            io::Error::new(io::ErrorKind::FileTooLarge, text)
        })
    }
}

/// A reader that fails once more bytes came out of it than its limit allows. Several readers may share one limit.
#[derive(Debug)]
pub struct Bounded<R, L = ByteLimit> {
    inner: R,
    limit: L,
}

impl<R, L: BorrowMut<ByteLimit>> Bounded<R, L> {
    /// Reads `inner` within `limit`, which is a [`ByteLimit`] or a `&mut` to a shared one.
    pub fn new(inner: R, limit: L) -> Self {
        Bounded { inner, limit }
    }

    /// The reader that was wrapped.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read, L: BorrowMut<ByteLimit>> Read for Bounded<R, L> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.limit.borrow_mut().take(read as u64)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(reader: impl Read) -> io::Result<usize> {
        let mut bytes = Vec::new();
        { reader }.read_to_end(&mut bytes)
    }

    #[test]
    fn a_reader_that_never_ends_is_stopped() {
        let bounded = |limit| Bounded::new(io::repeat(0), limit);
        let error = read_all(bounded(ByteLimit::of_unpacked(1 << 20))).unwrap_err();
        assert_eq!(error.to_string(), "it unpacks to more than 1.0 MiB");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let error = read_all(bounded(ByteLimit::of_size(4))).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 4 B");
        assert_eq!(read_all(Bounded::new(&[7; 9][..], ByteLimit::of_size(9))).unwrap(), 9);
    }

    #[test]
    fn readers_share_a_limit_and_nothing_is_left_once_it_was_exceeded() {
        let mut limit = ByteLimit::of_size(10);
        assert_eq!(read_all(Bounded::new(&[7; 6][..], &mut limit)).unwrap(), 6);
        assert!(read_all(Bounded::new(&[7; 5][..], &mut limit)).is_err());
        assert!(limit.take(1).is_err());
        assert!(limit.take(0).is_ok());
    }
}
