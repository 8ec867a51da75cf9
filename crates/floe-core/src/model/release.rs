//! A release: everything that is promised, computed before anything is sent.
//!
//! A `Release` exists only if verification passed; it has no field that means "not yet".

use std::collections::BTreeMap;
use std::path::PathBuf;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::manifest::{Artifact, Manifest, ManifestImage, ManifestPlatform};
use super::{
    BuiltOn, ChannelPlace, Commit, Digest, FileFacts, Image, ImageName, Record, Rendered, Repo, Schema, Tag,
    to_json,
};
use crate::model::notes::{self, Notes, NotesSource};
use crate::untrusted::text::has_only;

/// The file that lists every asset's digest in the form `sha256sum -c` reads.
pub const CHECKSUMS: &str = "SHA256SUMS";

/// The file that says who built all of it: a Sigstore bundle over each file in `SHA256SUMS`, `SHA256SUMS` itself and the image.
pub const ATTESTATION: &str = "SHA256SUMS.sigstore.json";

/// The attestation of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attestation {
    /// Whether the manifest promises one.
    pub promised: bool,
    /// The bundle, if it is there.
    pub bundle: Option<Vec<u8>>,
}

/// A release and its destination.
#[derive(Debug, Clone)]
pub struct Release {
    /// The project's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Its destination: repository, tag and image.
    pub destination: Destination,
    /// The files of the release, sorted by name; exactly these, no more.
    pub assets: Vec<Asset>,
    /// The release manifest, which is also one of the assets.
    pub manifest: Manifest,
    /// The image, if the release has one.
    pub image: Option<Image>,
    /// The files for package managers, which go to repositories of their own.
    pub channels: Vec<Rendered>,
    /// The channels that the project's stable releases move.
    pub places: Vec<ChannelPlace>,
    /// The text of its page.
    pub notes: Notes,
}

/// The destination of a release: repository, tag, commit and image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The repository.
    #[serde(rename = "repository")]
    pub repo: Repo,
    /// The address of the repository's page, `https://github.com/owner/name`. It depends on the server that is published to.
    #[serde(skip)]
    pub page: String,
    /// The tag.
    pub tag: Tag,
    /// The commit the tag must peel to.
    pub commit: Commit,
    /// The image's name.
    pub image: ImageName,
    /// Whether it may become the repository's latest release, a name that all packages of the repository share.
    pub may_be_latest: bool,
    /// Whether SBOMs and the attestation are attached to the image.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attach: bool,
    /// How it was built, if a workflow says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_on: Option<BuiltOn>,
}

/// A file of a release.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its name on the release page; `[A-Za-z0-9._+-]` only, because GitHub rewrites anything else.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
    /// Where its bytes are.
    pub content: Content,
}

/// A further file that a release promises besides its archives: an SBOM, a package, a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromisedFile {
    /// Its name, also the asset's.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
    /// Where it is.
    pub path: PathBuf,
}

/// How the name of a detached signature ends, after the name of the signed file.
pub const SIGNATURES: [&str; 3] = [".sig", ".minisig", ".asc"];
/// The same for those that minisign may have made.
pub const MINISIGN: [&str; 2] = [".sig", ".minisig"];

/// Whether `SHA256SUMS` and the manifest cover an asset. They cannot cover `SHA256SUMS` and its signatures, such as
/// `SHA256SUMS.sigstore.json`.
pub fn is_covered(name: &str) -> bool {
    name.strip_prefix(CHECKSUMS).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('.'))
}

/// Where an asset's bytes are.
#[derive(Debug, Clone)]
pub enum Content {
    /// In a file.
    File(PathBuf),
    /// Here: the small files that floe makes itself.
    Bytes(Vec<u8>),
}

/// Whether GitHub keeps a name as it was sent, and a line of `SHA256SUMS` or of the notes takes it: anything unusual becomes
/// a dot, and dots at both ends go.
pub fn is_asset_name(name: &str) -> bool {
    has_only(name, "._+-") && !name.starts_with('.') && !name.ends_with('.')
}

