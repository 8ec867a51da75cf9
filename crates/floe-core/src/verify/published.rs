//! Verification after publishing: whether a downloaded release is the requested one, and consistent to the last byte.
//!
//! Pure: it compares what others fetched, and trusts nothing because of where it came from.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;

use super::archive::is_binary;
use super::beside::contradictions;
use super::image::{ArchiveProgram, compare_programs};
use crate::model::manifest::Artifact;
use crate::model::release::{CHECKSUMS, is_covered};
use crate::model::{
    BinaryFacts, Commit, Digest, Entry, Image, ImageName, Manifest, PackageFacts, Repo, Sbom, Tag,
};
use crate::world::RemoteRelease;

/// The requested release.
#[derive(Debug, Clone)]
pub struct ReleaseRequest {
    /// The repository.
    pub repo: Repo,
    /// The address of its page, where it is known.
    pub page: Option<String>,
    /// The tag.
    pub tag: Tag,
    /// The project's name, if one was given.
    pub name: Option<String>,
    /// The commit, if one was given.
    pub commit: Option<Commit>,
    /// The image's name, if one was given; else the image must belong to the repository's owner.
    pub image: Option<ImageName>,
}

/// A downloaded release.
#[derive(Debug)]
pub struct Download {
    /// The requested release.
    pub request: ReleaseRequest,
    /// The commit the tag peels to.
    pub commit: Option<Commit>,
    /// The release as GitHub describes it.
    pub release: RemoteRelease,
    /// Every asset as it was downloaded.
    pub files: Vec<DownloadedAsset>,
    /// The text of `SHA256SUMS`, if there is one.
    pub checksums: Option<String>,
    /// The release manifest, or why there is none that can be read.
    pub manifest: Result<Manifest, String>,
    /// The image, if the manifest names the requested one.
    pub image: Option<Pulled>,
    /// Its attestation, or why that cannot be read.
    pub bundle: Option<Result<Vec<u8>, String>>,
    /// GitHub's attestations of the release if it is immutable, or why GitHub did not answer.
    pub by_github: Option<Result<Vec<Vec<u8>>, String>>,
    /// The folder with the assets, the attestation and the signatures of `SHA256SUMS`.
    pub assets: PathBuf,
}

/// One downloaded asset.
#[derive(Debug)]
pub struct DownloadedAsset {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest, computed from the bytes that came.
    pub digest: Digest,
    /// The files in it if it is an archive, or why it is not a valid one.
    pub contents: Option<Result<Vec<Entry>, String>>,
    /// The SBOM if it is called as one, or why it cannot be read.
    pub sbom: Option<Result<Sbom, String>>,
}

/// The image as it was pulled.
#[derive(Debug)]
pub struct Pulled {
    /// The digest that the version's tag points to.
    pub by_tag: Option<Digest>,
    /// The image of the manifest's digest, or everything that is wrong with it.
    pub image: Result<Image, Vec<String>>,
    /// The files that are attached to it, if the manifest promises that.
    pub attached: Option<Attached>,
}

/// The files that are attached to an image.
#[derive(Debug, Default)]
pub struct Attached {
    /// How many there are.
    pub count: usize,
    /// Everything that is wrong about them.
    pub problems: Vec<String>,
    /// The attestations of others that are attached, if that of the release is not.
    pub instead: Option<Vec<Vec<u8>>>,
}

/// The number of invalid lines that are reported; a hostile file has millions.
const BAD_LINES: usize = 20;

impl ReleaseRequest {
    /// Whether this image may be pulled for the release: it is the given one, or belongs to the repository's owner.
    pub fn covers_image(&self, image: &ImageName) -> bool {
        match &self.image {
            Some(given) => given == image,
            None => image.owner().eq_ignore_ascii_case(self.repo.owner()),
        }
    }

    /// The given values, package, commit and image, that are not those of a manifest.
    pub fn mismatches(&self, manifest: &Manifest) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(asked) = self.name.as_ref().filter(|asked| **asked != manifest.name) {
            problems.push(is_of("project", &manifest.name, asked));
        }
        if let Some(asked) = self.commit.as_ref().filter(|asked| **asked != manifest.commit) {
            problems.push(is_of("commit", manifest.commit.short(), asked.short()));
        }
        match (&manifest.image, &self.image) {
            (None, Some(asked)) => {
                problems.push(format!("the manifest names no image, but `{asked}` is asked for"));
            }
            (Some(image), Some(asked)) if image.name != *asked => {
                problems.push(format!("the manifest names the image `{}`, not `{asked}`", image.name));
            }
            _ => {}
        }
        problems
    }

    fn is_of_repository(&self, address: &str) -> bool {
        match &self.page {
            Some(page) => address.trim_end_matches('/').eq_ignore_ascii_case(page),
            None => Repo::from_url(address).is_some_and(|repo| repo.is(&self.repo)),
        }
    }
}

