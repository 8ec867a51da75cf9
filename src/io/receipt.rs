//! Writing the receipt so that it is whole at any moment.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use super::pending::Pending;
use crate::receipt::Receipt;

/// Replaces the receipt at `path`: written beside it, synced, then renamed over it.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn write_receipt(path: &Path, receipt: &Receipt) -> anyhow::Result<()> {
    let mut json = serde_json::to_vec_pretty(receipt)?;
    json.push(b'\n');
    let write = || {
        let mut pending = Pending::create(path)?;
        pending.file.write_all(&json)?;
        pending.commit()
    };
    write().with_context(|| format!("failed to write the receipt `{}`", path.display()))
}