impl Asset {
    /// The media type sent with the upload.
    pub fn content_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("gz") => "application/gzip",
            Some("zip") => "application/zip",
            Some("json") => "application/json",
            None | Some("txt" | "sh" | "ps1" | "asc") => "text/plain; charset=utf-8",
            Some(_) => "application/octet-stream",
        }
    }

    /// Its bytes, if they are in memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::File(_) => None,
        }
    }

    fn made_here(name: String, bytes: Vec<u8>) -> Self {
        Asset { name, size: bytes.len() as u64, digest: Digest::of(&bytes), content: Content::Bytes(bytes) }
    }
}

impl Release {
    /// Derives everything that is promised from verified files: manifest, checksums, the set of assets.
    pub fn new(
        archives: Vec<(Record, PathBuf)>,
        files: Vec<PromisedFile>,
        image: Option<Image>,
        destination: Destination,
        source: NotesSource,
    ) -> Self {
        let (name, version) = match archives.first() {
            Some((record, _)) => (record.name.clone(), record.version.clone()),
            None => (destination.repo.name().to_owned(), destination.tag.version().clone()),
        };
        let manifest = manifest(&name, &version, (&archives, &files, image.as_ref()), &destination);
        let notes = Notes::new(source, &manifest, &destination);
        let archives = archives.into_iter().map(|(record, path)| {
            let FileFacts { file: name, size, digest } = record.archive;
            PromisedFile { name, size, digest, path }
        });
        let asset = |PromisedFile { name, size, digest, path }| {
            let content = Content::File(path);
            Asset { name, size, digest, content }
        };
        let assets = archives.chain(files).map(asset).collect();
        let mut release = Release {
            name,
            version,
            destination,
            assets,
            manifest,
            image,
            notes,
            channels: Vec::new(),
            places: Vec::new(),
        };
        release.derive();
        release
    }

    /// With the files that were rendered from its manifest, and the places of those that are no assets. Installers become
    /// assets, which the manifest and `SHA256SUMS` cover.
    pub fn with_rendered(mut self, rendered: Vec<Rendered>, places: Vec<ChannelPlace>) -> Self {
        self.manifest.channels = rendered.iter().map(|file| file.entry.clone()).collect();
        let (installers, channels): (Vec<_>, Vec<_>) =
            rendered.into_iter().partition(|file| file.entry.kind.is_asset());
        (self.channels, self.places) = (channels, places);
        for Rendered { entry, bytes } in installers {
            let asset = Asset::made_here(entry.path, bytes);
            let (file, size, digest) = (asset.name.clone(), asset.size, asset.digest);
            self.manifest.files.push(FileFacts { file, size, digest });
            self.assets.push(asset);
        }
        self.manifest.files.sort_by(|a, b| a.file.cmp(&b.file));
        self.notes = Notes::new(self.notes.source, &self.manifest, &self.destination);
        self.derive();
        self
    }

    /// The rendered files of a channel, the one that names the archives first.
    pub fn files_of(&self, place: &ChannelPlace) -> Vec<&Rendered> {
        self.channels.iter().filter(|file| file.entry.kind == place.kind).collect()
    }

    /// With an attestation, or with the promise of one.
    pub fn with_attestation(mut self, attestation: Attestation) -> Self {
        self.manifest.attested = attestation.promised;
        self.assets.extend(attestation.bundle.map(|bytes| Asset::made_here(ATTESTATION.to_owned(), bytes)));
        self.derive();
        self
    }

    /// Makes the manifest and `SHA256SUMS` from the other assets.
    fn derive(&mut self) {
        let manifest = Manifest::file_name(&self.name);
        self.assets.retain(|asset| asset.name != CHECKSUMS && asset.name != manifest);
        self.assets.push(Asset::made_here(manifest, to_json(&self.manifest).into_bytes()));
        self.assets.sort_by(|a, b| a.name.cmp(&b.name));
        let sums = self.checksums().into_bytes();
        self.assets.insert(0, Asset::made_here(CHECKSUMS.to_owned(), sums));
    }

