//! Verification: what was found in the folders becomes [`Verified`], or every [`Problem`] with it, not the first.
//!
//! Pure: it compares data that others read, and never touches a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use semver::Version;

use crate::model::release::{CHECKSUMS, SIGNATURES};
use crate::model::{Commit, Entry, Image, Platform, PromisedFile, Record, Sbom, Tag, Target};

mod archive;
mod beside;
mod claims;
mod image;
mod problem;
pub mod published;

use archive::check_archive;
use beside::check_beside;
pub use claims::check_claims;
use image::check_image;
use problem::check_size;
pub use problem::{Problem, ProblemKind};

/// GitHub only accepts assets below this size, in bytes.
pub const ASSET_LIMIT: u64 = 2 * 1024 * 1024 * 1024;
/// GitHub accepts no more assets for one release.
pub const ASSET_COUNT: usize = 1000;

/// How much of a dist is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All of it: every byte is hashed, and archives and layers are unpacked.
    Whole,
    /// Records and the image's documents. Archives and layers are only looked at for their size, and are taken for what
    /// these claim: right where the digest of `SHA256SUMS` is known, and each file is hashed when it is sent.
    Claims,
}

/// The contents of dists as they were read. Nothing is trusted yet.
#[derive(Debug, Default)]
pub struct Found {
    /// The archives.
    pub archives: Vec<FoundArchive>,
    /// The image layouts.
    pub images: Vec<FoundImage>,
    /// Other regular files.
    pub files: Vec<PromisedFile>,
    /// The content of those that are called as SBOMs.
    pub sboms: FoundSboms,
    /// Files that floe renders from the manifest, each by its path in the dist.
    pub rendered: Vec<PromisedFile>,
    /// Links, records without their archive, and other entries that belong to no release.
    pub problems: Vec<Problem>,
}

/// An archive and what its record claims.
#[derive(Debug)]
pub struct FoundArchive {
    /// The file. Its digest is computed from its bytes unless only claims were read.
    pub archive: PromisedFile,
    /// Its record, or why there is none that can be read.
    pub record: Result<Record, String>,
    /// The files in it, or why it cannot be read.
    pub contents: Result<Vec<Entry>, String>,
}

/// SBOMs by their paths, or why they cannot be read.
pub type FoundSboms = BTreeMap<PathBuf, Result<Sbom, String>>;

/// An image layout.
#[derive(Debug)]
pub struct FoundImage {
    /// Its folder.
    pub path: PathBuf,
    /// Its content, or everything that is wrong with it.
    pub image: Result<Image, Vec<String>>,
    /// How much of it was read.
    pub depth: Depth,
}

/// The expectations of a release.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// The project's name.
    pub name: Option<String>,
    /// The project's version.
    pub version: Option<Version>,
    /// The tag.
    pub tag: Option<Tag>,
    /// The commit.
    pub commit: Option<Commit>,
    /// The binaries each archive must hold.
    pub binaries: Option<Vec<String>>,
    /// The targets, all of them and no other. If empty, any targets.
    pub targets: Vec<Target>,
    /// Whether the release may have an image at all.
    pub image: bool,
    /// The names of the further files, all of them and no other.
    pub files: Vec<String>,
    /// Whether each archive has an SBOM, or none has. `None`: either.
    pub sbom: Option<bool>,
    /// The executable files of the image that are in no archive, by the project's configuration.
    pub programs: Option<Vec<String>>,
    /// Binaries that break a portability rule pass: in a rehearsal, which builds for this machine and has warned about
    /// them already.
    pub tolerate: bool,
    /// The platforms an image must have; further ones it may have only where the release has that Linux anyway. Empty:
    /// an image is welcome, but none is missed.
    pub platforms: Vec<Platform>,
}

/// Archives and image with nothing wrong about them.
#[derive(Debug)]
pub struct Verified {
    /// The project's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The commit the records name, if they name one.
    pub commit: Option<Commit>,
    /// The archives by their records, sorted by file name.
    pub archives: Vec<(Record, PathBuf)>,
    /// The SBOMs and the further files.
    pub files: Vec<PromisedFile>,
    /// The files in the dists that floe renders again, each by its path in the dist.
    pub rendered: Vec<PromisedFile>,
    /// The image.
    pub image: Option<Image>,
}

