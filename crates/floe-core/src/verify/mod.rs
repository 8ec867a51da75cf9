//! Verification: what was found in the folders becomes [`Verified`], or every [`Problem`] with it, not the first.
//!
//! Pure: it compares data that others read, and never touches a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use semver::Version;

use crate::model::release::{CHECKSUMS, SIGNATURES};
use crate::model::{ArchiveFacts, Commit, Entry, Image, Platform, PromisedFile, Record, Sbom, Tag, Target};

mod archive;
mod image;
mod packages;
mod problem;
pub mod published;
mod sbom;

use archive::check_archive;
use image::check_image;
use packages::check_packages;
pub use problem::Problem;
use sbom::check_sboms;

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
    /// Records without their archive.
    pub lonely_records: Vec<String>,
    /// Links, wherever they lead.
    pub links: Vec<PathBuf>,
    /// The files that are called as SBOMs.
    pub sboms: Vec<FoundSbom>,
    /// Other regular files.
    pub files: Vec<PromisedFile>,
    /// Files that floe renders from the manifest, each by its path in the dist.
    pub rendered: Vec<PromisedFile>,
    /// Other entries, which belong to no release.
    pub strays: Vec<PathBuf>,
}

/// An archive and what its record claims.
#[derive(Debug)]
pub struct FoundArchive {
    /// Its path.
    pub path: PathBuf,
    /// Its name, size and digest, computed from its bytes unless only claims were read.
    pub facts: ArchiveFacts,
    /// Its record, or why there is none that can be read.
    pub record: Result<Record, String>,
    /// The files in it, or why it cannot be read.
    pub contents: Result<Vec<Entry>, String>,
}

/// An SBOM.
#[derive(Debug)]
pub struct FoundSbom {
    /// The file.
    pub file: PromisedFile,
    /// Its content, or why it cannot be read.
    pub content: Result<Sbom, String>,
}

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
    let sboms = sboms_of_records(&mut found);
    let (named, rendered) =
        found.rendered.drain(..).partition::<Vec<_>, _>(|file| expect.files.contains(&file.name));
    found.files.extend(named);
    let mut files = check_files(&mut found, expect, &mut problems);
    if found.archives.is_empty() && found.images.is_empty() {
        problems.push(Problem::Empty);
    }
    problems.extend(found.links.into_iter().map(|path| Problem::Link { path }));
    problems.extend(found.strays.into_iter().map(|path| Problem::Stray { path }));
    problems.extend(found.lonely_records.into_iter().map(|file| Problem::LonelyRecord { file }));

    let mut archives = Vec::new();
    for archive in found.archives {
        archives.extend(check_archive(archive, expect, &mut problems));
    }
    archives.sort_by(|a, b| a.0.archive.file.cmp(&b.0.archive.file));
    let identity = identity(&archives, expect);
    check_identity(&archives, &identity, expect, &mut problems);
    check_targets(&archives, expect, &mut problems);
    check_packages(&files, &archives, expect, &mut problems);
    files.extend(check_sboms(sboms, &archives, expect, &mut problems));
    // Two more assets are made by floe: the checksums and the manifest.
    let count = archives.len() + files.len() + 2;
    if count > ASSET_COUNT {
        problems.push(Problem::TooMany { count });
    }
    let image = check_image(found.images, &archives, &identity, expect, &mut problems);

    if !problems.is_empty() {
        return Err(problems);
    }
    let Identity { name, version, commit } = identity;
    match (name, version) {
        (Some(name), Some(version)) => {
            Ok(Verified { name, version, commit, archives, files, rendered, image })
        }
        _ => Err(vec![Problem::Empty]),
    }
}

/// Drops an archive or image that is byte for byte in another dist too: a dist may be given together with one that it was
/// made from. Archives that differ, or that only one record describes, all stay.
fn dedup(found: Found) -> Found {
    let Found { archives, images, .. } = found;
    let mut kept = Found { archives: Vec::new(), images: Vec::new(), ..found };
    for archive in archives {
        let same = |other: &FoundArchive| other.facts == archive.facts && other.record == archive.record;
        if !kept.archives.iter().any(same) {
            kept.archives.push(archive);
        }
    }
    for image in images {
        let same = |other: &FoundImage| match (&other.image, &image.image) {
            (Ok(one), Ok(other)) => one.index.digest == other.index.digest,
            _ => false,
        };
        if !kept.images.iter().any(same) {
            kept.images.push(image);
        }
    }
    kept
}

/// Takes out the SBOMs that a record names. The others are further files, which may be promised.
fn sboms_of_records(found: &mut Found) -> Vec<FoundSbom> {
    let records = found.archives.iter().filter_map(|archive| archive.record.as_ref().ok());
    let named: BTreeSet<&str> =
        records.filter_map(|record| Some(record.sbom.as_ref()?.file.as_str())).collect();
    let (sboms, others): (Vec<_>, Vec<_>) =
        found.sboms.drain(..).partition(|sbom| named.contains(sbom.file.name.as_str()));
    found.files.extend(others.into_iter().map(|sbom| sbom.file));
    sboms
}

