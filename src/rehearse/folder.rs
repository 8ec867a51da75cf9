//! The output folder of a rehearsal: emptied at the start, and locked while the rehearsal runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::error::{Failure, usage};

/// The dist.
pub const DIST: &str = "dist";
/// The release as it was downloaded for verification.
pub const RELEASE: &str = "release";
/// The state of the servers.
pub const SERVERS: &str = "servers";
/// The file that marks the folder as a rehearsal's.
const MARK: &str = "README.txt";

pub struct Folder {
    pub root: PathBuf,
    /// Locked while the rehearsal runs, so that no other one empties the folder.
    _lock: File,
}

impl Folder {
    /// Creates the folder, or empties one of an earlier rehearsal, except for the state of the servers with `keep`.
    pub fn prepare(root: PathBuf, keep: bool) -> anyhow::Result<Self> {
        if root.exists() && !root.join(MARK).exists() && fs::read_dir(&root)?.next().is_some() {
            let text = format!("`{}` has files that are not of a rehearsal", root.display());
            return Err(usage(text).hint("choose another folder with `--out`").into());
        }
        let context = || format!("failed to prepare `{}`", root.display());
        if let Some(link) = link_in(&root).with_context(context)? {
            let text = format!("`{}` is a symbolic link", link.display());
            return Err(usage(text).hint("remove it, or choose another folder with `--out`").into());
        }
        let folder = Folder { _lock: lock(&root).with_context(context)?, root: root.clone() };
        for old in [DIST, RELEASE, SERVERS].into_iter().filter(|name| !keep || *name != SERVERS) {
            let old = folder.path(old);
            // Also a link that leads nowhere.
            if old.symlink_metadata().is_ok() {
                fs::remove_dir_all(old).with_context(context)?;
            }
        }
        Ok(folder)
    }

    /// The path of something in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// The folder itself or something in it, if it is a link: nothing is written through one. `dist`, a link if Nix has made
/// it, is removed.
fn link_in(root: &Path) -> io::Result<Option<PathBuf>> {
    let root: PathBuf = root.components().collect();
    if root.is_symlink() {
        return Ok(Some(root));
    }
    if !root.exists() {
        return Ok(None);
    }
    for entry in fs::read_dir(&root)? {
        let entry = entry?;
        // Nix makes `dist` a link to its store. It is removed, and nothing is written through it.
        if entry.file_type()?.is_symlink() && entry.file_name() != "dist" {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Marks the folder as a rehearsal's and locks it for this process.
fn lock(root: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(root)?;
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(root.join(MARK))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Failure::new(format!("another rehearsal is running in `{}`", root.display()))
                .hint("end it first (Ctrl-C ends one with `--serve`), or choose another folder with `--out`")
                .into());
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    file.write_all(b"`floe rehearse` writes this folder and empties it for the next rehearsal.\n")?;
    Ok(file)
}
