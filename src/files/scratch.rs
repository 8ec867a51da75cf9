//! Temporary folders. They are removed when they are dropped, and when a signal ends the process. One that was renamed stays.
//!
//! Downloads into a folder that the user names go through one, too: nothing in that folder is written through a link,
//! and a download that fails leaves nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::error::{AtPath as _, Exit, Failure};
use crate::files::unfinished::Unfinished;
use crate::files::{self, parent};
use floe_core::disk;

/// How the name begins of a temporary folder in one that the user names.
const HIDDEN: &str = ".floe-";

/// A temporary folder of a random name.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    _place: Unfinished,
}

impl Scratch {
    /// Makes one; `purpose` is a part of its name.
    pub fn new(purpose: &str) -> anyhow::Result<Self> {
        // An empty variable counts as unset, as everywhere.
        let folder = Some(std::env::temp_dir()).filter(|folder| !folder.as_os_str().is_empty());
        Scratch::for_temporary(&folder.unwrap_or_else(|| "/tmp".into()), purpose)
    }

    fn for_temporary(folder: &Path, purpose: &str) -> anyhow::Result<Self> {
        let make = |_| Scratch::make(folder, &format!("floe-{purpose}-"), "");
        // A folder that a variable names by mistake is not made.
        let made = fs::metadata(folder).at("failed to find the folder", folder).and_then(make);
        made.map_err(|error| {
            let variable = if cfg!(windows) { "TMP" } else { "TMPDIR" };
            Failure::new("failed to make a temporary folder")
                .because(error)
                .hint(format!("set `{variable}` to a folder that exists and may be written to"))
                .into()
        })
    }

    /// Makes one inside `folder`, which must be new or empty and no link.
    pub fn inside(folder: &Path) -> anyhow::Result<Self> {
        // A slash at the end would follow a link.
        let folder: PathBuf = folder.components().collect();
        let failed = "failed to make a folder in";
        let refuse = |why: &str| {
            let failure = Failure::new(format!("`{}` {why}", folder.display())).exit(Exit::Usage);
            Err(failure.hint("give a folder that does not exist yet, or an empty one").into())
        };
        let entry = match fs::symlink_metadata(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            about => match about.at(failed, &folder)?.file_type() {
                kind if kind.is_symlink() => return refuse("is a symbolic link"),
                kind if !kind.is_dir() => return refuse("is not a folder"),
                _ => fs::read_dir(&folder).at(failed, &folder)?.next(),
            },
        };
        if let Some(entry) = entry {
            let name = entry.at(failed, &folder)?.file_name().to_string_lossy().into_owned();
            let of =
                if name.starts_with(HIDDEN) { " of another run, which may have been killed" } else { "" };
            return refuse(&format!("is not empty: it holds `{name}`{of}"));
        }
        Scratch::make(&folder, HIDDEN, ".part")
    }

    /// Makes a hidden one beside `path`: in the same file system, so that renaming it is one step.
    pub fn beside(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name =
            name.with_context(|| format!("`{}` is not a plain name of a folder; give one", path.display()))?;
        Scratch::make(parent(path), &format!(".{name}."), ".part")
    }

    fn make(folder: &Path, prefix: &str, suffix: &str) -> anyhow::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix).suffix(suffix);
        let (folder, _place) = Unfinished::make(folder, |folder| builder.tempdir_in(folder))?;
        Ok(Scratch { folder, _place })
    }

    /// Moves everything in it to the folder around it.
    pub fn keep(&self) -> anyhow::Result<()> {
        let around = self.path().parent().context("a temporary folder is in another one")?;
        for path in files::entries(self.path())? {
            let to = around.join(files::name_of(&path));
            // On some systems a rename replaces a file.
            anyhow::ensure!(fs::symlink_metadata(&to).is_err(), "`{}` was made meanwhile", to.display());
            disk::rename(&path, &to).at("failed to make", &to)?;
        }
        Ok(())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // `TempDir` tries once, and leaves the folder if a virus scanner holds a file in it.
        let _ = disk::retry(|| fs::remove_dir_all(self.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_folder_must_be_new_or_empty_and_no_link() {
        let outside = tempfile::tempdir().unwrap();
        let at = |name: &str| outside.path().join(name);
        fs::create_dir(at("empty")).unwrap();
        for name in ["deep/new", "empty"] {
            let scratch = Scratch::inside(&at(name)).unwrap();
            fs::create_dir(scratch.path().join("assets")).unwrap();
            scratch.keep().unwrap();
            drop(scratch);
            let names: Vec<_> = fs::read_dir(at(name)).unwrap().map(|one| one.unwrap().file_name()).collect();
            assert_eq!(names, ["assets"]);
            let error = Scratch::inside(&at(name)).unwrap_err().to_string();
            assert!(error.ends_with("is not empty: it holds `assets`"), "{error}");
        }
        fs::write(at("file"), "").unwrap();
        assert!(Scratch::inside(&at("file")).unwrap_err().to_string().ends_with("is not a folder"));
        #[cfg(unix)]
        for (link, to) in [("link", "elsewhere"), ("link-to-nothing", "nothing")] {
            if link == "link" {
                fs::create_dir(at(to)).unwrap();
            }
            std::os::unix::fs::symlink(at(to), at(link)).unwrap();
            for link in [at(link), at(&format!("{link}/"))] {
                let error = Scratch::inside(&link).unwrap_err().to_string();
                assert!(error.ends_with("is a symbolic link"), "{error}");
            }
            assert!(!at("nothing").exists());
        }
    }

    #[test]
    fn what_fails_leaves_no_empty_folder() {
        let outside = tempfile::tempdir().unwrap();
        let new = outside.path().join("deep/new");
        drop(Scratch::inside(&new).unwrap());
        drop(Scratch::beside(&new).unwrap());
        drop(crate::files::atomic_file::AtomicFile::create(&new).unwrap());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_for_temporary_ones_must_exist() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("gone");
        let error = Scratch::for_temporary(&folder, "test").unwrap_err();
        let expected =
            format!("failed to make a temporary folder: failed to find the folder `{}`", folder.display());
        assert!(format!("{error:#}").starts_with(&expected), "{error:#}");
        assert!(crate::error::hint_of(&error).is_some_and(|hint| hint.contains("to a folder that exists")));
        assert!(!folder.exists());
        drop(Scratch::for_temporary(outside.path(), "test").unwrap());
        assert!(outside.path().exists());
    }

    #[test]
    fn a_dropped_folder_is_removed() {
        let scratch = Scratch::new("test").unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_was_renamed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::inside(&folder.path().join("place")).unwrap();
        fs::write(scratch.path().join("file"), "").unwrap();
        disk::rename(scratch.path(), &folder.path().join("made")).unwrap();
        drop(scratch);
        assert!(folder.path().join("made/file").exists());
    }

    #[cfg(windows)]
    #[test]
    fn a_folder_whose_file_is_held_for_a_moment_is_removed() {
        use std::os::windows::fs::OpenOptionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::inside(&folder.path().join("place")).unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "").unwrap();
        let holder = fs::OpenOptions::new().read(true).share_mode(0).open(path.join("file")).unwrap();
        let closing = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            drop(holder);
        });
        drop(scratch);
        assert!(!path.exists());
        closing.join().unwrap();
    }
}
