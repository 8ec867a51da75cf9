//! `floe verify`: a dist before publishing, or a published release as a stranger would check it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::gather;
use crate::cli::{RemoteArgs, VerifyArgs};
use crate::error::{Exit, Failure};
use crate::io::remote;
use crate::io::stranger::Stranger;
use crate::io::token::Token;
use crate::model::{Digest, Repo, Schema, Tag};
use crate::report::{Report, size};
use crate::verify::Verified;
use crate::verify::published::{self, Download};

/// Runs the verb.
///
/// # Errors
/// Every problem, with exit code 3; or something cannot be read or reached (1).
pub async fn verify(args: VerifyArgs, report: &Report) -> anyhow::Result<()> {
    let project = gather::find_project(&args.project)?;
    match &args.release {
        Some(tag) => {
            let repo = gather::repo(project.as_ref(), &args.remote)?;
            let verdict =
                as_stranger(tag, (repo, Token::github()), &args.remote, args.keep.as_deref(), report).await?;
            verdict.tell(args.json, report)
        }
        None => {
            let expect = gather::expect(project.as_ref(), &args.targets, args.no_image, &args.source)?;
            let verified = gather::check(&args.dists, &expect)?;
            Verdict::of_dist(&verified).tell(args.json, report)
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
        let file = |(record, _): &(crate::model::Record, PathBuf)| VerdictFile {
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
    let release = found.ok_or_else(|| {
        Failure::new(format!("`{repo}` has no published release `{tag}`")).hint(format!(
            "a draft is not published; see `floe plan`, or look at {}/releases",
            remote::page(args, &repo)
        ))
    })?;
    let scratch = Scratch::new(keep, &repo, tag)?;
    let stranger = Stranger {
        github,
        token,
        registry_url: Box::new(|name| remote::registry_url(args, name)),
        folder: scratch.folder.clone(),
        retry,
        report: report.clone(),
    };
    let download = stranger.download(tag, release).await?;
    let problems = published::check(&download);
    if problems.is_empty() {
        return verdict(download);
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

/// A folder for downloads that goes away by itself, unless it is to be kept.
struct Scratch {
    folder: PathBuf,
    keep: bool,
}

impl Scratch {
    fn new(keep: Option<&Path>, repo: &Repo, tag: &Tag) -> anyhow::Result<Self> {
        let own =
            || std::env::temp_dir().join(format!("floe-verify-{}-{}-{tag}", std::process::id(), repo.name()));
        let folder = keep.map_or_else(own, Path::to_owned);
        let made = match keep {
            Some(_) => std::fs::create_dir_all(&folder),
            // In a folder that everybody may write to, one that is there already is somebody else's.
            None => std::fs::create_dir(&folder),
        };
        made.with_context(|| format!("failed to make `{}`", folder.display()))?;
        Ok(Scratch { folder, keep: keep.is_some() })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // A leftover in the system's folder for leftovers is no reason to fail.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
