//! Finds the binaries in a file, an archive or a folder, and reads their facts.
//!
//! Archives are unpacked into a scratch folder, because a binary is read at random offsets. Nothing is run.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::error::usage;
use crate::files;
use crate::files::scratch::Scratch;
use crate::package::archive;
use crate::package::binary;
use floe_audit::{EmbeddedCrate, Facts};
use floe_core::model::{ArchiveKind, BinaryFacts, Entry};

/// The facts of a binary, and where it was found.
#[derive(Debug)]
pub struct Audited {
    /// The file, and after a colon the path in the archive.
    pub place: String,
    /// The path in the archive, if it is in one.
    pub inside: Option<String>,
    /// Its facts.
    pub facts: Facts,
    /// The crates that `cargo auditable` embedded in it, if it did.
    pub crates: Option<Vec<EmbeddedCrate>>,
}

impl Audited {
    fn new(file: &Path, place: String, inside: Option<String>, facts: Facts) -> anyhow::Result<Self> {
        let crates = facts.auditable.as_ref().map(|_| binary::dependency_list(file)).transpose()?;
        Ok(Audited { place, inside, facts, crates: crates.flatten() })
    }
}

/// Audits a file, every executable of an archive, or every file of a folder: the facts of each binary, or why it is refused.
/// Files in an archive or folder that are not binaries are passed over; damaged ones are not.
pub fn audit(path: &Path) -> Vec<anyhow::Result<Audited>> {
    let found = || -> anyhow::Result<Vec<anyhow::Result<Audited>>> {
        if !path.try_exists().unwrap_or(true) {
            bail!(usage(format!("`{}` cannot be read: there is no such file or folder", path.display())));
        }
        if !path.is_dir() {
            return of_file(path, true);
        }
        let paths = files::entries(path)?;
        let files = paths.iter().filter(|path| path.is_file() && !files::name_of(path).starts_with('.'));
        Ok(files.flat_map(|path| of_file(path, false).unwrap_or_else(|error| vec![Err(error)])).collect())
    };
    found().unwrap_or_else(|error| vec![Err(error)])
}

/// Audits the binaries of an archive, and no other file: it may hold a damaged one that nobody runs.
pub fn binaries(path: &Path, binaries: &[BinaryFacts]) -> anyhow::Result<Vec<Audited>> {
    let failed = || format!("failed to audit `{}`", path.display());
    let kind = archive::kind(path)?.with_context(failed)?;
    let is_wanted = |inside: &str| binaries.iter().any(|binary| binary.path == inside);
    of_archive(path, kind, is_wanted).with_context(failed)?.into_iter().collect()
}

fn of_file(path: &Path, must_be_binary: bool) -> anyhow::Result<Vec<anyhow::Result<Audited>>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let kind = match archive::kind(path)? {
        // In a folder, an archive of another name is an asset that something else made.
        Some(kind) if must_be_binary || ArchiveKind::of_file(&name).is_some() => Some(kind),
        Some(_) => None,
        None if binary::is_executable(path)? => None,
        // It is damaged.
        None => ArchiveKind::of_file(&name),
    };
    let place = path.display().to_string();
    let facts = match kind {
        Some(kind) => {
            return of_archive(path, kind, |_| true).with_context(|| format!("failed to audit `{place}`"));
        }
        None if must_be_binary => Some(binary::facts(path)?),
        None => binary::facts_if_binary(path)?,
    };
    Ok(facts.into_iter().map(|facts| Audited::new(path, place.clone(), None, facts)).collect())
}

fn of_archive(
    path: &Path,
    kind: ArchiveKind,
    is_wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<Vec<anyhow::Result<Audited>>> {
    let scratch = Scratch::new("audit")?;
    let entries = archive::extract(path, kind, scratch.path())?;
    let entries = entries.into_iter().filter(|entry| is_wanted(&entry.path));
    let audit = |entry: Entry| -> anyhow::Result<Option<Audited>> {
        let file = scratch.path().join(&entry.path);
        let place = format!("{}:{}", path.display(), entry.path);
        let facts = binary::facts_if_binary(&file).with_context(|| format!("failed to audit `{place}`"))?;
        facts.map(|facts| Audited::new(&file, place, Some(entry.path), facts)).transpose()
    };
    Ok(entries.filter_map(|entry| audit(entry).transpose()).collect())
}
