//! Files that somebody else wrote: regular ones only, and never more of them than was agreed.
//!
//! A pipe would make floe wait for ever and a device has no end, so neither is opened.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Opens a regular file for reading; a link to one is followed.
///
/// # Errors
/// It is not there, cannot be read, or is a folder, a pipe, a socket or a device.
pub fn open(path: &Path) -> io::Result<File> {
    // Asked before it is opened: opening a pipe waits for somebody who writes into it.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// Opens a regular file that lies where no link has any business to be: a link may lead out of its folder.
///
/// # Errors
/// As [`open`], and it is a link.
pub fn open_no_link(path: &Path) -> io::Result<File> {
    if path.symlink_metadata()?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    open(path)
}

/// Reads a file of a few bytes whole.
///
/// # Errors
/// It cannot be read, or holds more than `limit` bytes.
pub fn read(file: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The size that a folder tells is not asked: some files have none, and others grow.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is larger than {}", crate::units::size(limit))));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_was_agreed() {
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
