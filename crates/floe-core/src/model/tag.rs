//! The names of a release: tag, repository, commit.
//!
//! A value of one of these types is safe in a URL and on a command line.

use std::fmt;
use std::str::FromStr;

use semver::Version;

use crate::untrusted::text::has_only;

/// A git tag that names a version: `v1.4.0` or `1.4.0` (SemVer 2.0.0), with a prefix where one repository releases
/// several things: `app-v1.4.0`, `cli/1.4.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    text: String,
    prefix: usize,
    version: Version,
}

impl Tag {
    /// The tag floe expects for a version: `v<version>`.
    pub fn of(version: &Version) -> Self {
        Tag { text: format!("v{version}"), prefix: 0, version: version.clone() }
    }

    /// As [`Tag::prefixed`], for a prefix that is empty or was checked before.
    pub fn prefixed_or_plain(prefix: &str, version: &Version) -> Self {
        Tag::prefixed(prefix, version).unwrap_or_else(|_| Tag::of(version))
    }

    /// The tag of a version under a prefix: `<prefix>v<version>`.
    ///
    /// # Errors
    /// The prefix is not one that a tag can begin with; the message says what is.
    pub fn prefixed(prefix: &str, version: &Version) -> Result<Self, String> {
        if !is_prefix(prefix) {
            return Err(format!(
                "`{prefix}` is not a prefix of tags; end it with `-`, `_` or `/`, as in `app-` or `app/`"
            ));
        }
        Ok(Tag { text: format!("{prefix}v{version}"), prefix: prefix.len(), version: version.clone() })
    }

    /// The part before the version and its `v`: the namespace in which versions are compared. Usually empty.
    pub fn prefix(&self) -> &str {
        &self.text[..self.prefix]
    }

    /// The version it names.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The tag as git knows it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the version has a pre-release part (SemVer, item 9).
    pub fn is_prerelease(&self) -> bool {
        !self.version.pre.is_empty()
    }
}

/// A repository on GitHub, `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    owner: String,
    name: String,
}

impl Repo {
    /// The user or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is its name, `owner/name`, to GitHub: it ignores case.
    pub fn is_called(&self, name: &str) -> bool {
        self.to_string().eq_ignore_ascii_case(name)
    }

    /// Whether both are the same repository to GitHub.
    pub fn is(&self, other: &Repo) -> bool {
        self.is_called(&other.to_string())
    }

    /// Reads the repository out of the address of a page or a git remote:
    /// `https://github.com/o/r`, `https://github.com/o/r.git`, `git@github.com:o/r.git`, `ssh://git@github.com/o/r`.
    pub fn from_url(url: &str) -> Option<Self> {
        let rest = match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?.1,
            None => url.split_once(':')?.1,
        };
        let rest = rest.trim_end_matches('/');
        let rest = rest.strip_suffix(".git").unwrap_or(rest);
        let mut parts = rest.split('/');
        let slug = format!("{}/{}", parts.next()?, parts.next()?);
        slug.parse().ok()
    }
}

/// A git commit, 40 lower-case hexadecimal digits (or 64 in a SHA-256 repository).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit(String);

