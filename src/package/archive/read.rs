//! Reads untrusted archives: the checks that both formats share.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, ensure};

use super::names::Names;
use super::{LIMITS, Limits, TOGETHER, tar_gz, zip};
use crate::error::AtPath as _;
use floe_core::model::{ArchiveKind, Digest, Entry, Hashing, Member, Nature};
use floe_core::parallel::lock;
use floe_core::untrusted::bounded::ByteLimit;
use floe_core::untrusted::files;

/// How many bytes of an archive are read at once.
pub(super) const PIECE: usize = 64 * 1024;

/// An entry of an archive; its path is checked, its content not read yet.
pub(super) struct RawEntry<'a> {
    pub(super) path: String,
    pub(super) is_folder: bool,
    pub(super) mode: u32,
    /// In seconds since 1970-01-01 UTC.
    pub(super) time: u64,
    pub(super) content: &'a mut dyn Read,
}

/// An archive that can be read in any order.
pub(super) trait ReadSeek: io::Read + io::Seek {}

impl<T: io::Read + io::Seek> ReadSeek for T {}

/// Is called with each entry.
pub(super) type Visit<'v> = &'v mut dyn FnMut(RawEntry<'_>) -> anyhow::Result<()>;

/// An archive that was read to its end.
#[derive(Debug)]
pub struct Examined {
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
    /// Its regular files, sorted by path, or why it is no such archive: a clause that does not name the file.
    pub contents: Result<Vec<Entry>, String>,
}

/// The bytes that the archives of a release may still unpack to, all together.
#[derive(Debug)]
pub struct UnpackBudget(Mutex<ByteLimit>);

impl Default for UnpackBudget {
    fn default() -> Self {
        UnpackBudget(Mutex::new(ByteLimit::of_all_unpacked(TOGETHER)))
    }
}

/// A reader that shows each piece that was read to a function, which may refuse it.
pub struct Watched<R, F>(pub R, pub F);

impl<R: Read, F: FnMut(&[u8]) -> io::Result<()>> Read for Watched<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        (self.1)(&buffer[..read]).map(|()| read)
    }
}

/// Reads an archive to its end, whatever it holds.
///
/// The archive is refused if it is cut off or fails its checksums, if an entry is absolute, leaves its folder, is
/// there twice, or is a link, a device or an extension, and if there are more than 10,000 entries or 8 GiB. If it should hold the `promised` files, not many more bytes than
/// theirs are unpacked, and in any case no more than the budget has left. It fails only where the file cannot be read.
pub fn examine(
    path: &Path,
    kind: ArchiveKind,
    promised: Option<&[Entry]>,
    budget: &UnpackBudget,
) -> io::Result<Examined> {
    /// For headers, and for an unexpected file to be reported by its name.
    const MORE: u64 = 1024 * 1024;
    let of_one = |entry: &Entry| entry.size.saturating_add(1024);
    let bytes = promised.map_or(LIMITS.bytes, |files| {
        files.iter().fold(MORE, |all, entry| all.saturating_add(of_one(entry)))
    });
    let limits = Limits { bytes: bytes.min(LIMITS.bytes), ..LIMITS };
    let file = files::open(path)?;
    let mut hashing = Hashing::new(&file);
    let contents = each(&mut hashing, kind, limits, |found| {
        if found.is_folder {
            return Ok(None);
        }
        let count = |piece: &[u8]| lock(&budget.0).take(piece.len() as u64);
        let (digest, size) = digest_of(&found.path, &mut Watched(found.content, count))?;
        Ok(Some(Entry { path: found.path, size, mode: found.mode, digest }))
    });
    let contents = contents.map_err(|error| format!("{error:#}"));
    let (digest, size) = hashing.finish_file()?;
    Ok(Examined { size, digest, contents })
}

/// Every entry of an archive with its metadata, sorted by path.
pub fn members(path: &Path, kind: ArchiveKind) -> anyhow::Result<Vec<Member>> {
    let members = each(&mut open(path)?, kind, LIMITS, |found| {
        let (digest, size) = digest_of(&found.path, found.content)?;
        let nature = if found.is_folder { Nature::Folder } else { Nature::File(digest) };
        Ok(Some(Member { path: found.path, nature, size, mode: found.mode, time: found.time }))
    });
    members.at("failed to read", path)
}

