//! The places of channels: where the files of package managers go.

use std::fmt;

use super::{ChannelKind, ManifestChannel, Rendered, Repo};

/// A channel: the files of a package manager, and where they belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPlace {
    /// The package manager.
    pub kind: ChannelKind,
    /// The server or repository that its files go to.
    pub home: Home,
    /// The paths of the files there. The first one names the version and the digests of the archives.
    pub paths: Vec<String>,
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

    /// The package of a file, `tool.1.4.0.nupkg`. An identifier may hold dots and digits, a version has three numbers.
    fn at(host: &str, file: &str) -> Option<Self> {
        let name = file.strip_suffix(".nupkg")?;
        let mut dots = name.char_indices().filter(|(_, c)| *c == '.');
        let (id, version) = dots.find_map(|(at, _)| {
            let (id, version) = (&name[..at], &name[at + 1..]);
            version.parse::<semver::Version>().is_ok().then_some((id, version))
        })?;
        Some(Feed { host: host.to_owned(), id: id.to_owned(), version: version.to_owned() })
    }

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
    /// The end of the name of the file that names the archives.
    pub const INSTALLER: &str = ".installer.yaml";

    /// The branch of the fork, which no other version or package has.
    pub fn branch(&self) -> String {
        format!("{}-{}", self.id, self.version)
    }

    /// The branch as a pull request names it.
    pub fn head(&self) -> String {
        format!("{}:{}", self.fork.owner(), self.branch())
    }

    /// The folder of the version.
    pub fn version_folder(&self) -> String {
        format!("{}/{}", self.folder, self.version)
    }

    /// The submission with an installer's file at this path: `manifests/a/Acme/Tool/1.4.0/Acme.Tool.installer.yaml`.
    fn at(upstream: &str, fork: &str, path: &str) -> Option<Self> {
        let (version_folder, file) = path.rsplit_once('/')?;
        let (folder, version) = version_folder.rsplit_once('/')?;
        Some(Submission {
            upstream: upstream.parse().ok()?,
            fork: fork.parse().ok()?,
            id: file.strip_suffix(Submission::INSTALLER)?.to_owned(),
            folder: folder.to_owned(),
            version: version.to_owned(),
        })
    }
}

impl ChannelPlace {
    /// The places of rendered files, in the order in which they are moved. Files that floe does not publish have none.
    pub fn of(files: &[Rendered]) -> Vec<Self> {
        let entries: Vec<ManifestChannel> = files.iter().map(|file| file.entry(0)).collect();
        ChannelPlace::listed(&entries).into_iter().map(|(place, _)| place).collect()
    }

    /// The places that a manifest lists, each with the entry of its first file.
    pub fn listed(entries: &[ManifestChannel]) -> Vec<(Self, &ManifestChannel)> {
        let mut places: Vec<_> = entries
            .iter()
            .filter_map(|entry| {
                let fork = entry.settings.get(Submission::FORK).map(String::as_str);
                let repository = entry.repository.as_deref()?;
                Some((ChannelPlace::at(entry.kind, repository, &entry.path, fork)?, entry))
            })
            .collect();
        for (place, first) in &mut places {
            let of_place = entries.iter().filter(|entry| place.holds(entry.kind, &entry.path));
            let further: Vec<_> =
                of_place.map(|entry| &entry.path).filter(|path| **path != first.path).collect();
            place.paths.extend(further.into_iter().cloned());
        }
        places
    }

    /// The place of a file; `None` for one that floe does not publish, or that is not the first of its place.
    fn at(kind: ChannelKind, repository: &str, path: &str, fork: Option<&str>) -> Option<Self> {
        let home = match kind {
            ChannelKind::Homebrew | ChannelKind::Scoop => Home::Repo(repository.parse().ok()?),
            ChannelKind::Winget => Home::Upstream(Submission::at(repository, fork?, path)?),
            ChannelKind::Chocolatey => Home::Feed(Feed::at(repository, path)?),
            _ => return None,
        };
        Some(ChannelPlace { kind, home, paths: vec![path.to_owned()] })
    }

    /// Whether a file is one of this place.
    fn holds(&self, kind: ChannelKind, path: &str) -> bool {
        kind == self.kind
            && match &self.home {
                Home::Repo(_) | Home::Feed(_) => self.paths.iter().any(|one| one == path),
                Home::Upstream(submission) => {
                    path.rsplit_once('/').is_some_and(|(folder, _)| folder == submission.version_folder())
                }
            }
    }

    /// The path of the file, or of the folder of several.
    pub fn path(&self) -> String {
        match &self.home {
            Home::Repo(_) | Home::Feed(_) => self.paths.first().cloned().unwrap_or_default(),
            Home::Upstream(submission) => submission.version_folder(),
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

    /// The rendered files that belong here, in the order of the paths.
    pub fn files<'a>(&self, files: &'a [Rendered]) -> Vec<&'a Rendered> {
        let file = |path: &String| files.iter().find(|file| file.kind == self.kind && file.path == *path);
        self.paths.iter().filter_map(file).collect()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_files_of_a_submission_are_one_place_and_a_place_without_its_fork_is_none() {
        let file = |suffix: &str, fork: Option<&str>| Rendered {
            kind: ChannelKind::Winget,
            repository: Some("microsoft/winget-pkgs".to_owned()),
            path: format!("manifests/a/Acme/Tool/1.4.0/Acme.Tool{suffix}.yaml"),
            bytes: Vec::new(),
            settings: BTreeMap::from_iter(fork.map(|fork| ("fork".to_owned(), fork.to_owned()))),
        };
        let installer = file(".installer", Some("acme/winget-pkgs"));
        let files = [file(".locale.en-US", None), installer, file("", None)];
        let places = ChannelPlace::of(&files);
        assert_eq!(places.len(), 1);
        assert_eq!(places[0].to_string(), "winget microsoft/winget-pkgs manifests/a/Acme/Tool/1.4.0");
        assert_eq!(places[0].paths.len(), 3);
        assert!(places[0].paths[0].ends_with("/Acme.Tool.installer.yaml"));
        let Home::Upstream(submission) = &places[0].home else { panic!("{places:?}") };
        assert_eq!(submission.head(), "acme:Acme.Tool-1.4.0");
        assert_eq!(submission.folder, "manifests/a/Acme/Tool");
        assert_eq!(ChannelPlace::of(&[file(".installer", None)]), []);
    }

    #[test]
    fn a_package_is_known_by_the_name_of_its_file() {
        for (file, wanted) in [
            ("tool.1.4.0.nupkg", Some(("tool", "1.4.0"))),
            ("a.2b.1.1.4.0.nupkg", Some(("a.2b.1", "1.4.0"))),
            ("tool.1.4.0-rc.1.nupkg", Some(("tool", "1.4.0-rc.1"))),
            ("tool.nupkg", None),
            ("tool.1.4.0.zip", None),
        ] {
            let feed = Feed::at("push.chocolatey.org", file);
            let found = feed.as_ref().map(|feed| (feed.id.as_str(), feed.version.as_str()));
            assert_eq!(found, wanted, "{file}");
        }
    }
}
