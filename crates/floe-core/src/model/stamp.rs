//! How a file looked to whoever hashed it: as long as it still looks so, its bytes need not be hashed a second time.
//!
//! A stamp is data. It never vouches for a name, only for the file that was open when it was taken.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Digest;
use crate::untrusted::files::Stamp;

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
