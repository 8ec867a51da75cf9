//! Deflate (RFC 1951) and gzip (RFC 1952) on all cores, with the same bytes on any number of them.
//!
//! The input is cut into blocks of one fixed size. Each is compressed separately, with the 32 KiB before it as its
//! dictionary, and ends on a byte boundary (a sync flush, as in `pigz`), so that the blocks form one stream. The
//! output depends neither on the threads nor on the pieces in which the input was written. Only a few blocks are in
//! memory.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crc32fast::Hasher as Crc32;
use flate2::{Compress, Compression, FlushCompress, Status};

use floe_core::parallel;

/// The size of a block in bytes: part of the format, as the compressor is.
const BLOCK: usize = 1024 * 1024;
/// How far back a match may reach (RFC 1951, section 2), and so the size of a dictionary.
const WINDOW: usize = 32 * 1024;

/// A writer that compresses: raw deflate at the best level, without header or checksum.
pub(super) struct Deflate<W> {
    into: W,
    /// Both formats need it.
    crc: Crc32,
    /// The block that is being filled.
    block: Block,
    /// One means the caller's own.
    threads: usize,
    /// The blocks that threads compress, each on its own: starting a thread takes a thousandth of a block's time.
    waiting: VecDeque<JoinHandle<io::Result<Vec<u8>>>>,
}

impl<W: Write> Deflate<W> {
    /// Compresses into `into`, on as many threads as there are cores, but no more than six.
    pub(super) fn new(into: W) -> Self {
        let threads = parallel::threads();
        Deflate { into, crc: Crc32::new(), block: Block::default(), threads, waiting: VecDeque::new() }
    }

    /// The checksum of everything that was written, before compression.
    pub(super) fn checksum(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Compresses the last block, ends the stream, and returns the writer.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.block.is_last = true;
        self.next_block()?;
        while self.write_oldest()? {}
        Ok(self.into)
    }

    /// Has the block compressed and begins the next one.
    fn next_block(&mut self) -> io::Result<()> {
        let next = self.block.next();
        let block = Arc::new(std::mem::replace(&mut self.block, next));
        // Most files have only one block.
        if self.threads > 1 && !(block.is_last && self.waiting.is_empty()) {
            // One block for each thread, and one that waits to be written.
            if self.waiting.len() > self.threads {
                self.write_oldest()?;
            }
            let same = Arc::clone(&block);
            if let Ok(thread) = thread::Builder::new().spawn(move || same.compress()) {
                self.waiting.push_back(thread);
                return Ok(());
            }
            // The system starts no more threads.
            while self.write_oldest()? {}
        }
        self.into.write_all(&block.compress()?)
    }

    /// Waits for the oldest block and writes it; false if there is none.
    fn write_oldest(&mut self) -> io::Result<bool> {
        let Some(thread) = self.waiting.pop_front() else { return Ok(false) };
        let compressed = thread.join().map_err(|_| io::Error::other("a compressing thread ended"))?;
        self.into.write_all(&compressed?).map(|()| true)
    }
}

impl<W: Write> Write for Deflate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full block is handed over only when there is more input, so that the last one is known to be the last.
        if self.block.room() == 0 && !bytes.is_empty() {
            self.next_block()?;
        }
        let taken = &bytes[..bytes.len().min(self.block.room())];
        self.block.bytes.extend_from_slice(taken);
        self.crc.update(taken);
        Ok(taken.len())
    }

    /// Does nothing, because the ends of blocks must not depend on flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A block of the stream.
#[derive(Default)]
struct Block {
    /// The dictionary, then the block.
    bytes: Vec<u8>,
    /// How much of `bytes` is the dictionary.
    dictionary: usize,
    /// Whether the stream ends with it.
    is_last: bool,
}

impl Block {
    /// The block after this one, whose end becomes the dictionary.
    fn next(&self) -> Block {
        let mut bytes = Vec::with_capacity(WINDOW + BLOCK);
        bytes.extend_from_slice(&self.bytes[self.bytes.len().saturating_sub(WINDOW)..]);
        Block { dictionary: bytes.len(), bytes, is_last: false }
    }

