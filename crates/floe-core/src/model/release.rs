//! A release: everything that is promised, computed before anything is sent.
//!
//! A `Release` exists only if verification passed; it has no field that means "not yet".

use std::collections::BTreeMap;
use std::path::PathBuf;

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

/// Everything that a release is made of, besides the files that are rendered from it.
#[derive(Debug, Clone)]
pub struct ReleaseParts {
    /// The archives by their records.
    pub archives: Vec<(Record, PathBuf)>,
    /// The SBOMs and the further files.
    pub files: Vec<PromisedFile>,
    /// The image, if the release has one.
    pub image: Option<Image>,
    /// Its destination.
    pub destination: Destination,
    /// The source of the upper part of its notes.
    pub notes: NotesSource,
    /// Its attestation.
    pub attestation: Attestation,
}

/// A release and its destination.
#[derive(Debug, Clone)]
pub struct Release {
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
    /// The channels that the project's stable releases update.
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

/// The suffixes of detached signatures, after the name of the signed file.
pub const SIGNATURES: [&str; 3] = [".sig", ".minisig", ".asc"];
/// Those that minisign may have made.
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
    /// In memory: the small files that floe makes itself.
    Bytes(Vec<u8>),
}

/// Whether a name is safe in `SHA256SUMS` and in the notes, and GitHub keeps it: it replaces other characters by dots, and
/// removes dots at both ends.
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

