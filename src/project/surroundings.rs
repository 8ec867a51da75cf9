//! What stands around a project that `floe init` is run in: git's root, remote and tags, workflows, changelog, licence.
//!
//! It only looks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::files::transaction::read;
use crate::project::cargo::Project;
use crate::project::git::{self, FileStatus};
use crate::project::init::advice::{Lock, Surroundings};
use crate::project::init::{Found, WORKFLOWS, manifest};
use floe_core::model::Repo;
use floe_core::model::config::NotesFrom;

/// How changelogs are called, in capitals and without their ending.
const CHANGELOGS: [&str; 5] = ["CHANGELOG", "CHANGES", "HISTORY", "RELEASES", "NEWS"];

/// What was found, and where.
#[derive(Debug)]
pub struct Around {
    /// The root of the repository, or of the workspace where there is none.
    pub root: PathBuf,
    /// The folder of the workspace below it, with slashes; empty if it is the same.
    pub folder: String,
    /// What is there of the files.
    pub found: Found,
    /// What else there is to know.
    pub surroundings: Surroundings,
}

/// Looks around a project.
///
/// # Errors
///
/// A file that matters cannot be read, or git cannot be asked.
pub fn look(project: &Project) -> anyhow::Result<Around> {
    let workspace = &project.workspace_root;
    let git_root = git::root(workspace)?;
    let root = git_root.clone().unwrap_or_else(|| workspace.clone());
    let workspace_manifest = read(&workspace.join("Cargo.toml"))?.unwrap_or_default();
    let changelog =
        [&project.root, workspace].into_iter().map(|folder| changelog(folder)).find_map(Result::transpose);
    let manifest_text = read(&project.manifest_path)?.unwrap_or_default();
    let found = Found {
        flake: read(&root.join("flake.nix"))?,
        workflows: workflows(&root)?,
        changelog: changelog.transpose()?.map(|path| below(&root, &path)).transpose()?,
        has_generated_notes: project.config.notes == NotesFrom::Github,
        changelog_path: below(&root, &workspace.join("CHANGELOG.md"))?,
        manifest: (below(&root, &project.manifest_path)?, manifest_text),
        is_configured: project.is_configured,
    };
    let surroundings = Surroundings {
        version: project.version.clone(),
        repository: project.repository.as_deref().filter(|url| is_github(url)).and_then(Repo::from_url),
        origin: if git_root.is_some() { git::origin(&root)? } else { None },
        has_git: git_root.is_some(),
        tags: if git_root.is_some() { git::tags(&root)? } else { Vec::new() },
        lock: lock(&workspace.join("Cargo.lock"), git_root.is_some())?,
        has_license: has_license(&project.root)? || has_license(workspace)?,
        says_strip: manifest::says_strip(&workspace_manifest),
        is_flake_locked: read(&root.join("flake.lock"))
            .unwrap_or_default()
            .is_some_and(|text| text.contains("\"floe\"")),
    };
    Ok(Around { folder: below(&root, workspace)?, root, found, surroundings })
}

/// Whether a flake can read it: nix/project.nix takes exactly `https://github.com/owner/name`, and `.git` behind it.
fn is_github(url: &str) -> bool {
    let path = url.strip_prefix("https://github.com/").map(|path| path.strip_suffix(".git").unwrap_or(path));
    path.is_some_and(|path| path.parse::<Repo>().is_ok())
}

/// A path as files name each other: from the root, with slashes.
fn below(root: &Path, path: &Path) -> anyhow::Result<String> {
    let path = path
        .strip_prefix(root)
        .with_context(|| format!("`{}` is not below `{}`", path.display(), root.display()))?;
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    Ok(parts.join("/"))
}

fn workflows(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let folder = root.join(WORKFLOWS);
    let mut workflows = BTreeMap::new();
    for name in names(&folder)?.into_iter().filter(|name| name.ends_with(".yml") || name.ends_with(".yaml")) {
        let text = read(&folder.join(&name));
        // What cannot be read matters only where something would be written.
        let text = if name == "release.yml" { text? } else { text.unwrap_or_default() };
        if let Some(text) = text {
            workflows.insert(format!("{WORKFLOWS}/{name}"), text);
        }
    }
    Ok(workflows)
}

fn changelog(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let is_one = |name: &String| {
        let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
        let known = ["", "md", "txt", "rst", "adoc", "markdown"].contains(&ending.to_lowercase().as_str());
        known && CHANGELOGS.contains(&stem.to_uppercase().as_str())
    };
    let mut found: Vec<String> = names(folder)?.into_iter().filter(is_one).collect();
    // The one that floe reads goes before all others.
    found.sort_by_key(|name| name != "CHANGELOG.md");
    Ok(found.first().map(|name| folder.join(name)))
}

fn has_license(folder: &Path) -> anyhow::Result<bool> {
    let begins = |name: &String| {
        let name = name.to_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"].iter().any(|word| name.starts_with(word))
    };
    Ok(names(folder)?.iter().any(begins))
}

fn lock(path: &Path, has_git: bool) -> anyhow::Result<Lock> {
    if !path.is_file() {
        return Ok(Lock::Missing);
    }
    if !has_git {
        return Ok(Lock::Kept);
    }
    Ok(match git::file_status(path)? {
        FileStatus::Committed | FileStatus::Modified => Lock::Kept,
        FileStatus::Untracked => Lock::Untracked,
        FileStatus::Ignored => Lock::Ignored,
    })
}

/// The names in a folder, sorted; none where there is no such folder.
fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let read = || -> std::io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let name =
            |entry: std::io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = entries.map(name).collect::<std::io::Result<_>>()?;
        names.sort();
        Ok(names)
    };
    read().with_context(|| format!("failed to read `{}`", folder.display()))
}
