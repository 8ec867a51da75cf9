//! Several files that are written all or not at all, and can be taken back.
//!
//! Nothing is written over what was not seen: a file that changed since is a failure.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::files::pending::Pending;

/// One file to write.
#[derive(Debug, Clone)]
pub struct Change {
    /// Where.
    pub path: PathBuf,
    /// What it says now, as it was seen; `None` if it is not there.
    pub old: Option<String>,
    /// What it is going to say.
    pub new: String,
}

/// What was written, for taking it back.
#[derive(Debug)]
#[must_use = "what is not taken back stays"]
pub struct Written {
    done: Vec<Change>,
    /// The folders that were made, the outermost first.
    folders: Vec<PathBuf>,
}

/// Writes all of them. If one cannot be written, those before it are taken back.
///
/// # Errors
///
/// A file is no longer what was seen, or cannot be written; nothing has changed then.
pub fn write(changes: &[Change]) -> anyhow::Result<Written> {
    let folders = absent_folders(changes);
    let mut written = Written { done: Vec::new(), folders };
    match write_each(changes, &mut written.done) {
        Ok(()) => Ok(written),
        Err(error) => {
            written.take_back();
            Err(error)
        }
    }
}

impl Written {
    /// Puts everything back as it was. What cannot be put back stays as it is written.
    pub fn take_back(self) {
        for change in self.done.iter().rev() {
            let _ = match &change.old {
                Some(old) => begin(&change.path, old).and_then(Pending::commit),
                None => fs::remove_file(&change.path).map_err(anyhow::Error::from),
            };
        }
        // Only what is empty goes away.
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn write_each(changes: &[Change], done: &mut Vec<Change>) -> anyhow::Result<()> {
    // All that needs room on the disk comes first; what is left are renames.
    let pending: Vec<Pending> =
        changes.iter().map(|change| begin(&change.path, &change.new)).collect::<anyhow::Result<_>>()?;
    for change in changes {
        if read(&change.path)? != change.old {
            bail!("`{}` was changed meanwhile", change.path.display());
        }
    }
    for (change, pending) in changes.iter().zip(pending) {
        pending.commit()?;
        done.push(change.clone());
    }
    Ok(())
}

fn begin(path: &Path, text: &str) -> anyhow::Result<Pending> {
    let mut pending = Pending::create(path)?;
    let mut write = || {
        pending.file.write_all(text.as_bytes())?;
        match fs::metadata(path) {
            Ok(old) => pending.file.set_permissions(old.permissions()),
            Err(_) => Ok(()),
        }
    };
    write().with_context(|| format!("failed to write `{}`", path.display()))?;
    Ok(pending)
}

/// No file of a setup is larger, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// The text of a file; `None` if it is not there.
///
/// # Errors
///
/// It is no file (a folder, a symbolic link), larger than 1 MiB, or not UTF-8.
pub fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let failed = || format!("failed to read `{}`", path.display());
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(failed),
    };
    if about.is_symlink() {
        bail!("`{}` is a symbolic link, which would be replaced by a file", path.display());
    }
    if !about.is_file() || about.len() > LIMIT {
        bail!("`{}` is no file of at most {LIMIT} bytes", path.display());
    }
    fs::read_to_string(path).map(Some).with_context(failed)
}

/// The folders that are not there yet, the outermost first.
fn absent_folders(changes: &[Change]) -> Vec<PathBuf> {
    let above = |change: &Change| -> Vec<PathBuf> {
        let absent = change.path.ancestors().skip(1).take_while(|folder| !folder.exists());
        absent.map(Path::to_owned).collect()
    };
    let mut folders: Vec<PathBuf> = changes.iter().flat_map(above).collect();
    folders.sort();
    folders.dedup();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: PathBuf, old: Option<&str>, new: &str) -> Change {
        Change { path, old: old.map(str::to_owned), new: new.to_owned() }
    }

    #[test]
    fn what_was_written_can_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "old").unwrap();
        let changes = [change(at("a"), Some("old"), "new"), change(at("deep/er/b"), None, "b")];
        let written = write(&changes).unwrap();
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "new");
        assert_eq!(fs::read_to_string(at("deep/er/b")).unwrap(), "b");
        written.take_back();
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "old");
        assert!(!at("deep").exists());
    }

    #[test]
    fn one_that_changed_meanwhile_stops_all() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "mine").unwrap();
        let error =
            write(&[change(at("deep/b"), None, "b"), change(at("a"), Some("old"), "new")]).unwrap_err();
        assert!(error.to_string().ends_with("a` was changed meanwhile"), "{error}");
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "mine");
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["a"]);
    }

    #[test]
    fn folders_and_links_are_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("is no file"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("elsewhere", folder.path().join("link")).unwrap();
            let error = read(&folder.path().join("link")).unwrap_err();
            assert!(error.to_string().contains("is a symbolic link"), "{error}");
        }
    }
}
