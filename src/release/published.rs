//! Downloads a published release, anonymously where that is possible, and checks every byte.

use std::path::Path;

use crate::cli::RemoteArgs;
use crate::download::Downloader;
use crate::error::{Exit, Failure, Refusal, refusal_of};
use crate::release::{inputs, session};
use crate::report::Report;
use crate::token::Token;
use floe_core::model::{Repo, Tag};
use floe_core::verify::published::{self, Download};

/// Downloads a published release into `folder`, the assets below `assets/` and the image as `image/`, and checks it. The
/// token is used only if the repository cannot be seen without one, or if GitHub's limit of anonymous requests is reached.
/// Problems have exit code 3.
pub async fn download(
    tag: &Tag,
    repo: Repo,
    token: Option<Token>,
    args: &RemoteArgs,
    folder: &Path,
    report: &Report,
) -> anyhow::Result<Download> {
    let retry = session::retry(args, report).reading();
    let mut github = session::github(args, repo.clone(), None, &retry)?;
    let mut is_private = false;
    if let Err(error) = github.access().await {
        let (Some(token), Some(refusal)) = (token, refusal_of(&error)) else { return Err(error) };
        github = session::github(args, repo.clone(), Some(token), &retry)?;
        github.access().await?;
        is_private = refusal == Refusal::Denied;
    }
    let page = format!("{}/{repo}", github.site());
    let release = github.published(tag).await?.ok_or_else(|| {
        Failure::new(format!("`{repo}` has no published release `{tag}`"))
            .hint(format!("a draft is not published; see `floe plan`, or look at {page}/releases"))
    })?;
    let downloader = Downloader {
        github,
        is_private,
        registry_url: args.registry_url.as_deref(),
        own_image: inputs::image_name(&repo)?,
        folder: folder.to_owned(),
        retry,
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
