//! One entry of an archive or a layer with all that its container says about it, for comparing two of them.
//!
//! A record keeps less: there every time is the same and every entry a file.

use super::Digest;

/// An entry of an archive or a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path, with slashes and without a leading one.
    pub path: String,
    /// The kind of the entry, with its content.
    pub nature: Nature,
    /// The size of its content in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
    /// Its time, in seconds since 1970-01-01 UTC; a ZIP file has steps of two.
    pub time: u64,
}

/// The kind of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nature {
    /// A regular file with this content.
    File(Digest),
    /// A folder.
    Folder,
    /// A link of either kind.
    Link,
}
