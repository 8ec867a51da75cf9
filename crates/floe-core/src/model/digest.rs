//! Digests: always SHA-256, always `sha256:<64 hex digits>` (OCI image-spec, "Digests"), and how they are computed.

use std::fmt;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// The digest of the rest of `reader`, and its length in bytes.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_reader(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Hasher::default();
        io::copy(&mut reader, &mut hasher)?;
        Ok(hasher.finish())
    }

    /// The 64 lower-case hexadecimal digits without the `sha256:` prefix, as `SHA256SUMS` wants them.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first twelve hexadecimal digits, for people to compare; never compared by floe.
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }
}

/// Computes a [`Digest`] and the number of bytes over data that arrives in pieces.
#[derive(Clone, Default)]
pub struct Hasher {
    sha256: Sha256,
    length: u64,
}

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// How many bytes it has taken so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The digest of everything so far and its length in bytes.
    pub fn finish(self) -> (Digest, u64) {
        (Digest(self.sha256.finalize().into()), self.length)
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hashes the bytes that pass through a reader or a writer.
///
/// A reader may seek: bytes that are read again are not hashed again, and [`Hashing::finish_file`] hashes those
/// that were skipped.
pub struct Hashing<T> {
    inner: T,
    hasher: Hasher,
    /// Where the next read begins.
    position: u64,
}

impl<T> Hashing<T> {
    /// Wraps a reader or writer that is at its beginning.
    pub fn new(inner: T) -> Self {
        Hashing { inner, hasher: Hasher::default(), position: 0 }
    }

    /// The reader or writer that was wrapped, the digest of what passed through it, and its length in bytes.
    pub fn finish(self) -> (T, Digest, u64) {
        let (digest, length) = self.hasher.finish();
        (self.inner, digest, length)
    }
}

impl<T: Read + Seek> Hashing<T> {
    /// Reads the bytes that were skipped, and returns digest and length of the whole file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn finish_file(mut self) -> io::Result<(Digest, u64)> {
        /// A larger piece than `io::copy` takes by itself, in bytes.
        const PIECE: usize = 128 * 1024;
        self.inner.seek(SeekFrom::Start(self.hasher.length()))?;
        io::copy(&mut BufReader::with_capacity(PIECE, self.inner), &mut self.hasher)?;
        Ok(self.hasher.finish())
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        // Bytes are hashed if they follow the hashed ones without a gap.
        let known = self.hasher.length().checked_sub(self.position).map(usize::try_from);
        if let Some(Ok(known)) = known
            && known < read
        {
            self.hasher.update(&buffer[known..read]);
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl<T: Seek> Seek for Hashing<T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.inner.seek(to)?;
        Ok(self.position)
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        let hex = text.strip_prefix("sha256:").filter(|hex| !hex.contains(char::is_uppercase));
        if hex.is_some_and(|hex| hex::decode_to_slice(hex, &mut bytes).is_ok()) {
            return Ok(Digest(bytes));
        }
        let shown: String = text.chars().take(100).collect();
        Err(format!("`{shown}` is not a digest of the form sha256:<64 lower-case hex digits>"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

as_text!(Digest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_what_it_writes_and_nothing_else() {
        let digest = Digest::of(b"floe");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for wrong in ["", "sha256:", &digest.hex(), &digest.to_string().to_uppercase(), "sha512:00"] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn pieces_give_the_digest_of_the_whole() {
        let mut hasher = Hasher::default();
        hasher.update(b"fl");
        hasher.update(b"oe");
        assert_eq!(hasher.finish(), (Digest::of(b"floe"), 4));
    }
    #[test]
    fn written_and_read_bytes_are_hashed() {
        let mut writer = Hashing::new(Vec::new());
        writer.write_all(b"floe").unwrap();
        assert_eq!(writer.finish(), (b"floe".to_vec(), Digest::of(b"floe"), 4));
        let mut reader = Hashing::new(&b"floe"[..]);
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert_eq!(reader.finish(), (&b""[..], Digest::of(b"floe"), 4));
        assert_eq!(Digest::of_reader(&b"floe"[..]).unwrap(), (Digest::of(b"floe"), 4));
    }

    #[test]
    fn a_file_has_one_digest_whatever_was_read_of_it() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|number| (number / 7) as u8).collect();
        // Where a read begins and its length: nothing, a gap, the same twice, an overlap, after the end.
        for reads in [
            &[][..],
            &[(50, 10)],
            &[(0, 10), (0, 10), (5, 20)],
            &[(99_990, 50), (0, 1000), (500, 1000), (200_000, 5), (1500, 98_500), (0, 3)],
        ] {
            let mut file = Hashing::new(io::Cursor::new(&bytes));
            for (at, length) in reads {
                file.seek(SeekFrom::Start(*at)).unwrap();
                let mut taken = Vec::new();
                (&mut file).take(*length).read_to_end(&mut taken).unwrap();
                let from = bytes.len().min(*at as usize);
                assert!(taken == bytes[from..bytes.len().min(from + *length as usize)]);
            }
            assert_eq!(file.finish_file().unwrap(), (Digest::of(&bytes), 100_000), "{reads:?}");
        }
    }
}
