//! `floe verify`: a dist before publishing, or a published release, downloaded without a token if it is public.

use std::path::PathBuf;

use serde::Serialize;

use super::repo;
use crate::channels::packages;
use crate::cli::{ReleaseArgs, VerifyArgs};
use crate::error::{Exit, Failure, usage};
use crate::files::scratch::Scratch;
use crate::net::stop;
use crate::package::{audit, sbom};
use crate::release::attestation::Trust;
use crate::release::channels::Followed;
use crate::release::inputs::Inputs;
use crate::release::signature::{self, Signature};
use crate::release::{assemble, channels, dist, published, session, smoke_test};
use crate::report::{Report, markdown, size};
use crate::token::Token;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Digest, Manifest, Record, Schema, Tag};
use floe_core::parallel;
use floe_core::units;
use floe_core::verify::published::{Download, File, ReleaseRequest};
use floe_core::verify::{Problem, Verified};

/// Runs the subcommand. Every problem is reported, with exit code 3.
pub async fn verify(args: VerifyArgs, report: &Report) -> anyhow::Result<()> {
    match (&args.release, &args.attestation) {
        (Some(tag), _) => verify_published(tag, &args, report).await,
        (None, Some(bundle)) => {
            signature::files::verify(&args, bundle, &repo(&args.project, &args.remote)?, report)
        }
        (None, None) => verify_dist(args, report),
    }
}

fn verify_dist(args: VerifyArgs, report: &Report) -> anyhow::Result<()> {
    if let Some(file) = args.dists.iter().find(|path| path.is_file()) {
        return Err(usage(format!(
            "`{}` is a file: a dist is a folder, and a file is checked by its attestation",
            file.display()
        ))
        .hint(format!(
            "`floe verify {} --attestation SHA256SUMS.sigstore.json --repo OWNER/NAME`",
            file.display()
        ))
        .into());
    }
    let release = ReleaseArgs {
        dists: args.dists,
        targets: args.targets,
        no_image: args.no_image,
        image: args.image,
        notes_file: None,
        // All of it is read, also if its digest is known.
        expect: None,
        attestation: None,
        attest: args.attest,
        trust: args.trust,
        project: args.project,
        source: args.source,
        remote: args.remote,
    };
    let inputs = Inputs::find(&release)?;
    let mut verified = dist::verify(dist::read(&release.dists, inputs.depth())?, inputs.expect())?;
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
            check_sums(
                Some(&sums),
                args.expect.as_ref(),
                "do not publish it: it is not the dist that was assembled",
            )?;
            verdict.sums = Some(sums);
            if let (true, Some(dist)) = (args.render, release.dists.first()) {
                for path in assemble::write_rendered(&whole, dist)? {
                    report.step("Rendered", path.display().to_string());
                }
            }
        }
        Err(error) if args.expect.is_some() || args.render || is_problem(&error) => return Err(error),
        Err(error) => {
            report.warn(format!(
                "the digest of `SHA256SUMS`, for `floe publish --expect`, is unknown: {error:#}"
            ));
        }
    }
    verdict.show(&format!("{} {}", verdict.name, verdict.version), args.json, report)
}

/// Whether an error is about the dist, and not about what is unknown here.
fn is_problem(error: &anyhow::Error) -> bool {
    let is_it = |failure: &Failure| failure.exit_code() == Exit::Problems;
    error.chain().any(|cause| cause.downcast_ref::<Failure>().is_some_and(is_it))
}

async fn verify_published(tag: &Tag, args: &VerifyArgs, report: &Report) -> anyhow::Result<()> {
    let repo = repo(&args.project, &args.remote)?;
    stop::listen(report);
    let scratch = match &args.keep {
        Some(folder) => Scratch::inside(folder)?,
        None => Scratch::new("verify")?,
    };
    let request = ReleaseRequest {
        name: args.project.package.clone(),
        commit: args.source.commit.clone(),
        image: args.image.clone(),
        ..published::request(&repo, tag, &args.remote)?
    };
    let (remote, token) = (&args.remote, Token::github());
    let fetched =
        published::download(request, token, remote, scratch.path(), session::retry(remote, report)).await?;
    let asked = published::Asked {
        trust: &Trust::of(&args.trust)?,
        require: args.require_attestation,
        unsigned: false,
    };
    let verified = published::verify(fetched, &asked, report);
    if args.keep.is_some() {
        // A wrong release is kept too, to be looked at.
        scratch.keep()?;
    }
    let published::Checked { download: verified, signature, lines, .. } = verified?;
    let sums = verified.files.iter().find(|file| file.name == CHECKSUMS).map(|file| &file.digest);
    let hint = "do not run the downloaded files: the release is not the one that was assembled";
    check_sums(sums, args.expect.as_ref(), hint)?;
    let manifest = verified.manifest.as_ref().map_err(|why| anyhow::anyhow!("{why}"))?;
    let assets = args.keep.as_deref().unwrap_or(scratch.path()).join("assets");
    published::verify_embedded(&verified, manifest, &assets)?;
    if let Some(built_on) = &manifest.built_on {
        report.step("Built", format!("on {}", built_on.line()));
    }
    if let Some(argument) = &args.run {
        report.refuse_warnings()?;
        smoke_test::run_downloaded(manifest, &assets, argument, report).await?;
    }
    report.output("tag", tag.as_str());
    let channels = channels::follow(manifest, remote, report).await?;
    let verdict =
        Verdict { channels, signature: Some(signature), ..Verdict::of_download(&verified, manifest) };
    verdict.show(&format!("Release `{tag}` of {repo}"), args.json, report)?;
    if !args.json {
        report.out(lines);
    }
    Ok(())
}

