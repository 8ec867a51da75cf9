//! What a release is called and where it belongs: tag, repository, commit.
//!
//! Parsed at the border: what exists as one of these types is safe in a URL and on a command line.

use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A git tag that names a version: `v1.4.0` or `1.4.0` (SemVer 2.0.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    text: String,
    version: Version,
}

impl Tag {
    /// The tag floe expects for a version: `v<version>`.
    pub fn of(version: &Version) -> Self {
        Tag { text: format!("v{version}"), version: version.clone() }
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
    /// The whole of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as git shows them to people.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = text.strip_prefix('v').unwrap_or(text);
        let version = Version::parse(version).map_err(|error| {
            format!("`{text}` is not a release tag: {error}; write it as v1.4.0 or v2.0.0-rc.1")
        })?;
        Ok(Tag { text: text.to_owned(), version })
    }
}

impl FromStr for Repo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        match text.split_once('/') {
            Some((owner, name)) if part(owner) && part(name) => {
                Ok(Repo { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!("`{text}` is not a repository; write it as owner/name")),
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

/// Serialises a type as its `Display` and reads it back with its `FromStr`.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
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
