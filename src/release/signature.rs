//! Who signed a published release or single files, in the words of `floe verify`.

pub mod files;

use serde::Serialize;
use std::collections::BTreeMap;

use crate::attest::{Authentic, Immutable, Instance, Subjects, Unproven};
use crate::release::attestation::{Trust, signed};
use crate::release::published::{Asked, Fetched};
use floe_core::model::Digest;
use floe_core::model::manifest::Artifact;
use floe_core::model::release::{ATTESTATION, CHECKSUMS};
use floe_core::units;
use floe_core::verify::published::Download;

/// Who signed, as far as it is known. It is never called signed unless everything was checked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Signature {
    /// Everything was checked.
    Signed {
        /// The workflow, the repository and the ref.
        by: String,
        /// The run, the machine, the time and the log.
        run: String,
        /// The commit that was built.
        commit: Option<String>,
    },
    /// There is no attestation.
    NotSigned,
    /// There is one, and it could not be checked.
    NotChecked {
        /// The reason.
        why: String,
        /// The way out.
        #[serde(skip)]
        hint: &'static str,
    },
}

/// GitHub's statement about an immutable release.
pub enum Immutability {
    /// GitHub signed it.
    Signed,
    /// The release can still be changed.
    Mutable,
    /// GitHub's signature could not be checked.
    NotChecked(String),
}

impl Signature {
    fn of(found: &Authentic) -> Self {
        let commit = found.claims.source_repository_digest.clone();
        Signature::Signed { by: signed(found), run: run(found), commit }
    }

    /// The words after `verified`.
    pub fn state(&self) -> &'static str {
        match self {
            Signature::Signed { .. } => ", signed",
            Signature::NotSigned => ", not signed",
            Signature::NotChecked { .. } => ", but the signature was not checked",
        }
    }

    fn lines(&self) -> Vec<String> {
        match self {
            Signature::Signed { by, run, .. } => vec![by.clone(), run.clone()],
            Signature::NotSigned => vec!["not signed: nothing proves who built these files".to_owned()],
            Signature::NotChecked { why, .. } => vec![format!("not checked: {why}")],
        }
    }
}

