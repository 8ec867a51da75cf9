//! A folder for what is needed only for a moment; it goes away by itself.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;

/// A folder in the system's place for such folders, removed when the value is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one that nobody else has.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(purpose: &str) -> anyhow::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("floe-{purpose}-{}-{count}", std::process::id()));
        // Not `create_dir_all`: a folder that is there already belongs to somebody else.
        std::fs::create_dir(&folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
        Ok(Scratch(folder))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the system's folder for leftovers is no reason to fail.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
