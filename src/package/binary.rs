//! A built binary as a file: what it is, seen from its headers.
//!
//! Only the headers are read, however large the file is.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, bail};
use object::read::ReadCache;

use floe_audit::{Facts, Identity};
use floe_core::untrusted::files;

/// Says what the executable at `path` is.
///
/// # Errors
///
/// It cannot be read, is not a regular file, not an executable that floe knows, or was cut off. The text begins with
/// the path.
pub fn identify(path: &Path) -> anyhow::Result<Identity> {
    let shown = path.display();
    let about = path.symlink_metadata().with_context(|| format!("`{shown}` cannot be read"))?;
    if about.is_symlink() {
        bail!("`{shown}` is a symbolic link; give the file that it leads to");
    }
    if !about.is_file() {
        bail!("`{shown}` is not a regular file");
    }
    let file = File::open(path).with_context(|| format!("`{shown}` cannot be read"))?;
    let kind = match floe_audit::identify(&ReadCache::new(file)) {
        Ok(kind) => kind,
        Err(why) => bail!("`{shown}` is refused: {why}"),
    };
    if kind.extent > about.len() {
        bail!("`{shown}` was cut off: its headers speak of {} bytes, it has {}", kind.extent, about.len());
    }
    Ok(kind)
}

/// Everything that rules judge about the executable at `path`, read piece by piece.
///
/// # Errors
///
/// It cannot be read, or is not an executable that floe knows. The text begins with the path.
pub fn facts(path: &Path) -> anyhow::Result<Facts> {
    let shown = path.display();
    let file = files::open(path).with_context(|| format!("`{shown}` cannot be read"))?;
    match floe_audit::facts(file) {
        Ok(facts) => Ok(facts),
        Err(why) => bail!("`{shown}` is refused: {why}"),
    }
}
