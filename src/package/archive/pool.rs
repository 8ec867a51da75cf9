//! Threads that compress blocks: they take whichever comes next, and what they made comes back in order.
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

/// A block on its way.
#[derive(Default)]
pub(super) struct Job {
    /// The dictionary, then the block.
    bytes: Vec<u8>,
    /// How much of `bytes` is the dictionary.
    dictionary: usize,
    /// Whether the stream ends with it.
    pub(super) is_last: bool,
    /// What came of it.
    pub(super) compressed: Vec<u8>,
}

impl Job {
    /// Empties it for the block behind `before`, whose end is its dictionary.
    pub(super) fn follow(&mut self, before: &Job) {
        self.bytes.clear();
        self.bytes.reserve_exact(WINDOW + BLOCK);
        self.bytes.extend_from_slice(&before.bytes[before.bytes.len().saturating_sub(WINDOW)..]);
        self.dictionary = self.bytes.len();
        self.is_last = false;
        self.compressed.clear();
    }

    /// Takes as many of `bytes` as the block has room for, and says how many.
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

/// Compresses one block on this thread.
///
/// # Errors
///
/// None that depends on the data; a broken compressor is told.
pub(super) fn squeeze(job: &mut Job) -> io::Result<()> {
    Squeezer::new().squeeze(job)
}

/// A compressor that is used again and again: making one costs a quarter of a MiB.
struct Squeezer(Compress);

impl Squeezer {
    fn new() -> Self {
        Squeezer(Compress::new(Compression::best(), false))
    }

    fn squeeze(&mut self, job: &mut Job) -> io::Result<()> {
        let deflate = &mut self.0;
        deflate.reset();
        let (dictionary, block) = job.bytes.split_at(job.dictionary);
        if !dictionary.is_empty() {
            deflate.set_dictionary(dictionary)?;
        }
        let flush = if job.is_last { FlushCompress::Finish } else { FlushCompress::Sync };
        let out = &mut job.compressed;
        out.clear();
        // What cannot be compressed is stored, with five bytes for each piece of at most 64 KiB.
        out.reserve_exact(block.len() + block.len() / 1000 + 64);
        loop {
            let rest = &block[deflate.total_in() as usize..];
            match deflate.compress_vec(rest, out, flush)? {
                Status::StreamEnd => return Ok(()),
                // All of a flush is out when there is room behind it (zlib's manual, `deflate`).
                Status::Ok | Status::BufError
                    if !job.is_last
                        && deflate.total_in() == block.len() as u64
                        && out.len() < out.capacity() =>
                {
                    return Ok(());
                }
                Status::Ok | Status::BufError => out.reserve(BLOCK / 8),
            }
        }
    }
}

/// The answer to a job.
type Done = io::Result<Job>;

/// The threads and the blocks they work on.
pub(super) struct Pool {
    queue: Option<SyncSender<(Job, SyncSender<Done>)>>,
    threads: Vec<JoinHandle<()>>,
    /// Where the answers come from, in the order of the blocks.
    waiting: VecDeque<Receiver<Done>>,
    /// Blocks that are done, for using their memory again.
    spare: Vec<Job>,
    most: usize,
}

impl Pool {
    /// Begins `threads` threads, or as many of them as the system gives.
    pub(super) fn new(threads: usize) -> Self {
        // Besides one block a thread, one waits to be taken and one to be written.
        let most = threads + 2;
        let (queue, jobs) = sync_channel::<(Job, SyncSender<Done>)>(most);
        let jobs = Arc::new(Mutex::new(jobs));
        let begin = |number| {
            let jobs = Arc::clone(&jobs);
            let name = format!("deflate-{number}");
            thread::Builder::new().name(name).spawn(move || work(&jobs)).ok()
        };
        let threads = (1..=threads).map_while(begin).collect();
        Pool { queue: Some(queue), threads, waiting: VecDeque::new(), spare: Vec::new(), most }
    }

    /// Hands a block to the first thread that is free.
    ///
    /// # Errors
    ///
    /// The system gives no thread at all, and the block cannot be compressed here either.
    pub(super) fn begin(&mut self, mut job: Job) -> io::Result<()> {
        let (answer, done) = sync_channel(1);
        match &self.queue {
            Some(queue) if !self.threads.is_empty() => {
                queue.send((job, answer)).map_err(|_| io::Error::other("the compressing threads ended"))?;
            }
            _ => {
                squeeze(&mut job)?;
                // There is room for one answer, and its receiver is here.
                let _ = answer.send(Ok(job));
            }
        }
        self.waiting.push_back(done);
        Ok(())
    }

    /// Waits for the oldest block; `None` if there is none left.
    ///
    /// # Errors
    ///
    /// It could not be compressed.
    pub(super) fn next(&mut self) -> io::Result<Option<Job>> {
        let Some(done) = self.waiting.pop_front() else { return Ok(None) };
        done.recv().map_err(|_| io::Error::other("a compressing thread ended"))?.map(Some)
    }

    /// The same, but `None` also while there is room for more blocks.
    ///
    /// # Errors
    ///
    /// As [`Pool::next`].
    pub(super) fn next_if_full(&mut self) -> io::Result<Option<Job>> {
        if self.waiting.len() < self.most { Ok(None) } else { self.next() }
    }

    /// Memory for a new block.
    pub(super) fn spare(&mut self) -> Job {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes the memory of a block that was written.
    pub(super) fn give_back(&mut self, job: Job) {
        self.spare.push(job);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // The threads end when there is nothing more to take.
        self.queue.take();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work(jobs: &Mutex<Receiver<(Job, SyncSender<Done>)>>) {
    let mut squeezer = Squeezer::new();
    loop {
        let next = lock(jobs).recv();
        let Ok((mut job, answer)) = next else { return };
        let done = squeezer.squeeze(&mut job).map(|()| job);
        // Nobody waits any more where writing has failed.
        let _ = answer.send(done);
    }
}
