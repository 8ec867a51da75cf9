//! The files of every archive besides the binaries: README, licences, changelog, completions, man pages, and those that
//! `include` names.
//!
//! Nothing from outside the workspace gets in, not even through a symbolic link, and nothing is left out silently.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::patterns::{is_pattern, matches};
use crate::error::{Failure, hint_of};
use crate::files;
use crate::package::archive::{self, Item, composed};
use crate::project::cargo::Project;
use crate::report::{Report, Verbosity};
use floe_core::model::config::Include;

/// The beginnings of the names of documents that are packed. If the package's folder has none of a kind, the workspace's
/// folder is looked at.
const README: [&str; 1] = ["README"];
const LICENCES: [&str; 3] = ["LICENSE", "LICENCE", "COPYING"];
const OTHERS: [[&str; 1]; 2] = [["NOTICE"], ["CHANGELOG"]];
/// Folders that are packed if they are there.
pub(super) const FOLDERS: [&str; 2] = ["completions", "man"];

/// The files for every archive, sorted by path.
pub(super) fn common(project: &Project, report: &Report) -> anyhow::Result<Vec<Item>> {
    let mut files = Collected::new(&project.workspace_root, &project.config.exclude, report);
    let readme = files.add_named(project, "readme", project.readme.as_deref())?;
    let license = files.add_named(project, "license-file", project.license_file.as_deref())?;
    for include in &project.config.include {
        files
            .include(project, include)
            .with_context(|| format!("failed to pack `{}`, which `include` names", include.from))?;
    }

    let folders = [project.root.as_path(), project.workspace_root.as_path()];
    match readme.as_deref().and_then(Path::parent) {
        None => files.add_documents(&folders, &README)?,
        // Its translations are beside it.
        Some(folder) => {
            let is_elsewhere = readme.as_ref().is_some_and(|readme| !begins(&name_of(readme), &README));
            let beside: &Path = if is_elsewhere { &project.root } else { folder };
            files.add_documents(&[beside], &README)? | files.add_documents(&folders[..1], &README)?
        }
    };
    if !files.add_documents(&folders, &LICENCES)? && license.is_none() {
        report.warn(format!(
            "`{}` has no LICENSE file to put into the archives: add one, or set `license-file` in Cargo.toml",
            project.name
        ));
    }
    for names in OTHERS {
        files.add_documents(&folders, &names)?;
    }
    if let Some(changelog) = project.changelog()? {
        files.add(&changelog.path, &changelog.name(), Kind::Document)?;
    }
    for name in FOLDERS {
        // Spelled like this, because case matters on most systems.
        let has = |folder: &&Path| read_names(folder).is_ok_and(|names| names.iter().any(|one| one == name));
        if let Some(folder) = folders.into_iter().filter(|folder| folder.join(name).is_dir()).find(has) {
            files.add(&folder.join(name), name, Kind::Document)?;
        }
    }
    files.finish(project)
}

/// The files of one archive: `common` and the completions and man pages that the build has made in `folder`.
pub(super) fn with_built(
    project: &Project,
    folder: &Path,
    common: &[Item],
    report: &Report,
) -> anyhow::Result<Vec<Item>> {
    let mut files = Collected::new(folder, &[], report);
    for name in FOLDERS.into_iter().filter(|name| folder.join(name).is_dir()) {
        files.add(&folder.join(name), name, Kind::Document)?;
    }
    for item in common {
        files.put(item.clone(), Kind::Document)?;
    }
    files.finish(project)
}

/// The reason for which these files cannot be packed, with a way out.
pub(in super::super) fn problem(project: &Project) -> Option<String> {
    let error = common(project, &Report::new(Verbosity::Quiet)).err()?;
    let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
    let details = failure.map_or(&[][..], Failure::detail_lines).iter().map(|line| format!(": {line}"));
    let hint = hint_of(&error).map(|hint| format!("; {hint}")).unwrap_or_default();
    Some(format!("`floe package` would fail: {error:#}{}{hint}", details.collect::<String>()))
}

/// Whether archives get a licence file.
pub(in super::super) fn has_license(project: &Project) -> anyhow::Result<bool> {
    let named = project.license_file.as_ref().is_some_and(|file| project.root.join(file).is_file());
    let found =
        documents(&project.root, &LICENCES)?.len() + documents(&project.workspace_root, &LICENCES)?.len();
    Ok(named || found > 0)
}

/// How a file gets into the archives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The project names it for another purpose than the archives.
    Named,
    /// `include` names it: its executable bit is kept.
    Included,
    /// It is found by its name; a named file goes first.
    Document,
}