impl ReleaseParts {
    /// The manifest from which files are rendered. That of the release also lists those files.
    pub fn manifest(&self) -> Manifest {
        let ReleaseParts { archives, files, image, destination, .. } = self;
        let first = archives.first().map(|(record, _)| (record.name.clone(), record.version.clone()));
        let (name, version) =
            first.unwrap_or_else(|| (destination.repo.name().to_owned(), destination.tag.version().clone()));
        let mut artifacts: Vec<Artifact> = archives.iter().map(|(record, _)| Artifact::of(record)).collect();
        artifacts.sort_by(|a, b| a.file.cmp(&b.file));
        let image = image.as_ref().map(|image| ManifestImage {
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
        // The manifest lists an SBOM with its archive.
        let is_sbom = |name: &str| {
            artifacts.iter().filter_map(|artifact| artifact.sbom.as_ref()).any(|sbom| sbom.file == name)
        };
        let is_listed = |file: &&PromisedFile| is_covered(&file.name) && !is_sbom(&file.name);
        let mut covered: Vec<_> = files.iter().filter(is_listed).map(file).collect();
        covered.sort_by(|a, b| a.file.cmp(&b.file));
        Manifest {
            schema: Schema,
            name,
            version,
            tag: destination.tag.clone(),
            repository: destination.page.clone(),
            commit: destination.commit.clone(),
            package: archives.iter().find_map(|(record, _)| record.package.clone()),
            artifacts,
            image,
            files: covered,
            channels: Vec::new(),
            built_on: destination.built_on.clone(),
            attested: self.attestation.promised,
        }
    }
}

impl Release {
    /// Derives everything that is promised: manifest, checksums, the set of assets. `rendered` is made from
    /// [`ReleaseParts::manifest`]: its installers become assets, and `places` are the channels of its other files.
    pub fn new(parts: ReleaseParts, rendered: Vec<Rendered>, places: Vec<ChannelPlace>) -> Self {
        let mut manifest = parts.manifest();
        let ReleaseParts { archives, files, image, destination, notes, attestation } = parts;
        manifest.channels = rendered.iter().map(|file| file.entry.clone()).collect();
        let (installers, channels): (Vec<_>, Vec<_>) =
            rendered.into_iter().partition(|file| file.entry.kind.is_asset());
        let installer = |file: Rendered| Asset::made_here(file.entry.path, file.bytes);
        let installers: Vec<Asset> = installers.into_iter().map(installer).collect();
        let facts =
            |asset: &Asset| FileFacts { file: asset.name.clone(), size: asset.size, digest: asset.digest };
        manifest.files.extend(installers.iter().map(facts));
        manifest.files.sort_by(|a, b| a.file.cmp(&b.file));
        let archives = archives.into_iter().map(|(record, path)| {
            let FileFacts { file: name, size, digest } = record.archive;
            PromisedFile { name, size, digest, path }
        });
        let asset = |PromisedFile { name, size, digest, path }| {
            let content = Content::File(path);
            Asset { name, size, digest, content }
        };
        let mut assets: Vec<Asset> = archives.chain(files).map(asset).chain(installers).collect();
        assets.push(Asset::made_here(Manifest::file_name(&manifest.name), to_json(&manifest).into_bytes()));
        assets.extend(attestation.bundle.map(|bytes| Asset::made_here(ATTESTATION.to_owned(), bytes)));
        assets.sort_by(|a, b| a.name.cmp(&b.name));
        let sums = checksums(&assets).into_bytes();
        assets.insert(0, Asset::made_here(CHECKSUMS.to_owned(), sums));
        let notes = Notes::new(notes, &manifest, &destination);
        Release { destination, assets, manifest, image, channels, places, notes }
    }

    /// The rendered files of a channel, the one that names the archives first.
    pub fn files_of(&self, place: &ChannelPlace) -> Vec<&Rendered> {
        self.channels.iter().filter(|file| file.entry.kind == place.kind).collect()
    }

    /// The text of `SHA256SUMS` in the format of GNU coreutils: digest, two spaces, name.
    pub fn checksums(&self) -> String {
        checksums(&self.assets)
    }

    /// The digest of `SHA256SUMS`. It covers every asset except the signatures of `SHA256SUMS`, and through the manifest also
    /// the image, the tag and the commit.
    pub fn sums(&self) -> Digest {
        Digest::of(self.checksums().as_bytes())
    }

    /// The subjects of an attestation in the format of `SHA256SUMS`.
    pub fn subjects(&self) -> String {
        self.named_by_attestation().map(|(name, digest)| format!("{}  {name}\n", digest.hex())).collect()
    }

    /// The digests of these subjects by name.
    pub fn subject_digests(&self) -> BTreeMap<String, Digest> {
        self.named_by_attestation().collect()
    }

    /// Everything that an attestation must name: the files in `SHA256SUMS`, `SHA256SUMS` itself, and the image.
    fn named_by_attestation(&self) -> impl Iterator<Item = (String, Digest)> {
        let covered = self.assets.iter().filter(|asset| is_covered(&asset.name));
        let files = covered.map(|asset| (asset.name.clone(), asset.digest));
        let image = self.manifest.image.iter().map(|image| (image.name.to_string(), image.digest));
        files.chain([(CHECKSUMS.to_owned(), self.sums())]).chain(image)
    }

    /// Adds the commands that check the attestation to the notes. `identity` is the signing workflow's, from its certificate.
    pub fn signed_by(mut self, identity: &str) -> Self {
        self.notes.footer.push_str(&notes::signed(&self.manifest, &self.destination, identity));
        self
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

fn checksums(assets: &[Asset]) -> String {
    let covered = assets.iter().filter(|asset| is_covered(&asset.name));
    covered.map(|asset| format!("{}  {}\n", asset.digest.hex(), asset.name)).collect()
}

#[cfg(test)]
impl Destination {
    /// The destination of version 1.4.0 of a made-up tool.
    pub(crate) fn sample() -> Self {
        Destination {
            repo: "acme/tool".parse().unwrap(),
            page: "https://github.com/acme/tool".to_owned(),
            tag: "v1.4.0".parse().unwrap(),
            commit: "3f9ac21c0ffee0000000000000000000000000aa".parse().unwrap(),
            image: "ghcr.io/acme/tool".parse().unwrap(),
            may_be_latest: true,
            attach: false,
            built_on: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChannelKind, ManifestChannel};

    fn parts(attestation: Attestation) -> ReleaseParts {
        let file = |name: &str| PromisedFile {
            name: name.to_owned(),
            size: 1,
            digest: Digest::of(name.as_bytes()),
            path: PathBuf::new(),
        };
        let files = vec![file("tool.1.gz"), file("SHA256SUMS.minisig")];
        let (archives, notes) = (Vec::new(), NotesSource::Generated);
        ReleaseParts { archives, files, image: None, destination: Destination::sample(), notes, attestation }
    }

    fn rendered(kind: ChannelKind, path: &str) -> Rendered {
        let (bytes, path) = (b"rendered".to_vec(), path.to_owned());
        let (digest, settings) = (Digest::of(&bytes), BTreeMap::new());
        let entry = ManifestChannel { kind, repository: None, path, digest, revision: 1, settings };
        Rendered { entry, bytes }
    }

    #[test]
    fn everything_in_a_release_follows_from_the_same_manifest() {
        let installer = rendered(ChannelKind::Sh, "tool-installer.sh");
        let formula = rendered(ChannelKind::Homebrew, "Formula/tool.rb");
        let bundle = Some(b"{ }".to_vec());
        for attestation in [
            Attestation::default(),
            Attestation { promised: true, bundle: None },
            Attestation { promised: true, bundle },
        ] {
            let parts = parts(attestation.clone());
            let seen_by_renderers = parts.manifest();
            let release = Release::new(parts, vec![installer.clone(), formula.clone()], Vec::new());
            assert_eq!(release.manifest.attested, attestation.promised);
            assert_eq!(release.attestation().is_some(), attestation.bundle.is_some());

            // A signature of `SHA256SUMS` and the subjects of the attestation are those of the file that is published.
            let bytes = |name: &str| release.asset(name).unwrap().bytes().unwrap();
            assert_eq!(bytes("tool-manifest.json"), to_json(&release.manifest).as_bytes());
            assert_eq!(bytes(CHECKSUMS), release.checksums().as_bytes());
            assert_eq!(release.sums(), release.asset(CHECKSUMS).unwrap().digest);
            let covered = release.assets.iter().filter(|asset| is_covered(&asset.name));
            let covered: Vec<String> =
                covered.map(|asset| format!("{}  {}", asset.digest.hex(), asset.name)).collect();
            assert_eq!(release.checksums().lines().collect::<Vec<_>>(), covered);
            assert_eq!(covered.len(), 3);

            // `floe verify` renders again from the published manifest.
            let channels = [&installer, &formula].map(|file| file.entry.clone()).to_vec();
            let mut files = seen_by_renderers.files.clone();
            files.insert(
                0,
                FileFacts { file: "tool-installer.sh".to_owned(), size: 8, digest: installer.entry.digest },
            );
            assert_eq!(release.manifest, Manifest { channels, files, ..seen_by_renderers });
        }
    }
}
