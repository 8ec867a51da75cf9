//! Untrusted files: only regular files are opened, and small ones are read within a limit.
//!
//! Opening a pipe can block for ever and a device has no end, so neither is opened.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use super::bounded::{Bounded, ByteLimit};

/// What a system says of an open file, and changes whenever its bytes change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its size in bytes.
    pub size: u64,
    /// When its bytes last changed, in seconds and nanoseconds since 1970-01-01 UTC; anybody may set it.
    pub modified: (i64, i64),
    /// When its bytes or what is known of it last changed, in the same; nobody may set it.
    pub changed: (i64, i64),
    /// Its device and its number there: another file under the same name has others.
    pub place: (u64, u64),
}

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

/// So many seconds a file must have been left alone before its stamp vouches for it: a change in the same tick of the
/// file system's clock as the one before leaves no trace, and the slowest of these clocks ticks once a second.
const SETTLED: i64 = 2;

/// How an open file looks now; `None` if it changed just now, or the system does not say enough to know that it did.
pub fn stamp(file: &File) -> Option<Stamp> {
    stamp_at(file, SystemTime::now())
}

/// The same as if it were `now`.
pub fn stamp_at(file: &File, now: SystemTime) -> Option<Stamp> {
    let stamp = look(&file.metadata().ok()?)?;
    let now = i64::try_from(now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()?;
    (stamp.changed.0.checked_add(SETTLED)? <= now).then_some(stamp)
}

/// The stamp of before, if the file looks the same now: then nobody changed it meanwhile.
pub fn lasting(file: &File, before: Option<Stamp>) -> Option<Stamp> {
    before.filter(|before| file.metadata().is_ok_and(|now| look(&now) == Some(*before)))
}

#[cfg(unix)]
fn look(about: &Metadata) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    Some(Stamp {
        size: about.len(),
        modified: (about.mtime(), about.mtime_nsec()),
        changed: (about.ctime(), about.ctime_nsec()),
        place: (about.dev(), about.ino()),
    })
}

/// Elsewhere every time of a file can be set by anybody, so none vouches for it.
#[cfg(not(unix))]
fn look(_: &Metadata) -> Option<Stamp> {
    None
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
    fn a_stamp_vouches_for_a_file_that_was_left_alone() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let changed = file.metadata().unwrap().modified().unwrap();
        let after = |seconds| changed + std::time::Duration::from_secs(seconds);
        // What changed just now may change once more unseen, and what changed in the future is on another clock.
        for now in [SystemTime::UNIX_EPOCH, after(0), after(1)] {
            assert_eq!(stamp_at(&file, now), None);
        }
        let stamp = stamp_at(&file, after(60));
        assert!(stamp.is_some() && lasting(&file, stamp) == stamp && lasting(&file, None).is_none());
        // Another file with the same bytes and times is another file.
        let other = File::create(folder.path().join("other")).unwrap();
        std::fs::write(folder.path().join("other"), "one").unwrap();
        other.set_modified(changed).unwrap();
        assert_eq!(lasting(&other, stamp), None);
        // The time of its bytes can be set back, that of the change cannot.
        while file.metadata().unwrap().ctime_nsec() == stamp.unwrap().changed.1 {
            std::fs::write(&path, "two").unwrap();
            file.set_modified(changed).unwrap();
        }
        assert_eq!(file.metadata().unwrap().modified().unwrap(), changed);
        assert_eq!(lasting(&file, stamp), None);
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