/// Checks everything that was found against what is expected and against itself.
///
/// # Errors
/// Every problem, in the order of the files.
pub fn check(found: Found, expect: &Expect) -> Result<Verified, Vec<Problem>> {
    let mut found = dedup(found);
    let mut problems = Vec::new();
    let (named, rendered) =
        found.rendered.drain(..).partition::<Vec<_>, _>(|file| expect.files.contains(&file.name));
    found.files.extend(named);
    let files = check_files(&mut found, expect, &mut problems);
    if found.archives.is_empty() && found.images.is_empty() {
        problems.push(empty());
    }
    problems.append(&mut found.problems);
    let mut archives = Vec::new();
    for archive in found.archives {
        archives.extend(check_archive(archive, expect, &mut problems));
    }
    archives.sort_by(|a, b| a.0.archive.file.cmp(&b.0.archive.file));
    let expect = &with_identity(&archives, expect);
    check_identity(&archives, expect, &mut problems);
    check_targets(&archives, expect, &mut problems);
    check_beside((&files, &found.sboms), &archives, expect, &mut problems);
    // Two more assets are made by floe: the checksums and the manifest.
    let count = archives.len() + files.len() + 2;
    if count > ASSET_COUNT {
        problems.push(format!("{count} assets are more than the {ASSET_COUNT} that GitHub accepts").into());
    }
    let image = check_image(found.images, &archives, expect, &mut problems);

    if !problems.is_empty() {
        return Err(problems);
    }
    let Expect { name, version, commit, .. } = expect.clone();
    match (name, version) {
        (Some(name), Some(version)) => {
            Ok(Verified { name, version, commit, archives, files, rendered, image })
        }
        _ => Err(vec![empty()]),
    }
}

fn empty() -> Problem {
    "there is no archive in the given folders".to_owned().into()
}

/// An entry of a dist that belongs to no release.
pub fn stray(path: &Path) -> Problem {
    let path = path.display();
    format!("`{path}` is not part of the release; list further files as `assets` in [package.metadata.floe]")
        .into()
}

fn missing(file: &str) -> Problem {
    format!("`{file}` is missing, which a record or [package.metadata.floe] promises").into()
}

/// Drops an archive or image that is byte for byte in another dist too: a dist may be given together with one that it was
/// made from. Archives that differ, or that only one record describes, all stay.
fn dedup(found: Found) -> Found {
    let facts = |PromisedFile { name, size, digest, .. }: &PromisedFile| (name.clone(), *size, *digest);
    let archives = unique(found.archives, |one, other| {
        facts(&one.archive) == facts(&other.archive) && one.record == other.record
    });
    let images = unique(found.images, |one, other| match (&one.image, &other.image) {
        (Ok(one), Ok(other)) => one.index.digest == other.index.digest,
        _ => false,
    });
    Found { archives, images, ..found }
}

fn unique<T>(all: Vec<T>, is_same: impl Fn(&T, &T) -> bool) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for one in all {
        if !kept.iter().any(|other| is_same(other, &one)) {
            kept.push(one);
        }
    }
    kept
}

/// Takes the promised files, and the signatures of files, out of what was found. A promised archive of other contents has no record.
fn check_files(found: &mut Found, expect: &Expect, problems: &mut Vec<Problem>) -> Vec<PromisedFile> {
    let mut named = named_by_records(found);
    named.extend(expect.files.iter().cloned());
    // The release manifest is not signed: it names the signatures.
    let mut signed: BTreeSet<String> =
        found.archives.iter().map(|found| found.archive.name.clone()).collect();
    signed.extend(named.iter().cloned().chain([CHECKSUMS.to_owned()]));
    let is_signature = |name: &String| {
        SIGNATURES.iter().any(|end| name.strip_suffix(end).is_some_and(|subject| signed.contains(subject)))
    };
    let is_promised = |name: &String| named.contains(name) || is_signature(name);
    let archives: Vec<FoundArchive> =
        found.archives.extract_if(.., |found| is_promised(&found.archive.name)).collect();
    let archives = archives.into_iter().map(|found| found.archive);
    let (mut files, others): (Vec<_>, Vec<_>) =
        archives.chain(found.files.drain(..)).partition(|file| is_promised(&file.name));
    problems.extend(others.iter().map(|file| stray(&file.path)));
    files.sort_by(|a, b| a.name.cmp(&b.name));
    // The same file may be in several dists.
    files.dedup_by(|a, b| a.name == b.name && a.digest == b.digest);
    for pair in files.windows(2).filter(|pair| pair[0].name == pair[1].name) {
        let (one, other) = (pair[0].path.display(), pair[1].path.display());
        problems.push(format!("`{one}` and `{other}` have the same name and differ").into());
    }
    problems.extend(files.iter().filter_map(check_size));
    let absent = expect.files.iter().filter(|name| !files.iter().any(|file| file.name == **name));
    problems.extend(absent.map(|name| missing(name)));
    files
}

