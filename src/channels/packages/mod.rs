//! Packages for dpkg and rpm, each a pure function of an archive and of what its record or the release manifest says, so
//! that anyone can make them again.
//!
//! The programs are static, so a package needs no other, and runs no script when it is installed.

mod deb;
mod rpm;
mod tree;

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use anyhow::Context as _;

use super::homebrew;
use super::text::{cut, one_line};
use crate::package::archive::{self, Unpacked};
use floe_core::model::manifest::Artifact;
use floe_core::model::{About, Digest, Manifest, PackageFacts, PackageKind, Record, packages};
use floe_core::untrusted::files;
use semver::Version;

/// The revision of the rules here. A change of the bytes that they make of an archive needs another number, because a
/// published package is made again only by a floe of the same one.
pub const REVISION: u32 = 1;
/// The most characters of a summary (Debian Policy 3.4.1; rpmlint agrees).
const SUMMARY: usize = 79;
/// The width that descriptions are wrapped to.
const WIDTH: usize = 79;

/// An archive that packages are made from.
pub struct PackageSource<'a> {
    name: &'a str,
    version: &'a Version,
    about: Option<&'a About>,
    artifact: Cow<'a, Artifact>,
}

/// A package to be made.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The format.
    pub kind: PackageKind,
    /// The name that it is installed under.
    pub package: String,
    /// The maintainer, `Name <address>`.
    pub maintainer: Option<String>,
    /// The address of the project's page.
    pub homepage: Option<String>,
}

impl<'a> PackageSource<'a> {
    /// The archive of a record.
    pub fn of_record(record: &'a Record) -> Self {
        PackageSource {
            name: &record.name,
            version: &record.version,
            about: record.package.as_ref(),
            artifact: Cow::Owned(Artifact::of(record)),
        }
    }

    /// The archive of a release manifest.
    pub fn of_manifest(manifest: &'a Manifest, artifact: &'a Artifact) -> Self {
        PackageSource {
            name: &manifest.name,
            version: &manifest.version,
            about: manifest.package.as_ref(),
            artifact: Cow::Borrowed(artifact),
        }
    }

    /// Makes the packages that the target can have, each with its facts.
    pub fn make(
        &self,
        (archive, path): (&mut File, &Path),
        wanted: &[Wanted],
    ) -> anyhow::Result<Vec<(PackageFacts, Vec<u8>)>> {
        let fits = |one: &&Wanted| one.kind.arch(self.artifact.target).is_some();
        let wanted: Vec<&Wanted> = wanted.iter().filter(fits).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let files = archive::unpack((archive, path), self.artifact.target.archive)?;
        let make = |one: &&Wanted| {
            let failed = || format!("failed to make the `{}` of `{}`", one.kind, path.display());
            self.one(&files, one).with_context(failed)
        };
        wanted.iter().map(make).collect()
    }

    fn one(&self, files: &[Unpacked], wanted: &Wanted) -> anyhow::Result<(PackageFacts, Vec<u8>)> {
        let Wanted { kind, package, maintainer, homepage } = wanted.clone();
        let target = self.artifact.target;
        let file = kind.file_name(&package, self.version, target).context("the target has no packages")?;
        let description = self.about.and_then(|about| about.description.as_deref()).unwrap_or_default();
        let description = one_line(description);
        let about = Described {
            package: &package,
            version: packages::version(self.version),
            arch: kind.arch(target).unwrap_or_default(),
            license: self.about.and_then(|about| about.license.as_deref()).map(one_line),
            maintainer: maintainer.as_deref().map(one_line),
            homepage: homepage.as_deref().map(super::text::url),
            summary: summary(&description, self.name),
            description: wrapped(&description, self.name),
            // floe gives all files of an archive the same time.
            epoch: files.first().map_or(0, |file| file.time),
        };
        let tree = self.tree(files, &package, kind);
        let bytes = match kind {
            PackageKind::Deb => deb::write(&about, tree),
            PackageKind::Rpm => rpm::write(&about, tree),
        }?;
        let digest = Digest::of(&bytes);
        Ok((PackageFacts { kind, file, digest, revision: REVISION, package, maintainer, homepage }, bytes))
    }

    /// The packages that are not what the archive makes.
    pub fn edited<'f>(&self, path: &Path, facts: &'f [PackageFacts]) -> anyhow::Result<Vec<&'f str>> {
        let known: Vec<&PackageFacts> = facts.iter().filter(|one| one.revision == REVISION).collect();
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = |facts: &&PackageFacts| Wanted {
            kind: facts.kind,
            package: facts.package.clone(),
            maintainer: facts.maintainer.clone(),
            homepage: facts.homepage.clone(),
        };
        let mut archive =
            files::open(path).with_context(|| format!("failed to open `{}`", path.display()))?;
        let made = self.make((&mut archive, path), &known.iter().map(wanted).collect::<Vec<_>>())?;
        let is_same = |one: &&&PackageFacts| made.iter().any(|(again, _)| again == **one);
        Ok(known.iter().filter(|one| !is_same(one)).map(|one| one.file.as_str()).collect())
    }
}

/// A warning for each package that this floe cannot make again.
pub fn of_other_revisions(facts: &[PackageFacts]) -> impl Iterator<Item = String> {
    facts.iter().filter(|one| one.revision != REVISION).map(|one| {
        let (file, revision) = (&one.file, one.revision);
        format!(
            "`{file}` was made by another version of floe, so only its digest was checked: revision {revision}, and this floe has {REVISION}"
        )
    })
}

/// A package in words.
struct Described<'a> {
    package: &'a str,
    version: String,
    arch: &'a str,
    license: Option<String>,
    maintainer: Option<String>,
    homepage: Option<String>,
    summary: String,
    description: Vec<String>,
    epoch: u64,
}

impl Described<'_> {
    /// The entry of the changelog that both formats have.
    fn entry(&self) -> String {
        format!("Release {}", self.version)
    }
}

/// One line as lintian and rpmlint accept it: Homebrew's rules, and one character less.
fn summary(description: &str, name: &str) -> String {
    let text = homebrew::description(description.trim_start_matches(['.', ' ']), name);
    cut(&text, SUMMARY).trim_end_matches(['.', ',', ';', ':', ' ']).to_owned()
}

/// The whole description in lines. None begins with a dot, which means something to dpkg.
fn wrapped(description: &str, name: &str) -> Vec<String> {
    let text = description.trim_start_matches(['.', ' ']);
    let mut lines = vec![String::new()];
    for word in if text.is_empty() { name } else { text }.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + word.len() < WIDTH || word.starts_with('.') => {
                *line = format!("{line} {word}");
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
