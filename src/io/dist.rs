//! Reading dists: folders of archives with their records, one of them with an image.
//!
//! It reads and computes, and judges nothing: that is `verify`'s part.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::archive;
use crate::border::files;
use crate::error::{Exit, Failure};
use crate::model::{ArchiveFacts, ArchiveKind, Hasher, Record, Seen, Stamp};
use crate::oci;
use crate::verify::{Found, FoundArchive, FoundImage};

/// No record is larger.
const RECORD_LIMIT: u64 = 4 * 1024 * 1024;

/// Reads any number of dists as one.
///
/// # Errors
/// A folder or a file in it cannot be read at all. What is merely wrong is found, not refused.
pub fn read(dists: &[PathBuf]) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for dist in dists {
        if !dist.is_dir() {
            return Err(Failure::new(format!("`{}` is not a folder", dist.display()))
                .hint("make a dist first: `floe package native/ --out dist`")
                .exit(Exit::Usage)
                .into());
        }
        read_one(dist, &mut found)
            .with_context(|| format!("failed to read the dist `{}`", dist.display()))?;
    }
    Ok(found)
}

fn read_one(dist: &Path, found: &mut Found) -> anyhow::Result<()> {
    if dist.join("oci-layout").is_file() {
        found.images.push(read_image(dist));
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
            _ if name == "image" && kind_of_file.is_dir() => found.images.push(read_image(&path)),
            (Some(kind), _) if is_file => found.archives.push(read_archive(&path, name, kind)?),
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

fn read_archive(path: &Path, name: &str, kind: ArchiveKind) -> anyhow::Result<FoundArchive> {
    let (facts, stamp) = digest_file(path, name)?;
    let record = read_record(path);
    let contents = match &record {
        Ok(record) => archive::inspect_within(path, kind, &record.contents),
        Err(_) => archive::inspect(path, kind),
    };
    Ok(FoundArchive { seen: Seen { path: path.to_owned(), stamp }, facts, record, contents })
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

fn read_image(path: &Path) -> FoundImage {
    FoundImage { path: path.to_owned(), image: oci::check(path) }
}

/// What the file at `path` is, read in pieces, and how it looked meanwhile.
fn digest_file(path: &Path, name: &str) -> anyhow::Result<(ArchiveFacts, Option<Stamp>)> {
    let mut hasher = Hasher::default();
    let mut read = || {
        let mut file = files::open(path)?;
        let before = files::stamp(&file);
        io::copy(&mut file, &mut hasher)?;
        io::Result::Ok(files::lasting(&file, before))
    };
    let stamp = read().with_context(|| format!("failed to read `{}`", path.display()))?;
    let (digest, size) = hasher.finish();
    Ok((ArchiveFacts { file: name.to_owned(), size, digest }, stamp))
}
