//! Downloads a published release, anonymously where that is possible, and checks every byte.

use std::path::Path;

use anyhow::Context as _;

use crate::channels;
use crate::cli::RemoteArgs;
use crate::download::Downloader;
use crate::error::{Exit, Failure, refusal_of};
use crate::github::GitHub;
use crate::net::retry::Retry;
use crate::release::{inputs, session};
use crate::report::Report;
use crate::token::Token;
use floe_core::model::{Digest, Manifest, Repo, Tag};
use floe_core::verify::published::{self, Download, ReleaseRequest};

/// The request for a release, without a name, commit or image that it must have.
pub fn request(repo: &Repo, tag: &Tag, args: &RemoteArgs) -> anyhow::Result<ReleaseRequest> {
    let page = session::known_page(args, repo)?;
    Ok(ReleaseRequest { repo: repo.clone(), page, tag: tag.clone(), name: None, commit: None, image: None })
}

/// Downloads a published release into the new or empty `folder`, the assets below `assets/` and the image as `image/`.
/// The token is used only if anonymous requests are denied, or limited by GitHub.
pub async fn download(
    request: ReleaseRequest,
    token: Option<Token>,
    args: &RemoteArgs,
    folder: &Path,
    report: &Report,
) -> anyhow::Result<Download> {
    let retry = session::retry(args, report).reading();
    let name = format!("release `{}` of `{}`", request.tag, request.repo);
    let download = async {
        let (github, is_private) = connect(&request.repo, token, args, &retry).await?;
        let page = request.page.as_ref().map(|page| format!(", or look at {page}/releases"));
        let release = github.published(&request.tag).await?.ok_or_else(|| {
            Failure::new("it is not published")
                .hint(format!("see `floe plan` for a draft{}", page.unwrap_or_default()))
        })?;
        let package = request.name.as_deref().unwrap_or(request.repo.name());
        let default = || inputs::image_name(&request.repo, &request.tag, package);
        let own_image = request.image.clone().map_or_else(default, Ok)?;
        let (folder, registry_url) = (folder.to_owned(), args.registry_url.as_deref());
        let downloader = Downloader { github, is_private, registry_url, own_image, folder, retry };
        downloader.download(request, release).await
    };
    download.await.with_context(|| format!("{name} could not be checked"))
}

/// The client for a repository, and whether the repository is private.
async fn connect(
    repo: &Repo,
    token: Option<Token>,
    args: &RemoteArgs,
    retry: &Retry,
) -> anyhow::Result<(GitHub, bool)> {
    let github = session::github(args, repo.clone(), None, retry)?;
    let Err(error) = github.access().await else { return Ok((github, false)) };
    let (Some(token), Some(_)) = (token, refusal_of(&error)) else { return Err(error) };
    let github = session::github(args, repo.clone(), Some(token), retry)?;
    // An anonymous request also fails at a rate limit. Only the answer to the token says that the repository is private.
    let is_private = github.access().await?.private;
    Ok((github, is_private))
}

/// Checks a download. Problems have exit code 3; files that the release does not cover are warnings.
pub fn verify(download: Download, report: &Report) -> anyhow::Result<Download> {
    let mut problems = published::check(&download);
    problems.extend(download.manifest.iter().flat_map(|manifest| rendered(manifest, report)));
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

/// The files that do not follow from the manifest. They are rendered again; the manifest alone says from what.
fn rendered(manifest: &Manifest, report: &Report) -> Vec<String> {
    let (known, other): (Vec<_>, Vec<_>) =
        manifest.channels.iter().partition(|entry| entry.revision == channels::REVISION);
    for entry in other {
        report.warn(format!(
            "`{}` was rendered by another version of floe, so only its digest was checked: revision {}, and this floe has {}",
            entry.path,
            entry.revision,
            channels::REVISION
        ));
    }
    if known.is_empty() {
        return Vec::new();
    }
    let again = match channels::render(manifest, &channels::settings(manifest)) {
        Ok(again) => again,
        Err(lacking) => return lacking,
    };
    let follows = |kind, path: &str, digest: Digest| {
        again.iter().any(|file| file.kind == kind && file.path == path && Digest::of(&file.bytes) == digest)
    };
    known
        .into_iter()
        .filter(|entry| !follows(entry.kind, &entry.path, entry.digest))
        .map(|entry| format!("`{}` does not follow from the manifest", entry.path))
        .collect()
}
