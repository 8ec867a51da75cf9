//! The files of every archive besides the binaries: README, licences, changelog, completions, man pages, and those that
//! `include` names.
//!
//! Nothing from outside the workspace gets in, not even through a symbolic link, and nothing is left out silently.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::patterns::{is_pattern, matches};
use super::places::{Lookup, find, find_named, is_executable, leads_out, list, look_up, place, read_names};
use crate::error::{Failure, Wrong, in_one_line};
use crate::files::{self, name_of};
use crate::package::archive::{self, Item, composed};
use crate::project::build::Documents;
use crate::project::cargo::Project;
use crate::project::git;
use crate::report::{Report, Verbosity};
use floe_core::model::config::{Built, Include};
use floe_core::model::extras::{LICENSES, NOTICES, begins};
use floe_core::units::counted;

/// The beginnings of the names of documents that are packed. If the package's folder has none of a kind, the workspace's
/// folder is looked at.
const README: [&str; 1] = ["README"];
const OTHERS: [[&str; 1]; 2] = [NOTICES, ["CHANGELOG"]];
/// Folders that are packed if they are there.
pub(super) const FOLDERS: [&str; 2] = ["completions", "man"];

/// The files for every archive, sorted by path.
pub(super) fn common(project: &Project, report: &Report) -> anyhow::Result<Vec<Item>> {
    let mut files = Collected::new(&project.workspace_root, &project.config.exclude, report);
    let readme = files.add_named(project, "readme", project.readme.as_deref())?;
    let license = files.add_named(project, "license-file", project.license_file.as_deref())?;
    for include in &project.config.include {
        let packed = files.include(project, include);
        let failed = || format!("failed to pack `{}`, which `include` names", include.from);
        files.wrong.keep(packed.with_context(failed));
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
    if !files.add_documents(&folders, &LICENSES)? && license.is_none() {
        report.warn(format!(
            "`{}` has no LICENSE file to put into the archives: add one, or set `license-file` in Cargo.toml",
            project.name
        ));
    }
    for names in OTHERS {
        files.add_documents(&folders, &names)?;
    }
    if let Some(changelog) = project.changelog()? {
        files.add(&changelog.path, &name_of(&changelog.path), Kind::Document)?;
    }
    for name in FOLDERS {
        if let Some(folder) = folders.into_iter().find(|folder| has_folder(folder, name)) {
            files.add(&folder.join(name), name, Kind::Document)?;
        }
    }
    let files = files.finish(project)?;
    warn_of_line_ends(&files, report);
    Ok(files)
}

/// Warns of files that another system would pack with other bytes. Their commit may be given without git, which then need
/// not be there.
fn warn_of_line_ends(files: &[Item], report: &Report) {
    match git::with_other_line_ends(files.iter().map(|item| item.file.as_path())) {
        Ok(found) => {
            let Some(first) = found.first() else { return };
            let name = name_of(first);
            let subject = match found.len() - 1 {
                0 => format!("`{name}` has"),
                others => format!("`{name}` and {} have", counted(others, "other packed file")),
            };
            report.warn(format!(
                "{subject} Windows line ends here and Unix ones in the commit, because of git's setting `core.autocrlf`: \
                 archives from another system have other bytes; commit a `.gitattributes` with `* text=auto eol=lf`, and \
                 once nothing is modified, check the files out again with `git rm -rq --cached .` and `git reset --hard`"
            ));
        }
        Err(error) => report.detail("Skipped", format!("line ends: {}", in_one_line(&error))),
    }
}

/// The files of one archive: `common` and the completions and man pages that the build has made.
pub(super) fn with_built(
    project: &Project,
    documents: Option<&Documents>,
    common: &[Item],
    report: &Report,
) -> anyhow::Result<Vec<Item>> {
    let built = &project.config.built;
    let inside = match documents {
        None => {
            not_built().if_any(built.iter().map(as_line))?;
            return Ok(common.to_vec());
        }
        Some(Documents::Folder(folder) | Documents::OutDir(folder)) => folder,
    };
    let mut files = Collected::new(inside, &[], report);
    for name in FOLDERS.into_iter().filter(|name| has_folder(inside, name)) {
        files.add(&inside.join(name), name, Kind::Document)?;
    }
    if let Some(Documents::OutDir(folder)) = documents {
        for Built { from, to } in built {
            if let Lookup::Here(path) = look_up(folder, &from.split('/').collect::<Vec<_>>())? {
                files.add(&path, to, Kind::Document)?;
            }
        }
    }
    let is_there = |one: &&Built| {
        let below = format!("{}/", one.to);
        files.items.keys().any(|path| *path == one.to || path.starts_with(&below))
    };
    not_built().if_any(built.iter().filter(|one| !is_there(one)).map(as_line))?;
    for item in common {
        files.put(item.clone(), Kind::Document)?;
    }
    files.finish(project)
}

/// Spelled like this, because case matters on most systems.
fn has_folder(folder: &Path, name: &str) -> bool {
    let is_named = || read_names(folder).is_ok_and(|names| names.iter().any(|one| one == name));
    folder.join(name).is_dir() && is_named()
}

fn not_built() -> Failure {
    Failure::new("the build made no documents that `include` names")
        .hint("`built` names files below `OUT_DIR` of the build script; a build without floe's flake puts them into `native/<triple>/`, or names their folder with `--documents`")
}

fn as_line(Built { from, to }: &Built) -> String {
    format!("`{from}` as `{to}`")
}

/// The warnings that packing these files would give, and the reason for which it would fail.
pub(in super::super) fn problems(project: &Project) -> Vec<String> {
    let report = Report::new(Verbosity::Quiet);
    let failed = common(project, &report).err();
    let mut problems = report.warnings();
    problems.extend(failed.map(|error| format!("`floe package` would fail: {}", in_one_line(&error))));
    problems
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
    /// Errors of what `include` names and of what is in folders.
    wrong: Wrong,
    report: &'p Report,
}

impl<'p> Collected<'p> {
    fn new(inside: &'p Path, exclude: &'p [String], report: &'p Report) -> Self {
        let exclude = exclude.iter().map(|pattern| (pattern.as_str(), false)).collect();
        Collected { inside, exclude, items: BTreeMap::new(), wrong: Wrong::default(), report }
    }

    /// Adds a file that a key of Cargo.toml names, under its own name, and returns where it is.
    fn add_named(
        &mut self,
        project: &Project,
        key: &str,
        file: Option<&Path>,
    ) -> anyhow::Result<Option<PathBuf>> {
        let Some(file) = file else { return Ok(None) };
        let Some(path) = find_named(project, key, file)? else {
            // On some systems Cargo finds a README in other letters, which is packed by its own name.
            if !project.root.join(file).is_file() {
                self.report.warn(format!(
                    "the archives lack `{}`, which `{key}` in Cargo.toml names: there is no such file",
                    file.display()
                ));
            }
            return Ok(None);
        };
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
        let (folder, parts) = place(project, &include.from)?;
        if !is_pattern(&include.from) {
            let file = find(folder, &parts)?;
            let path = include.to.clone().unwrap_or_else(|| composed(&parts.join("/")).into_owned());
            return self.add(&file, &path, Kind::Included);
        }
        let fixed: Vec<&str> = parts.iter().take_while(|part| !is_pattern(part)).copied().collect();
        let mut files = Vec::new();
        list(&find(folder, &fixed)?, &fixed.join("/"), &project.target_dir, &mut files)?;
        let pattern = parts.join("/");
        files.retain(|(path, _)| matches(&pattern, path));
        let hint = "patterns know `*`, `?` and `**`; anything else is a part of a name";
        ensure!(!files.is_empty(), Failure::new("the pattern matches no file").hint(hint));
        for (path, file) in files {
            let path = match &include.to {
                Some(to) => format!("{to}/{}", path.rsplit('/').next().unwrap_or(&path)),
                None => path,
            };
            self.add_found(&file, &path, Kind::Included);
        }
        Ok(())
    }

    /// Adds what a pattern or a folder holds. A link to a folder may lead round in a circle.
    fn add_found(&mut self, source: &Path, path: &str, kind: Kind) {
        let is_excluded = self.exclude.iter().any(|(one, _)| matches(one, path));
        let added = if source.is_symlink() && source.is_dir() && !is_excluded {
            let link = Failure::new(format!("`{}` is a symbolic link to a folder", source.display()));
            Err(link.hint(leave_out(path)).into())
        } else {
            self.add(source, path, kind)
        };
        self.wrong.keep(added);
    }

    /// Adds a file, or every file in a folder, under a path.
    fn add(&mut self, source: &Path, path: &str, kind: Kind) -> anyhow::Result<()> {
        let excluded = self.exclude.iter_mut().filter(|(pattern, _)| matches(pattern, path));
        if excluded.map(|(_, used)| *used = true).count() > 0 {
            return Ok(());
        }
        let failed = || format!("failed to find `{}`", source.display());
        let refuse =
            |why: &str| Failure::new(format!("`{}` is {why}", source.display())).hint(leave_out(path));
        let is_broken = source.is_symlink() && !source.exists();
        ensure!(!is_broken, refuse("a symbolic link to a file that does not exist"));
        let file = files::resolve(source).with_context(failed)?;
        let is_inside = files::is_inside(source, self.inside).with_context(failed)?;
        let fix = format!("copy it into the workspace, or {}", leave_out(path));
        ensure!(is_inside, leads_out(source).hint(fix));
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
        ensure!(file.is_dir(), refuse("neither a file nor a folder"));
        let names = read_names(source)?;
        if names.is_empty() {
            self.report.warn(format!(
                "the archives lack `{path}`, which is an empty folder: put a file into it, or {}",
                leave_out(path)
            ));
        }
        for name in names {
            self.add_found(&source.join(&name), &format!("{path}/{}", composed(&name)), kind);
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
            // A build may have made it again.
            Kind::Document if is_same(&item.file, &other.file) => {}
            Kind::Document => self.report.warn(format!(
                "the archives lack `{one}`: `{two}` has its path `{}`; rename one of them",
                item.path
            )),
            _ => bail!(
                Failure::new(format!(
                    "`{two}` and `{one}` have the same path `{}` in the archives",
                    item.path
                ))
                .hint("rename one of them, or pack it under another path: `include = [{ from = \"…\", to = \"…\" }]`")
            ),
        }
        Ok(())
    }

    /// The files, if all their paths are the same on every system.
    fn finish(self, project: &Project) -> anyhow::Result<Vec<Item>> {
        self.wrong.refuse("files cannot be packed")?;
        for (pattern, _) in self.exclude.iter().filter(|(_, used)| !used) {
            self.report.warn(format!(
                "`exclude` names `{pattern}`, which no archive would have: remove it from [package.metadata.floe]"
            ));
        }
        let wrong = archive::conflicts(self.items.keys());
        let first = wrong.first().map_or("", |(path, _)| path);
        Failure::new(format!("`{}` has files that no archive can hold", project.name))
            .hint(format!("rename it, or {}", leave_out(first)))
            .if_any(wrong.iter().map(|(_, why)| why))?;
        Ok(self.items.into_values().collect())
    }
}

/// Whether two files hold the same bytes. One that cannot be read is reported when it is packed.
fn is_same(one: &Path, two: &Path) -> bool {
    let size = |path: &Path| path.metadata().ok().map(|about| about.len());
    size(one) == size(two) && fs::read(one).ok().zip(fs::read(two).ok()).is_some_and(|(one, two)| one == two)
}

fn leave_out(path: &str) -> String {
    // A pattern, because these need to be escaped in TOML, or are in no path that every system has.
    let path = path.replace(|c: char| c.is_control() || "\":\\".contains(c), "?");
    format!("leave it out with `exclude = [\"{path}\"]` in [package.metadata.floe]")
}

/// The names of the files in a folder that begin with one of `names` in any case.
fn documents(folder: &Path, names: &[&str]) -> anyhow::Result<Vec<String>> {
    let found = read_names(folder)?.into_iter();
    // A broken link is an error later.
    Ok(found.filter(|name| begins(name, names) && !folder.join(name).is_dir()).collect())
}
