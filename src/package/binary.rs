//! Opens binaries for [`floe_audit`], and names them in its errors.

use std::fs::File;
use std::io::Seek as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};

use crate::error::AtPath as _;
use floe_audit::{EmbeddedCrate, Error, Executable, Facts};
use floe_core::model::Digest;
use floe_core::untrusted::files;

/// The kind, the facts and the digest of the executable at `path`, which must be a regular file and no link. It is opened once,
/// so all are those of one file.
pub fn examine(path: &Path) -> anyhow::Result<(Executable, Facts, Digest)> {
    let shown = path.display();
    ensure!(!path.is_symlink(), "`{shown}` is a symbolic link; give the file that it leads to");
    let mut file = open(path)?;
    let kind = floe_audit::identify(&file).map_err(|why| refused(path, &why))?;
    let facts = floe_audit::facts(&file).map_err(|why| refused(path, &why))?;
    let (digest, size) = file.rewind().and_then(|()| Digest::of_reader(&file)).at("failed to read", path)?;
    ensure!(size == facts.size, "`{shown}` changed while it was read");
    Ok((kind, facts, digest))
}

/// Whether the file at `path` is an executable.
pub fn is_executable(path: &Path) -> anyhow::Result<bool> {
    if_binary(path, floe_audit::identify).map(|found| found.is_some())
}

/// Reads the facts of the binary at `path`.
pub fn facts(path: &Path) -> anyhow::Result<Facts> {
    required(path, floe_audit::facts)
}

/// Reads the list of crates that `cargo auditable` embedded in the binary at `path`, if there is one.
pub fn dependency_list(path: &Path) -> anyhow::Result<Option<Vec<EmbeddedCrate>>> {
    required(path, floe_audit::dependency_list)
}

/// Reads the facts of the file at `path`, if it is a binary.
pub fn facts_if_binary(path: &Path) -> anyhow::Result<Option<Facts>> {
    if_binary(path, floe_audit::facts)
}

type Read<T> = fn(File) -> Result<T, Error>;

fn required<T>(path: &Path, read: Read<T>) -> anyhow::Result<T> {
    read(open(path)?).map_err(|why| refused(path, &why))
}

fn if_binary<T>(path: &Path, read: Read<T>) -> anyhow::Result<Option<T>> {
    match read(open(path)?) {
        Err(Error::Unsupported(_)) => Ok(None),
        read => read.map(Some).map_err(|why| refused(path, &why)),
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    files::open(path).with_context(|| format!("`{}` cannot be read", path.display()))
}

fn refused(path: &Path, why: &Error) -> anyhow::Error {
    anyhow!("`{}` is refused: {why}", path.display())
}
