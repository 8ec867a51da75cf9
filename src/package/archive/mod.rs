//! Archives: written so that the same files always give the same bytes, and read without trusting them.
//!
//! Files are streamed in both directions, never held whole. Nothing of the machine gets in: no owner, no time but
//! the given one, no mode but 0644 and 0755, no order but that of the paths, no number of cores.

mod deflate;
mod gzip;
mod names;
mod pool;
mod read;
mod tar_gz;
pub mod tar_walk;
mod write;
mod zip;
mod zip_write;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use gzip::Gzip;
pub use names::is_reserved;
pub use read::{Examined, examine, extract, list, members};
pub use write::write;

use floe_core::model::{Digest, Entry, Facts};

/// What goes into an archive.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The one folder that holds everything, `<name>-<triple>`.
    pub top: String,
    /// The time of every file, in seconds since 1970-01-01 UTC.
    pub epoch: u64,
    /// The files, in any order.
    pub items: Vec<Item>,
}

/// One file that goes into an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its path below the top folder, with slashes.
    pub path: String,
    /// Where its bytes are: a regular file, not a link to one.
    pub file: PathBuf,
    /// Whether it gets mode 0755 instead of 0644.
    pub executable: bool,
}

/// An archive that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
    /// The files in it, sorted by path; the paths begin with the top folder.
    pub entries: Vec<Entry>,
    /// What the executables among them ask of their hosts, by path, or why one of them is no binary: read in the same
    /// pass in which they were packed.
    pub facts: BTreeMap<String, Result<Facts, String>>,
}

/// How much an archive may hold; more is taken for an attack, and is not written either.
#[derive(Debug, Clone, Copy)]
struct Limits {
    entries: usize,
    bytes: u64,
}

const LIMITS: Limits = Limits { entries: 10_000, bytes: 8 * 1024 * 1024 * 1024 };
