//! Archives: written so that the same files always give the same bytes, and read as untrusted input.
//!
//! Files are streamed in both directions. The bytes do not depend on the machine: there is no owner, one given
//! time, the modes 0644 and 0755, and the order of the paths.

mod deflate;
mod kind;
mod names;
mod read;
mod tar_gz;
pub mod tar_walk;
mod write;
mod zip;
mod zip_write;

use std::path::PathBuf;

pub use deflate::Gzip;
pub use kind::kind;
pub use names::{composed, conflicts, is_reserved, portable};
pub use read::{Examined, UnpackBudget, Unpacked, Watched, examine, extract, members, unpack};
pub use tar_gz::{small as small_tar_gz, ustar_header};
pub use write::write;
pub use zip::unzipped;
pub use zip_write::small as small_zip;

use floe_core::model::{Digest, Entry};

/// The files of an archive that is to be written.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The top folder, `<name>-<triple>`.
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
    /// The regular file that holds its bytes; a link is refused.
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
    /// Its files, sorted by path; the paths begin with the top folder.
    pub entries: Vec<Entry>,
}

/// The limits for both reading and writing.
#[derive(Debug, Clone, Copy)]
struct Limits {
    entries: usize,
    bytes: u64,
}

const LIMITS: Limits = Limits { entries: 10_000, bytes: 8 * 1024 * 1024 * 1024 };

/// The most bytes that all archives of a release may unpack to.
const TOGETHER: u64 = 2 * LIMITS.bytes;
