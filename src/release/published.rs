//! Downloads a published release, anonymously where that is possible, and checks every byte.

use std::path::Path;

use anyhow::Context as _;

use crate::cli::RemoteArgs;
use crate::download::Downloader;
use crate::error::{Exit, Failure};
use crate::github::GitHub;
use crate::net::retry::Retry;
use crate::release::session;
use crate::report::Report;
use crate::token::Token;
use floe_core::model::{Repo, Tag};
use floe_core::verify::published::{self, Download, ReleaseRequest};

/// The request for a release, without a name, commit or image that it must have.
pub fn request(repo: &Repo, tag: &Tag, args: &RemoteArgs) -> anyhow::Result<ReleaseRequest> {
    let page = session::known_page(args, repo)?;
    Ok(ReleaseRequest { repo: repo.clone(), page, tag: tag.clone(), name: None, commit: None, image: None })
}

/// Downloads a published release into the new or empty `folder`, the assets below `assets/` and the image as `image/`.
/// The token is used only if the repository is private.
pub async fn download(
    request: ReleaseRequest,
    token: Option<Token>,
    args: &RemoteArgs,
    folder: &Path,
    report: &Report,
) -> anyhow::Result<Download> {
    let retry = session::retry(args, report);
    let name = format!("release `{}` of `{}`", request.tag, request.repo);
    let download = async {
        let (github, token) = connect(&request.repo, token, args, &retry).await?;
        let page = request.page.as_ref().map(|page| format!(", or look at {page}/releases"));
        let release = github.published(&request.tag).await?.ok_or_else(|| {
            Failure::new("it is not published")
                .hint(format!("see `floe plan` for a draft{}", page.unwrap_or_default()))
        })?;
        let registry_url = Box::new(|name: &_| session::registry_url(args, name));
        let (folder, report) = (folder.to_owned(), report.clone());
        Downloader { github, token, registry_url, folder, retry, report }.download(request, release).await
    };
    download.await.with_context(|| format!("{name} could not be checked"))
}

/// The client for a repository, and the token if the repository is private.
async fn connect(
    repo: &Repo,
    token: Option<Token>,
    args: &RemoteArgs,
    retry: &Retry,
) -> anyhow::Result<(GitHub, Option<Token>)> {
    let github = session::github(args, repo.clone(), None, retry)?;
    let Err(refused) = github.access().await else { return Ok((github, None)) };
    let Some(token) = token else { return Err(refused) };
    let github = session::github(args, repo.clone(), Some(token.clone()), retry)?;
    // An anonymous request also fails at a rate limit. Only the answer to the token says that the repository is private.
    let is_private = github.access().await?.private;
    Ok((github, is_private.then_some(token)))
}

/// Checks a download. Problems have exit code 3; files that the release does not cover are warnings.
pub fn verify(download: Download, report: &Report) -> anyhow::Result<Download> {
    let problems = published::check(&download);
    let ReleaseRequest { tag, repo, .. } = &download.request;
    if !problems.is_empty() {
        return Err(Failure::new(format!("release `{tag}` of `{repo}` is wrong"))
            .details(problems)
            .hint("do not run the downloaded files; report this to the maintainers")
            .exit(Exit::Problems)
            .into());
    }
    for name in download.uncovered() {
        report.warn(format!(
            "`{name}` is not covered by this release: neither `SHA256SUMS` nor the manifest names it, so it was not checked"
        ));
    }
    Ok(download)
}
