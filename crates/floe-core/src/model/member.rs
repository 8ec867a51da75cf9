//! One entry of an archive or a layer with all that its container says about it.
//!
//! A record keeps less: there every time is the same and every entry a file.

use super::{Digest, Entry};

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
    /// A symbolic link with this text.
    Symlink(String),
    /// Another name of the file with this path.
    HardLink(String),
}

impl Member {
    /// The regular file, if it is one.
    pub fn file(&self) -> Option<Entry> {
        let Nature::File(digest) = self.nature else { return None };
        Some(Entry { path: self.path.clone(), size: self.size, mode: self.mode, digest })
    }
}
