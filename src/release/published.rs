//! Downloads a published release, anonymously where that is possible, and checks every byte.

use std::path::Path;

use crate::cli::RemoteArgs;
use crate::download::Downloader;
use crate::error::{Exit, Failure};
use crate::release::session;
use crate::report::Report;
use crate::token::Token;
use floe_core::model::{Repo, Tag};
use floe_core::verify::published::{self, Download};

/// Downloads a published release into `folder`, the assets below `assets/` and the image as `image/`, and checks it. The
/// token is used only if the repository cannot be seen without one. Problems have exit code 3.
pub async fn download(
    tag: &Tag,
    repo: Repo,
    token: Option<Token>,
    args: &RemoteArgs,
    folder: &Path,
    report: &Report,
) -> anyhow::Result<Download> {
    let retry = session::retry(args, report);
    let mut github = session::github(args, repo.clone(), None, &retry)?;
    let mut used = None;
    if let Err(error) = github.access().await {
        let Some(token) = token else { return Err(error) };
        github = session::github(args, repo.clone(), Some(token.clone()), &retry)?;
        github.access().await?;
        used = Some(token);
    }
    let page = session::page(args, &repo)?;
    let release = github.published(tag).await?.ok_or_else(|| {
        Failure::new(format!("`{repo}` has no published release `{tag}`"))
            .hint(format!("a draft is not published; see `floe plan`, or look at {page}/releases"))
    })?;
    let downloader = Downloader {
        github,
        token: used,
        registry_url: Box::new(|name| session::registry_url(args, name)),
        folder: folder.to_owned(),
        retry,
        report: report.clone(),
    };
    let download = downloader.download(tag, release).await?;
    let problems = published::check(&download);
    if problems.is_empty() {
        return Ok(download);
    }
    Err(Failure::new(format!("release `{tag}` of `{repo}` is not what it claims to be"))
        .details(problems)
        .hint("do not run the downloaded files; report this to the maintainers")
        .exit(Exit::Problems)
        .into())
}
