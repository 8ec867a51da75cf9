//! Files and folders that appear whole or not at all.

pub mod atomic_file;
pub mod scratch;
pub mod transaction;
pub mod unfinished;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A path without symbolic links, for messages and for other programs: they do not understand the verbatim form
/// (`\\?\C:\…`) that the standard library gives on Windows.
pub fn resolve(path: &Path) -> io::Result<PathBuf> {
    dunce::canonicalize(path)
}

/// Whether a path leads into a folder, both without symbolic links.
pub fn is_inside(path: &Path, folder: &Path) -> io::Result<bool> {
    // Not by `resolve`, which leaves a path of more than 260 characters verbatim, and its folder not.
    Ok(path.canonicalize()?.starts_with(folder.canonicalize()?))
}

/// The paths of the entries of a folder, sorted.
pub fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    let mut entries = read().with_context(|| format!("failed to read the folder `{}`", folder.display()))?;
    entries.sort();
    Ok(entries)
}

/// The last part of a path.
pub fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Removes a file; it is no error if there is none.
pub fn remove_if_there(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_out_of_a_folder_by_its_parents_only() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("in/deep")).unwrap();
        std::fs::create_dir(at("in-side")).unwrap();
        for (path, inside) in
            [("in", true), ("in/deep", true), ("in/deep/..", true), ("in/..", false), ("in-side", false)]
        {
            assert_eq!(is_inside(&at(path), &at("in")).unwrap(), inside, "{path}");
        }
        assert_eq!(is_inside(&at("missing"), &at("in")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(resolve(&at("in/deep/..")).unwrap(), resolve(&at("in")).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("in")).unwrap();
        std::fs::write(at("out"), "").unwrap();
        std::os::unix::fs::symlink(at("out"), at("in/link")).unwrap();
        std::os::unix::fs::symlink(at("in"), at("same")).unwrap();
        assert!(!is_inside(&at("in/link"), &at("in")).unwrap());
        assert!(is_inside(&at("same"), &at("in")).unwrap());
        assert!(is_inside(&at("in"), &at("same")).unwrap());
        assert_eq!(resolve(&at("in/link")).unwrap(), resolve(&at("out")).unwrap());
    }

    #[cfg(windows)]
    #[test]
    fn resolved_paths_are_as_people_write_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = resolve(folder.path()).unwrap();
        assert!(!path.to_string_lossy().starts_with(r"\\?\"), "{}", path.display());
        assert!(is_inside(&path, folder.path()).unwrap());
    }
}
