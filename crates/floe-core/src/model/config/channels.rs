//! The settings of installers and package managers.

use serde::{Deserialize, Serialize};

use crate::model::{ChannelKind, Repo};

/// The files that are rendered for a release besides its archives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// `installers`: the installers that a release has, each only where it holds a target for it. Default: all.
    pub installers: Vec<ChannelKind>,
    /// The `homebrew` table.
    pub homebrew: Option<Homebrew>,
    /// The `scoop` table.
    pub scoop: Option<Scoop>,
    /// The `winget` table.
    pub winget: Option<Winget>,
    /// The `chocolatey` table.
    pub chocolatey: Option<Chocolatey>,
    /// The `aur` table.
    pub aur: Option<Aur>,
}

impl Channels {
    /// The installers there are.
    pub const INSTALLERS: [ChannelKind; 2] = [ChannelKind::Sh, ChannelKind::Ps1];

    /// No file at all.
    pub const NONE: Channels = Channels {
        installers: Vec::new(),
        homebrew: None,
        scoop: None,
        winget: None,
        chocolatey: None,
        aur: None,
    };

    /// The package managers that have a table, in the order in which they are moved.
    pub const TABLES: [ChannelKind; 5] = [
        ChannelKind::Homebrew,
        ChannelKind::Scoop,
        ChannelKind::Winget,
        ChannelKind::Chocolatey,
        ChannelKind::Aur,
    ];

    /// The package managers that are configured.
    pub fn tables(&self) -> impl Iterator<Item = ChannelKind> {
        Channels::TABLES.into_iter().filter(|kind| match kind {
            ChannelKind::Homebrew => self.homebrew.is_some(),
            ChannelKind::Scoop => self.scoop.is_some(),
            ChannelKind::Winget => self.winget.is_some(),
            ChannelKind::Chocolatey => self.chocolatey.is_some(),
            ChannelKind::Aur => self.aur.is_some(),
            ChannelKind::Sh | ChannelKind::Ps1 => false,
        })
    }
}

impl Default for Channels {
    fn default() -> Self {
        Channels { installers: Channels::INSTALLERS.to_vec(), ..Channels::NONE }
    }
}

/// A formula in a Homebrew tap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Homebrew {
    /// `tap`: the repository, `owner/homebrew-<tap>`.
    pub tap: Repo,
    /// `formula`: the formula's name. Default: the package's.
    pub formula: Option<String>,
    /// `caveats`: a text that Homebrew shows after installing.
    pub caveats: Option<String>,
    /// `adopt`: whether a file that floe has not made may be replaced.
    #[serde(default)]
    pub adopt: bool,
}

/// A manifest in a Scoop bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoop {
    /// `bucket`: the repository.
    pub bucket: Repo,
    /// `manifest`: the name of the app. Default: the package's.
    pub manifest: Option<String>,
    /// `adopt`: whether a file that floe has not made may be replaced.
    #[serde(default)]
    pub adopt: bool,
}

/// A manifest in winget's repository of packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Winget {
    /// `id`: the package's identifier, `Publisher.Package`.
    pub id: String,
    /// `publisher`: the publisher's name. Default: the first part of `id`.
    pub publisher: Option<String>,
    /// `fork`: the fork that pull requests come from. Default: `winget-pkgs` of the repository's owner.
    pub fork: Option<Repo>,
}

/// A package for a Chocolatey feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chocolatey {
    /// `id`: the package's identifier. Default: the package's name in lower case.
    pub id: Option<String>,
    /// `authors`: the authors of the program. Default: the repository's owner.
    pub authors: Option<String>,
    /// `feed`: the host that the package is pushed to. Default: `push.chocolatey.org`.
    pub feed: Option<String>,
}

/// A build script of the Arch User Repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aur {
    /// `package`: the package's name. Default: the Cargo package's and `-bin`.
    pub package: Option<String>,
    /// `maintainer`: name and address, `Name <name at example dot org>`.
    pub maintainer: Option<String>,
}

/// A package for the package manager of a Linux distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinuxPackage {
    /// `package`: the name that it is installed under. Default: the Cargo package's in lower case.
    pub package: Option<String>,
    /// `maintainer`: `Name <address>`. Default: the first of Cargo's `authors` with an address.
    pub maintainer: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A description of another floe may have them; to ignore one would render other files.
    #[test]
    fn a_described_setting_that_is_unknown_is_refused() {
        let tables = json!({
            "installers": ["sh"],
            "homebrew": { "tap": "acme/homebrew-tap" },
            "scoop": { "bucket": "acme/bucket" },
            "winget": { "id": "Acme.Tool" },
            "chocolatey": {},
            "aur": {},
        });
        let read =
            |value: Value| serde_json::from_value::<Channels>(value).map_err(|error| error.to_string());
        assert_eq!(read(tables.clone()).unwrap().tables().count(), 5);
        for place in ["", "/homebrew", "/scoop", "/winget", "/chocolatey", "/aur"] {
            let mut changed = tables.clone();
            changed.pointer_mut(place).unwrap()["other"] = json!(true);
            let error = read(changed).unwrap_err();
            assert!(error.starts_with("unknown field `other`"), "{place}: {error}");
        }
    }
}
