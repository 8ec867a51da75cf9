//! Verification after publishing: whether a downloaded release is consistent, to the last byte.
//!
//! Pure: it compares what others fetched, and trusts nothing because of where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::image::{ArchiveProgram, compare_programs};
use crate::model::release::CHECKSUMS;
use crate::model::{Commit, Digest, Entry, Image, Manifest, Tag};
use crate::oci::PROGRAMS;
use crate::world::RemoteRelease;

/// A downloaded release.
#[derive(Debug)]
pub struct Download {
    /// The requested tag.
    pub tag: Tag,
    /// The commit the tag peels to.
    pub commit: Option<Commit>,
    /// The release as GitHub describes it.
    pub release: RemoteRelease,
    /// Every asset as it was downloaded.
    pub files: Vec<File>,
    /// The text of `SHA256SUMS`, if there is one.
    pub checksums: Option<String>,
    /// The release manifest, or why there is none that can be read.
    pub manifest: Result<Manifest, String>,
    /// The image, if the manifest names one.
    pub image: Option<Pulled>,
}

/// One downloaded asset.
#[derive(Debug)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest, computed from the bytes that came.
    pub digest: Digest,
    /// The files in it if it is an archive, or why it cannot be opened.
    pub contents: Option<Result<Vec<Entry>, String>>,
}

/// The image as it was pulled.
#[derive(Debug)]
pub struct Pulled {
    /// The digest that the version's tag points to.
    pub by_tag: Option<Digest>,
    /// The image of the manifest's digest, or everything that is wrong with it.
    pub image: Result<Image, Vec<String>>,
}

/// Something that makes a published release not what it claims to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a variant's line says what its fields are")]
pub enum Problem {
    /// The release has no checksums.
    NoChecksums,
    /// A line of the checksums cannot be read.
    BadChecksum { line: String },
    /// The release has no readable manifest.
    BadManifest { why: String },
    /// An asset is missing although the checksums or the manifest name it.
    Missing { name: String, by: &'static str },
    /// An asset is there that nothing names.
    Extra { name: String },
    /// An archive is there that the manifest does not name.
    Unlisted { name: String },
    /// An asset is unfinished on the server.
    Unfinished { name: String },
    /// An asset's bytes are not the ones that are named.
    Digest { name: String, by: &'static str, found: Digest, expected: Digest },
    /// An archive cannot be opened.
    BadArchive { name: String, why: String },
    /// A binary in an archive is not the one the manifest names.
    Binary { name: String, path: String },
    /// The manifest is of another tag.
    OtherTag { found: Tag },
    /// The tag points to another commit than the manifest names.
    OtherCommit { tag: Option<Commit>, manifest: Commit },
    /// The image's tag points elsewhere.
    ImageTag { reference: String, found: Option<Digest>, expected: Digest },
    /// The image is broken.
    BadImage { why: String },
    /// A platform of the image is not the one the manifest names.
    Platform { platform: String },
    /// The image's binary is not the archive's.
    ImageBinary { platform: String, why: String },
}

/// The number of invalid lines that are reported; a hostile file has millions.
const BAD_LINES: usize = 20;

/// Every problem with what was downloaded; none means that all of it hangs together.
pub fn check(download: &Download) -> Vec<Problem> {
    let mut problems = Vec::new();
    for asset in download.release.assets.iter().filter(|asset| !asset.uploaded) {
        problems.push(Problem::Unfinished { name: asset.name.clone() });
    }
    check_github_digests(download, &mut problems);
    let sums = check_checksums(download, &mut problems);
    match &download.manifest {
        Ok(manifest) => check_manifest(download, manifest, &mut problems),
        Err(why) => problems.push(Problem::BadManifest { why: why.clone() }),
    }
    if let Some(sums) = sums {
        let extra =
            download.files.iter().filter(|file| file.name != CHECKSUMS && !sums.contains(file.name.as_str()));
        problems.extend(extra.map(|file| Problem::Extra { name: file.name.clone() }));
    }
    problems
}

fn check_github_digests(download: &Download, problems: &mut Vec<Problem>) {
    for asset in &download.release.assets {
        let found = download.files.iter().find(|file| file.name == asset.name);
        if let (Some(found), Some(expected)) = (found, asset.digest) {
            compare(found, expected, "GitHub's own digest", problems);
        }
    }
}

/// Compares every line of the checksums, and returns the names in them.
fn check_checksums<'a>(download: &'a Download, problems: &mut Vec<Problem>) -> Option<BTreeSet<&'a str>> {
    let Some(text) = &download.checksums else {
        problems.push(Problem::NoChecksums);
        return None;
    };
    let mut sums = BTreeSet::new();
    let mut bad = 0;
    for line in text.lines() {
        let parsed =
            line.split_once("  ").and_then(|(hex, name)| Some((name, format!("sha256:{hex}").parse().ok()?)));
        match parsed {
            Some((name, digest)) => {
                // A name that comes twice is compared twice, as `sha256sum -c` does.
                expect(download, name, digest, "`SHA256SUMS`", problems);
                sums.insert(name);
            }
            None if bad < BAD_LINES => {
                bad += 1;
                problems.push(Problem::BadChecksum { line: line.chars().take(120).collect() });
            }
            None => {}
        }
    }
    Some(sums)
}