/// Takes the promised files, and the signatures of files, out of what was found. A promised archive of other contents has no record.
fn check_files(found: &mut Found, expect: &Expect, problems: &mut Vec<Problem>) -> Vec<PromisedFile> {
    let signed = signed_files(found, expect);
    let is_signature = |name: &String| {
        SIGNATURES.iter().any(|end| name.strip_suffix(end).is_some_and(|subject| signed.contains(subject)))
    };
    let packages = packages_of_records(found);
    let is_promised =
        |name: &String| expect.files.contains(name) || packages.contains(name) || is_signature(name);
    let archives: Vec<FoundArchive> =
        found.archives.extract_if(.., |archive| is_promised(&archive.facts.file)).collect();
    let archives = archives.into_iter().map(|FoundArchive { path, facts, .. }| PromisedFile {
        name: facts.file,
        size: facts.size,
        digest: facts.digest,
        path,
    });
    let (mut files, others): (Vec<_>, Vec<_>) =
        archives.chain(found.files.drain(..)).partition(|file| is_promised(&file.name));
    problems.extend(others.into_iter().map(|file| Problem::Stray { path: file.path }));
    files.sort_by(|a, b| a.name.cmp(&b.name));
    // The same file may be in several dists.
    files.dedup_by(|a, b| a.name == b.name && a.digest == b.digest);
    for pair in files.windows(2).filter(|pair| pair[0].name == pair[1].name) {
        problems.push(Problem::TwiceFile { paths: [pair[0].path.clone(), pair[1].path.clone()] });
    }
    for file in files.iter().filter(|file| file.size >= ASSET_LIMIT) {
        problems.push(Problem::TooLarge { file: file.name.clone(), size: file.size });
    }
    let missing = expect.files.iter().filter(|name| !files.iter().any(|file| file.name == **name));
    problems.extend(missing.map(|name| Problem::MissingFile { file: name.clone() }));
    files
}

/// The names of the packages that the records name.
fn packages_of_records(found: &Found) -> BTreeSet<String> {
    let records = found.archives.iter().filter_map(|archive| archive.record.as_ref().ok());
    records.flat_map(|record| &record.packages).map(|package| package.file.clone()).collect()
}

/// The names of the files that a signature beside them may be of. The release manifest is not among them: it names the
/// signatures.
fn signed_files(found: &Found, expect: &Expect) -> BTreeSet<String> {
    let archives = found.archives.iter().flat_map(|archive| {
        let sbom = archive.record.as_ref().ok().and_then(|record| record.sbom.as_ref());
        [archive.facts.file.clone()].into_iter().chain(sbom.map(|sbom| sbom.file.clone()))
    });
    let further = expect.files.iter().cloned().chain(packages_of_records(found));
    archives.chain(further).chain([CHECKSUMS.to_owned()]).collect()
}

/// The identity that all archives must share: the expected one, else that of the first.
struct Identity {
    name: Option<String>,
    version: Option<Version>,
    commit: Option<Commit>,
}

fn identity(archives: &[(Record, PathBuf)], expect: &Expect) -> Identity {
    let first = archives.first().map(|(record, _)| record);
    Identity {
        name: expect.name.clone().or_else(|| first.map(|record| record.name.clone())),
        version: expect.version.clone().or_else(|| {
            // The tag's version, if anything is of that version: then the others are the odd ones out.
            let tagged = expect.tag.as_ref().map(Tag::version);
            let named =
                archives.iter().map(|(record, _)| &record.version).find(|found| Some(*found) == tagged);
            named.or(first.map(|record| &record.version)).cloned()
        }),
        commit: expect
            .commit
            .clone()
            .or_else(|| archives.iter().find_map(|(record, _)| record.source.commit.clone())),
    }
}

fn check_identity(
    archives: &[(Record, PathBuf)],
    identity: &Identity,
    expect: &Expect,
    problems: &mut Vec<Problem>,
) {
    for (record, _) in archives {
        let file = &record.archive.file;
        if let Some(expected) = identity.name.as_ref().filter(|name| **name != record.name) {
            let (found, expected) = (record.name.clone(), expected.clone());
            problems.push(Problem::WrongProject { file: file.clone(), found, expected });
        }
        if let Some(expected) = identity.version.as_ref().filter(|version| **version != record.version) {
            let (found, expected) = (record.version.clone(), expected.clone());
            problems.push(Problem::WrongVersion { file: file.clone(), found, expected });
        }
        if let (Some(found), Some(expected)) = (&record.source.commit, &identity.commit)
            && found != expected
        {
            let (found, expected) = (found.clone(), expected.clone());
            problems.push(Problem::WrongCommit { file: file.clone(), found, expected });
        }
    }
    if let (Some(tag), Some(version)) = (&expect.tag, &identity.version)
        && tag.version() != version
    {
        problems.push(Problem::WrongTag { tag: tag.clone(), version: version.clone() });
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
        for binary in &binaries {
            if !record.binaries.iter().any(|found| found.name == *binary) {
                let file = record.archive.file.clone();
                problems.push(Problem::MissingBinary { file, binary: (*binary).to_owned() });
            }
        }
    }
}

fn check_targets(archives: &[(Record, PathBuf)], expect: &Expect, problems: &mut Vec<Problem>) {
    let mut files: BTreeMap<Target, Vec<String>> = BTreeMap::new();
    for (record, path) in archives {
        files.entry(record.target).or_default().push(path.display().to_string());
    }
    for (target, files) in &files {
        if files.len() > 1 {
            problems.push(Problem::TwiceTarget { target: *target, files: files.clone() });
        }
        if !expect.targets.is_empty() && !expect.targets.contains(target) {
            problems.push(Problem::ExtraTarget { target: *target, file: files[0].clone() });
        }
    }
    let missing = expect.targets.iter().filter(|target| !files.contains_key(target));
    problems.extend(missing.map(|target| Problem::MissingTarget { target: *target }));
}