    /// The text of `SHA256SUMS` in the format of GNU coreutils: digest, two spaces, name.
    pub fn checksums(&self) -> String {
        let covered = self.assets.iter().filter(|asset| is_covered(&asset.name));
        covered.map(|asset| format!("{}  {}\n", asset.digest.hex(), asset.name)).collect()
    }

    /// The subjects of an attestation in the format of `SHA256SUMS`: its lines, one for itself, and one for the image.
    pub fn subjects(&self) -> String {
        let image = self.manifest.image.as_ref();
        let image =
            image.map(|image| format!("{}  {}\n", image.digest.hex(), image.name)).unwrap_or_default();
        format!("{}{}  {CHECKSUMS}\n{image}", self.checksums(), self.sums().hex())
    }

    /// The digest of `SHA256SUMS`. It covers every asset but the signatures of `SHA256SUMS` and, through the manifest, the image, the tag and the commit.
    pub fn sums(&self) -> Digest {
        Digest::of(self.checksums().as_bytes())
    }

    /// Everything that an attestation must name, by name: the files in `SHA256SUMS`, `SHA256SUMS` itself, and the image.
    pub fn subject_digests(&self) -> BTreeMap<String, Digest> {
        let files = self.assets.iter().filter(|asset| asset.name == CHECKSUMS || is_covered(&asset.name));
        let image = self.manifest.image.iter().map(|image| (image.name.to_string(), image.digest));
        files.map(|asset| (asset.name.clone(), asset.digest)).chain(image).collect()
    }

    /// Adds the commands that check the attestation to the notes. The identity is the signing workflow's, from its certificate.
    pub fn signed_by(&mut self, identity: &str) {
        let commands = notes::signed(&self.manifest, &self.destination, identity);
        self.notes.footer.push_str(&commands);
    }

    /// The asset of a name.
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.name == name)
    }

    /// The image by digest, if there is one.
    pub fn image_reference(&self) -> Option<String> {
        self.image.as_ref().map(|image| self.destination.image.at(&image.index.digest))
    }

    /// The attestation, if there is one.
    pub fn attestation(&self) -> Option<&Asset> {
        self.asset(ATTESTATION)
    }

    /// The bytes of all assets together.
    pub fn asset_bytes(&self) -> u64 {
        self.assets.iter().map(|asset| asset.size).sum()
    }
}

fn manifest(
    name: &str,
    version: &Version,
    (archives, files, image): (&[(Record, PathBuf)], &[PromisedFile], Option<&Image>),
    destination: &Destination,
) -> Manifest {
    let mut artifacts: Vec<Artifact> = archives.iter().map(|(record, _)| Artifact::of(record)).collect();
    artifacts.sort_by(|a, b| a.file.cmp(&b.file));
    let image = image.map(|image| ManifestImage {
        name: destination.image.clone(),
        digest: image.index.digest,
        platforms: image
            .platforms
            .iter()
            .map(|one| ManifestPlatform { platform: one.platform, digest: one.manifest.digest })
            .collect(),
        attached: destination.attach,
    });
    let file =
        |file: &PromisedFile| FileFacts { file: file.name.clone(), size: file.size, digest: file.digest };
    // An SBOM belongs to its archive.
    let is_sbom = |name: &str| {
        artifacts.iter().filter_map(|artifact| artifact.sbom.as_ref()).any(|sbom| sbom.file == name)
    };
    let is_listed = |file: &&PromisedFile| is_covered(&file.name) && !is_sbom(&file.name);
    let mut covered: Vec<_> = files.iter().filter(is_listed).map(file).collect();
    covered.sort_by(|a, b| a.file.cmp(&b.file));
    Manifest {
        schema: Schema,
        name: name.to_owned(),
        version: version.clone(),
        tag: destination.tag.clone(),
        repository: destination.page.clone(),
        commit: destination.commit.clone(),
        package: archives.iter().find_map(|(record, _)| record.package.clone()),
        artifacts,
        image,
        files: covered,
        channels: Vec::new(),
        built_on: destination.built_on.clone(),
        attested: false,
    }
}