/// The files found so far.
struct Collected<'p> {
    /// The folder that nothing may lead out of.
    inside: &'p Path,
    /// The patterns of files to leave out, each with whether it has matched.
    exclude: Vec<(&'p str, bool)>,
    items: BTreeMap<String, Item>,
    report: &'p Report,
}

impl<'p> Collected<'p> {
    fn new(inside: &'p Path, exclude: &'p [String], report: &'p Report) -> Self {
        let exclude = exclude.iter().map(|pattern| (pattern.as_str(), false)).collect();
        Collected { inside, exclude, items: BTreeMap::new(), report }
    }

    /// Adds a file that a key of Cargo.toml names, under its own name, and returns where it is.
    fn add_named(
        &mut self,
        project: &Project,
        key: &str,
        file: Option<&Path>,
    ) -> anyhow::Result<Option<PathBuf>> {
        let Some(file) = file else { return Ok(None) };
        let path = project.root.join(file);
        if !path.is_file() {
            self.report.warn(format!(
                "the archives lack `{}`, which `{key}` in Cargo.toml names: there is no such file",
                file.display()
            ));
            return Ok(None);
        }
        self.add(&path, &composed(&name_of(&path)), Kind::Named)?;
        Ok(Some(path))
    }

    /// Adds the documents of these names in the first of the folders that has any. Returns whether one has.
    fn add_documents(&mut self, folders: &[&Path], names: &[&str]) -> anyhow::Result<bool> {
        for folder in folders {
            let found = documents(folder, names)?;
            for name in &found {
                self.add(&folder.join(name), &composed(name), Kind::Document)?;
            }
            if !found.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn include(&mut self, project: &Project, include: &Include) -> anyhow::Result<()> {
        let Place { folder, parts } = place(project, &include.from)?;
        if !is_pattern(&include.from) {
            let file = find(&folder, &parts)?;
            let path = include.to.clone().unwrap_or_else(|| composed(&parts.join("/")).into_owned());
            return self.add(&file, &path, Kind::Included);
        }
        let fixed: Vec<&str> = parts.iter().take_while(|part| !is_pattern(part)).copied().collect();
        let mut files = Vec::new();
        list(&find(&folder, &fixed)?, &fixed.join("/"), &project.target_dir, &mut files)?;
        let pattern = parts.join("/");
        files.retain(|(path, _)| matches(&pattern, path));
        if files.is_empty() {
            bail!(
                Failure::new("the pattern matches no file")
                    .hint("patterns know `*`, `?` and `**`; anything else is a part of a name")
            );
        }
        for (path, file) in files {
            let path = match &include.to {
                Some(to) => format!("{to}/{}", path.rsplit('/').next().unwrap_or(&path)),
                None => path,
            };
            self.add(&file, &path, Kind::Included)?;
        }
        Ok(())
    }

    /// Adds a file, or every file in a folder, under a path.
    fn add(&mut self, source: &Path, path: &str, kind: Kind) -> anyhow::Result<()> {
        let excluded = self.exclude.iter_mut().filter(|(pattern, _)| matches(pattern, path));
        if excluded.map(|(_, used)| *used = true).count() > 0 {
            return Ok(());
        }
        let failed = || format!("failed to find `{}`", source.display());
        let file = files::resolve(source).with_context(failed)?;
        if !files::is_inside(source, self.inside).with_context(failed)? {
            bail!(leads_out(source).hint(leave_out(path)));
        }
        if file.is_file() {
            let mode = if kind == Kind::Included { is_executable(&file)? } else { Some(false) };
            if mode.is_none() {
                self.report.warn(format!(
                    "`{path}` is packed as not executable: this system has no executable bit, and git's index lacks the \
                     file; if it is a program, run `git add --chmod=+x {}`",
                    source.display()
                ));
            }
            let executable = mode.unwrap_or_default();
            return self.put(Item { path: path.to_owned(), file, executable }, kind);
        }
        if !file.is_dir() {
            bail!("`{}` is neither a file nor a folder", source.display());
        }
        let names = read_names(source)?;
        if names.is_empty() {
            self.report.warn(format!(
                "the archives lack `{path}`, which is an empty folder: put a file into it, or {}",
                leave_out(path)
            ));
        }
        for name in names {
            let (child, path) = (source.join(&name), format!("{path}/{}", composed(&name)));
            // A link to a folder may lead round in a circle.
            if child.is_symlink()
                && child.is_dir()
                && !self.exclude.iter().any(|(one, _)| matches(one, &path))
            {
                bail!(
                    Failure::new(format!("`{}` is a symbolic link to a folder", child.display()))
                        .hint(leave_out(&path))
                );
            }
            self.add(&child, &path, kind)?;
        }
        Ok(())
    }

    fn put(&mut self, item: Item, kind: Kind) -> anyhow::Result<()> {
        let Some(other) = self.items.get_mut(&item.path) else {
            self.items.insert(item.path.clone(), item);
            return Ok(());
        };
        let (one, two) = (item.file.display(), other.file.display());
        match kind {
            _ if other.file == item.file => other.executable |= item.executable,
            Kind::Document => self.report.warn(format!(
                "the archives lack `{one}`: `{two}` has its path `{}`; rename one of them",
                item.path
            )),
            _ => bail!(
                Failure::new(format!(
                    "`{two}` and `{one}` have the same path `{}` in the archives",
                    item.path
                ))
                .hint("give one of them another path: `include = [{ from = \"…\", to = \"…\" }]`")
            ),
        }
        Ok(())
    }

    /// The files, if all their paths are the same on every system.
    fn finish(self, project: &Project) -> anyhow::Result<Vec<Item>> {
        for (pattern, _) in self.exclude.iter().filter(|(_, used)| !used) {
            self.report.warn(format!(
                "`exclude` names `{pattern}`, which no archive would have: remove it from [package.metadata.floe]"
            ));
        }
        let wrong = archive::conflicts(self.items.keys());
        if let Some((path, _)) = wrong.first() {
            let hint = format!("rename it, or {}", leave_out(path));
            return Err(Failure::new(format!("`{}` has files that no archive can hold", project.name))
                .details(wrong.iter().map(|(_, why)| why))
                .hint(hint)
                .into());
        }
        Ok(self.items.into_values().collect())
    }
}

fn leads_out(path: &Path) -> Failure {
    Failure::new(format!("`{}` leads out of the workspace", path.display()))
        .hint("copy it into the workspace, or take it out of `include`")
}

fn leave_out(path: &str) -> String {
    format!("leave it out with `exclude = [\"{path}\"]` in [package.metadata.floe]")
}

fn begins(name: &str, names: &[&str]) -> bool {
    names.iter().any(|begin| name.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin)))
}

