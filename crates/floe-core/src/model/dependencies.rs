//! The crates that are compiled into a program, as `cargo tree` lists them and Cargo.lock describes them.

use std::collections::BTreeSet;

use semver::Version;

use super::Digest;

/// A crate of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where Cargo gets it.
    pub source: CrateSource,
    /// The digest of the `.crate` file, for crates of a registry.
    pub checksum: Option<Digest>,
    /// `license`, as its manifest says it.
    pub license: Option<String>,
    /// The features that are on, sorted.
    pub features: BTreeSet<String>,
    /// The crates that it uses, as positions in the list that holds it.
    pub uses: BTreeSet<usize>,
}

/// Where Cargo gets a crate, by the `source` of Cargo.lock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrateSource {
    /// A folder: the project's own.
    Path,
    /// crates.io.
    CratesIo,
    /// The index of another registry.
    Registry(String),
    /// A git repository.
    Git {
        /// Its address, without the branch or tag that was asked for.
        url: String,
        /// The commit.
        commit: String,
    },
}

impl CrateSource {
    /// Reads the `source` of a package in Cargo.lock; without one the package is a folder.
    ///
    /// # Errors
    /// It is of no kind that Cargo writes.
    pub fn of_lock(source: Option<&str>) -> Result<Self, String> {
        const CRATES_IO: [&str; 2] =
            ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];
        let Some(source) = source else { return Ok(CrateSource::Path) };
        if CRATES_IO.contains(&source) {
            return Ok(CrateSource::CratesIo);
        }
        let unknown = || format!("`{source}` is not a source that Cargo.lock can name");
        match source.split_once('+').ok_or_else(unknown)? {
            ("registry" | "sparse", url) => Ok(CrateSource::Registry(without_secret(url))),
            ("git", rest) => {
                let (url, commit) = rest.split_once('#').ok_or_else(unknown)?;
                let url = url.split_once('?').map_or(url, |(url, _)| url);
                Ok(CrateSource::Git { url: without_secret(url), commit: commit.to_owned() })
            }
            _ => Err(unknown()),
        }
    }
}

/// An address without its password, and over HTTP without its user, who may be a token.
fn without_secret(address: &str) -> String {
    let Ok(mut url) = url::Url::parse(address) else { return address.to_owned() };
    if url.username().is_empty() && url.password().is_none() {
        return address.to_owned();
    }
    // They fail only for addresses that have no host.
    let _ = url.set_password(None);
    if ["http", "https"].contains(&url.scheme()) {
        let _ = url.set_username("");
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_cargo_writes_them() {
        let of = |text: &str| CrateSource::of_lock(Some(text));
        assert_eq!(CrateSource::of_lock(None), Ok(CrateSource::Path));
        for text in
            ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"]
        {
            assert_eq!(of(text), Ok(CrateSource::CratesIo), "{text}");
        }
        assert_eq!(
            of("sparse+https://user:secret@crates.example/index/"),
            Ok(CrateSource::Registry("https://crates.example/index/".to_owned()))
        );
        let git = |url: &str| Ok(CrateSource::Git { url: url.to_owned(), commit: "abc".to_owned() });
        assert_eq!(of("git+https://git.example/a?tag=v1#abc"), git("https://git.example/a"));
        assert_eq!(of("git+ssh://git:x@git.example/a#abc"), git("ssh://git@git.example/a"));
        for text in ["git+https://git.example/a", "svn+https://svn.example/a#1", "nothing"] {
            assert_eq!(
                of(text).unwrap_err(),
                format!("`{text}` is not a source that Cargo.lock can name"),
                "{text}"
            );
        }
    }
}
