//! `floe verify`: a dist before publishing, or a published release, downloaded without a token if it is public.

use std::path::PathBuf;

use anyhow::bail;
use serde::Serialize;

mod files;

use super::repo;
use crate::channels::packages::{self, PackageSource};
use crate::cli::{Attest, ReleaseArgs, VerifyArgs};
use crate::error::{Exit, exit_of, invalid, usage};
use crate::files::scratch::Scratch;
use crate::net::stop;
use crate::package::{audit, sbom};
use crate::release::channel::{self, Followed};
use crate::release::inputs::Inputs;
use crate::release::published::{self, MustBeSigned, Signature};
use crate::release::trust::Trust;
use crate::release::{assemble, dist, session, smoke_test};
use crate::report::{Report, markdown, size};
use crate::token::Token;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Digest, Manifest, PromisedFile, Record, Schema, Tag};
use floe_core::parallel;
use floe_core::units;
use floe_core::verify::published::{Download, ReleaseRequest};
use floe_core::verify::{Problem, Verified};

/// Runs the subcommand. Every problem is reported, with exit code 3.
pub async fn verify(args: VerifyArgs, report: &Report) -> anyhow::Result<()> {
    let common = &args.common;
    match (&args.release, &common.attestation) {
        (Some(tag), _) => verify_published(tag, &args, report).await,
        (None, Some(bundle)) => files::verify(&args, bundle, &repo(&common.project, &common.remote)?, report),
        (None, None) => verify_dist(args, report),
    }
}

fn verify_dist(mut args: VerifyArgs, report: &Report) -> anyhow::Result<()> {
    if let Some(file) = args.common.dists.iter().find(|path| path.is_file()) {
        let file = file.display();
        let text =
            format!("`{file}` is a file: a dist is a folder, and a file is checked by its attestation");
        let command = "--attestation SHA256SUMS.sigstore.json --repo OWNER/NAME";
        bail!(usage(text).hint(format!("`floe verify {file} {command}`")));
    }
    // Taken out, because `Inputs` does not unpack a dist whose digest is expected.
    let expected = args.common.expect.take();
    let inputs = Inputs::find(&args.common)?;
    let mut verified = inputs.verify()?;
    if args.render {
        // The rendered files are written again.
        verified.rendered.clear();
    }
    read_binaries_again(&verified, report)?;
    inputs.signatures(&verified, report)?;
    let mut verdict = Verdict::of_dist(&verified);
    match inputs.release_without_notes(verified, report) {
        Ok(whole) => {
            let sums = whole.sums();
            let hint = "do not publish it: the digest is of another dist, or of other arguments";
            check_sums(Some(&sums), expected.as_ref(), hint)?;
            verdict.sums = Some(sums);
            if let (true, Some(dist)) = (args.render, args.common.dists.first()) {
                for path in assemble::write_rendered(&whole, dist)? {
                    report.step("Rendered", path.display().to_string());
                }
            }
        }
        Err(error) => {
            // Without its repository or commit a dist can still be sound; only the digest is then unknown.
            let is_problem = exit_of(&error) == Exit::Problems;
            if expected.is_some() || args.render || is_problem {
                return Err(error);
            }
            report.warn(format!(
                "the digest of `SHA256SUMS`, for `floe publish --expect`, is unknown: {error:#}"
            ));
        }
    }
    verdict.show(&format!("{} {}", verdict.name, verdict.version), args.json, report)
}

