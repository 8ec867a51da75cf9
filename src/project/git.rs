//! A folder's git repository: the commit, its time, modified files, tags, and the remote; and a tag of a remote one.
//!
//! It only reads: it locks and fetches nothing, prompts for no password, and runs no program that the repository's
//! own configuration names.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::environment::variable;
use crate::error::AtPath as _;
use crate::files::scratch::Scratch;
use crate::project::process;
use floe_core::model::{Commit, Repo};

/// The commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHead {
    /// The commit.
    pub commit: Commit,
    /// When it was committed, in seconds since 1970-01-01 UTC.
    pub time: u64,
    /// Whether a tracked file differs from it.
    pub modified: bool,
}

/// The remote `origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its server.
    pub host: String,
    /// The repository there.
    pub repo: Repo,
}

/// Whether git could restore a file as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStatus {
    /// As it was committed.
    Committed,
    /// Tracked, and different from the commit.
    Modified,
    /// Not added, or missing.
    Untracked,
}

/// The checked-out commit of the repository that tracks `file`; `None` without such a repository or without a commit.
pub fn head(file: &Path) -> anyhow::Result<Option<GitHead>> {
    let Some(folder) = file.parent().filter(|folder| is_in_repository(folder)) else { return Ok(None) };
    let name = file.file_name().unwrap_or_default();
    // An ignored file, as in a folder of unpacked sources, does not come from the repository's commits.
    if git(folder, |git| git.args(["ls-files", "--"]).arg(name))?.is_empty() {
        return Ok(None);
    }
    let status = status(folder, |git| {
        git.args(["--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=none"])
    })?;
    let (about, changes): (Vec<&str>, Vec<&str>) = status.lines().partition(|line| line.starts_with('#'));
    let Some(commit) = about.iter().find_map(|line| line.strip_prefix("# branch.oid ")) else {
        anyhow::bail!("`git status` names no commit in `{}`", folder.display());
    };
    if commit == "(initial)" {
        return Ok(None);
    }
    let commit: Commit = commit.parse().map_err(anyhow::Error::msg)?;
    let time = git(folder, |git| git.args(["show", "--no-patch", "--format=%ct", commit.as_str()]))?;
    let time = time.trim().parse().with_context(|| format!("git gives `{}` as a time", time.trim()))?;
    Ok(Some(GitHead { commit, time, modified: !changes.is_empty() }))
}

/// The repository that the remote `origin` points to, if it is on a server.
pub fn origin(folder: &Path) -> anyhow::Result<Option<Origin>> {
    let remotes = if_in_repository(folder, &["remote", "--verbose"])?;
    let address = remotes.lines().find_map(|line| line.strip_prefix("origin\t")?.strip_suffix(" (fetch)"));
    let address = address.filter(|address| !address.starts_with("file:"));
    Ok(address
        .and_then(|address| Some(Origin { host: host(address).to_owned(), repo: Repo::from_url(address)? })))
}

/// The host in the address of a remote or of a site, without user and port.
pub(super) fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// The root of the folder's repository; `None` outside of any, and in one that ignores the folder's `Cargo.toml`.
pub fn root(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let Some(root) = folder.ancestors().find(|folder| folder.join(".git").exists()) else { return Ok(None) };
    let is_ignored = root != folder && !ignored(folder, &["Cargo.toml"])?.is_empty();
    Ok((!is_ignored).then(|| root.to_owned()))
}

