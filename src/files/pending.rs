//! A file that is there whole or not at all: written under another name, then renamed.
//!
//! Whoever looks at the folder meanwhile sees the old file or the new one, never half of one.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A file that is being written. Dropping it before [`Pending::commit`] removes what was written.
#[derive(Debug)]
pub struct Pending {
    /// Open for reading and writing, and empty at first.
    pub file: File,
    hidden: Hidden,
    path: PathBuf,
}

#[derive(Debug)]
struct Hidden(PathBuf);

impl Pending {
    /// Begins a file that is going to be at `path`; the folders above it are made.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written to.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().with_context(|| format!("`{}` is not a file's name", path.display()))?;
        fs::create_dir_all(folder)
            .with_context(|| format!("failed to make the folder `{}`", folder.display()))?;
        // Hidden, and with the process's number, so that two runs at once do not write into one file.
        let hidden = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&hidden)
            .with_context(|| format!("failed to write into `{}`", folder.display()))?;
        Ok(Pending { file, hidden: Hidden(hidden), path: path.to_owned() })
    }

    /// Brings it to disk and gives it its name; an older file of that name is replaced.
    ///
    /// # Errors
    ///
    /// The disk is full, or the file there cannot be replaced.
    pub fn commit(self) -> anyhow::Result<()> {
        let Pending { file, hidden, path } = self;
        let failed = || format!("failed to write `{}`", path.display());
        file.sync_all().with_context(failed)?;
        drop(file);
        fs::rename(&hidden.0, &path).with_context(failed)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // After a commit it is not there any more, and that is fine.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn only_a_committed_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file");
        let names = || {
            let entries = fs::read_dir(folder.path().join("deep")).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        let mut pending = Pending::create(&path).unwrap();
        pending.file.write_all(b"old").unwrap();
        assert!(!path.exists());
        pending.commit().unwrap();
        let mut pending = Pending::create(&path).unwrap();
        pending.file.write_all(b"half").unwrap();
        drop(pending);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(), ["file"]);
    }
}