async fn verify_published(tag: &Tag, args: &VerifyArgs, report: &Report) -> anyhow::Result<()> {
    let ReleaseArgs { image, expect, attest, trust, project, source, remote, .. } = &args.common;
    let repo = repo(project, remote)?;
    stop::listen(report);
    let scratch = match &args.keep {
        Some(folder) => Scratch::inside(folder)?,
        None => Scratch::new("verify")?,
    };
    let request = ReleaseRequest {
        name: project.package.clone(),
        commit: source.commit.clone(),
        ..published::request(&repo, tag, image.as_ref(), remote)?
    };
    let verified =
        published::download(request, Token::github(), remote, scratch.path(), session::retry(remote, report))
            .await?;
    let is_required = attest.attest == Some(Attest::Required);
    let must_be_signed = match args.require_attestation || trust.signer.is_some() || is_required {
        true => MustBeSigned::Always,
        false => MustBeSigned::IfPromised,
    };
    let checked = published::verify(&verified, &Trust::of(trust)?, must_be_signed, report);
    if args.keep.is_some() {
        // A wrong release is kept too, to be looked at.
        scratch.keep()?;
    }
    let checked = checked?;
    let sums = verified.file(CHECKSUMS).map(|file| &file.digest);
    let hint = "do not run the downloaded files: the release is not the one that was assembled";
    check_sums(sums, expect.as_ref(), hint)?;
    let manifest = verified.manifest.as_ref().map_err(|why| anyhow::anyhow!("{why}"))?;
    let assets = args.keep.as_deref().unwrap_or(scratch.path()).join("assets");
    published::verify_binaries(&verified, manifest, &assets)?;
    if let Some(built_on) = &manifest.built_on {
        report.step("Built", format!("on {}", built_on.line()));
    }
    if let Some(argument) = &args.run {
        report.refuse_warnings()?;
        smoke_test::run_downloaded(manifest, &assets, argument, report).await?;
    }
    report.output("tag", tag.as_str());
    let channels = channel::follow(manifest, Token::github(), remote, report).await?;
    let summary = checked.summary(&verified);
    let signature = Some(checked.signature);
    let verdict = Verdict { channels, signature, ..Verdict::of_download(&verified, manifest) };
    verdict.show(&format!("Release `{tag}` of {repo}"), args.json, report)?;
    if !args.json {
        report.out(summary);
    }
    Ok(())
}

/// `SHA256SUMS` must have the expected digest, if one is expected.
fn check_sums(found: Option<&Digest>, expected: Option<&Digest>, hint: &str) -> anyhow::Result<()> {
    let Some(expected) = expected.filter(|expected| found != Some(expected)) else { return Ok(()) };
    let found = found.map_or_else(|| "no digest".to_owned(), |found| format!("the digest {found}"));
    Err(invalid(format!("`{CHECKSUMS}` has {found}, but {expected} is expected")).hint(hint).into())
}

/// The result of a verification as JSON, schema 1. It exists only if nothing is wrong.
#[derive(Debug, Serialize)]
struct Verdict {
    schema: Schema<1>,
    name: String,
    version: semver::Version,
    files: Vec<VerdictFile>,
    /// The digest of the image index.
    image: Option<Digest>,
    /// The digest of `SHA256SUMS`, which covers all of it: `floe publish --expect` takes it. Unknown for a dist if
    /// nothing says where it is released.
    sums: Option<Digest>,
    /// The files of a published release that it does not cover.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uncovered: Vec<String>,
    /// The channels of a published release, each with the file that it shows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    channels: Vec<Followed>,
    /// Who signed a published release.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
}

/// One verified file, its size in bytes.
#[derive(Debug, Serialize)]
struct VerdictFile {
    name: String,
    size: u64,
    digest: Digest,
}

impl Verdict {
    fn of_dist(verified: &Verified) -> Self {
        let archives = verified.archives.iter().map(|(record, _)| &record.archive);
        let archives = archives.map(|facts| (&facts.file, facts.size, facts.digest));
        let further = verified.files.iter().chain(&verified.rendered);
        let further = further.map(|file| (&file.name, file.size, file.digest));
        let image = verified.image.as_ref().map(|image| image.index.digest);
        Verdict::of((&verified.name, &verified.version), archives.chain(further), image)
    }