/// `run 77, github-hosted, 2026-11-29 16:01 UTC, in the public log (rekor 9895427)`
fn run(found: &Authentic) -> String {
    let run = found
        .claims
        .run_invocation_uri
        .as_deref()
        .and_then(|run| run.split("/actions/runs/").nth(1)?.split('/').next());
    let log = found.log_index.map(|index| match found.instance {
        Instance::Sigstore => format!("in the public log (rekor {index})"),
        Instance::GitHub | Instance::Given => format!("in the log of the given root ({index})"),
    });
    let parts = [
        run.map(|run| format!("run {run}")),
        found.claims.runner_environment.clone(),
        found.time.map(|time| time.format("%Y-%m-%d %H:%M UTC").to_string()),
        log,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Who signed a release, and everything that is wrong about it.
pub fn of_release(fetched: &Fetched, asked: &Asked<'_>) -> (Signature, Vec<String>) {
    let Fetched { download, bundle, .. } = fetched;
    let wrong = |problem: String| (Signature::NotSigned, vec![problem]);
    // Without a manifest nothing says what the release is, which is a problem already.
    let Ok(manifest) = &download.manifest else { return (Signature::NotSigned, Vec::new()) };
    let check = |bundle: &[u8]| {
        let files = download.files.iter().map(|file| (file.name.clone(), file.digest));
        let image = manifest.image.iter().map(|image| (image.name.to_string(), image.digest));
        let source = (Some(&download.request.tag), Some(&manifest.commit));
        let subjects = Subjects::All(files.chain(image).collect());
        asked.trust.check(bundle, &download.request.repo, source, subjects)
    };
    let bundle = match bundle {
        None if manifest.attested && !asked.unsigned => {
            return wrong(format!(
                "the manifest promises a signature that is not there: `{ATTESTATION}` is missing"
            ));
        }
        None if asked.require => {
            return wrong(format!("the release is not signed: it has no `{ATTESTATION}`"));
        }
        None => return (Signature::NotSigned, Vec::new()),
        Some(Err(why)) => return wrong(format!("the attestation `{ATTESTATION}` cannot be read: {why}")),
        Some(Ok(bundle)) => bundle,
    };
    let found = match check(bundle) {
        Ok(found) => found,
        Err(Unproven::NotChecked { why, hint }) => {
            return (Signature::NotChecked { why, hint }, Vec::new());
        }
        Err(Unproven::Wrong(problems)) => {
            let problems = problems.into_iter().map(|problem| format!("the attestation is wrong: {problem}"));
            return (Signature::NotSigned, problems.collect());
        }
    };
    let attached = download.image.as_ref().and_then(|image| image.attached.as_ref()?.instead.as_ref());
    // An attestation of another run counts.
    let lacks_it = attached.filter(|instead| !instead.iter().any(|bundle| check(bundle).is_ok()));
    let problem = lacks_it.map(|_| {
        format!("`{ATTESTATION}` is not attached to the image, although the manifest promises it, nor is another attestation of these files")
    });
    (Signature::of(&found), problem.into_iter().collect())
}

impl Immutability {
    /// The content of GitHub's own attestation, and everything that is wrong about it.
    pub fn of(fetched: &Fetched, trust: &Trust) -> (Self, Vec<String>) {
        let download = &fetched.download;
        let bundles = match &fetched.by_github {
            None => return (Immutability::Mutable, Vec::new()),
            Some(Err(why)) => return (Immutability::NotChecked(why.clone()), Vec::new()),
            Some(Ok(bundles)) => bundles,
        };
        let Some(commit) = &download.commit else { return (Immutability::Mutable, Vec::new()) };
        let digest =
            |name: &str| download.files.iter().find(|file| file.name == name).map(|file| file.digest);
        let listed = download.release.assets.iter();
        let assets: BTreeMap<String, Option<Digest>> =
            listed.map(|asset| (asset.name.clone(), digest(&asset.name).or(asset.digest))).collect();
        let (repo, tag) = (&download.request.repo, &download.request.tag);
        let expected = Immutable { repo, tag, commit, assets: &assets };
        let (mut wrong, mut unknown) = (Vec::new(), None);
        for bundle in bundles {
            let problems = match trust.authenticate(bundle) {
                Ok(found) => expected.problems(&found),
                Err(Unproven::Wrong(problems)) => problems,
                Err(Unproven::NotChecked { why, .. }) => {
                    unknown = Some(why);
                    continue;
                }
            };
            // Another release may hold the same file, so one that fits is enough.
            if problems.is_empty() {
                return (Immutability::Signed, Vec::new());
            }
            let line = |problem| format!("GitHub's signature of the release is wrong: {problem}");
            wrong.extend(problems.into_iter().map(line));
        }
        let why = unknown.unwrap_or_else(|| "GitHub has no signature of this immutable release".to_owned());
        (Immutability::NotChecked(why), wrong)
    }

    fn line(&self) -> String {
        let line = match self {
            Immutability::Signed => "GitHub signed this release: these assets, this tag, this commit",
            Immutability::Mutable => "no: whoever may push to the repository can change this release",
            Immutability::NotChecked(why) => return format!("not checked: {why}"),
        };
        line.to_owned()
    }
}

/// Everything that was checked about a release, for people.
pub fn lines(
    download: &Download,
    (signature, minisign): (&Signature, Option<String>),
    immutability: &Immutability,
) -> String {
    let request = &download.request;
    let commit = download.commit.as_ref().map(|commit| format!(" at {}", commit.short())).unwrap_or_default();
    let mut text = format!("{} of {}{commit}", request.tag, request.repo);
    let (count, covered) = (download.files.len(), download.covered().len());
    let image = if download.image.is_some() { " and the image" } else { "" };
    let bytes = format!("{count} of {covered} assets{image} as {CHECKSUMS} and the manifest say");
    let attached = download.image.as_ref().and_then(|image| image.attached.as_ref()).map(|attached| {
        format!("{} to the image, as the manifest promises", units::files(attached.files.len()))
    });
    for (name, lines) in [
        ("bytes", vec![bytes]),
        ("signed", signature.lines()),
        ("minisign", minisign.into_iter().collect()),
        ("immutable", vec![immutability.line()]),
        ("sbom", vec![sboms(download)]),
        ("attached", attached.into_iter().collect()),
    ] {
        text.push_str(&block(name, &lines));
    }
    text
}

/// `7 of 7 archives have one, which names their binaries: 159 to 163 crates`. All of them were checked.
fn sboms(download: &Download) -> String {
    let artifacts = download.manifest.iter().flat_map(|manifest| &manifest.artifacts);
    let count = artifacts.clone().count();
    let crates = |artifact: &Artifact| {
        let name = &artifact.sbom.as_ref()?.file;
        let file = download.files.iter().find(|file| file.name == *name)?;
        Some(file.sbom.as_ref()?.as_ref().ok()?.components.len())
    };
    let crates: Vec<usize> = artifacts.filter_map(crates).collect();
    let crates_each = match (crates.iter().min(), crates.iter().max()) {
        (Some(least), Some(most)) if least == most => units::counted(*most, "crate"),
        (Some(least), Some(most)) => format!("{least} to {most} crates"),
        _ => return "none: nothing says which crates are in the binaries".to_owned(),
    };
    format!("{} of {count} archives have one, which names their binaries; {crates_each} each", crates.len())
}

/// `  signed     by …` with further lines below the first.
fn block(name: &str, lines: &[String]) -> String {
    let first = |at| if at == 0 { name } else { "" };
    lines.iter().enumerate().map(|(at, line)| format!("\n  {:<9}  {line}", first(at))).collect()
}
