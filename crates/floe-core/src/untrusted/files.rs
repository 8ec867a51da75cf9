//! Untrusted files: only regular files are opened, and small ones are read within a limit.
//!
//! Opening a pipe can block for ever and a device has no end, so neither is opened.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::bounded::{Bounded, ByteLimit};

/// Opens a regular file for reading; a link to one is followed.
///
/// # Errors
/// It is not there, cannot be read, or is a folder, a pipe, a socket or a device.
pub fn open(path: &Path) -> io::Result<File> {
    // Checked before it is opened, because opening a pipe blocks until it has a writer.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// Opens a regular file in a folder that must not contain links: a link can lead out of the folder.
///
/// # Errors
/// As [`open`], and it is a link.
pub fn open_no_link(path: &Path) -> io::Result<File> {
    if path.symlink_metadata()?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    open(path)
}

/// Reads a small file into memory.
///
/// # Errors
/// It cannot be read, or holds more than `limit` bytes.
pub fn read(file: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    // The size in the metadata is not used: some files have none, and others grow.
    let mut bytes = Vec::new();
    Bounded::new(file, ByteLimit::of_size(limit)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_the_limit() {
        assert_eq!(read(&b"1234"[..], 4).unwrap(), b"1234");
        assert_eq!(read(&b"12345"[..], 4).unwrap_err().to_string(), "it is larger than 4 B");
        assert_eq!(read(io::repeat(0), 2048).unwrap_err().to_string(), "it is larger than 2.0 KiB");
    }

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "x").unwrap();
        assert!(open(&path).is_ok() && open_no_link(&path).is_ok());
        assert_eq!(open(folder.path()).unwrap_err().to_string(), "it is not a regular file");
        assert_eq!(open(&folder.path().join("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_not_opened_and_links_only_where_they_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        assert_eq!(open(&link).unwrap_err().to_string(), "it is not a regular file");
        assert_eq!(open_no_link(&link).unwrap_err().to_string(), "it is a link");
    }
}
