//! A file that appears whole or not at all: it is written under a temporary name in the same folder, then renamed.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::{Builder, NamedTempFile, PathPersistError};

use crate::error::AtPath as _;
use crate::files::parent;
use crate::files::unfinished::Unfinished;
use floe_core::disk;

/// A file that is being written. Dropping it before [`AtomicFile::commit`] removes it.
#[derive(Debug)]
pub struct AtomicFile {
    file: NamedTempFile,
    path: PathBuf,
    place: Unfinished,
}

impl AtomicFile {
    /// Begins an empty file that will be at `path`; missing folders above it are made.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().with_context(|| format!("`{}` is not a file's name", path.display()))?;
        // Hidden, so that one left behind by a killed process is not taken for a part of a dist.
        let prefix = format!(".{}.", name.to_string_lossy());
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let (file, place) = Unfinished::make(parent(path), |folder| builder.tempfile_in(folder))?;
        Ok(AtomicFile { file, path: path.to_owned(), place })
    }

    /// The file, open for reading and writing.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Flushes it to disk and renames it to its path; a file that is there is replaced. If the file is removed again before
    /// the returned value is dropped, the folders that were made for it go, too.
    pub fn commit(self) -> anyhow::Result<Unfinished> {
        let AtomicFile { file, path, place } = self;
        file.as_file().sync_all().at("failed to write", &path)?;
        let mut draft = Some(file.into_temp_path());
        let persist = || match draft.take().map(|draft| draft.persist(&path)) {
            Some(Err(PathPersistError { error, path })) => {
                draft = Some(path);
                Err(error)
            }
            _ => Ok(()),
        };
        disk::retry(persist).at("failed to write", &path)?;
        Ok(place)
    }
}

/// Writes a whole file that the user names. A rename would replace a device or a pipe, such as `/dev/null`, so it is
/// written to. A link elsewhere is replaced, because it may come with the sources and lead anywhere.
pub fn write_named(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let is_other = fs::symlink_metadata(path).is_ok_and(|about| !about.is_file() && !about.is_symlink());
    // The links `/dev/stdout` and `/dev/fd/3` lead to what is open; `/dev/shm` holds ordinary files.
    let is_open = ["/dev", "/dev/fd"].into_iter().any(|folder| path.parent() == Some(Path::new(folder)));
    match is_other || is_open {
        true => fs::write(path, content).at("failed to write", path),
        false => write(path, content),
    }
}

/// Writes a whole file.
pub fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.file().write_all(content).at("failed to write", path)?;
    file.commit().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_committed_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file");
        let mut file = AtomicFile::create(&path).unwrap();
        file.file().write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.file().write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let names: Vec<_> = fs::read_dir(folder.path().join("deep")).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_or_a_pipe_is_written_to() {
        use std::io::Read as _;
        use std::os::fd::AsRawFd as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        // Open for both, it waits for no other end.
        let mut pipe = File::options().read(true).write(true).open(&path).unwrap();
        let by_number = PathBuf::from(format!("/dev/fd/{}", pipe.as_raw_fd()));
        for path in [&path, &by_number] {
            write_named(path, b"written").unwrap();
            let mut read = [0; 7];
            pipe.read_exact(&mut read).unwrap();
            assert_eq!(&read, b"written");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_link_in_the_folder_of_shared_memory_is_replaced() {
        let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return };
        let (path, elsewhere) = (folder.path().join("link"), folder.path().join("elsewhere"));
        fs::write(&elsewhere, "old").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        write_named(&path, b"new").unwrap();
        assert!(path.symlink_metadata().unwrap().is_file());
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "old");
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_another_program_holds_stays() {
        use std::os::windows::fs::OpenOptionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"old").unwrap();
        let holder = fs::OpenOptions::new().read(true).share_mode(1).open(&path).unwrap();
        let error = format!("{:#}", write(&path, b"new").unwrap_err());
        assert!(error.contains("another program holds it"), "{error}");
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(&folder).unwrap().count()), (b"old".to_vec(), 1));
        drop(holder);
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_that_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let [plain, atomic] = ["plain", "atomic"].map(|name| folder.path().join(name));
        fs::write(&plain, "").unwrap();
        write(&atomic, b"").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&atomic), mode(&plain));
    }
}
