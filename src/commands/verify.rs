//! `floe verify`: a dist before publishing, or a published release as a stranger would check it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::{context, gather, tell, trial};
use crate::cli::{RemoteArgs, VerifyArgs};
use crate::download::Stranger;
use crate::error::{Exit, Failure};
use crate::files::scratch::Scratch;
use crate::net::stop;
use crate::release::remote;
use crate::report::{Report, size};
use crate::token::Token;
use floe_core::model::{Digest, Record, Repo, Schema, Tag};
use floe_core::parallel;
use floe_core::verify::published::{self, Download};
use floe_core::verify::{Problem, Verified};

/// Runs the verb.
///
/// # Errors
/// Every problem, with exit code 3; or something cannot be read or reached (1).
pub async fn verify(args: VerifyArgs, report: &Report) -> anyhow::Result<()> {
    let context = context(&args.project, &args.remote);
    match &args.release {
        Some(tag) => {
            stop::listen(report);
            let repo = context.repo()?.clone();
            let scratch = match (&args.keep, &args.run) {
                (None, Some(_)) => Some(Scratch::new("verify")?),
                _ => None,
            };
            let keep = args.keep.as_deref().or(scratch.as_ref().map(Scratch::path));
            let name = repo.to_string();
            let verdict = as_stranger(tag, (repo, Token::github()), &args.remote, keep, report).await?;
            if let (Some(argument), Some(folder)) = (&args.run, keep) {
                trial::run_downloaded(&folder.join("assets"), &verdict.name, argument, report)?;
            }
            tell::verified(&verdict, &format!("Release `{tag}` of {name}"), report);
            report.output("tag", tag.as_str());
            verdict.tell(args.json, report)
        }
        None => {
            let expect = gather::expect(context.project()?, &args.targets, args.no_image, &args.source)?;
            let verified = gather::check(&args.dists, &expect)?;
            read_binaries_again(&verified)?;
            let verdict = Verdict::of_dist(&verified);
            tell::verified(&verdict, &format!("{} {}", verified.name, verified.version), report);
            verdict.tell(args.json, report)
        }
    }
}

/// What was verified, as JSON, schema 1. It exists only if nothing is wrong.
#[derive(Debug, Serialize)]
pub struct Verdict {
    schema: Schema<1>,
    name: String,
    version: semver::Version,
    /// The files, with size in bytes and digest.
    pub files: Vec<VerdictFile>,
    /// The digest of the image index.
    pub image: Option<Digest>,
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
        }
    }

    fn tell(&self, as_json: bool, report: &Report) -> anyhow::Result<()> {
        if as_json {
            return report.json(self);
        }
        report.out(self.line());
        Ok(())
    }

    fn line(&self) -> String {
        let bytes = self.files.iter().map(|file| file.size).sum();
        let image = self.image.map(|digest| format!(", image {digest}")).unwrap_or_default();
        format!(
            "{} {}: {} files, {}{image}: all is as it should be",
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
    let audit = |(_, path): &(Record, PathBuf)| crate::package::audit::audit(path);
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
    if problems.is_empty() { Ok(()) } else { Err(gather::refuse(&problems).into()) }
}

/// Downloads a published release and checks every byte of it. The spare token is used only where a stranger sees
/// no repository.
///
/// # Errors
/// There is no such release (1), it has problems (3), or a server cannot be reached (1).
pub async fn as_stranger(
    tag: &Tag,
    (repo, spare): (Repo, Option<Token>),
    args: &RemoteArgs,
    keep: Option<&Path>,
    report: &Report,
) -> anyhow::Result<Verdict> {
    let scratch = if keep.is_some() { None } else { Some(Scratch::new("verify")?) };
    let folder = keep.or(scratch.as_ref().map(Scratch::path)).context("there is no folder to download to")?;
    verdict(download(tag, (repo, spare), args, folder, report).await?)
}

/// The same, and hands over what was downloaded into `folder`: the assets below `assets/`, the image as `image/`.
///
/// # Errors
/// As [`as_stranger`].
pub async fn download(
    tag: &Tag,
    (repo, spare): (Repo, Option<Token>),
    args: &RemoteArgs,
    folder: &Path,
    report: &Report,
) -> anyhow::Result<Download> {
    let retry = remote::retry(args, report);
    let mut github = remote::github(args, repo.clone(), None, &retry)?;
    let mut token = None;
    let found = match (github.access().await, spare) {
        (Ok(_), _) => github.published(tag).await?,
        (Err(_), Some(own)) => {
            github = remote::github(args, repo.clone(), Some(own.clone()), &retry)?;
            github.access().await?;
            token = Some(own);
            github.published(tag).await?
        }
        (Err(error), None) => return Err(error),
    };
    let page = remote::page(args, &repo)?;
    let release = found.ok_or_else(|| {
        Failure::new(format!("`{repo}` has no published release `{tag}`"))
            .hint(format!("a draft is not published; see `floe plan`, or look at {}/releases", page))
    })?;
    let stranger = Stranger {
        github,
        token,
        registry_url: Box::new(|name| remote::registry_url(args, name)),
        folder: folder.to_owned(),
        retry,
        report: report.clone(),
    };
    let download = stranger.download(tag, release).await?;
    let problems = published::check(&download);
    if problems.is_empty() {
        return Ok(download);
    }
    Err(Failure::new(format!("release `{tag}` of `{repo}` is not what it claims to be"))
        .details(problems)
        .hint("do not run what was downloaded; tell the maintainers")
        .exit(Exit::Problems)
        .into())
}

fn verdict(download: Download) -> anyhow::Result<Verdict> {
    let manifest = download.manifest.map_err(anyhow::Error::msg)?;
    let file = |file: published::File| VerdictFile { name: file.name, size: file.size, digest: file.digest };
    Ok(Verdict {
        schema: Schema,
        name: manifest.name,
        version: manifest.version,
        files: download.files.into_iter().map(file).collect(),
        image: manifest.image.map(|image| image.digest),
    })
}
