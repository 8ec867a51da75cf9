//! Files that are attached to an image in its registry: artifacts that refer to it (OCI image-spec v1.1, manifest.md, `subject`).
//!
//! Everything here follows from the image and the digests of the files, so the same release always has the same artifacts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::manifest::Artifact;
use crate::model::release::ATTESTATION;
use crate::model::{Blob, Digest, Image, Manifest, Platform, Release, SbomFacts};
use crate::oci::{Descriptor, ImageManifest, MANIFEST};

/// The artifact type of an attestation (cosign, `BUNDLE_SPEC.md`).
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The type of the statement in it, a provenance (SLSA v1.0 and later).
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// The largest attestation, in bytes. A statement of 1000 files has about 200 KB.
pub const BUNDLE_LIMIT: u64 = 2 * 1024 * 1024;
/// The artifact type of an SBOM, as IANA registers it.
const SBOM: &str = "application/vnd.cyclonedx+json";
/// The config of an artifact that has none (OCI image-spec, "Guidance for an Empty Descriptor").
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// The content of that config.
pub const EMPTY_JSON: &[u8] = b"{}";

/// A file of a release as an artifact that refers to the image or to the image of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name of the file, also the asset's.
    pub file: String,
    /// The manifest that it is about.
    pub subject: Blob,
    /// The file as a blob. Its media type is the type of the artifact.
    pub content: Blob,
    /// The artifact's manifest.
    pub manifest: Blob,
    /// The bytes of that manifest.
    pub json: Vec<u8>,
}

impl Attachment {
    fn new(file: &str, subject: &Blob, kind: &str, (digest, size): (Digest, u64)) -> Self {
        let content = Blob { media_type: kind.to_owned(), digest, size };
        // The name that `oras pull` gives the file.
        let title = BTreeMap::from([("org.opencontainers.image.title".to_owned(), file.to_owned())]);
        let document = ImageManifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: Some(kind.to_owned()),
            config: Descriptor::of(&Attachment::config()),
            layers: vec![Descriptor { annotations: title, ..Descriptor::of(&content) }],
            subject: Some(Descriptor::of(subject)),
            annotations: annotations(kind),
        };
        let json = serde_json::to_vec(&document).expect("a manifest has only string keys");
        let manifest =
            Blob { media_type: MANIFEST.to_owned(), digest: Digest::of(&json), size: json.len() as u64 };
        Attachment { file: file.to_owned(), subject: subject.clone(), content, manifest, json }
    }

    /// The config of every artifact.
    pub fn config() -> Blob {
        Blob { media_type: EMPTY.to_owned(), digest: Digest::of(EMPTY_JSON), size: EMPTY_JSON.len() as u64 }
    }

    /// Whether it is the attestation, which another one of the same files may stand for.
    pub fn is_attestation(&self) -> bool {
        self.content.media_type == BUNDLE
    }

    /// Its entry in the index of a registry that does not list artifacts itself.
    pub fn entry(&self) -> Value {
        let Blob { media_type, digest, size } = &self.manifest;
        let kind = &self.content.media_type;
        let mut entry =
            json!({ "mediaType": media_type, "digest": digest, "size": size, "artifactType": kind });
        let annotations = annotations(kind);
        if !annotations.is_empty() {
            entry["annotations"] = json!(annotations);
        }
        entry
    }

    /// The tag of that index (OCI distribution-spec, "Referrers Tag Schema").
    pub fn tag(&self) -> String {
        format!("sha256-{}", self.subject.digest.hex())
    }
}

/// Those of an attestation are cosign's, by which it finds one.
fn annotations(kind: &str) -> BTreeMap<String, String> {
    let bundle =
        [("dev.sigstore.bundle.content", "dsse-envelope"), ("dev.sigstore.bundle.predicateType", PROVENANCE)];
    let own = if kind == BUNDLE { &bundle[..] } else { &[] };
    own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The artifacts of an image: the attestation, about the whole image, and the SBOM of each platform's target. `size` gives the
/// size of an SBOM that there is.
pub fn attachments(
    image: &Image,
    artifacts: &[Artifact],
    attestation: Option<(Digest, u64)>,
    size: impl Fn(&str) -> Option<u64>,
) -> Vec<Attachment> {
    let attestation = attestation.map(|facts| Attachment::new(ATTESTATION, &image.index, BUNDLE, facts));
    let sboms = image.platforms.iter().filter_map(|one| {
        let (_, sbom) = sbom_of(one.platform, artifacts)?;
        let size = size(&sbom.file)?;
        Some(Attachment::new(&sbom.file, &one.manifest, SBOM, (sbom.digest, size)))
    });
    attestation.into_iter().chain(sboms).collect()
}

/// The SBOM of the static binaries of a platform, with their archive.
fn sbom_of(platform: Platform, artifacts: &[Artifact]) -> Option<(&Artifact, &SbomFacts)> {
    let artifact = artifacts.iter().find(|artifact| artifact.target.platform == Some(platform))?;
    Some((artifact, artifact.sbom.as_ref()?))
}

/// The platforms whose image cannot have an SBOM, and those that would get a wrong one, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unfit {
    /// The release has no SBOM for them.
    pub missing: Vec<String>,
    /// The image holds a program that is not in the archive of the SBOM.
    pub wrong: Vec<String>,
}

/// Compares the images of a release with the SBOMs that it attaches to them. An image whose layers were not read was compared before.
pub fn unfit(image: Option<&Image>, manifest: &Manifest) -> Unfit {
    let mut unfit = Unfit::default();
    let attaches = manifest.image.as_ref().is_some_and(|image| image.attached);
    let Some(image) = image.filter(|_| attaches) else { return unfit };
    let artifacts = &manifest.artifacts;
    if artifacts.iter().all(|artifact| artifact.sbom.is_none()) {
        return unfit;
    }
    for one in &image.platforms {
        let platform = one.platform;
        let Some((artifact, sbom)) = sbom_of(platform, artifacts) else {
            let why = "the release has none of a static binary for it";
            unfit.missing.push(format!("no SBOM is attached to the image for {platform}: {why}"));
            continue;
        };
        let is_there = |digest| one.files.iter().any(|file| file.digest == digest);
        if !one.files.is_empty() && !artifact.binaries.iter().any(|binary| is_there(binary.digest)) {
            let (sbom, archive) = (&sbom.file, &artifact.file);
            unfit.wrong.push(format!(
                "`{sbom}` is not the SBOM of the image for {platform}, which holds no program of `{archive}`"
            ));
        }
    }
    unfit
}

/// The files that a release attaches to its image; none unless the project wants it.
pub fn of_release(release: &Release) -> Vec<Attachment> {
    let Some(image) = release.image.as_ref().filter(|_| release.destination.attach) else {
        return Vec::new();
    };
    let attestation = release.attestation().map(|asset| (asset.digest, asset.size));
    attachments(image, &release.manifest.artifacts, attestation, |name| {
        release.asset(name).map(|asset| asset.size)
    })
}