    /// How many bytes it still takes.
    fn room(&self) -> usize {
        self.dictionary + BLOCK - self.bytes.len()
    }

    fn compress(&self) -> io::Result<Vec<u8>> {
        let mut deflate = Compress::new(Compression::best(), false);
        let (dictionary, bytes) = self.bytes.split_at(self.dictionary);
        if !dictionary.is_empty() {
            deflate.set_dictionary(dictionary)?;
        }
        let flush = if self.is_last { FlushCompress::Finish } else { FlushCompress::Sync };
        // Incompressible data is stored, with five bytes for each piece of at most 64 KiB.
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 1000 + 64);
        loop {
            let rest = &bytes[deflate.total_in() as usize..];
            let is_done = match deflate.compress_vec(rest, &mut out, flush)? {
                Status::StreamEnd => true,
                // A flush is complete when there is room left in the output (zlib's manual, `deflate`).
                Status::Ok | Status::BufError => {
                    !self.is_last && deflate.total_in() == bytes.len() as u64 && out.len() < out.capacity()
                }
            };
            if is_done {
                return Ok(out);
            }
            out.reserve(BLOCK / 8);
        }
    }
}

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

    use expect_test::expect;

    use super::*;
    use floe_core::model::Digest;

    /// Bytes that compress somewhat, and badly across the boundaries of blocks.
    fn sample(size: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..size).map(|at| if at / 4096 % 3 == 0 { next() } else { (at / 64 % 251) as u8 }).collect()
    }

    fn deflate(bytes: &[u8], threads: usize, piece: usize) -> Vec<u8> {
        let mut deflate = Deflate { threads, ..Deflate::new(Vec::new()) };
        for piece in bytes.chunks(piece) {
            deflate.write_all(piece).unwrap();
            deflate.flush().unwrap();
        }
        deflate.finish().unwrap()
    }

    #[test]
    fn the_output_does_not_depend_on_threads_and_pieces() {
        let bytes = sample(5 * BLOCK + 12_345);
        let alone = deflate(&bytes, 1, BLOCK);
        for (threads, piece) in [(2, 1000), (3, 64 * 1024), (6, bytes.len()), (8, 333), (64, BLOCK + 1)] {
            assert!(deflate(&bytes, threads, piece) == alone, "{threads} threads, pieces of {piece}");
        }
        let mut back = Vec::new();
        flate2::read::DeflateDecoder::new(alone.as_slice()).read_to_end(&mut back).unwrap();
        assert!(back == bytes);
        // The format: another digest means other bytes for every archive and image of every project.
        expect!["sha256:556970929745c39343d48840589493c403c7bf26ff6646d209b09248870a9604"]
            .assert_eq(&Digest::of(&alone).to_string());
    }

    #[test]
    fn every_length_around_a_boundary_is_restored() {
        let bytes = sample(2 * BLOCK + 1);
        for size in [0, 1, WINDOW, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 1] {
            for threads in [1, 2] {
                let mut back = Vec::new();
                let compressed = deflate(&bytes[..size], threads, 70_000);
                let mut decoder = flate2::bufread::DeflateDecoder::new(compressed.as_slice());
                decoder.read_to_end(&mut back).unwrap();
                assert!(back == bytes[..size], "{size} bytes on {threads} threads");
                assert!(decoder.into_inner().is_empty(), "there is data after {size} bytes");
            }
        }
    }

    #[test]
    fn a_writer_that_fails_ends_it() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let bytes = sample(8 * BLOCK);
        for room in [0, BLOCK, 2 * BLOCK] {
            let mut deflate = Deflate { threads: 3, ..Deflate::new(Full(room)) };
            let error = deflate.write_all(&bytes).and_then(|()| deflate.finish().map(drop)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
        }
    }

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
