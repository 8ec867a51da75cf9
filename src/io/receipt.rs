//! Writing the receipt so that it is whole at any moment: to a file beside it, synced, then renamed over it.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use crate::receipt::Receipt;

/// Replaces the receipt at `path`.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn write_receipt(path: &Path, receipt: &Receipt) -> anyhow::Result<()> {
    replace(path, serde_json::to_string_pretty(receipt)?.as_bytes())
        .with_context(|| format!("failed to write the receipt `{}`", path.display()))
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
