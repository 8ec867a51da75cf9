//! Threads that compress blocks: each takes the next block, and the results come back in order.
//!
//! A pool holds a fixed number of blocks, however many pass through it. Dropping it ends its threads.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use flate2::{Compress, Compression, FlushCompress, Status};

use super::deflate::{BLOCK, WINDOW};
use floe_core::parallel::lock;

/// A block of a deflate stream.
#[derive(Default)]
pub(super) struct Block {
    /// The dictionary, then the block.
    bytes: Vec<u8>,
    /// How much of `bytes` is the dictionary.
    dictionary: usize,
    /// Whether the stream ends with it.
    pub(super) is_last: bool,
    /// The compressed block.
    pub(super) compressed: Vec<u8>,
}

impl Block {
    /// Empties it for the block after `before`, whose end becomes the dictionary.
    pub(super) fn follow(&mut self, before: &Block) {
        self.bytes.clear();
        self.bytes.reserve_exact(WINDOW + BLOCK);
        self.bytes.extend_from_slice(&before.bytes[before.bytes.len().saturating_sub(WINDOW)..]);
        self.dictionary = self.bytes.len();
        self.is_last = false;
        self.compressed.clear();
    }

    /// Appends as many of `bytes` as there is room for, and returns how many.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        let room = BLOCK - (self.bytes.len() - self.dictionary);
        let taken = room.min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        taken
    }

    /// Whether there is no room left.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() - self.dictionary == BLOCK
    }
}

/// Compresses a block on this thread.
pub(super) fn compress_block(block: &mut Block) -> io::Result<()> {
    compress_with(&mut compressor(), block)
}

/// It is used for many blocks, because creating one allocates a quarter of a MiB.
fn compressor() -> Compress {
    Compress::new(Compression::best(), false)
}

fn compress_with(deflate: &mut Compress, block: &mut Block) -> io::Result<()> {
    deflate.reset();
    let (dictionary, bytes) = block.bytes.split_at(block.dictionary);
    if !dictionary.is_empty() {
        deflate.set_dictionary(dictionary)?;
    }
    let flush = if block.is_last { FlushCompress::Finish } else { FlushCompress::Sync };
    let out = &mut block.compressed;
    out.clear();
    // Incompressible data is stored, with five bytes for each piece of at most 64 KiB.
    out.reserve_exact(bytes.len() + bytes.len() / 1000 + 64);
    loop {
        let rest = &bytes[deflate.total_in() as usize..];
        match deflate.compress_vec(rest, out, flush)? {
            Status::StreamEnd => return Ok(()),
            // A flush is complete when there is room left in the output (zlib's manual, `deflate`).
            Status::Ok | Status::BufError
                if !block.is_last
                    && deflate.total_in() == bytes.len() as u64
                    && out.len() < out.capacity() =>
            {
                return Ok(());
            }
            Status::Ok | Status::BufError => out.reserve(BLOCK / 8),
        }
    }
}

/// A compressed block, or why it could not be compressed.
type Done = io::Result<Block>;

/// The threads and the blocks they work on.
pub(super) struct Pool {
    queue: Option<SyncSender<(Block, SyncSender<Done>)>>,
    threads: Vec<JoinHandle<()>>,
    /// The results to come, in the order of the blocks.
    waiting: VecDeque<Receiver<Done>>,
    /// Written blocks, whose memory is reused.
    spare: Vec<Block>,
    limit: usize,
}

impl Pool {
    /// Starts `threads` threads, or as many of them as the system allows.
    pub(super) fn new(threads: usize) -> Self {
        // One block for each thread, one waiting to be taken and one to be written.
        let limit = threads + 2;
        let (queue, blocks) = sync_channel::<(Block, SyncSender<Done>)>(limit);
        let blocks = Arc::new(Mutex::new(blocks));
        let begin = |number| {
            let blocks = Arc::clone(&blocks);
            let name = format!("deflate-{number}");
            thread::Builder::new().name(name).spawn(move || work(&blocks)).ok()
        };
        let threads = (1..=threads).map_while(begin).collect();
        Pool { queue: Some(queue), threads, waiting: VecDeque::new(), spare: Vec::new(), limit }
    }

    /// Hands a block to the first free thread; where the system allows no threads, it is compressed here.
    pub(super) fn begin(&mut self, mut block: Block) -> io::Result<()> {
        let (answer, done) = sync_channel(1);
        match &self.queue {
            Some(queue) if !self.threads.is_empty() => {
                queue.send((block, answer)).map_err(|_| io::Error::other("the compressing threads ended"))?;
            }
            _ => {
                compress_block(&mut block)?;
                // There is room for one answer, and its receiver is here.
                let _ = answer.send(Ok(block));
            }
        }
        self.waiting.push_back(done);
        Ok(())
    }

    /// Waits for the oldest block; `None` if there is none left.
    pub(super) fn next(&mut self) -> io::Result<Option<Block>> {
        let Some(done) = self.waiting.pop_front() else { return Ok(None) };
        done.recv().map_err(|_| io::Error::other("a compressing thread ended"))?.map(Some)
    }

    /// The same, but `None` also while there is room for more blocks.
    pub(super) fn next_if_full(&mut self) -> io::Result<Option<Block>> {
        if self.waiting.len() < self.limit { Ok(None) } else { self.next() }
    }

    /// Memory for a new block.
    pub(super) fn spare(&mut self) -> Block {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes back a block that was written, to reuse its memory.
    pub(super) fn give_back(&mut self, block: Block) {
        self.spare.push(block);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // The threads end when the queue is closed.
        self.queue.take();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work(blocks: &Mutex<Receiver<(Block, SyncSender<Done>)>>) {
    let mut deflate = compressor();
    loop {
        let next = lock(blocks).recv();
        let Ok((mut block, answer)) = next else { return };
        let done = compress_with(&mut deflate, &mut block).map(|()| block);
        // After a failed write, there is no receiver.
        let _ = answer.send(done);
    }
}
