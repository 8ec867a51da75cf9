//! Files and folders under temporary names. A process that a signal ends drops nothing, so [`remove_all`] removes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use floe_core::disk;
use floe_core::parallel::lock;

/// Those that exist now, each with the folders that were made for it, the innermost first.
static ALL: Mutex<BTreeMap<PathBuf, Vec<PathBuf>>> = Mutex::new(BTreeMap::new());
/// Locked while several renames belong together.
static RENAMES: Mutex<()> = Mutex::new(());

/// A temporary file or folder, until this is dropped.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Registers a path, and the folders above it that were made for it.
    pub fn register(path: &Path, made: Vec<PathBuf>) -> Self {
        lock(&ALL).insert(path.to_owned(), made);
        Unfinished(path.to_owned())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        lock(&ALL).remove(&self.0);
    }
}

/// The folders down to this one that do not exist yet, the innermost first.
pub fn absent(folder: &Path) -> Vec<PathBuf> {
    let is_absent = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    folder.ancestors().take_while(is_absent).map(Path::to_owned).collect()
}

/// While the returned guard lives, no signal ends the process: renames that belong together are all made.
pub fn hold() -> MutexGuard<'static, ()> {
    lock(&RENAMES)
}

/// Removes all of them, and their folders that are empty then. The process must end afterwards.
pub fn remove_all() {
    // Never unlocked, so that the renames of other threads do not begin any more.
    std::mem::forget(lock(&RENAMES));
    let all = std::mem::take(&mut *lock(&ALL));
    for path in all.keys() {
        let remove = || match path.is_dir() {
            true => fs::remove_dir_all(path),
            false => fs::remove_file(path),
        };
        // Another thread may still write into a folder, so removing it can fail once.
        let _ = disk::retry(|| remove().or_else(|_| remove()).or_else(|_| remove()));
    }
    for folder in all.into_values().flatten() {
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_that_are_missing_are_listed_from_within() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        assert_eq!(absent(&at("a/b")), [at("a/b"), at("a")]);
        assert_eq!(absent(folder.path()), Vec::<PathBuf>::new());
        assert_eq!(absent(Path::new("")), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_path_is_registered_until_it_is_dropped() {
        let one = Unfinished::register(Path::new("/nowhere/one"), Vec::new());
        assert!(lock(&ALL).contains_key(Path::new("/nowhere/one")));
        drop(one);
        assert!(!lock(&ALL).contains_key(Path::new("/nowhere/one")));
    }
}
