//! The settings of installers and package managers.

use serde::{Deserialize, Serialize};

use crate::model::{ChannelKind, Repo};

/// The files that are rendered for a release besides its archives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

    /// The package managers that are configured, in the order in which they are moved.
    pub fn tables(&self) -> impl Iterator<Item = ChannelKind> {
        let Channels { homebrew, scoop, winget, chocolatey, aur, .. } = self;
        [
            (ChannelKind::Homebrew, homebrew.is_some()),
            (ChannelKind::Scoop, scoop.is_some()),
            (ChannelKind::Winget, winget.is_some()),
            (ChannelKind::Chocolatey, chocolatey.is_some()),
            (ChannelKind::Aur, aur.is_some()),
        ]
        .into_iter()
        .filter_map(|(kind, is_there)| is_there.then_some(kind))
    }
}

impl Default for Channels {
    fn default() -> Self {
        Channels { installers: Channels::INSTALLERS.to_vec(), ..Channels::NONE }
    }
}

/// A formula in a Homebrew tap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
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
#[serde(deny_unknown_fields, expecting = "a table")]
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
#[serde(deny_unknown_fields, expecting = "a table")]
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
#[serde(deny_unknown_fields, expecting = "a table")]
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
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Aur {
    /// `package`: the package's name. Default: the Cargo package's and `-bin`.
    pub package: Option<String>,
    /// `maintainer`: name and address, `Name <name at example dot org>`.
    pub maintainer: Option<String>,
}

/// A package for the package manager of a Linux distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct LinuxPackage {
    /// `package`: the name that it is installed under. Default: the Cargo package's in lower case.
    pub package: Option<String>,
    /// `maintainer`: `Name <address>`. Default: the first of Cargo's `authors` with an address.
    pub maintainer: Option<String>,
}