impl Commit {
    /// All of its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as git shows them to people.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

/// The characters between a prefix and the version.
const SEPARATORS: [char; 3] = ['-', '/', '_'];

/// Whether tags may begin with this (git-check-ref-format, and safe in a URL and on a command line).
fn is_prefix(prefix: &str) -> bool {
    prefix.ends_with(SEPARATORS)
        && prefix.starts_with(|c: char| c.is_ascii_alphanumeric())
        && has_only(prefix, "-/_.")
        && !["..", "//", "/.", "./"].iter().any(|wrong| prefix.contains(wrong))
        && !prefix.split('/').any(|part| part.ends_with(".lock"))
}

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = |text: &str| Version::parse(text.strip_prefix('v').unwrap_or(text));
        let error = match version(text) {
            Ok(version) => return Ok(Tag { text: text.to_owned(), prefix: 0, version }),
            Err(error) => error,
        };
        // The shortest prefix counts: what follows it may be a pre-release with separators of its own.
        let ends = text.char_indices().filter(|(_, c)| SEPARATORS.contains(c)).map(|(at, _)| at + 1);
        let mut split = ends.map(|end| text.split_at(end)).filter(|(prefix, _)| is_prefix(prefix));
        let found =
            split.find_map(|(prefix, rest)| version(rest).ok().map(|version| (prefix.len(), version)));
        let (prefix, version) = found.ok_or_else(|| {
            format!("`{text}` is not a release tag: {error}; write it as v1.4.0, v2.0.0-rc.1 or app-v1.4.0")
        })?;
        Ok(Tag { text: text.to_owned(), prefix, version })
    }
}

impl FromStr for Repo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |part: &str| part != "." && part != ".." && has_only(part, "._-");
        match text.split_once('/') {
            Some((owner, name)) if part(owner) && part(name) => {
                Ok(Repo { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(match Repo::from_url(text) {
                Some(repo) => format!("`{text}` is an address; write the repository as {repo}"),
                None => format!("`{text}` is not a repository; write it as owner/name"),
            }),
        }
    }
}

impl FromStr for Commit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && (text.len() == 40 || text.len() == 64) {
            return Ok(Commit(text.to_owned()));
        }
        Err(format!(
            "`{text}` is not a commit; give all 40 hexadecimal digits, as `git rev-parse HEAD` prints them"
        ))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(Tag, Repo, Commit);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_versions() {
        assert_eq!("v1.4.0".parse::<Tag>().unwrap().version(), &Version::new(1, 4, 0));
        assert!("v2.0.0-rc.1".parse::<Tag>().unwrap().is_prerelease());
        for wrong in ["v1.4", "nightly", "v01.0.0", "vv1.0.0", "v1.0.0$(id)", ""] {
            assert!(wrong.parse::<Tag>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_prefix_ends_before_the_version_and_its_pre_release() {
        for (text, prefix, version) in [
            ("v1.4.0", "", "1.4.0"),
            ("1.4.0-rc.1", "", "1.4.0-rc.1"),
            ("app-v1.2.3", "app-", "1.2.3"),
            ("app-v1.2.3-rc.1", "app-", "1.2.3-rc.1"),
            ("my-app/1.2.3", "my-app/", "1.2.3"),
            ("app_2-v1.2.3+build.5", "app_2-", "1.2.3+build.5"),
        ] {
            let tag: Tag = text.parse().unwrap();
            assert_eq!((tag.prefix(), tag.version().to_string().as_str()), (prefix, version), "{text}");
        }
        for wrong in ["appv1.2.3", "-v1.2.3", "a..b-v1.2.3", "$(id)-v1.2.3", "a//v1.2.3", "app-v1.2"] {
            assert!(wrong.parse::<Tag>().is_err(), "{wrong}");
        }
        let version = Version::new(1, 2, 3);
        assert_eq!(Tag::prefixed("app-", &version).unwrap(), "app-v1.2.3".parse().unwrap());
        assert!(Tag::prefixed("app", &version).unwrap_err().contains("as in `app-` or `app/`"));
    }

    #[test]
    fn repositories_are_found_in_addresses() {
        for url in [
            "https://github.com/acme/floe",
            "https://github.com/acme/floe.git",
            "https://github.com/acme/floe/",
            "git@github.com:acme/floe.git",
            "ssh://git@github.com/acme/floe",
        ] {
            assert_eq!(
                Repo::from_url(url).map(|repo| repo.to_string()),
                Some("acme/floe".to_owned()),
                "{url}"
            );
        }
        assert_eq!(Repo::from_url("https://example.org"), None);
        assert!("acme/..".parse::<Repo>().is_err());
    }
}
