//! The output folder of a rehearsal: emptied at the start, and locked while the rehearsal runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::error::{Failure, usage};
use crate::files;

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
    /// Creates the folder, or empties one of an earlier rehearsal, except for what `is_kept`.
    pub fn prepare(root: PathBuf, is_kept: impl Fn(&Path) -> bool) -> anyhow::Result<Self> {
        let context = || format!("failed to prepare `{}`", root.display());
        let is_marked = !root.exists() || root.join(MARK).exists();
        if !is_marked && fs::read_dir(&root).with_context(context)?.next().is_some() {
            let text = format!("`{}` has files that are not of a rehearsal", root.display());
            return Err(usage(text).hint("choose another folder with `--out`").into());
        }
        if let Some(link) = link_in(&root).with_context(context)? {
            let text = format!("`{}` is a symbolic link", link.display());
            return Err(usage(text).hint("remove it, or choose another folder with `--out`").into());
        }
        let folder = Folder { _lock: lock(&root).with_context(context)?, root: root.clone() };
        for old in [DIST, RELEASE, SERVERS].map(|name| folder.path(name)) {
            // Also a link that leads nowhere.
            if !is_kept(&old) && old.symlink_metadata().is_ok() {
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
fn link_in(root: &Path) -> anyhow::Result<Option<PathBuf>> {
    let root: PathBuf = root.components().collect();
    let inside = if root.exists() { files::entries(&root)? } else { Vec::new() };
    // Nix makes `dist` a link to its store. It is removed, and nothing is written through it.
    let inside = inside.into_iter().filter(|path| !path.ends_with(DIST));
    Ok([root].into_iter().chain(inside).find(|path| path.is_symlink()))
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
