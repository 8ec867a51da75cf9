//! How a file looked to whoever hashed it: as long as it still looks so, its bytes need not be hashed a second time.
//!
//! A stamp is data. It never vouches for a name, only for the file that was open when it was taken.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Digest;

/// What a system says of an open file, and changes whenever its bytes change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its size in bytes.
    pub size: u64,
    /// When its bytes last changed, in seconds and nanoseconds since 1970-01-01 UTC; anybody may set it.
    pub modified: (i64, i64),
    /// When its bytes or what is known of it last changed, in the same; nobody may set it.
    pub changed: (i64, i64),
    /// Its device and its number there: another file under the same name has others.
    pub place: (u64, u64),
}

/// A file that was hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where it lies.
    pub path: PathBuf,
    /// How it looked from before it was hashed until after; `None` where that vouches for nothing.
    pub stamp: Option<Stamp>,
}

/// How the files of an image's blobs looked when they were hashed, by the blobs' digests. That says nothing of the image
/// itself, so any two are equal.
#[derive(Debug, Clone, Default)]
pub struct Stamps(pub BTreeMap<Digest, Stamp>);

impl PartialEq for Stamps {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Stamps {}
