//! What git knows about a folder: the commit, its time, whether something is modified, the remote.
//!
//! It only reads: it never takes a lock, never fetches, never asks anybody for a password.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::project::process;
use floe_core::model::{Commit, Repo};

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit.
    pub commit: Commit,
    /// When it was committed, in seconds since 1970-01-01 UTC.
    pub time: u64,
    /// Whether a tracked file differs from it.
    pub modified: bool,
}

/// What is checked out in the repository that tracks `file`; `None` if no repository does or it has no commit.
///
/// # Errors
///
/// There is a repository, but git is not installed or refuses to read it.
pub fn head(file: &Path) -> anyhow::Result<Option<Head>> {
    let Some(folder) = file.parent().filter(|folder| is_in_repository(folder)) else { return Ok(None) };
    let name = file.file_name().unwrap_or_default();
    // A file that the repository ignores, as in a folder of unpacked sources, does not come from its commits.
    if git(folder, |git| git.args(["ls-files", "--"]).arg(name))?.is_empty() {
        return Ok(None);
    }
    let status = git(folder, |git| {
        git.args(["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=none"])
    })?;
    let (about, changes): (Vec<&str>, Vec<&str>) = status.lines().partition(|line| line.starts_with('#'));
    let Some(commit) = about.iter().find_map(|line| line.strip_prefix("# branch.oid ")) else {
        anyhow::bail!("`git status` did not say what is checked out in `{}`", folder.display());
    };
    if commit == "(initial)" {
        return Ok(None);
    }
    let commit: Commit = commit.parse().map_err(anyhow::Error::msg)?;
    let time = git(folder, |git| git.args(["show", "--no-patch", "--format=%ct", commit.as_str()]))?;
    let time = time.trim().parse().with_context(|| format!("git gives `{}` as a time", time.trim()))?;
    Ok(Some(Head { commit, time, modified: !changes.is_empty() }))
}

/// The repository that the remote `origin` of the folder's repository points to, if it has one on a server.
///
/// # Errors
///
/// As [`head`].
pub fn origin(folder: &Path) -> anyhow::Result<Option<Repo>> {
    if !is_in_repository(folder) {
        return Ok(None);
    }
    let remotes = git(folder, |git| git.args(["remote", "--verbose"]))?;
    let address = remotes.lines().find_map(|line| line.strip_prefix("origin\t")?.strip_suffix(" (fetch)"));
    Ok(address.filter(|address| !address.starts_with("file:")).and_then(Repo::from_url))
}

/// The root of the repository that the folder belongs to; `None` if it belongs to none, or to one that ignores it.
///
/// # Errors
///
/// As [`head`].
pub fn root(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let Some(root) = folder.ancestors().find(|folder| folder.join(".git").exists()) else { return Ok(None) };
    let is_ignored = root != folder && keeping(&folder.join("Cargo.toml"))? == Keeping::Ignored;
    Ok((!is_ignored).then(|| root.to_owned()))
}

/// Whether git would have a file again, as it is now, if it were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It is as it was committed.
    Committed,
    /// It is tracked, and differs from what was committed.
    Modified,
    /// Nobody added it.
    Untracked,
    /// `.gitignore` names it.
    Ignored,
}

/// What git knows of a file that is there, in a folder of a repository.
///
/// # Errors
///
/// As [`head`].
pub fn keeping(file: &Path) -> anyhow::Result<Keeping> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default();
    let ask = |arguments: &[&str]| git(folder, |git| git.args(arguments).arg("--").arg(name));
    if ask(&["ls-files", "--others", "--ignored", "--exclude-standard"])?.is_empty() {
        let status = ask(&["status", "--porcelain", "--untracked-files=all"])?;
        return Ok(match status.get(..2) {
            None => Keeping::Committed,
            Some("??") => Keeping::Untracked,
            Some(_) => Keeping::Modified,
        });
    }
    Ok(Keeping::Ignored)
}

/// Every tag of the folder's repository.
///
/// # Errors
///
/// As [`head`].
pub fn tags(folder: &Path) -> anyhow::Result<Vec<String>> {
    if !is_in_repository(folder) {
        return Ok(Vec::new());
    }
    Ok(git(folder, |git| git.args(["tag", "--list"]))?.lines().map(str::to_owned).collect())
}

/// Whether the folder or one above it is checked out from a git repository.
fn is_in_repository(folder: &Path) -> bool {
    folder.ancestors().any(|folder| folder.join(".git").exists())
}

fn git(folder: &Path, arguments: impl FnOnce(&mut Command) -> &mut Command) -> anyhow::Result<String> {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        // A repository's own settings may name a program that every `git status` runs.
        .args(["-c", "core.fsmonitor=false"])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C");
    // Inside a hook these point to another repository than the folder's.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    process::run(arguments(&mut command))
        .with_context(|| format!("failed to ask git about `{}`", folder.display()))
}
