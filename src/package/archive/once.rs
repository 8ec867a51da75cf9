//! A file of which every byte is hashed once, in whatever order and however often it is read.
//!
//! It holds nothing of what it reads.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use floe_core::model::{Digest, Hasher};

/// A file that is read from anywhere and hashed from its beginning.
pub(super) struct Once<'f> {
    file: &'f File,
    /// Where the next read begins.
    at: u64,
    /// Has taken all bytes up to its length.
    hasher: Hasher,
}

impl<'f> Once<'f> {
    /// Begins with a file that was not read yet.
    pub(super) fn new(file: &'f File) -> Self {
        Once { file, at: 0, hasher: Hasher::default() }
    }

    /// Hashes what nobody has read, and says the file's digest and size.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn finish(mut self) -> io::Result<(Digest, u64)> {
        self.file.seek(SeekFrom::Start(self.hasher.length()))?;
        io::copy(&mut self.file, &mut self.hasher)?;
        Ok(self.hasher.finish())
    }
}

impl Read for Once<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        // What lies before the hashed bytes' end is known, and what begins behind it waits until it is reached.
        let known = self.hasher.length().checked_sub(self.at).map(usize::try_from);
        if let Some(Ok(known)) = known
            && known < read
        {
            self.hasher.update(&buffer[known..read]);
        }
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Once<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_digest_is_that_of_the_file_whatever_was_read_of_it() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|number| (number / 7) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        // Where a read begins and how much it takes: nothing, a gap, the same twice, an overlap, behind the end.
        for reads in [
            &[][..],
            &[(50, 10)],
            &[(0, 10), (0, 10), (5, 20)],
            &[(99_990, 50), (0, 1000), (500, 1000), (200_000, 5), (1500, 98_500), (0, 3)],
        ] {
            file.rewind().unwrap();
            let mut once = Once::new(&file);
            for (at, length) in reads {
                once.seek(SeekFrom::Start(*at)).unwrap();
                let mut taken = Vec::new();
                (&mut once).take(*length).read_to_end(&mut taken).unwrap();
                let from = bytes.len().min(*at as usize);
                assert!(taken == bytes[from..bytes.len().min(from + *length as usize)]);
            }
            assert_eq!(once.finish().unwrap(), (Digest::of(&bytes), 100_000), "{reads:?}");
        }
    }
}
