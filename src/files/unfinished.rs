//! Files and folders under temporary names. A signal ends the process without drops, so [`remove_all`] removes them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use crate::error::AtPath as _;
use floe_core::disk;
use floe_core::parallel::lock;

/// Those that exist now, each with the folders that were made for it, the innermost first.
static ALL: Mutex<BTreeMap<PathBuf, Vec<PathBuf>>> = Mutex::new(BTreeMap::new());
/// Locked while several renames belong together.
static RENAMES: Mutex<()> = Mutex::new(());

/// A temporary file or folder, until this is dropped; then the folders that were made for it are removed if they are empty.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Makes `folder` if it is missing, and in it a temporary file or folder, and registers both. The lock is held meanwhile,
    /// so that [`remove_all`] misses neither.
    pub fn make<T: AsRef<Path>>(
        folder: &Path,
        make: impl FnOnce(&Path) -> io::Result<T>,
    ) -> anyhow::Result<(T, Self)> {
        let mut all = lock(&ALL);
        let mut made = absent(folder);
        fs::create_dir_all(folder).at("failed to make the folder", folder)?;
        let new = make(folder).at("failed to write into", folder)?;
        let path = new.as_ref().to_owned();
        // The folders that were made for another one hold this one, too. The last of them removes them.
        made.extend(all.values().flatten().filter(|made| folder.starts_with(made)).cloned());
        all.insert(path.clone(), made);
        Ok((new, Unfinished(path)))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Locked until the end, so that no other thread makes a file in a folder that is being removed.
        let mut all = lock(&ALL);
        remove_empty(&all.remove(&self.0).unwrap_or_default());
    }
}

/// The folders down to this one that do not exist yet, the innermost first.
fn absent(folder: &Path) -> Vec<PathBuf> {
    let is_absent = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    folder.ancestors().take_while(is_absent).map(Path::to_owned).collect()
}

/// While the returned guard lives, no signal ends the process: renames that belong together are all made.
pub fn hold() -> MutexGuard<'static, ()> {
    lock(&RENAMES)
}

/// Removes all of them, and their folders that are empty then. The process must end afterwards.
pub fn remove_all() {
    // Never unlocked, so that other threads begin no renames and make no temporary names any more.
    std::mem::forget(lock(&RENAMES));
    let mut locked = ManuallyDrop::new(lock(&ALL));
    let all = std::mem::take(&mut **locked);
    for path in all.keys() {
        let _ = disk::retry(|| remove(path));
    }
    all.values().for_each(|made| remove_empty(made));
}

/// Removes those of some folders that are empty by then, in this order.
fn remove_empty(folders: &[PathBuf]) {
    folders.iter().for_each(|folder| drop(fs::remove_dir(folder)));
}

/// Removes a file, or a folder that other threads may still write into.
fn remove(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        return fs::remove_file(path);
    }
    // Renamed first, so that they no longer find it. Windows does not rename a folder with open files.
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let aside = Path::new(&aside);
    let path = if cfg!(unix) && disk::rename(path, aside).is_ok() { aside } else { path };
    // A file that is created meanwhile makes the first attempt fail.
    fs::remove_dir_all(path).or_else(|_| fs::remove_dir_all(path))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

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
    fn a_path_is_registered_from_the_moment_it_is_there_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("new");
        let path = new.join("one");
        let make = |folder: &Path| {
            fs::write(folder.join("one"), "")?;
            // `remove_all`, which a signal starts, must wait.
            assert!(ALL.try_lock().is_err());
            Ok(folder.join("one"))
        };
        let (_, one) = Unfinished::make(&new, make).unwrap();
        assert_eq!(lock(&ALL).get(&path), Some(&vec![new]));
        drop(one);
        assert!(!lock(&ALL).contains_key(&path));
    }

    #[test]
    fn folders_that_were_made_go_with_the_last_thing_in_them() {
        use crate::files::{atomic_file::AtomicFile, scratch::Scratch};
        let above = tempfile::tempdir().unwrap();
        let at = |path: &str| above.path().join(path);
        fs::create_dir(at("old")).unwrap();
        for is_first in [true, false] {
            let mut all = [AtomicFile::create(&at("new/a")), AtomicFile::create(&at("new/deep/b"))].map(Some);
            let scratch = Scratch::inside(&at("old/new")).unwrap();
            all[usize::from(is_first)] = None;
            assert!(at("new").exists());
            drop(all);
            drop(scratch);
            assert!(!at("new").exists() && !at("old/new").exists() && at("old").exists());
        }
        let one = AtomicFile::create(&at("new/a")).unwrap();
        fs::write(at("new/other"), "of another process").unwrap();
        drop(one);
        assert!(at("new/other").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_still_write_into_is_removed_for_good() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("new.part");
        let (folder, is_over) = (&folder, &AtomicBool::new(false));
        for _ in 0..20 {
            fs::create_dir(folder).unwrap();
            is_over.store(false, Ordering::SeqCst);
            std::thread::scope(|threads| {
                for writer in 0..4 {
                    threads.spawn(move || {
                        let mut files = (0..).map(|file| folder.join(format!("{writer}-{file}")));
                        while !is_over.load(Ordering::SeqCst) {
                            let _ = fs::write(files.next().unwrap(), "");
                        }
                    });
                }
                while fs::read_dir(folder).unwrap().count() < 100 {
                    std::thread::yield_now();
                }
                let removed = remove(folder);
                is_over.store(true, Ordering::SeqCst);
                removed.unwrap();
            });
            assert_eq!(fs::read_dir(above.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_cannot_be_made_is_not_registered() {
        let folder = tempfile::tempdir().unwrap();
        let make = |_: &Path| -> io::Result<PathBuf> { Err(io::ErrorKind::StorageFull.into()) };
        assert!(
            Unfinished::make(folder.path(), make)
                .unwrap_err()
                .to_string()
                .starts_with("failed to write into")
        );
        assert!(ALL.lock().is_ok());
    }
}