fn check_manifest(download: &Download, manifest: &Manifest, problems: &mut Vec<Problem>) {
    if manifest.tag != download.tag {
        problems.push(Problem::OtherTag { found: manifest.tag.clone() });
    }
    if download.commit.as_ref() != Some(&manifest.commit) {
        let (tag, manifest) = (download.commit.clone(), manifest.commit.clone());
        problems.push(Problem::OtherCommit { tag, manifest });
    }
    for artifact in &manifest.artifacts {
        let Some(file) = expect(download, &artifact.file, artifact.digest, "the manifest", problems) else {
            continue;
        };
        let entries = match &file.contents {
            Some(Ok(entries)) => entries,
            Some(Err(why)) => {
                problems.push(Problem::BadArchive { name: file.name.clone(), why: why.clone() });
                continue;
            }
            None => continue,
        };
        for binary in &artifact.binaries {
            let same = |entry: &&Entry| entry.path == binary.path && entry.digest == binary.digest;
            if !entries.iter().any(|entry| same(&entry)) {
                problems.push(Problem::Binary { name: file.name.clone(), path: binary.path.clone() });
            }
        }
    }
    let archives = download.files.iter().filter(|file| file.contents.is_some());
    for archive in archives {
        if !manifest.artifacts.iter().any(|artifact| artifact.file == archive.name) {
            problems.push(Problem::Unlisted { name: archive.name.clone() });
        }
    }
    if let (Some(promised), Some(pulled)) = (&manifest.image, &download.image) {
        let reference = format!("{}:{}", promised.name, manifest.version);
        if pulled.by_tag != Some(promised.digest) {
            let (found, expected) = (pulled.by_tag, promised.digest);
            problems.push(Problem::ImageTag { reference, found, expected });
        }
        match &pulled.image {
            Ok(image) => check_image(manifest, image, problems),
            Err(whys) => problems.extend(whys.iter().map(|why| Problem::BadImage { why: why.clone() })),
        }
    }
}

fn check_image(manifest: &Manifest, image: &Image, problems: &mut Vec<Problem>) {
    let promised: BTreeMap<_, _> = manifest
        .image
        .iter()
        .flat_map(|image| &image.platforms)
        .map(|one| (one.platform, one.digest))
        .collect();
    let found: BTreeMap<_, _> =
        image.platforms.iter().map(|one| (one.platform, one.manifest.digest)).collect();
    for platform in promised.keys().chain(found.keys()) {
        let problem = Problem::Platform { platform: platform.to_string() };
        if promised.get(platform) != found.get(platform) && !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    let programs: Vec<ArchiveProgram<'_>> = manifest
        .artifacts
        .iter()
        .flat_map(|artifact| {
            let is_dynamic = artifact.requires.contains_key("glibc");
            let program = move |binary| ArchiveProgram { target: artifact.target, binary, is_dynamic };
            artifact.binaries.iter().map(program)
        })
        .collect();
    let extra = image.annotations.get(PROGRAMS).map_or("", String::as_str);
    for one in &image.platforms {
        if let Err(why) = compare_programs(one, &programs, extra) {
            problems.push(Problem::ImageBinary { platform: one.platform.to_string(), why });
        }
    }
}

fn expect<'a>(
    download: &'a Download,
    name: &str,
    expected: Digest,
    by: &'static str,
    problems: &mut Vec<Problem>,
) -> Option<&'a File> {
    let found = download.files.iter().find(|file| file.name == name);
    match found {
        Some(found) => compare(found, expected, by, problems),
        None => problems.push(Problem::Missing { name: name.to_owned(), by }),
    }
    found
}

fn compare(file: &File, expected: Digest, by: &'static str, problems: &mut Vec<Problem>) {
    if file.digest != expected {
        problems.push(Problem::Digest { name: file.name.clone(), by, found: file.digest, expected });
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoChecksums => write!(f, "the release has no `{CHECKSUMS}`"),
            Problem::BadChecksum { line } => {
                write!(f, "`{CHECKSUMS}` holds a line that is no checksum: `{line}`")
            }
            Problem::BadManifest { why } => write!(f, "the release manifest cannot be read: {why}"),
            Problem::Missing { name, by } => write!(f, "`{name}` is missing, although {by} names it"),
            Problem::Extra { name } => write!(f, "`{name}` is there, but `{CHECKSUMS}` does not name it"),
            Problem::Unlisted { name } => {
                write!(f, "`{name}` is there, but the manifest does not name it")
            }
            Problem::Unfinished { name } => write!(f, "`{name}` is unfinished on the server"),
            Problem::Digest { name, by, found, expected } => {
                write!(f, "`{name}` is {found}, but {by} says {expected}")
            }
            Problem::BadArchive { name, why } => write!(f, "`{name}` cannot be opened: {why}"),
            Problem::Binary { name, path } => {
                write!(f, "`{path}` in `{name}` is not the binary the manifest names")
            }
            Problem::OtherTag { found } => write!(f, "the manifest is of release `{found}`"),
            Problem::OtherCommit { tag: Some(tag), manifest } => {
                write!(
                    f,
                    "the tag points to commit {}, but the manifest names {}",
                    tag.short(),
                    manifest.short()
                )
            }
            Problem::OtherCommit { tag: None, manifest } => {
                write!(
                    f,
                    "the tag is gone, so nothing says that commit {} is what was released",
                    manifest.short()
                )
            }
            Problem::ImageTag { reference, found: Some(found), expected } => {
                write!(f, "`{reference}` is {found}, but the manifest says {expected}")
            }
            Problem::ImageTag { reference, found: None, expected } => {
                write!(f, "`{reference}` is not there, but the manifest says {expected}")
            }
            Problem::BadImage { why } => write!(f, "the image is broken: {why}"),
            Problem::Platform { platform } => {
                write!(f, "the image for {platform} is not the one the manifest names")
            }
            Problem::ImageBinary { platform, why } => write!(f, "the image for {platform}: {why}"),
        }
    }
}
