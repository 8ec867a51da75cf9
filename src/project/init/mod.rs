//! What `floe init` would write into a project, decided from what is there: which files, what they say, and how far
//! those that are there have drifted from it.
//!
//! Pure: it never looks, asks or writes. A file that somebody else wrote is never merged, only told.

pub mod advice;
pub mod diff;
pub mod manifest;
mod pin;
pub mod template;

use std::collections::BTreeMap;
use std::fmt;

use semver::Version;

use template::Filling;

/// Where GitHub looks for workflows, below the root of the repository.
pub const WORKFLOWS: &str = ".github/workflows";

/// What was found where the files would go. Paths are relative to the root of the repository, with slashes.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The text of `flake.nix`.
    pub flake: Option<String>,
    /// The text of every workflow, by its path.
    pub workflows: BTreeMap<String, String>,
    /// The path where the project keeps its changelog, whatever it is called; `None` if it keeps none.
    pub changelog: Option<String>,
    /// Whether the project takes its release notes from GitHub, so that it needs no changelog.
    pub has_generated_notes: bool,
    /// The path where a new changelog goes.
    pub changelog_path: String,
    /// The package's `Cargo.toml`: its path and its text.
    pub manifest: (String, String),
    /// Whether Cargo finds `[package.metadata.floe]` in it.
    pub is_configured: bool,
}

/// One file of the setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the root of the repository, with slashes.
    pub path: String,
    /// Its text now; `None` if it is not there.
    pub old: Option<String>,
    /// What is not as this floe would have it; empty if all is.
    pub drift: Vec<Drift>,
    /// What is written in its place without asking for more: a new file, or the old one with a pin moved or the
    /// table added. `None` if it stays as it is.
    pub careful: Option<String>,
    /// What only `--force` writes: floe's own text in place of somebody else's.
    pub forced: Option<String>,
}

/// How a file differs from what this floe would write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// It is not there.
    Missing,
    /// It is there and does not call floe.
    Foreign,
    /// It calls floe, and this many lines that floe's own has are not in it.
    Lacks(usize),
    /// It names an older floe.
    Older {
        /// The one it names.
        pinned: Version,
        /// This one.
        own: Version,
    },
    /// It names a newer floe than this one, which cannot judge it.
    Newer {
        /// The one it names.
        pinned: Version,
        /// This one.
        own: Version,
    },
}

impl File {
    /// Whether it stands in the way: nothing is written over it without `--force`.
    pub fn is_foreign(&self) -> bool {
        self.drift.contains(&Drift::Foreign)
    }

    /// A line for each difference, with the file's name.
    pub fn told(&self) -> impl Iterator<Item = String> {
        self.drift.iter().map(|drift| format!("`{}` {drift}", self.path))
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drift::Missing => f.write_str("is missing"),
            Drift::Foreign => f.write_str("is there and does not call floe"),
            Drift::Lacks(1) => f.write_str("lacks a line that floe's has"),
            Drift::Lacks(lines) => write!(f, "lacks {lines} lines that floe's has"),
            Drift::Older { pinned, own } => write!(f, "names floe {pinned}, and this is floe {own}"),
            Drift::Newer { pinned, own } => {
                write!(f, "names floe {pinned}, which this floe {own} is too old for")
            }
        }
    }
}

/// Every file of the setup, in the order of their paths.
///
/// # Errors
///
/// `Cargo.toml` has no place for the table.
pub fn files(found: &Found, filling: &Filling) -> Result<Vec<File>, manifest::NoPlace> {
    let mut files = vec![workflow(found, filling), flake(found, filling), cargo(found, filling)?];
    if found.changelog.is_none() && !found.has_generated_notes {
        files.push(missing(&found.changelog_path, template::changelog(filling)));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn flake(found: &Found, filling: &Filling) -> File {
    let ideal = template::flake(filling);
    let Some(old) = &found.flake else { return missing("flake.nix", ideal) };
    // Whoever calls it may say anything else beside it; only what it is pinned to is floe's.
    match pin::code(old).any(|line| line.contains(".mkRelease")) {
        true => pinned("flake.nix", old, pin::flake(old, &filling.floe), None),
        false => foreign("flake.nix", old, ideal),
    }
}

fn workflow(found: &Found, filling: &Filling) -> File {
    let ideal = template::workflow(filling);
    let usual = format!("{WORKFLOWS}/release.yml");
    // A project may call it from a file of another name.
    let caller = found.workflows.iter().find(|(_, text)| pin::calls(text, &filling.floe));
    match (caller, found.workflows.get(&usual)) {
        (Some((path, old)), _) => {
            let lacks = pin::lacks(old, &ideal);
            let mut file = pinned(path, old, pin::workflow(old, &filling.floe), Some(ideal));
            if matches!(file.drift[..], [Drift::Newer { .. }]) {
                file.forced = None;
            } else if lacks > 0 {
                file.drift.insert(0, Drift::Lacks(lacks));
            } else {
                file.forced = None;
            }
            file
        }
        (None, Some(old)) => foreign(&usual, old, ideal),
        (None, None) => missing(&usual, ideal),
    }
}

/// The table is the user's: it is written once, and what it says later is not compared with anything.
fn cargo(found: &Found, filling: &Filling) -> Result<File, manifest::NoPlace> {
    let (path, old) = &found.manifest;
    let careful = match found.is_configured {
        true => None,
        false => Some(manifest::with_table(old, &template::table(filling))?),
    };
    Ok(File { path: path.clone(), old: Some(old.clone()), drift: Vec::new(), careful, forced: None })
}

fn missing(path: &str, ideal: String) -> File {
    File { path: path.to_owned(), old: None, drift: vec![Drift::Missing], careful: Some(ideal), forced: None }
}

fn foreign(path: &str, old: &str, ideal: String) -> File {
    File {
        path: path.to_owned(),
        old: Some(old.to_owned()),
        drift: vec![Drift::Foreign],
        careful: None,
        forced: Some(ideal),
    }
}

fn pinned(path: &str, old: &str, pin: pin::Pin, ideal: Option<String>) -> File {
    File {
        path: path.to_owned(),
        old: Some(old.to_owned()),
        drift: pin.drift.into_iter().collect(),
        careful: pin.moved,
        forced: ideal,
    }
}
