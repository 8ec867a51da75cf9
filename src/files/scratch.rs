//! Temporary folders. They are removed when they are dropped, and when a signal ends the process.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use tempfile::TempDir;

use floe_core::parallel::lock;

/// The folders that exist now.
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A temporary folder of a random name.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes one; `purpose` is a part of its name.
    pub fn new(purpose: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("floe-{purpose}-"))
            .tempdir()
            .context("failed to make a temporary folder")?;
        lock(&FOLDERS).insert(folder.path().to_owned());
        Ok(Scratch(folder))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        lock(&FOLDERS).remove(self.0.path());
    }
}

/// Removes all of them: a process that is ended by a signal drops nothing.
pub fn remove_all() {
    for folder in std::mem::take(&mut *lock(&FOLDERS)) {
        // Another thread may still write into it, so removing it can fail once.
        (0..3).any(|_| fs::remove_dir_all(&folder).is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_folder_is_removed_and_forgotten() {
        let scratch = Scratch::new("test").unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "").unwrap();
        assert!(lock(&FOLDERS).contains(&path));
        drop(scratch);
        assert!(!path.exists() && !lock(&FOLDERS).contains(&path));
    }
}
