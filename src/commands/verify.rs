//! `floe verify`: a dist before publishing, or a published release as a stranger would check it.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use super::repo;
use crate::cli::{ReleaseArgs, VerifyArgs};
use crate::files::scratch::Scratch;
use crate::net::stop;
use crate::package::audit;
use crate::release::inputs::Inputs;
use crate::release::{dist, published, smoke_test};
use crate::report::{Report, markdown, size};
use crate::token::Token;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Digest, Record, Schema, Tag};
use floe_core::parallel;
use floe_core::verify::published::{Download, File};
use floe_core::verify::{Problem, Verified};

/// Runs the verb. Every problem is reported, with exit code 3.
pub async fn verify(args: VerifyArgs, report: &Report) -> anyhow::Result<()> {
    match &args.release {
        Some(tag) => verify_published(tag, &args, report).await,
        None => verify_dist(args, report),
    }
}

fn verify_dist(args: VerifyArgs, report: &Report) -> anyhow::Result<()> {
    let release = ReleaseArgs {
        dists: args.dists,
        targets: args.targets,
        no_image: args.no_image,
        image: args.image,
        notes_file: None,
        expect: None,
        project: args.project,
        source: args.source,
        remote: args.remote,
    };
    let inputs = Inputs::find(&release)?;
    let verified = dist::verify(dist::read(&release.dists, inputs.depth())?, inputs.expect())?;
    read_binaries_again(&verified)?;
    let mut verdict = Verdict::of_dist(&verified);
    match inputs.sums(verified) {
        Ok(sums) => verdict.sums = Some(sums),
        Err(error) => {
            report.warn(format!(
                "the digest of `SHA256SUMS`, for `floe publish --expect`, is unknown: {error:#}"
            ));
        }
    }
    verdict.show(&format!("{} {}", verdict.name, verdict.version), args.json, report)
}

async fn verify_published(tag: &Tag, args: &VerifyArgs, report: &Report) -> anyhow::Result<()> {
    let repo = repo(&args.project, &args.remote)?;
    stop::listen(report);
    let title = format!("Release `{tag}` of {repo}");
    let scratch = if args.keep.is_none() { Some(Scratch::new("verify")?) } else { None };
    let folder = args.keep.as_deref().or(scratch.as_ref().map(Scratch::path));
    let folder = folder.context("there is no folder to download to")?;
    let token = Token::github();
    let verdict = verdict(published::download(tag, repo, token, &args.remote, folder, report).await?)?;
    if let Some(argument) = &args.run {
        smoke_test::run_downloaded(&folder.join("assets"), &verdict.name, argument, report)?;
    }
    report.output("tag", tag.as_str());
    verdict.show(&title, args.json, report)
}

/// The result of a verification as JSON, schema 1. It exists only if nothing is wrong.
#[derive(Debug, Serialize)]
pub struct Verdict {
    schema: Schema<1>,
    name: String,
    version: semver::Version,
    /// The files, with size in bytes and digest.
    pub files: Vec<VerdictFile>,
    /// The digest of the image index.
    pub image: Option<Digest>,
    /// The digest of `SHA256SUMS`, which covers all of it: `floe publish --expect` takes it. Unknown for a dist if
    /// nothing says where it is released.
    pub sums: Option<Digest>,
}

/// One verified file.
#[derive(Debug, Serialize)]
pub struct VerdictFile {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
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
            image: verified.image.as_ref().map(|image| image.index.digest),
            sums: None,
        }
    }

    fn show(&self, title: &str, as_json: bool, report: &Report) -> anyhow::Result<()> {
        let files =
            self.files.iter().map(|file| [file.name.clone(), size(file.size), format!("`{}`", file.digest)]);
        let image = self.image.map(|digest| format!("\nimage `{digest}`\n")).unwrap_or_default();
        report.summary(&format!(
            "### {title}: all is as it should be\n\n{}{image}",
            markdown::table(["file", "size", "digest"], files)
        ));
        if let Some(sums) = self.sums {
            report.output("sums", &sums.to_string());
        }
        if as_json {
            return report.json(self);
        }
        report.out(self.line());
        Ok(())
    }

    fn line(&self) -> String {
        let bytes = self.files.iter().map(|file| file.size).sum();
        let image = self.image.map(|digest| format!(", image {digest}")).unwrap_or_default();
        let sums = self.sums.map(|digest| format!(", SHA256SUMS {digest}")).unwrap_or_default();
        format!(
            "{} {}: {} files, {}{image}{sums}: all is as it should be",
            self.name,
            self.version,
            self.files.len(),
            size(bytes)
        )
    }
}

/// The gate has judged the facts in the records; here they are read from the binaries once more.
fn read_binaries_again(verified: &Verified) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    let audit = |(_, path): &(Record, PathBuf)| audit::audit(path);
    let audited = parallel::map(verified.archives.iter().collect(), audit);
    for ((record, _), found) in verified.archives.iter().zip(audited) {
        let found = found?;
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
    if problems.is_empty() { Ok(()) } else { Err(dist::refuse(&problems).into()) }
}

fn verdict(download: Download) -> anyhow::Result<Verdict> {
    let manifest = download.manifest.map_err(anyhow::Error::msg)?;
    let file = |file: File| VerdictFile { name: file.name, size: file.size, digest: file.digest };
    let sums = download.files.iter().find(|file| file.name == CHECKSUMS).map(|file| file.digest);
    Ok(Verdict {
        schema: Schema,
        name: manifest.name,
        version: manifest.version,
        files: download.files.into_iter().map(file).collect(),
        image: manifest.image.map(|image| image.digest),
        sums,
    })
}
