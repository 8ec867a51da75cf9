//! The folder a rehearsal leaves everything in: emptied at the beginning, and one rehearsal's alone while it runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::error::{Exit, Failure};

/// What the folder is known by.
const MARK: &str = "README.txt";

/// Where a rehearsal leaves everything.
pub struct Folder {
    /// The folder itself.
    pub root: PathBuf,
    /// Held for as long as the rehearsal runs, so that no other one empties the folder meanwhile.
    _lock: File,
}

impl Folder {
    /// Makes the folder. What an earlier rehearsal left goes away, but for the servers' state with `keep`.
    ///
    /// # Errors
    /// It holds something else, another rehearsal runs in it, or it cannot be written.
    pub fn prepare(root: PathBuf, keep: bool) -> anyhow::Result<Self> {
        if root.exists() && !root.join(MARK).exists() && fs::read_dir(&root)?.next().is_some() {
            return Err(Failure::new(format!("`{}` holds something that is no rehearsal", root.display()))
                .hint("choose another folder with `--out`")
                .exit(Exit::Usage)
                .into());
        }
        let context = || format!("failed to prepare `{}`", root.display());
        let folder = Folder { _lock: lock(&root).with_context(context)?, root: root.clone() };
        let old = [Some(folder.dist()), Some(folder.release()), (!keep).then(|| folder.servers())];
        for old in old.into_iter().flatten() {
            match fs::remove_dir_all(old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(context);
                }
                _ => {}
            }
        }
        Ok(folder)
    }

    /// The dist that was built.
    pub fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The release as a stranger downloaded it.
    pub fn release(&self) -> PathBuf {
        self.root.join("release")
    }

    /// The state of the two servers.
    pub fn servers(&self) -> PathBuf {
        self.root.join("servers")
    }

    /// The receipt.
    pub fn receipt(&self) -> PathBuf {
        self.root.join("receipt.json")
    }

    /// The page for people.
    pub fn page(&self) -> PathBuf {
        self.root.join("report.html")
    }
}

/// Marks the folder as a rehearsal's and takes it for this process.
fn lock(root: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(root)?;
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(root.join(MARK))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Failure::new("another rehearsal is running there")
                .hint("end it first (Ctrl-C ends one with `--serve`), or choose another folder with `--out`")
                .into());
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    file.write_all(b"This folder is made by `floe rehearse` and emptied by the next one.\n")?;
    Ok(file)
}