/// The status of a file in a folder of a repository.
pub fn file_status(file: &Path) -> anyhow::Result<FileStatus> {
    if !file.is_file() {
        return Ok(FileStatus::Untracked);
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default();
    let arguments = ["--porcelain", "--untracked-files=all", "--ignored=matching", "--"];
    let status = status(folder, |git| git.args(arguments).arg(name))?;
    Ok(match status.get(..2) {
        None => FileStatus::Committed,
        Some("??" | "!!") => FileStatus::Untracked,
        Some(_) => FileStatus::Modified,
    })
}

/// Those of some paths below a folder that git would not add, because `.gitignore` excludes them. They need not exist.
pub fn ignored(folder: &Path, paths: &[&str]) -> anyhow::Result<Vec<String>> {
    // git refuses to look beyond a link.
    let is_beyond_link =
        |path: &str| Path::new(path).ancestors().skip(1).any(|above| folder.join(above).is_symlink());
    let paths: Vec<&str> = paths.iter().copied().filter(|path| !is_beyond_link(path)).collect();
    let mut git = command(folder);
    git.args(["-c", "core.quotePath=false", "check-ignore", "--"]).args(&paths);
    let found = process::run_or_none(&mut git).at("failed to ask git about", folder)?;
    Ok(found.lines().map(str::to_owned).collect())
}

/// Whether git's index has a file as executable; `None` if the index has no such file.
pub fn is_executable(file: &Path) -> anyhow::Result<Option<bool>> {
    let folder = file.parent().unwrap_or(Path::new("."));
    if !is_in_repository(folder) {
        return Ok(None);
    }
    let name = file.file_name().unwrap_or_default();
    let entry = git(folder, |git| git.args(["ls-files", "--stage", "--"]).arg(name))?;
    Ok((!entry.is_empty()).then(|| entry.starts_with("100755")))
}

/// Those of some files that a setting of git, such as `core.autocrlf`, has given the line ends of Windows, while the commit
/// has those of Unix. Rules of `.gitattributes` hold on every system, so they count as the commit's.
pub fn with_other_line_ends<'f>(files: impl Iterator<Item = &'f Path>) -> anyhow::Result<Vec<PathBuf>> {
    /// A command line has a limit, which is 32,767 characters on Windows.
    const AT_ONCE: usize = 100;
    let mut folders: BTreeMap<&Path, Vec<&OsStr>> = BTreeMap::new();
    for file in files {
        let folder = file.parent().unwrap_or(Path::new("."));
        folders.entry(folder).or_default().extend(file.file_name());
    }
    let mut found = Vec::new();
    // A folder may be in a repository of its own.
    for (folder, names) in folders.into_iter().filter(|(folder, _)| is_in_repository(folder)) {
        for names in names.chunks(AT_ONCE) {
            let arguments = ["--literal-pathspecs", "ls-files", "--eol", "-z", "--"];
            let listed = git(folder, |git| git.args(arguments).args(names))?;
            found.extend(listed.split_terminator('\0').filter_map(|entry| {
                let (about, name) = entry.split_once('\t')?;
                let mut words = about.split_whitespace();
                let is_converted = words.next() == Some("i/lf") && words.next() == Some("w/crlf");
                let is_given = words.any(|word| matches!(word, "attr/-text" | "eol=crlf" | "attr/eol=crlf"));
                (is_converted && !is_given).then(|| folder.join(name))
            }));
        }
    }
    Ok(found)
}

/// Every tag of the folder's repository.
pub fn tags(folder: &Path) -> anyhow::Result<Vec<String>> {
    Ok(if_in_repository(folder, &["tag", "--list"])?.lines().map(str::to_owned).collect())
}

/// The commit that a tag of a remote repository names, without an annotated tag's own object; `None` without that tag.
///
/// The configuration of the repository around the working directory has no say: it may come from anyone, and could name
/// another address or a program.
pub fn remote_tag(url: &str, tag: &str) -> anyhow::Result<Option<Commit>> {
    let empty = Scratch::new("git")?;
    let (object, commit) = (format!("refs/tags/{tag}"), format!("refs/tags/{tag}^{{}}"));
    let mut git = command(empty.path());
    git.env("GIT_CEILING_DIRECTORIES", empty.path().parent().unwrap_or(empty.path()));
    let listed = process::run(git.args(["ls-remote", "--", url, &object, &commit]))?;
    let named = |name: &str| listed.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix('\t'));
    let found = named(&commit).or_else(|| named(&object));
    found.map(|commit| commit.parse().map_err(anyhow::Error::msg)).transpose()
}