    fn of_download(download: &Download, manifest: &Manifest) -> Self {
        let files = download.files.iter().map(|file| (&file.name, file.size, file.digest));
        let image = manifest.image.as_ref().map(|image| image.digest);
        Verdict {
            sums: download.file(CHECKSUMS).map(|file| file.digest),
            uncovered: download.uncovered().into_iter().map(str::to_owned).collect(),
            ..Verdict::of((&manifest.name, &manifest.version), files, image)
        }
    }

    fn of<'a>(
        (name, version): (&str, &semver::Version),
        files: impl Iterator<Item = (&'a String, u64, Digest)>,
        image: Option<Digest>,
    ) -> Self {
        let file = |(name, size, digest): (&String, _, _)| VerdictFile { name: name.clone(), size, digest };
        Verdict {
            schema: Schema,
            name: name.to_owned(),
            version: version.clone(),
            files: files.map(file).collect(),
            image,
            sums: None,
            uncovered: Vec::new(),
            channels: Vec::new(),
            signature: None,
        }
    }

    fn show(&self, title: &str, as_json: bool, report: &Report) -> anyhow::Result<()> {
        let files =
            self.files.iter().map(|file| [file.name.clone(), size(file.size), format!("`{}`", file.digest)]);
        let image = self.image.map(|digest| format!("\nimage `{digest}`\n")).unwrap_or_default();
        let state = match self.uncovered.len() {
            0 => "verified".to_owned(),
            1 => "verified, but 1 further file is not covered".to_owned(),
            count => format!("verified, but {count} further files are not covered"),
        };
        let state = state + self.signature.as_ref().map_or("", Signature::state);
        let table = markdown::table(["file", "size", "digest"], files);
        report.summary(&format!("### {title}: {state}\n\n{table}{image}"));
        if let Some(sums) = self.sums {
            report.output("sums", &sums.to_string());
        }
        if as_json {
            return report.json(self);
        }
        let Verdict { name, version, files, .. } = self;
        let count = units::files(files.len());
        let bytes = size(files.iter().map(|file| file.size).sum());
        let image = self.image.map(|digest| format!(", image {digest}")).unwrap_or_default();
        let sums = self.sums.map(|digest| format!(", SHA256SUMS {digest}")).unwrap_or_default();
        report.out(format!("{name} {version}: {count}, {bytes}{image}{sums}: {state}"));
        Ok(())
    }
}

/// The facts in the records were judged; here they are read from the binaries once more, and packages are made again.
pub(super) fn read_binaries_again(verified: &Verified, report: &Report) -> anyhow::Result<()> {
    for (record, _) in &verified.archives {
        packages::of_other_revisions(&record.packages).for_each(|line| report.warn(line));
    }
    let again = |archive: &(Record, PathBuf)| read_again(archive, &verified.files);
    let problems = parallel::map(verified.archives.iter().collect(), again);
    let problems = problems.into_iter().collect::<anyhow::Result<Vec<_>>>()?.concat();
    if problems.is_empty() { Ok(()) } else { Err(dist::refuse(&problems).into()) }
}

fn read_again((record, path): &(Record, PathBuf), files: &[PromisedFile]) -> anyhow::Result<Vec<Problem>> {
    let (archive, found) = (&record.archive.file, audit::binaries(path, &record.binaries)?);
    let mut problems = Vec::new();
    let sbom = record.sbom.as_ref().and_then(|sbom| files.iter().find(|file| file.name == sbom.file));
    if let Some(sbom) = sbom {
        let whys = sbom::compare_embedded(&sbom.path, archive, &found);
        problems.extend(whys.into_iter().map(Problem::from));
    }
    for binary in &record.binaries {
        let again = found.iter().find(|one| one.inside.as_ref() == Some(&binary.path)).map(|one| &one.facts);
        if again != binary.facts.as_ref() {
            let path = &binary.path;
            let text = format!("`{path}` has other facts than its record says; pack it again (`{archive}`)");
            problems.push(text.into());
        }
    }
    let edited = PackageSource::of_record(record).edited(path, &record.packages)?;
    problems.extend(edited.into_iter().map(|file| dist::edited(&path.with_file_name(file))));
    Ok(problems)
}
