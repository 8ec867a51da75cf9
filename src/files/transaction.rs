//! Several files that are written all or not at all, and can be put back.
//!
//! A file that changed since it was read is not overwritten.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::error::AtPath as _;
use crate::files::atomic_file::AtomicFile;
use crate::files::unfinished::{self, Unfinished};
use floe_core::untrusted::files;

/// One file to write.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its path.
    pub path: PathBuf,
    /// Its text as it was read; `None` if it did not exist.
    pub old: Option<String>,
    /// Its new text.
    pub new: String,
}

/// Writes all of them. If one cannot be written or is no longer what was read, nothing has changed.
pub fn write(changes: &[Change]) -> anyhow::Result<()> {
    let mut done = Vec::new();
    let _all_or_none = unfinished::hold();
    write_each(changes, &mut done).inspect_err(|_| take_back(&done))
}

/// Puts everything back as it was, as far as that is possible. The folders that were made go when `done` is dropped.
fn take_back(done: &[(Change, Unfinished)]) {
    for (change, _) in done.iter().rev() {
        let _ = match &change.old {
            Some(old) => begin(&change.path, old).and_then(AtomicFile::commit).map(drop),
            None => fs::remove_file(&change.path).map_err(anyhow::Error::from),
        };
    }
}

fn write_each(changes: &[Change], done: &mut Vec<(Change, Unfinished)>) -> anyhow::Result<()> {
    // Everything that needs disk space comes first; only renames follow.
    let begun: Vec<AtomicFile> =
        changes.iter().map(|change| begin(&change.path, &change.new)).collect::<anyhow::Result<_>>()?;
    for change in changes {
        if read(&change.path)? != change.old {
            bail!("`{}` was changed meanwhile", change.path.display());
        }
    }
    for (change, file) in changes.iter().zip(begun) {
        done.push((change.clone(), file.commit()?));
    }
    Ok(())
}

fn begin(path: &Path, text: &str) -> anyhow::Result<AtomicFile> {
    let mut file = AtomicFile::create(path)?;
    file.file().write_all(text.as_bytes()).at("failed to write", path)?;
    if let Ok(old) = fs::metadata(path) {
        file.file().set_permissions(old.permissions()).at("failed to write", path)?;
    }
    Ok(file)
}

/// The most bytes of a file that `floe init` reads.
const LIMIT: u64 = 1024 * 1024;

/// The text of a regular file of at most 1 MiB; `None` if it does not exist.
pub fn read(path: &Path) -> anyhow::Result<Option<String>> {
    if path.is_symlink() {
        bail!("`{}` is a symbolic link, which would be replaced by a file", path.display());
    }
    let bytes = match files::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|file| files::read(file, LIMIT)).at("failed to read", path)?,
    };
    String::from_utf8(bytes).map(Some).at("failed to read", path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: PathBuf, old: Option<&str>, new: &str) -> Change {
        Change { path, old: old.map(str::to_owned), new: new.to_owned() }
    }

    #[test]
    fn written_files_can_be_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "old").unwrap();
        let changes = [
            change(at("a"), Some("old"), "new"),
            change(at("deep/er/b"), None, "b"),
            change(at("deep/c"), None, "c"),
        ];
        let mut done = Vec::new();
        write_each(&changes, &mut done).unwrap();
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "new");
        assert_eq!(fs::read_to_string(at("deep/er/b")).unwrap(), "b");
        take_back(&done);
        drop(done);
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "old");
        assert!(!at("deep").exists());
    }

    #[test]
    fn a_file_that_changed_meanwhile_stops_all() {
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
    fn folders_and_links_are_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let why = |path: &Path| format!("{:#}", read(path).unwrap_err());
        assert!(why(folder.path()).ends_with("it is not a regular file"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("elsewhere", folder.path().join("link")).unwrap();
            assert!(
                why(&folder.path().join("link"))
                    .ends_with("is a symbolic link, which would be replaced by a file")
            );
        }
    }
}
