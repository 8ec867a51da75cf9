//! What goes into every archive besides the binaries: README, licences, changelog, completions, man pages, and what
//! `include` names.
//!
//! Nothing from outside the project gets in, not even through a symbolic link.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::package::archive::Item;
use crate::project::cargo::Project;
use crate::report::Report;

/// Files that are packed where they are, a group a line. If the package's folder has none of a group, the
/// workspace's folder is looked at.
const GROUPS: [&[&str]; 4] = [&["README"], &LICENCES, &["NOTICE"], &["CHANGELOG"]];
const LICENCES: [&str; 3] = ["LICENSE", "LICENCE", "COPYING"];
/// Folders that are packed if they are there.
const FOLDERS: [&str; 2] = ["completions", "man"];

/// The files for every archive, in no particular order, each once.
pub(super) fn common(project: &Project, report: &Report) -> anyhow::Result<Vec<Item>> {
    let mut items = Vec::new();
    for names in GROUPS {
        let found = documents(project, names)?;
        if found.is_empty() && names == LICENCES {
            report.warn(format!("`{}` has no LICENSE file to put into the archives", project.name));
        }
        items.extend(found);
    }
    let tree = Tree::new(&project.root)?;
    for folder in FOLDERS.into_iter().filter(|folder| project.root.join(folder).is_dir()) {
        tree.add(folder, &mut items)?;
    }
    for path in &project.config.include {
        tree.add(path, &mut items)
            .with_context(|| format!("failed to pack `{path}`, which `include` names"))?;
    }
    items.sort_by(|a, b| a.path.cmp(&b.path));
    // `include` may name what is packed anyway.
    items.dedup();
    Ok(items)
}

/// Whether archives get a licence file.
pub(in super::super) fn has_license(project: &Project) -> anyhow::Result<bool> {
    Ok(!documents(project, &LICENCES)?.is_empty())
}

/// The files whose names begin with one of `names` in any case.
fn documents(project: &Project, names: &[&str]) -> anyhow::Result<Vec<Item>> {
    for root in [&project.root, &project.workspace_root] {
        let mut items = Vec::new();
        // A member's README is often a link to the workspace's.
        let mut tree = Tree::new(root)?;
        tree.inside.extend(Tree::new(&project.workspace_root)?.inside);
        for name in read_names(root)? {
            let begins =
                |begin: &&str| name.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin));
            if names.iter().any(begins) && root.join(&name).is_file() {
                tree.add(&name, &mut items)?;
            }
        }
        if !items.is_empty() {
            return Ok(items);
        }
    }
    Ok(Vec::new())
}

/// A folder whose files are packed under their relative paths.
struct Tree {
    root: PathBuf,
    /// The folders that no link may leave, without links in their own paths.
    inside: Vec<PathBuf>,
}

impl Tree {
    fn new(root: &Path) -> anyhow::Result<Self> {
        let inside =
            root.canonicalize().with_context(|| format!("failed to read the folder `{}`", root.display()))?;
        Ok(Tree { root: root.to_owned(), inside: vec![inside] })
    }

    /// Adds the file at a relative path, or every file in the folder there.
    fn add(&self, path: &str, items: &mut Vec<Item>) -> anyhow::Result<()> {
        let given = path.split('/').fold(self.root.clone(), |folder, component| folder.join(component));
        let file = given.canonicalize().with_context(|| format!("failed to find `{}`", given.display()))?;
        if !self.inside.iter().any(|inside| file.starts_with(inside)) {
            bail!("`{}` leads out of the folder of the project", given.display());
        }
        if file.is_file() {
            items.push(Item { path: path.to_owned(), file, executable: false });
            return Ok(());
        }
        if !file.is_dir() {
            bail!("`{}` is neither a file nor a folder", given.display());
        }
        for name in read_names(&file)? {
            let child = file.join(&name);
            // A link to a folder may lead round in a circle.
            if child.is_symlink() && child.is_dir() {
                bail!("`{}` is a symbolic link to a folder", child.display());
            }
            self.add(&format!("{path}/{name}"), items)?;
        }
        Ok(())
    }
}

fn read_names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let failed = || format!("failed to read the folder `{}`", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        // A name that is not UTF-8 gets a character that no archive takes, so it is refused if it is packed.
        names.push(entry.with_context(failed)?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
