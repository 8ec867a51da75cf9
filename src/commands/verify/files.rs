//! `floe verify FILE… --attestation BUNDLE`: who signed single files. It uses no network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::attest::{Authentic, Bundle, Expected, Subjects, Unproven};
use crate::cli::{ReleaseArgs, VerifyArgs};
use crate::error::{AtPath as _, Failure, Wrong, invalid, usage};
use crate::package::sbom;
use crate::release::published::{Signature, block};
use crate::release::trust::{Trust, read_bundle};
use crate::report::Report;
use floe_core::model::sbom::{SUFFIX, TARGET};
use floe_core::model::{Digest, Repo, Sbom, Schema};
use floe_core::units;
use floe_core::untrusted::files;

/// The result as JSON, schema 1. It exists only if nothing is wrong.
#[derive(Debug, Serialize)]
struct Signed {
    schema: Schema<1>,
    repository: String,
    files: Vec<SignedFile>,
    signature: Signature,
}

#[derive(Debug, Serialize)]
struct SignedFile {
    path: String,
    /// Its name in the attestation.
    name: String,
    digest: Digest,
}

/// Whether the bundle is an attestation of these files. Of several bundles in one file, one that fits is enough.
pub fn verify(args: &VerifyArgs, bundle: &Path, repo: &Repo, report: &Report) -> anyhow::Result<()> {
    let ReleaseArgs { dists, trust, source, .. } = &args.common;
    let (trust, digests) = (Trust::of(trust)?, digests(dists)?);
    let expected = Expected {
        repo,
        tag: source.tag.as_ref(),
        commit: source.commit.as_ref(),
        signer: trust.signer.as_ref(),
        subjects: Subjects::Some(digests.clone()),
    };
    let bundles = read_bundle(bundle)?;
    let read = || format!("failed to read the attestation `{}`", bundle.display());
    let bundles = Bundle::split(&bundles).map_err(anyhow::Error::msg).with_context(read)?;
    let (mut wrong, mut unchecked) = (Vec::new(), None);
    for (at, one) in bundles.iter().enumerate() {
        match trust.check(one, &expected) {
            Ok(found) => return show(&found, digests, repo, args.json, report),
            Err(Unproven::NotChecked { why, hint }) => unchecked = Some((why, hint)),
            Err(Unproven::Wrong(problems)) => {
                let which = if bundles.len() == 1 { String::new() } else { format!("bundle {}: ", at + 1) };
                wrong.extend(problems.into_iter().map(|problem| which.clone() + &problem));
            }
        }
    }
    // One that could not be checked may be the right one.
    if let Some((why, hint)) = unchecked {
        let text = format!("the attestation `{}` could not be checked: {why}", bundle.display());
        return Err(Failure::new(text).details(wrong).hint(hint).into());
    }
    let files = units::files(digests.len()).replace("1 file", "this file");
    let is_bundle = bundles.iter().any(|one| Bundle::parse(one).is_ok());
    let (text, hint) = match is_bundle {
        true => (
            format!("the attestation `{}` does not prove {files} to be of `{repo}`", bundle.display()),
            "do not use the files; download them and the attestation from the release again",
        ),
        false => (
            format!("`{}` is not an attestation", bundle.display()),
            "give the bundle that lies beside the files of the release: `--attestation SHA256SUMS.sigstore.json`",
        ),
    };
    Err(invalid(text).details(wrong).hint(hint).into())
}

/// The digest of each file. Every file that cannot be read is named.
fn digests(paths: &[PathBuf]) -> anyhow::Result<BTreeMap<String, Digest>> {
    let digest = |path: &PathBuf| {
        let name = path.display().to_string();
        ensure!(!path.is_dir(), usage(format!("`{name}` is a folder; name the files in it")));
        let (digest, _) = files::open(path).and_then(Digest::of_reader).at("failed to read", path)?;
        Ok((name, digest))
    };
    let mut wrong = Wrong::default();
    let digests = paths.iter().filter_map(|path| wrong.keep(digest(path))).collect();
    wrong.refuse("files cannot be read").map(|()| digests)
}

fn show(
    found: &Authentic,
    digests: BTreeMap<String, Digest>,
    repo: &Repo,
    as_json: bool,
    report: &Report,
) -> anyhow::Result<()> {
    let signature = Signature::from(found);
    let name = |digest: Digest| {
        let subject = found.statement.subjects.iter().find(|subject| subject.sha256() == Some(digest));
        subject.map(|subject| subject.name.clone()).unwrap_or_default()
    };
    let file = |(path, digest)| SignedFile { path, name: name(digest), digest };
    let files: Vec<SignedFile> = digests.into_iter().map(file).collect();
    if as_json {
        return report.json(&Signed { schema: Schema, repository: repo.to_string(), files, signature });
    }
    let mut bytes = vec![format!("{} as the attestation says", units::files(files.len()))];
    bytes.extend(files.iter().filter_map(SignedFile::renamed));
    let sboms: Vec<String> = files.iter().filter_map(SignedFile::contents).collect();
    let commit = found.claims.source_repository_digest.as_ref();
    let commit = commit.map(|commit| format!(" at {commit}")).unwrap_or_default();
    let [bytes, signed, sboms] = [("bytes", bytes), ("signed", signature.lines()), ("sbom", sboms)]
        .map(|(name, lines)| block(name, &lines));
    report.out(format!("{repo}{commit}{bytes}{signed}{sboms}"));
    Ok(())
}

impl SignedFile {
    /// A file is known by its content. Under another name it may be an unexpected one.
    fn renamed(&self) -> Option<String> {
        let file = self.path.rsplit(['/', '\\']).next();
        (file != Some(&self.name)).then(|| format!("`{}` is `{}` in the attestation", self.path, self.name))
    }

    /// The content of an SBOM in one line.
    fn contents(&self) -> Option<String> {
        let sbom = self.name.ends_with(SUFFIX).then(|| sbom::read(Path::new(&self.path)))?;
        Some(match sbom {
            Ok(sbom) => format!("`{}` {}", self.name, describe(&sbom)),
            Err(why) => format!("`{}` cannot be read: {why}", self.name),
        })
    }
}

/// `lists 161 crates of tool 1.4.0 for x86_64-unknown-linux-musl`
fn describe(sbom: &Sbom) -> String {
    let component = &sbom.metadata.component;
    let version = component.version.as_deref().unwrap_or_default();
    let target = sbom.metadata.properties.iter().find(|property| property.name == TARGET);
    let target = target.map(|target| format!(" for {}", target.value)).unwrap_or_default();
    let crates = units::counted(sbom.components.len(), "crate");
    format!("lists {crates} in {} {version}{target}", component.name)
}
