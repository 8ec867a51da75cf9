//! The places of channels: where the files of package managers go.

use std::fmt;

use super::{ChannelKind, ManifestChannel, Rendered, Repo};

/// A channel: a file of a package manager, and the repository that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPlace {
    /// The package manager.
    pub kind: ChannelKind,
    /// The repository, `owner/name` on GitHub.
    pub repository: Repo,
    /// The path of the file in it.
    pub path: String,
}

impl ChannelPlace {
    /// The places of rendered files, in the order in which they are moved. Files that floe does not publish have none.
    pub fn of(files: &[Rendered]) -> Vec<Self> {
        let place = |file: &Rendered| ChannelPlace::at(file.kind, file.repository.as_ref()?, &file.path);
        files.iter().filter_map(place).collect()
    }

    /// The place that a manifest lists.
    pub fn listed(entry: &ManifestChannel) -> Option<Self> {
        ChannelPlace::at(entry.kind, entry.repository.as_ref()?, &entry.path)
    }

    fn at(kind: ChannelKind, repository: &str, path: &str) -> Option<Self> {
        let is_moved = matches!(kind, ChannelKind::Homebrew | ChannelKind::Scoop);
        let repository = is_moved.then(|| repository.parse().ok()).flatten()?;
        Some(ChannelPlace { kind, repository, path: path.to_owned() })
    }

    /// The rendered file that belongs here.
    pub fn file<'a>(&self, files: &'a [Rendered]) -> Option<&'a Rendered> {
        files.iter().find(|file| file.kind == self.kind && file.path == self.path)
    }

    /// The command by which a user installs from here, if the package manager has one.
    pub fn install(&self) -> Option<String> {
        let name = self.path.rsplit('/').next()?.rsplit_once('.').map(|(stem, _)| stem)?;
        let (owner, repository) = (self.repository.owner(), self.repository.name());
        match self.kind {
            ChannelKind::Homebrew => {
                let tap = repository.strip_prefix("homebrew-").unwrap_or(repository);
                Some(format!("brew install {owner}/{tap}/{name}"))
            }
            ChannelKind::Scoop => Some(format!(
                "scoop bucket add {owner} https://github.com/{}; scoop install {owner}/{name}",
                self.repository
            )),
            _ => None,
        }
    }
}

impl fmt::Display for ChannelPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind, self.repository, self.path)
    }
}
