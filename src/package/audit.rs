//! Auditing files: a binary, an archive of binaries, or a whole dist, whichever lies there.
//!
//! Archives are unpacked into a scratch folder, because a binary is read from many places of it; nothing is run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::files::scratch::Scratch;
use crate::package::archive;
use crate::package::binary;
use floe_audit::Facts;
use floe_core::model::ArchiveKind;

/// A binary that was found somewhere.
#[derive(Debug)]
pub struct Audited {
    /// Where: the file, and behind it the path in the archive.
    pub place: String,
    /// The path in the archive, if it is in one.
    pub inside: Option<String>,
    /// What it is.
    pub facts: Facts,
}

/// Audits a file or every file of a folder. Files in an archive or folder that are no binaries are passed over.
///
/// # Errors
/// It is not there or cannot be read; a file given by itself is no binary; an archive is damaged or hostile.
pub fn audit(path: &Path) -> anyhow::Result<Vec<Audited>> {
    if path.is_dir() {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        paths.sort();
        let files = paths.iter().filter(|path| path.is_file() && !is_hidden(path));
        let found: anyhow::Result<Vec<_>> = files.map(|path| of_file(path, false)).collect();
        return Ok(found?.into_iter().flatten().collect());
    }
    of_file(path, true)
}

fn of_file(path: &Path, must_be_binary: bool) -> anyhow::Result<Vec<Audited>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let kind =
        [ArchiveKind::TarGz, ArchiveKind::Zip].into_iter().find(|kind| name.ends_with(&format!(".{kind}")));
    let place = path.display().to_string();
    match kind {
        Some(kind) => of_archive(path, kind).with_context(|| format!("failed to audit `{place}`")),
        None if must_be_binary => Ok(vec![Audited { facts: binary::facts(path)?, place, inside: None }]),
        None => Ok(binary::facts(path)
            .ok()
            .map(|facts| Audited { place, facts, inside: None })
            .into_iter()
            .collect()),
    }
}

fn of_archive(path: &Path, kind: ArchiveKind) -> anyhow::Result<Vec<Audited>> {
    let scratch = Scratch::new("audit")?;
    let entries = archive::extract(path, kind, scratch.path())?;
    let mut found = Vec::new();
    for entry in entries {
        let file = scratch.path().join(&entry.path);
        // What is executable must be a binary or a script; only the former has facts.
        if binary::identify(&file).is_ok() {
            let place = format!("{}:{}", path.display(), entry.path);
            found.push(Audited { place, facts: binary::facts(&file)?, inside: Some(entry.path) });
        }
    }
    Ok(found)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
