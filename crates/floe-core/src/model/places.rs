//! The places of channels: where the files of package managers go.

use std::fmt;

use super::{ChannelKind, Repo};

/// A channel: the files of a package manager, and where they belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPlace {
    /// The package manager.
    pub kind: ChannelKind,
    /// The server or repository that its files go to.
    pub home: Home,
    /// The paths of the files there. The first one names the version and the digests of the archives.
    pub paths: Vec<String>,
    /// Whether a file that floe has not made may be replaced.
    pub adopt: bool,
}

/// The server or repository that the files of a channel go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// A repository on GitHub. The file is written to its default branch.
    Repo(Repo),
    /// A repository on GitHub that takes files by pull requests.
    Upstream(Submission),
    /// A feed of packages.
    Feed(Feed),
}

/// A package of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The host that packages are pushed to.
    pub host: String,
    /// The package's identifier.
    pub id: String,
    /// The version.
    pub version: String,
}

impl Feed {
    /// Where the community's packages of Chocolatey are pushed to, and where everybody looks for them.
    pub const COMMUNITY: (&str, &str) = ("push.chocolatey.org", "community.chocolatey.org");

    /// The host that is asked for packages.
    pub fn asks(&self) -> &str {
        let (push, site) = Feed::COMMUNITY;
        if self.host == push { site } else { &self.host }
    }
}

/// A pull request of winget's packages, as it is before there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The repository of all packages.
    pub upstream: Repo,
    /// The fork that holds the branch.
    pub fork: Repo,
    /// The package's identifier, `Publisher.Package`.
    pub id: String,
    /// The folder of the package's versions.
    pub folder: String,
    /// The version.
    pub version: String,
}

impl Submission {
    /// The setting of a manifest's entry that names the fork.
    pub const FORK: &str = "fork";

    /// The branch of the fork, which no other version or package has.
    pub fn branch(&self) -> String {
        format!("{}-{}", self.id, self.version)
    }

    /// The branch as a pull request names it.
    pub fn head(&self) -> String {
        format!("{}:{}", self.fork.owner(), self.branch())
    }
}

impl ChannelPlace {
    /// The path of the file, or of the folder of several.
    pub fn path(&self) -> String {
        match &self.home {
            Home::Repo(_) | Home::Feed(_) => self.paths.first().cloned().unwrap_or_default(),
            Home::Upstream(submission) => format!("{}/{}", submission.folder, submission.version),
        }
    }

    /// The repository that floe writes to, if it is one.
    pub fn writes(&self) -> Option<&Repo> {
        match &self.home {
            Home::Repo(repo) => Some(repo),
            Home::Upstream(submission) => Some(&submission.fork),
            Home::Feed(_) => None,
        }
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Home::Repo(repo) => repo.fmt(f),
            Home::Upstream(submission) => submission.upstream.fmt(f),
            Home::Feed(feed) => f.write_str(&feed.host),
        }
    }
}

impl fmt::Display for ChannelPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind, self.home, self.path())
    }
}
