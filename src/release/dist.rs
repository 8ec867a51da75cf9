//! Reading dists: folders of archives with their records, one of them with an image.
//!
//! It reads and computes, and judges nothing: that is `verify`'s part.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::error::{Exit, Failure};
use crate::image;
use crate::package::archive::{self, Examined};
use floe_core::model::{ArchiveFacts, ArchiveKind, Record, Seen};
use floe_core::parallel;
use floe_core::untrusted::files;
use floe_core::verify::{Found, FoundArchive, FoundImage};

/// No record is larger.
const RECORD_LIMIT: u64 = 4 * 1024 * 1024;

/// Reads any number of dists as one.
///
/// # Errors
/// A folder or a file in it cannot be read at all. What is merely wrong is found, not refused.
pub fn read(dists: &[PathBuf]) -> anyhow::Result<Found> {
    read_and_tell(dists, &|_, _| {})
}

/// The same, and `tell` hears of each layer of an image as soon as it is known to be the promised one.
///
/// # Errors
/// As [`read`].
pub fn read_and_tell(dists: &[PathBuf], tell: &image::Tell<'_>) -> anyhow::Result<Found> {
    let (mut found, archives, layouts) = list_all(dists)?;
    // The image first, because its layers can go ahead of everything else.
    found.images = layouts.iter().map(|path| read_image(path, tell)).collect();
    let read = |(path, kind): (PathBuf, ArchiveKind)| {
        read_archive(&path, kind).with_context(|| failed(path.parent().unwrap_or(&path)))
    };
    found.archives = parallel::map(archives, read).into_iter().collect::<anyhow::Result<_>>()?;
    Ok(found)
}

/// What the dists say they hold, read in no time: the records and the image's documents are believed, and neither an
/// archive nor a layer is opened. `None` where that is not enough to go on.
pub fn claimed(dists: &[PathBuf]) -> Option<Found> {
    let (mut found, archives, layouts) = list_all(dists).ok()?;
    let image = |path: &PathBuf| Some(FoundImage { path: path.clone(), image: Ok(image::claimed(path)?) });
    found.images = layouts.iter().map(image).collect::<Option<_>>()?;
    found.archives = archives.into_iter().map(|(path, _)| claimed_archive(path)).collect::<Option<_>>()?;
    Some(found)
}

type Listed = (Found, Vec<(PathBuf, ArchiveKind)>, Vec<PathBuf>);

/// What lies in the dists: archives and layouts are named, and still to be read.
fn list_all(dists: &[PathBuf]) -> anyhow::Result<Listed> {
    let mut found = Found::default();
    let (mut archives, mut layouts) = (Vec::new(), Vec::new());
    for dist in dists {
        if !dist.is_dir() {
            return Err(Failure::new(format!("`{}` is not a folder", dist.display()))
                .hint("make a dist first: `floe package native/ --out dist`")
                .exit(Exit::Usage)
                .into());
        }
        list(dist, &mut found, (&mut archives, &mut layouts)).with_context(|| failed(dist))?;
    }
    Ok((found, archives, layouts))
}

fn failed(dist: &Path) -> String {
    format!("failed to read the dist `{}`", dist.display())
}

/// Sorts what lies in a dist: what has to be read is added to the archives and the layouts.
fn list(
    dist: &Path,
    found: &mut Found,
    (archives, layouts): (&mut Vec<(PathBuf, ArchiveKind)>, &mut Vec<PathBuf>),
) -> anyhow::Result<()> {
    if dist.join("oci-layout").is_file() {
        layouts.push(dist.to_owned());
        return Ok(());
    }
    let mut entries = fs::read_dir(dist)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let names: Vec<String> =
        entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    for (entry, name) in entries.iter().zip(&names) {
        let path = entry.path();
        let kind_of_file = fs::symlink_metadata(&path)?.file_type();
        let is_file = kind_of_file.is_file();
        match (ArchiveKind::of_file(name), name.strip_suffix(".json")) {
            // Hidden files are other programs' business.
            _ if name.starts_with('.') => {}
            // A link may lead anywhere, and where it leads may be another place when the file is sent.
            _ if kind_of_file.is_symlink() => found.links.push(path),
            _ if name == "image" && kind_of_file.is_dir() => layouts.push(path),
            (Some(kind), _) if is_file => archives.push((path, kind)),
            (None, Some(archive)) if is_file && ArchiveKind::of_file(archive).is_some() => {
                if !names.iter().any(|other| other == archive) {
                    found.lonely_records.push(name.clone());
                }
            }
            _ => found.strays.push(path),
        }
    }
    Ok(())
}

fn read_archive(path: &Path, kind: ArchiveKind) -> anyhow::Result<FoundArchive> {
    let record = read_record(path);
    let promised = record.as_ref().ok().map(|record| record.contents.as_slice());
    let Examined { size, digest, stamp, contents } = archive::examine(path, kind, promised)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let facts = ArchiveFacts { file, size, digest };
    Ok(FoundArchive { seen: Seen { path: path.to_owned(), stamp }, facts, record, contents })
}

fn claimed_archive(path: PathBuf) -> Option<FoundArchive> {
    let record = read_record(&path).ok()?;
    let size = fs::symlink_metadata(&path).ok()?.len();
    let file = path.file_name()?.to_string_lossy().into_owned();
    let facts = ArchiveFacts { file, size, digest: record.archive.digest };
    let contents = Ok(record.contents.clone());
    Some(FoundArchive { seen: Seen { path, stamp: None }, facts, record: Ok(record), contents })
}

fn read_record(archive: &Path) -> Result<Record, String> {
    let mut path = archive.as_os_str().to_owned();
    path.push(".json");
    let file = files::open_no_link(path.as_ref()).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is none; `floe package` writes it".to_owned(),
        _ => error.to_string(),
    })?;
    let json = files::read(file, RECORD_LIMIT).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}

fn read_image(path: &Path, tell: &image::Tell<'_>) -> FoundImage {
    FoundImage { path: path.to_owned(), image: image::check_and_tell(path, tell) }
}