impl Download {
    /// The assets that neither `SHA256SUMS` nor the manifest names: somebody added them after publishing. Nothing says
    /// what is in them, so they make the release neither right nor wrong. Signatures of `SHA256SUMS` are not among them.
    pub fn uncovered(&self) -> Vec<&str> {
        let covered = self.covered();
        let names = self.release.assets.iter().map(|asset| asset.name.as_str());
        names.filter(|name| is_covered(name) && !covered.contains(*name)).collect()
    }

    /// `SHA256SUMS` and the names in it and in the manifest.
    pub fn covered(&self) -> BTreeSet<String> {
        let mut covered: BTreeSet<String> = self.sums().map(|(name, _)| name.to_owned()).collect();
        covered.insert(CHECKSUMS.to_owned());
        covered.extend(self.manifest.iter().flat_map(names));
        covered
    }

    /// The lines of `SHA256SUMS` that can be read.
    pub fn sums(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.checksums.iter().flat_map(|text| sums(text))
    }

    /// A downloaded asset.
    pub fn file(&self, name: &str) -> Option<&DownloadedAsset> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// The problems of a download. None means that it is consistent and the requested release.
pub fn check(download: &Download) -> Vec<String> {
    let mut problems = Vec::new();
    let covered = download.covered();
    for asset in download.release.assets.iter().filter(|asset| covered.contains(&asset.name)) {
        if !asset.uploaded {
            problems.push(format!("`{}` is unfinished on the server", asset.name));
        }
        if let (Some(file), Some(expected)) = (download.file(&asset.name), asset.digest) {
            compare(file, (None, expected), "GitHub's own digest", &mut problems);
        }
    }
    check_checksums(download, &mut problems);
    match &download.manifest {
        Ok(manifest) => {
            check_request(download, manifest, &mut problems);
            check_manifest(download, manifest, &mut problems);
        }
        Err(why) => problems.push(format!("the release manifest cannot be read: {why}")),
    }
    problems
}

/// The lines of a `SHA256SUMS` that can be read: the names and the digests.
pub fn sums(text: &str) -> impl Iterator<Item = (&str, Digest)> {
    text.lines().filter_map(checksum)
}

fn checksum(line: &str) -> Option<(&str, Digest)> {
    let (hex, name) = line.split_once("  ")?;
    Some((name, format!("sha256:{hex}").parse().ok()?))
}

fn check_checksums(download: &Download, problems: &mut Vec<String>) {
    let Some(text) = &download.checksums else {
        problems.push(format!("the release has no `{CHECKSUMS}`"));
        return;
    };
    // A name that comes twice is compared twice, as `sha256sum -c` does.
    for (name, digest) in download.sums() {
        expect(download, name, (None, digest), "`SHA256SUMS`", problems);
    }
    for line in text.lines().filter(|line| checksum(line).is_none()).take(BAD_LINES) {
        let line: String = line.chars().take(120).collect();
        problems.push(format!("`{CHECKSUMS}` holds a line that is not a checksum: `{line}`"));
    }
}

/// The manifest must be that of the requested release, not of another consistent one.
fn check_request(download: &Download, manifest: &Manifest, problems: &mut Vec<String>) {
    let request = &download.request;
    if !request.is_of_repository(&manifest.repository) {
        let asked = request.page.clone().unwrap_or_else(|| request.repo.to_string());
        problems.push(is_of("repository", &manifest.repository, asked));
    }
    if manifest.tag != request.tag {
        problems.push(is_of("tag", &manifest.tag, &request.tag));
    } else if manifest.version != *request.tag.version() {
        problems.push(is_of("version", &manifest.version, request.tag.version()));
    }
    problems.extend(request.mismatches(manifest));
    let named = manifest.commit.short();
    match &download.commit {
        Some(commit) if *commit == manifest.commit => {}
        Some(commit) => problems
            .push(format!("the tag points to commit {}, but the manifest names {named}", commit.short())),
        None => {
            problems.push(format!("the tag is gone, so nothing proves that commit {named} was released"));
        }
    }
    if let Some(image) = &manifest.image
        && request.image.is_none()
        && !request.covers_image(&image.name)
    {
        problems.push(format!(
            "the image `{0}` does not belong to `{1}`; if it should be verified, give `--image {0}`",
            image.name,
            request.repo.owner()
        ));
    }
}

fn is_of(what: &str, found: impl Display, asked: impl Display) -> String {
    format!("the manifest is of {what} `{found}`, not of `{asked}`")
}

/// The names of everything that a manifest covers, and its own.
fn names(manifest: &Manifest) -> BTreeSet<String> {
    manifest.files().map(str::to_owned).chain([Manifest::file_name(&manifest.name)]).collect()
}

fn check_manifest(download: &Download, manifest: &Manifest, problems: &mut Vec<String>) {
    for artifact in &manifest.artifacts {
        check_artifact(download, manifest, artifact, problems);
    }
    for file in &manifest.files {
        expect(download, &file.file, (Some(file.size), file.digest), "the manifest", problems);
    }
    if download.checksums.is_some() {
        let (names, sums) = (names(manifest), download.sums().map(|(name, _)| name.to_owned()).collect());
        for name in names.symmetric_difference(&sums) {
            problems.push(match sums.contains(name) {
                true => format!("`{CHECKSUMS}` names `{name}`, but the manifest does not"),
                false => format!("`{name}` is not in `{CHECKSUMS}`"),
            });
        }
    }
    if let (Some(promised), Some(pulled)) = (&manifest.image, &download.image) {
        let reference = format!("`{}:{}`", promised.name, manifest.version);
        let expected = promised.digest;
        match pulled.by_tag {
            Some(found) if found == expected => {}
            Some(found) => problems.push(format!("{reference} is {found}, but the manifest says {expected}")),
            None => problems.push(format!("{reference} is not there, but the manifest says {expected}")),
        }
        problems.extend(pulled.attached.iter().flat_map(|attached| attached.problems.clone()));
        match &pulled.image {
            Ok(image) => check_image(manifest, image, problems),
            Err(whys) => problems.extend(whys.iter().map(|why| format!("the image is broken: {why}"))),
        }
    }
}

fn check_artifact(download: &Download, manifest: &Manifest, artifact: &Artifact, problems: &mut Vec<String>) {
    let Artifact { file: name, target, size, digest, .. } = artifact;
    let expected = target.archive_file(&manifest.name);
    if *name != expected {
        problems
            .push(format!("the manifest calls the archive for {} `{name}`, not `{expected}`", target.name));
    }
    let file = expect(download, name, (Some(*size), *digest), "the manifest", problems);
    match file.map(|file| &file.contents) {
        Some(Some(Ok(entries))) => {
            let is_there = |one: &&BinaryFacts| entries.iter().any(|entry| is_binary(entry, one, *target));
            for binary in artifact.binaries.iter().filter(|one| !is_there(one)) {
                let path = &binary.path;
                problems.push(format!("`{path}` in `{name}` is not the binary the manifest names"));
            }
            let is_gone = |path: &&String| entries.iter().all(|entry| entry.path != **path);
            let gone = artifact.extras.paths().filter(is_gone);
            problems.extend(gone.map(|path| format!("`{name}` lacks `{path}`, which the manifest names")));
        }
        Some(Some(Err(why))) => problems.push(format!("`{name}` is not a valid archive: {why}")),
        Some(None) | None => {}
    }
    for PackageFacts { file, digest, .. } in &artifact.packages {
        if !manifest.files.iter().any(|one| one.file == *file && one.digest == *digest) {
            problems.push(format!("`{file}`, a package of `{name}`, is not one of the manifest's files"));
        }
    }
    check_sbom(download, manifest, artifact, problems);
}

fn check_sbom(download: &Download, manifest: &Manifest, artifact: &Artifact, problems: &mut Vec<String>) {
    let (Artifact { target, binaries, .. }, Some(sbom)) = (artifact, &artifact.sbom) else { return };
    let (name, expected) = (&sbom.file, Sbom::file_name(&manifest.name, *target));
    if *name != expected {
        problems.push(format!("the manifest calls the SBOM for {} `{name}`, not `{expected}`", target.name));
    }
    let Some(file) = expect(download, name, (None, sbom.digest), "the manifest", problems) else { return };
    let program = (manifest.name.as_str(), &manifest.version, *target);
    problems.extend(contradictions((name, file.sbom.as_ref()), (&artifact.file, binaries), program));
}

fn check_image(manifest: &Manifest, image: &Image, problems: &mut Vec<String>) {
    let promised = manifest.image.iter().flat_map(|image| &image.platforms);
    let promised: BTreeSet<_> = promised.map(|one| (one.platform, one.digest)).collect();
    let found = image.platforms.iter().map(|one| (one.platform, one.manifest.digest)).collect();
    let wrong: BTreeSet<_> = promised.symmetric_difference(&found).map(|(platform, _)| platform).collect();
    let text = |platform| format!("the image for {platform} is not the one the manifest names");
    problems.extend(wrong.into_iter().map(text));
    let programs: Vec<ArchiveProgram<'_>> = manifest
        .artifacts
        .iter()
        .flat_map(|artifact| {
            let is_dynamic = artifact.requires.contains_key("glibc");
            let program = move |binary| ArchiveProgram { target: artifact.target, binary, is_dynamic };
            artifact.binaries.iter().map(program)
        })
        .collect();
    problems.extend(compare_programs(image, &programs));
}

fn expect<'a>(
    download: &'a Download,
    name: &str,
    expected: (Option<u64>, Digest),
    by: &str,
    problems: &mut Vec<String>,
) -> Option<&'a DownloadedAsset> {
    let found = download.file(name);
    match found {
        Some(found) => compare(found, expected, by, problems),
        None => problems.push(format!("`{name}` is missing, although {by} names it")),
    }
    found
}

fn compare(
    file: &DownloadedAsset,
    (size, digest): (Option<u64>, Digest),
    by: &str,
    problems: &mut Vec<String>,
) {
    let name = &file.name;
    if file.digest != digest {
        problems.push(format!("`{name}` is {}, but {by} says {digest}", file.digest));
    } else if let Some(size) = size.filter(|size| *size != file.size) {
        problems.push(format!("`{name}` has {} bytes, but {by} says {size}", file.size));
    }
}