/// The names of the files in a folder that begin with one of `names` in any case.
fn documents(folder: &Path, names: &[&str]) -> anyhow::Result<Vec<String>> {
    let found = read_names(folder)?.into_iter();
    // A broken link is an error later.
    Ok(found.filter(|name| begins(name, names) && !folder.join(name).is_dir()).collect())
}

/// The place of an included path: parts below the package's folder, or below the workspace's if it leads out of that.
struct Place<'p> {
    folder: PathBuf,
    parts: Vec<&'p str>,
}

fn place<'p>(project: &'p Project, path: &'p str) -> anyhow::Result<Place<'p>> {
    if !path.starts_with("..") {
        return Ok(Place { folder: project.root.clone(), parts: path.split('/').collect() });
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
    Ok(Place { folder: project.workspace_root.clone(), parts })
}

/// The file at a path that is spelled as on disk: systems disagree about whether case matters.
fn find(folder: &Path, parts: &[&str]) -> anyhow::Result<PathBuf> {
    let mut path = folder.to_owned();
    for part in parts {
        let names = read_names(&path)?;
        let Some(name) = names.iter().find(|name| composed(name) == composed(part)) else {
            let missing = Failure::new(format!("there is no `{part}` in `{}`", path.display()));
            let other = names.iter().find(|name| name.to_lowercase() == part.to_lowercase());
            bail!(match other {
                Some(name) =>
                    missing.hint(format!("it is called `{name}`, and case matters on most systems")),
                None => missing.hint("make it before packing, or take it out of `include`"),
            });
        };
        path.push(name);
    }
    Ok(path)
}

/// Adds every file below a folder, but not those of git and of Cargo's build folder, with its path in the project.
fn list(
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

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read_names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let failed = || format!("failed to read the folder `{}`", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        names.push(entry.file_name().into_string().map_err(|_| {
            Failure::new(format!("the name of `{}` is not UTF-8", entry.path().display())).hint("rename it")
        })?);
    }
    names.sort();
    Ok(names)
}

#[cfg(unix)]
fn is_executable(file: &Path) -> anyhow::Result<Option<bool>> {
    use std::os::unix::fs::PermissionsExt as _;
    let about = file.metadata().with_context(|| format!("failed to read `{}`", file.display()))?;
    // Git keeps the owner's bit only.
    Ok(Some(about.permissions().mode() & 0o100 != 0))
}

/// Windows has no such bit, but git's index has.
#[cfg(not(unix))]
fn is_executable(file: &Path) -> anyhow::Result<Option<bool>> {
    crate::project::git::is_executable(file)
}
