//! Finds the files that a project names, inside its workspace and spelled as on disk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use toml_edit::DocumentMut;

use crate::error::Failure;
use crate::files;
use crate::package::archive::composed;
use crate::project::cargo::Project;

/// The error for a path outside of the workspace.
pub(super) fn leads_out(path: &Path) -> Failure {
    Failure::new(format!("`{}` leads out of the workspace", path.display()))
        .hint("copy it into the workspace, or take it out of `include`")
}

/// The place of an included path: parts below the package's folder, or below the workspace's if it leads out of that.
pub(super) fn place<'p>(project: &'p Project, path: &'p str) -> anyhow::Result<(&'p Path, Vec<&'p str>)> {
    if !path.starts_with("..") {
        return Ok((&project.root, path.split('/').collect()));
    }
    let above = || leads_out(&project.root.join(path));
    let root = project.root.strip_prefix(&project.workspace_root).map_err(|_| above())?;
    let mut parts: Vec<&str> = root.iter().filter_map(|part| part.to_str()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop().ok_or_else(above)?),
            _ => parts.push(part),
        }
    }
    Ok((&project.workspace_root, parts))
}

/// The outcome of a search for a path.
pub(super) enum Lookup {
    /// The file or folder is there, spelled like this.
    Here(PathBuf),
    /// A part of the path is not in this folder; maybe it is there in other letters.
    Not { part: String, folder: PathBuf, other: Option<String> },
}

/// Finds a path that is spelled as on disk: systems disagree about whether case matters.
pub(super) fn look_up(folder: &Path, parts: &[&str]) -> anyhow::Result<Lookup> {
    let mut path = folder.to_owned();
    for part in parts {
        if *part == ".." {
            path.push(part);
            continue;
        }
        let names = read_names(&path)?;
        let Some(name) = names.iter().find(|name| composed(name) == composed(part)) else {
            let other = names.into_iter().find(|name| name.to_lowercase() == part.to_lowercase());
            return Ok(Lookup::Not { part: (*part).to_owned(), folder: path, other });
        };
        path.push(name);
    }
    Ok(Lookup::Here(path))
}

/// The file or folder at an included path.
pub(super) fn find(folder: &Path, parts: &[&str]) -> anyhow::Result<PathBuf> {
    let (part, folder, other) = match look_up(folder, parts)? {
        Lookup::Here(path) => return Ok(path),
        Lookup::Not { part, folder, other } => (part, folder, other),
    };
    let missing = Failure::new(format!("there is no `{part}` in `{}`", folder.display()));
    bail!(match other {
        Some(name) => missing.hint(format!("it is called `{name}`, and case matters on most systems")),
        None => missing.hint("make it before packing, or take it out of `include`"),
    })
}

/// The file that a key of Cargo.toml names; `None` if there is none. Other letters than on disk are an error on every system.
pub(super) fn find_named(project: &Project, key: &str, file: &Path) -> anyhow::Result<Option<PathBuf>> {
    let file = file.strip_prefix(&project.root).unwrap_or(file);
    if file.is_absolute() {
        return Ok(Some(file.to_owned()).filter(|path| path.is_file()));
    }
    let text = file.to_string_lossy().replace('\\', "/");
    let parts: Vec<&str> = text.split('/').filter(|part| !["", "."].contains(part)).collect();
    let named = parts.join("/");
    let (part, other) = match look_up(&project.root, &parts)? {
        Lookup::Here(path) => return Ok(Some(path).filter(|path| path.is_file())),
        Lookup::Not { other: None, .. } => return Ok(None),
        Lookup::Not { part, other: Some(other), .. } => (part, other),
    };
    // Without the key, Cargo names a README that it finds, and some systems let it find one in other letters.
    if !names(&project.manifest_path, key)? {
        return Ok(None);
    }
    let right: Vec<&str> = parts.iter().map(|one| if *one == part { other.as_str() } else { *one }).collect();
    bail!(
        Failure::new(format!("`{key}` in Cargo.toml names `{named}`, but `{part}` is called `{other}`"))
            .hint(format!("case matters on most systems: write `{key} = \"{}\"`", right.join("/")))
    )
}

/// Whether a manifest has a key of its package.
fn names(manifest: &Path, key: &str) -> anyhow::Result<bool> {
    let text =
        fs::read_to_string(manifest).with_context(|| format!("failed to read `{}`", manifest.display()))?;
    let document: DocumentMut = text.parse()?;
    Ok(document.get("package").is_some_and(|package| package.get(key).is_some()))
}

/// Adds every file below a folder, but not those of git and of Cargo's build folder, with its path in the project.
pub(super) fn list(
    folder: &Path,
    path: &str,
    target_dir: &Path,
    files: &mut Vec<(String, PathBuf)>,
) -> anyhow::Result<()> {
    for name in read_names(folder)? {
        let child = folder.join(&name);
        let path = if path.is_empty() {
            composed(&name).into_owned()
        } else {
            format!("{path}/{}", composed(&name))
        };
        match child.is_dir() && !child.is_symlink() {
            true if child == target_dir || name == ".git" => {}
            true => list(&child, &path, target_dir, files)?,
            false => files.push((path, child)),
        }
    }
    Ok(())
}

pub(super) fn read_names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let name = |path: PathBuf| {
        let wrong = || format!("the name of `{}` is not UTF-8", path.display());
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        Ok(name.ok_or_else(|| Failure::new(wrong()).hint("rename it"))?)
    };
    files::entries(folder)?.into_iter().map(name).collect()
}

#[cfg(unix)]
pub(super) fn is_executable(file: &Path) -> anyhow::Result<Option<bool>> {
    use std::os::unix::fs::PermissionsExt as _;
    let about = file.metadata().with_context(|| format!("failed to read `{}`", file.display()))?;
    // Git keeps the owner's bit only.
    Ok(Some(about.permissions().mode() & 0o100 != 0))
}

/// Windows has no such bit, but git's index has.
#[cfg(not(unix))]
pub(super) fn is_executable(file: &Path) -> anyhow::Result<Option<bool>> {
    crate::project::git::is_executable(file)
}
