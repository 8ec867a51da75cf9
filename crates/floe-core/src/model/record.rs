//! A record: the reproducible facts of one archive, written next to it as `<archive>.json`.
//!
//! It never holds a time of building, a machine or a path of one.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Arch, Commit, Digest, Facts, Format, PackageFacts, Rule, SbomFacts, Schema, Target};

/// The facts of one archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Always 1.
    pub schema: Schema<1>,
    /// The project's name: the archive is `<name>-<triple>.<kind>`.
    pub name: String,
    /// The project's version.
    pub version: Version,
    /// The target that the binaries run on.
    pub target: Target,
    /// Where the binaries come from.
    pub source: Source,
    /// The package's description in Cargo.toml.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<About>,
    /// The archive itself.
    pub archive: FileFacts,
    /// The executables in it, sorted by path.
    pub binaries: Vec<BinaryFacts>,
    /// The rules that its binaries break, each with the project's reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub loosened: BTreeMap<Rule, String>,
    /// Every file in it, sorted by path.
    pub contents: Vec<Entry>,
    /// The SBOM of its binaries, a file beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<SbomFacts>,
    /// The packages that were made from it, files beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PackageFacts>,
}

/// Where binaries come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The commit they were built from, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// The time every file carries: seconds since 1970-01-01 UTC (`SOURCE_DATE_EPOCH`).
    pub epoch: u64,
}

/// A package's description of itself, for the files of package managers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// One sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// An SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The address of its page, where it has one besides the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// The key of the signatures beside its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minisign: Option<Minisign>,
}

impl About {
    /// Whether the address of its page is one that package managers refuse.
    pub fn has_wrong_page(&self) -> bool {
        let is_page = |page: &String| page.starts_with("https://") || page.starts_with("http://");
        self.homepage.as_ref().is_some_and(|page| !is_page(page))
    }
}

/// An SPDX expression: `MIT/Apache-2.0`, as manifests were written once, is `MIT OR Apache-2.0`.
pub fn spdx(license: &str) -> String {
    license.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}

/// `[package.metadata.binstall.signing]`: how cargo-binstall verifies archives (its SIGNING.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minisign {
    /// The public key of minisign, the only algorithm.
    pub pubkey: String,
    /// The end that the address of a signature adds to that of its archive, if `file` is of that form. Default: `.sig`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

/// A file: an archive, a package, an installer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its name, also the asset's.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
}

/// One executable in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinaryFacts {
    /// The command: the file name without `.exe`.
    pub name: String,
    /// Its path in the archive.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
    /// Its executable format.
    pub format: Format,
    /// Its instruction set.
    pub arch: Arch,
    /// Everything else that was read from its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

/// One regular file in an archive or an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its path, with slashes and without a leading one.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its permission bits: 0o644 or 0o755, written in octal digits.
    #[serde(with = "octal")]
    pub mode: u32,
    /// Its digest.
    pub digest: Digest,
}

impl Record {
    /// The record's own file name, `<archive>.json`.
    pub fn file_name(&self) -> String {
        format!("{}.json", self.archive.file)
    }
}

mod octal {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{mode:04o}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        u32::from_str_radix(&text, 8).map_err(serde::de::Error::custom)
    }
}
