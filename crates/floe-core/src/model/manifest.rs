//! The release manifest, `<name>-manifest.json`: everything a downloader or a package manager needs.
//!
//! It is an asset like any other and is made from digests only, so the same release always has the same one.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{
    About, ArchiveKind, BinaryFacts, BuiltOn, Commit, Digest, Extras, Facts, FileFacts, ImageName,
    ManifestChannel, PackageFacts, Platform, Record, Rule, SbomFacts, Schema, Tag, Target,
};

/// A release as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always 1.
    pub schema: Schema<1>,
    /// The project's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The tag it is released under.
    pub tag: Tag,
    /// The address of the repository; an artifact is at `<repository>/releases/download/<tag>/<file>`.
    pub repository: String,
    /// The commit everything was built from.
    pub commit: Commit,
    /// The project's description of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<About>,
    /// The archives, sorted by file name.
    pub artifacts: Vec<Artifact>,
    /// The image, if the release has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ManifestImage>,
    /// The further files, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileFacts>,
    /// The files that were rendered from the rest of the manifest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ManifestChannel>,
    /// How it was built, if a workflow built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_on: Option<BuiltOn>,
    /// Whether the release has an attestation, `SHA256SUMS.sigstore.json`. `SHA256SUMS` covers this promise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attested: bool,
}

/// One archive of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its file name, also the asset's name.
    pub file: String,
    /// The target that its binaries run on.
    pub target: Target,
    /// The kind of archive.
    pub kind: ArchiveKind,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
    /// The executables in it.
    pub binaries: Vec<BinaryFacts>,
    /// The parts of the host that they need, each with the lowest version that is sufficient: `glibc`, `macos`, and other
    /// libraries by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requires: BTreeMap<String, String>,
    /// The rules that they break, each with the project's reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub loosened: BTreeMap<Rule, String>,
    /// The SBOM of its binaries, also an asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<SbomFacts>,
    /// The packages that were made from it, each one of `files` as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PackageFacts>,
    /// The man pages and completions in it.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
    /// Who signed its binaries with a certificate, if all of them are signed: the subject of a Windows certificate, or Apple's
    /// identifier of a team. The signatures are not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

/// The image of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestImage {
    /// Registry and repository.
    pub name: ImageName,
    /// The digest of the image index: `<name>@<digest>` always means these bytes.
    pub digest: Digest,
    /// The platforms, sorted.
    pub platforms: Vec<ManifestPlatform>,
    /// Whether the SBOMs of the platforms and the attestation are attached to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attached: bool,
}

/// One platform of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestPlatform {
    /// Where it runs.
    pub platform: Platform,
    /// The digest of its manifest.
    pub digest: Digest,
}

impl Artifact {
    /// The archive of a record. The facts in full are in the record; a downloader needs what they come to.
    pub fn of(record: &Record) -> Self {
        let facts = || record.binaries.iter().map(|binary| binary.facts.as_ref());
        let binary = |binary: &BinaryFacts| BinaryFacts { facts: None, ..binary.clone() };
        Artifact {
            file: record.archive.file.clone(),
            target: record.target,
            kind: record.target.archive,
            size: record.archive.size,
            digest: record.archive.digest,
            binaries: record.binaries.iter().map(binary).collect(),
            requires: Artifact::requires(facts()),
            loosened: record.loosened.clone(),
            sbom: record.sbom.clone(),
            packages: record.packages.clone(),
            extras: Extras::of(&record.name, record.target, &record.contents),
            signed_by: Artifact::signed_by(facts()),
        }
    }

    /// The needs of an archive's binaries: the highest version of everything that one of them needs.
    pub fn requires<'f>(facts: impl IntoIterator<Item = Option<&'f Facts>>) -> BTreeMap<String, String> {
        let mut requires = BTreeMap::new();
        for (what, version) in facts.into_iter().flatten().flat_map(Facts::requires) {
            let highest = requires.entry(what).or_insert_with(|| version.clone());
            if floe_audit::above(&version, highest) {
                *highest = version;
            }
        }
        requires
    }

    /// The signers of an archive's binaries, if each has one.
    pub fn signed_by<'f>(facts: impl IntoIterator<Item = Option<&'f Facts>>) -> Option<String> {
        let signers = facts.into_iter().map(|facts| facts?.signer());
        let signers = signers.collect::<Option<BTreeSet<_>>>()?.into_iter().collect::<Vec<_>>();
        (!signers.is_empty()).then(|| signers.join(" and "))
    }

    /// The needs of its binaries, for people: `glibc 2.17`, `macos 11.0`, or `nothing`.
    pub fn needs(&self) -> String {
        let words: Vec<String> =
            self.requires.iter().map(|(what, version)| format!("{what} {version}")).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }
}

impl Manifest {
    /// The asset's name for a project.
    pub fn file_name(project: &str) -> String {
        format!("{project}-manifest.json")
    }

    /// The names of the files that it covers: archives, SBOMs and further files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let archives = self.artifacts.iter().map(|artifact| artifact.file.as_str());
        let sboms = self.artifacts.iter().filter_map(|artifact| Some(artifact.sbom.as_ref()?.file.as_str()));
        archives.chain(sboms).chain(self.files.iter().map(|file| file.file.as_str()))
    }
}
