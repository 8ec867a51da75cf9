//! `[package.metadata.floe]`: the only configuration there is. Every key is optional.

use std::collections::BTreeMap;

use super::{ImageName, Target};

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