/// A file of an archive, in memory.
#[derive(Debug)]
pub struct Unpacked {
    /// Its path in the archive.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// Its time, in seconds since 1970-01-01 UTC.
    pub time: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The files of an archive that is open at any place, sorted by path. `path` is its name in errors.
pub fn unpack((archive, path): (&mut File, &Path), kind: ArchiveKind) -> anyhow::Result<Vec<Unpacked>> {
    /// The most bytes that are held in memory.
    const LIMIT: u64 = 1024 * 1024 * 1024;
    archive.rewind().at("failed to read", path)?;
    let files = each(archive, kind, Limits { bytes: LIMIT, ..LIMITS }, |found| {
        if found.is_folder {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let read = found.content.read_to_end(&mut bytes);
        read.with_context(|| format!("failed to unpack `{}`", found.path))?;
        Ok(Some(Unpacked { path: found.path, mode: found.mode, time: found.time, bytes }))
    });
    files.at("failed to read", path)
}

/// Unpacks an archive into a folder, which is made if it does not exist, and returns its files.
///
/// No existing file is overwritten and no link is followed. Files get mode 0755 if they are executable, else 0644.
/// After an error, the files that were unpacked so far stay.
pub fn extract(path: &Path, kind: ArchiveKind, into: &Path) -> anyhow::Result<Vec<Entry>> {
    fs::create_dir_all(into).at("failed to make the folder", into)?;
    let entries = each(&mut open(path)?, kind, LIMITS, |found| {
        if found.is_folder {
            return make_folders(into, &found.path).map(|_| None);
        }
        let (folder, name) = found.path.rsplit_once('/').unwrap_or(("", &found.path));
        let target = make_folders(into, folder)?.join(name);
        let mut hashing = Hashing::new(File::create_new(&target).at("failed to make", &target)?);
        let copied = io::copy(found.content, &mut hashing);
        copied.with_context(|| format!("failed to unpack `{}`", found.path))?;
        let (file, digest, size) = hashing.finish();
        set_mode(&file, found.mode).at("failed to set the mode of", &target)?;
        Ok(Some(Entry { path: found.path, size, mode: found.mode, digest }))
    });
    entries.at("failed to read", path)
}

fn open(path: &Path) -> anyhow::Result<File> {
    files::open(path).at("failed to open", path)
}

/// Checks all entries of an archive together, such as their names, passes each to `take`, and returns its results, sorted by
/// path.
fn each<T>(
    file: &mut dyn ReadSeek,
    kind: ArchiveKind,
    limits: Limits,
    mut take: impl FnMut(RawEntry<'_>) -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Vec<T>> {
    let mut names = Names::default();
    // A folder may come more than once.
    let mut taken: Vec<(String, T)> = Vec::new();
    let mut visit = |found: RawEntry<'_>| {
        names.add(&found.path, !found.is_folder).map_err(anyhow::Error::msg)?;
        ensure!(found.mode & !0o777 == 0, "`{}` has the mode {:o}", found.path, found.mode);
        let path = found.path.clone();
        taken.extend(take(found)?.map(|one| (path, one)));
        Ok(())
    };
    match kind {
        ArchiveKind::TarGz => tar_gz::read(file, limits, &mut visit),
        ArchiveKind::Zip => zip::read(file, limits, &mut visit),
    }?;
    taken.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(taken.into_iter().map(|(_, one)| one).collect())
}

fn digest_of(path: &str, content: &mut dyn Read) -> anyhow::Result<(Digest, u64)> {
    Digest::of_reader(content).with_context(|| format!("failed to unpack `{path}`"))
}

/// Makes a folder and those above it one by one, so that none of them is a link out of `into`.
fn make_folders(into: &Path, path: &str) -> anyhow::Result<PathBuf> {
    let mut folder = into.to_owned();
    for component in path.split('/').filter(|component| !component.is_empty()) {
        folder.push(component);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let is_folder = folder.symlink_metadata().is_ok_and(|about| about.is_dir());
                ensure!(is_folder, "`{}` is there already and is not a folder", folder.display());
            }
            made => made.at("failed to make the folder", &folder)?,
        }
    }
    Ok(folder)
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::archive::{Contents, Item, write};

    fn sample(kind: ArchiveKind, sizes: &[usize]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let item = |(index, size): (usize, &usize)| {
            let file = folder.path().join(index.to_string());
            fs::write(&file, vec![0; *size]).unwrap();
            Item { path: format!("f{index}"), file, executable: false }
        };
        let items = sizes.iter().enumerate().map(item).collect();
        let path = folder.path().join("archive");
        let mut file = File::create_new(&path).unwrap();
        write(&Contents { top: "top".to_owned(), epoch: 0, items }, kind, &mut file).unwrap();
        (folder, path)
    }

    #[test]
    fn too_many_entries_and_too_many_bytes_are_refused() {
        for kind in [ArchiveKind::TarGz, ArchiveKind::Zip] {
            let (_folder, path) = sample(kind, &[50_000, 50_000, 50_000]);
            let list = |entries, bytes| {
                each(&mut open(&path).unwrap(), kind, Limits { entries, bytes }, |found| {
                    digest_of(&found.path, found.content).map(Some)
                })
            };
            assert_eq!(list(3, 200_000).unwrap().len(), 3);
            let error = format!("{:#}", list(2, 200_000).unwrap_err());
            assert!(error.ends_with("it has more members than the 2 allowed"), "{error}");
            let error = format!("{:#}", list(3, 120_000).unwrap_err());
            assert!(error.contains("it unpacks to more than "), "{error}");
        }
    }

    #[test]
    fn archives_share_what_they_may_unpack_to() {
        let budget = UnpackBudget(Mutex::new(ByteLimit::of_all_unpacked(250_000)));
        for kind in [ArchiveKind::TarGz, ArchiveKind::Zip] {
            let (_folder, path) = sample(kind, &[50_000, 50_000]);
            assert_eq!(examine(&path, kind, None, &budget).unwrap().contents.unwrap().len(), 2);
        }
        for kind in [ArchiveKind::TarGz, ArchiveKind::Zip] {
            let (_folder, path) = sample(kind, &[50_000, 50_000]);
            let error = examine(&path, kind, None, &budget).unwrap().contents.unwrap_err();
            assert!(error.ends_with("all archives together unpack to more than 244.1 KiB"), "{error}");
        }
    }
}