/// `SHA256SUMS` must have the expected digest, if one is expected.
fn check_sums(found: Option<&Digest>, expected: Option<&Digest>, hint: &str) -> anyhow::Result<()> {
    match (found, expected) {
        (_, None) => Ok(()),
        (Some(found), Some(expected)) if found == expected => Ok(()),
        (_, Some(expected)) => {
            let found = found.map_or_else(|| "no digest".to_owned(), Digest::to_string);
            Err(Failure::new(format!("`{CHECKSUMS}` has {found}, but {expected} is expected"))
                .hint(hint)
                .exit(Exit::Problems)
                .into())
        }
    }
}

/// The result of a verification as JSON, schema 1. It exists only if nothing is wrong.
#[derive(Debug, Serialize)]
struct Verdict {
    schema: Schema<1>,
    name: String,
    version: semver::Version,
    files: Vec<VerdictFile>,
    /// The number of files in words: of a dist, the archives are listed alone.
    #[serde(skip)]
    count: fn(usize) -> String,
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
        let file = |(record, _): &(Record, PathBuf)| VerdictFile {
            name: record.archive.file.clone(),
            size: record.archive.size,
            digest: record.archive.digest,
        };
        Verdict {
            schema: Schema,
            name: verified.name.clone(),
            version: verified.version.clone(),
            files: verified.archives.iter().map(file).collect(),
            count: units::archives,
            image: verified.image.as_ref().map(|image| image.index.digest),
            sums: None,
            uncovered: Vec::new(),
            channels: Vec::new(),
            signature: None,
        }
    }

    fn of_download(download: &Download, manifest: &Manifest) -> Self {
        let file =
            |file: &File| VerdictFile { name: file.name.clone(), size: file.size, digest: file.digest };
        let sums = download.files.iter().find(|file| file.name == CHECKSUMS);
        Verdict {
            schema: Schema,
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            files: download.files.iter().map(file).collect(),
            count: units::files,
            image: manifest.image.as_ref().map(|image| image.digest),
            sums: sums.map(|file| file.digest),
            uncovered: download.uncovered().into_iter().map(str::to_owned).collect(),
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
        let bytes = size(files.iter().map(|file| file.size).sum());
        let image = self.image.map(|digest| format!(", image {digest}")).unwrap_or_default();
        let sums = self.sums.map(|digest| format!(", SHA256SUMS {digest}")).unwrap_or_default();
        let files = (self.count)(files.len());
        report.out(format!("{name} {version}: {files}, {bytes}{image}{sums}: {state}"));
        Ok(())
    }
}

/// The facts in the records were judged; here they are read from the binaries once more, and packages are made again.
pub(super) fn read_binaries_again(verified: &Verified, report: &Report) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    let audit = |(_, path): &(Record, PathBuf)| audit::audit(path);
    let audited = parallel::map(verified.archives.iter().collect(), audit);
    for ((record, _), found) in verified.archives.iter().zip(audited) {
        let found = found?;
        let sbom = record.sbom.as_ref();
        let path = sbom.and_then(|sbom| verified.files.iter().find(|file| file.name == sbom.file));
        for (file, why) in path.iter().flat_map(|file| {
            sbom::compare_embedded(&file.path, &found).into_iter().map(move |why| (&file.name, why))
        }) {
            let (sbom, file) = (file.clone(), record.archive.file.clone());
            problems.push(Problem::BadSbom { sbom, file, why });
        }
        for binary in &record.binaries {
            let again =
                found.iter().find(|one| one.inside.as_ref() == Some(&binary.path)).map(|one| &one.facts);
            if again != binary.facts.as_ref() {
                let (file, path) = (record.archive.file.clone(), binary.path.clone());
                problems.push(Problem::Contents {
                    file,
                    path,
                    why: "has other facts than its record says; pack it again",
                });
            }
        }
    }
    let again = |(record, archive): &(Record, PathBuf)| -> anyhow::Result<Vec<Problem>> {
        let edited = packages::edited(record, archive)?;
        let folder = archive.with_file_name("");
        Ok(edited.into_iter().map(|file| Problem::Edited { path: folder.join(file) }).collect())
    };
    for (record, _) in &verified.archives {
        packages::of_other_revisions(&record.packages).for_each(|line| report.warn(line));
    }
    let edited = parallel::map(verified.archives.iter().collect(), again);
    problems.extend(edited.into_iter().collect::<anyhow::Result<Vec<_>>>()?.concat());
    if problems.is_empty() { Ok(()) } else { Err(dist::refuse(&problems).into()) }
}
