//! Writes gzip (RFC 1952): one member, whose header has no name, no time and no system. Reading uses `flate2`.

use std::io::{self, Write};

use super::deflate::Deflate;

/// Magic, deflate, no flags, no time, "best compression", unknown system (RFC 1952, section 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

/// A writer that compresses into one gzip member.
pub struct Gzip<W> {
    deflate: Deflate<W>,
    /// The size before compression, modulo 2^32 as the format has it.
    size: u32,
}

impl<W: Write> Gzip<W> {
    /// Begins a member.
    pub fn new(mut into: W) -> io::Result<Self> {
        into.write_all(&HEADER)?;
        Ok(Gzip { deflate: Deflate::new(into), size: 0 })
    }

    /// Compresses the rest, writes checksum and size, and returns the writer.
    pub fn finish(self) -> io::Result<W> {
        let crc = self.deflate.checksum();
        let mut into = self.deflate.finish()?;
        into.write_all(&crc.to_le_bytes())?;
        into.write_all(&self.size.to_le_bytes())?;
        Ok(into)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.deflate.write(bytes)?;
        // It is at most a block.
        self.size = self.size.wrapping_add(taken as u32);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.deflate.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_member_is_read_back_and_does_not_depend_on_the_machine() {
        let text = b"floe floe floe".repeat(200_000);
        let mut gzip = Gzip::new(Vec::new()).unwrap();
        gzip.write_all(&text).unwrap();
        let bytes = gzip.finish().unwrap();
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
        let mut decoder = flate2::bufread::GzDecoder::new(bytes.as_slice());
        let mut back = Vec::new();
        // Reading to the end compares checksum and size.
        decoder.read_to_end(&mut back).unwrap();
        assert!(back == text && decoder.into_inner().is_empty());
    }

    #[test]
    fn an_empty_member_is_valid() {
        let bytes = Gzip::new(Vec::new()).unwrap().finish().unwrap();
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut back).unwrap();
        assert!(back.is_empty());
        assert_eq!(bytes.len(), 20);
    }
}