/// The names of the SBOMs and packages that the records name.
fn named_by_records(found: &Found) -> BTreeSet<String> {
    let records = found.archives.iter().filter_map(|found| found.record.as_ref().ok());
    let names = |record: &Record| {
        let packages = record.packages.iter().map(|package| package.file.clone());
        record.sbom.iter().map(|sbom| sbom.file.clone()).chain(packages).collect::<Vec<_>>()
    };
    records.flat_map(names).collect()
}

/// The expectations with the identity that all archives must share: the expected one, else that of the first.
fn with_identity(archives: &[(Record, PathBuf)], expect: &Expect) -> Expect {
    let records = || archives.iter().map(|(record, _)| record);
    // The tag's version, if anything is of that version: then the others are the odd ones out.
    let tagged = expect.tag.as_ref().map(Tag::version);
    let named = records().find(|record| Some(&record.version) == tagged).or(records().next());
    let (name, version) = (records().next().map(|record| &record.name), named.map(|record| &record.version));
    Expect {
        name: expect.name.clone().or(name.cloned()),
        version: expect.version.clone().or(version.cloned()),
        commit: expect.commit.clone().or(records().find_map(|record| record.source.commit.clone())),
        ..expect.clone()
    }
}

fn check_identity(archives: &[(Record, PathBuf)], expect: &Expect, problems: &mut Vec<Problem>) {
    // The manifest has one description.
    let described = archives.iter().map(|(record, _)| record).find(|record| record.package.is_some());
    for (record, _) in archives {
        let (file, found) = (&record.archive.file, &record.version);
        if let Some(other) = described.filter(|one| record.package.is_some() && one.package != record.package)
        {
            let other = &other.archive.file;
            let text = format!(
                "`{file}` and `{other}` describe their package differently; pack them from one `Cargo.toml`"
            );
            problems.push(text.into());
        }
        if let Some(expected) = expect.name.as_ref().filter(|name| **name != record.name) {
            problems.push(format!("`{file}` is an archive of `{}`, not of `{expected}`", record.name).into());
        }
        if let Some(expected) = expect.version.as_ref().filter(|version| *version != found) {
            problems.push(format!("`{file}` is version {found}, but the release is {expected}").into());
        }
        if let (Some(found), Some(expected)) = (&record.source.commit, &expect.commit)
            && found != expected
        {
            let (found, expected) = (found.short(), expected.short());
            problems.push(format!("`{file}` was built from commit {found}, not from {expected}").into());
        }
    }
    if let (Some(tag), Some(version)) = (&expect.tag, &expect.version)
        && tag.version() != version
    {
        let text = format!("tag `{tag}` names version {}, but the project is at {version}", tag.version());
        problems.push(ProblemKind::WrongTag.with(text));
    }
    let binaries: BTreeSet<&str> = match &expect.binaries {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => archives
            .iter()
            .flat_map(|(record, _)| &record.binaries)
            .map(|binary| binary.name.as_str())
            .collect(),
    };
    for (record, _) in archives {
        let lacks = |name: &&&str| !record.binaries.iter().any(|found| found.name == **name);
        let file = &record.archive.file;
        let text = |name| format!("`{file}` lacks the binary `{name}`").into();
        problems.extend(binaries.iter().filter(lacks).map(text));
    }
}

fn check_targets(archives: &[(Record, PathBuf)], expect: &Expect, problems: &mut Vec<Problem>) {
    let mut files: BTreeMap<Target, Vec<String>> = BTreeMap::new();
    for (record, path) in archives {
        files.entry(record.target).or_default().push(path.display().to_string());
    }
    for (target, files) in &files {
        let name = target.name;
        if files.len() > 1 {
            problems.push(format!("target {name} is there more than once: {}", files.join(", ")).into());
        }
        if !expect.targets.is_empty() && !expect.targets.contains(target) {
            let text = format!("`{}` is for {name}, which the release does not promise", files[0]);
            problems.push(text.into());
        }
    }
    let missing = expect.targets.iter().filter(|target| !files.contains_key(target));
    let missing = missing.map(|target| format!("target {} is missing", target.name));
    problems.extend(missing.map(|text| ProblemKind::MissingTarget.with(text)));
}
