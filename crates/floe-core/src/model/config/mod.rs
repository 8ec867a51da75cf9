//! `[package.metadata.floe]`: the only configuration there is. Every key is optional.
//!
//! It never reads the file itself: Cargo does, and hands over the table as JSON.

mod parse;

use std::collections::BTreeMap;
use std::fmt;

use super::{ImageName, Rule, Target};

/// What a project says in its `Cargo.toml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// `targets`: what the release must hold. Default: every target floe knows.
    pub targets: Vec<Target>,
    /// `include`: extra files and folders for the archives, relative to the package's folder.
    pub include: Vec<String>,
    /// `image`: the image; `image = false` means none.
    pub image: Option<ImageConfig>,
    /// `notes`: where the release notes come from.
    pub notes: NotesFrom,
    /// `binaries`: which of the package's binaries are released. Default: all of them.
    pub binaries: Option<Vec<String>>,
    /// `tag-prefix`: what this package's tags begin with, where one repository releases several. Default: nothing.
    pub tag_prefix: String,
    /// `loosen`: portability rules that binaries may break, each with the reason that users are told.
    pub loosen: BTreeMap<Rule, String>,
}

/// The `image` table.
#[derive(Debug, Clone, Default)]
pub struct ImageConfig {
    /// `name`: registry and repository. Default: `ghcr.io/<owner>/<repository name>`.
    pub name: Option<ImageName>,
    /// `entrypoint`. Default: `["/bin/<the first binary>"]`.
    pub entrypoint: Option<Vec<String>>,
    /// `labels`: extra labels and annotations.
    pub labels: BTreeMap<String, String>,
    /// `ports`: exposed ports, such as `8080/tcp`.
    pub ports: Vec<String>,
    /// `user`: numeric `uid` or `uid:gid`, never root. Default: `65532:65532`.
    pub user: Option<String>,
}

/// Where release notes come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotesFrom {
    /// The section of `CHANGELOG.md` for the version; it is a problem if there is none.
    Changelog,
    /// GitHub's generated notes.
    Github,
    /// The changelog's section if there is one, else GitHub's.
    #[default]
    Auto,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            targets: Target::all().collect(),
            include: Vec::new(),
            image: Some(ImageConfig::default()),
            notes: NotesFrom::default(),
            loosen: BTreeMap::new(),
            tag_prefix: String::new(),
            binaries: None,
        }
    }
}

/// Everything that is wrong with a `[package.metadata.floe]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The `Cargo.toml` it stands in.
    pub manifest: String,
    /// One a wrong key: the key with all its dots, what is wrong, and what would be right.
    pub problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`[package.metadata.floe]` in `{}` is not right: ", self.manifest)?;
        f.write_str(&self.problems.join("; "))
    }
}

impl std::error::Error for ConfigError {}