/// The output of git in a folder; empty where the folder is in no repository.
fn if_in_repository(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    if is_in_repository(folder) { git(folder, |git| git.args(arguments)) } else { Ok(String::new()) }
}

fn is_in_repository(folder: &Path) -> bool {
    folder.ancestors().any(|folder| folder.join(".git").exists())
}

/// `git status`, without the content filters of the repository's own configuration or of its submodules': they are
/// commands, and the checkout may come from anyone. Filters of the user's configuration still run; without Git LFS every
/// large file would count as modified.
fn status(folder: &Path, arguments: impl FnOnce(&mut Command) -> &mut Command) -> anyhow::Result<String> {
    let mut own = BTreeSet::new();
    add_filters(folder, &mut own, 0)?;
    let given: usize = variable("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0);
    let mut git = command(folder);
    git.env("GIT_CONFIG_COUNT", (given + own.len()).to_string());
    for (count, key) in (given..).zip(own) {
        git.env(format!("GIT_CONFIG_KEY_{count}"), key).env(format!("GIT_CONFIG_VALUE_{count}"), "");
    }
    run(folder, arguments(git.arg("status")))
}

/// Adds the settings of filters in the configuration of a folder's repository and of the submodules that are checked out
/// below it.
fn add_filters(folder: &Path, own: &mut BTreeSet<String>, depth: usize) -> anyhow::Result<()> {
    /// No repository's own filters need more text.
    const LIMIT: u64 = 64 * 1024;
    /// Submodules in submodules.
    const DEPTH: usize = 16;
    let mut config = command(folder);
    config.args(["config", "--null", "--show-scope", "--get-regexp", "^filter\\."]);
    // Exit code 1 means that there are no filters.
    let listed = process::run_within(&mut config, LIMIT)?;
    let fits = listed.len() < LIMIT as usize && depth < DEPTH;
    anyhow::ensure!(fits, "git's configuration of `{}` is too long", folder.display());
    let fields: Vec<&str> = listed.split_terminator('\0').collect();
    own.extend(fields.chunks(2).filter_map(|pair| match pair {
        ["local" | "worktree", setting] => setting.split('\n').next().map(str::to_owned),
        _ => None,
    }));
    // Names of other files need not be UTF-8.
    let mut files = command(folder);
    files.args(["ls-files", "--stage", "-z", "--", ":/"]);
    let files = process::run_within(&mut files, u64::MAX)?;
    let links = files.split_terminator('\0').filter_map(|entry| entry.strip_prefix("160000 "));
    for (_, path) in links.filter_map(|link| link.split_once('\t')) {
        // Paths are relative to the folder, also those outside of it.
        let is_utf8 = !path.contains(char::REPLACEMENT_CHARACTER);
        anyhow::ensure!(is_utf8, "the name of the submodule `{path}` is not UTF-8");
        let submodule = folder.join(path);
        if submodule.join(".git").exists() {
            add_filters(&submodule, own, depth + 1)?;
        }
    }
    Ok(())
}

fn git(folder: &Path, arguments: impl FnOnce(&mut Command) -> &mut Command) -> anyhow::Result<String> {
    run(folder, arguments(&mut command(folder)))
}

fn run(folder: &Path, git: &mut Command) -> anyhow::Result<String> {
    process::run(git).at("failed to ask git about", folder)
}

/// Variables that point to another repository than the folder's, as in a hook: `git rev-parse --local-env-vars` without
/// those for single settings.
const OTHER_REPOSITORY: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        // Each of these may name a program in the repository's own configuration.
        .args(["-c", "core.fsmonitor=false", "-c", "log.showSignature=false"])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("LC_ALL", "C");
    for name in OTHER_REPOSITORY {
        command.env_remove(name);
    }
    command
}
