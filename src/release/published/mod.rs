//! Downloads a published release, anonymously where that is possible, and checks every byte and who signed it.

mod signed;
mod summary;

use std::path::Path;

use anyhow::Context as _;

use crate::channels::{self, packages};
use crate::cli::RemoteArgs;
use crate::download::Downloader;
use crate::error::{Failure, invalid, refusal_of};
use crate::github::GitHub;
use crate::net::client::Client;
use crate::net::retry::Retry;
use crate::package::{audit, sbom};
use crate::release::minisign::{self, Judged};
use crate::release::trust::Trust;
use crate::release::{names, session};
use crate::report::Report;
use crate::token::Token;
use floe_core::model::manifest::Artifact;
use floe_core::model::release::{CHECKSUMS, MINISIGN};
use floe_core::model::{Content, ImageName, Manifest, Repo, Tag};
use floe_core::parallel;
use floe_core::verify::check_claims;
use floe_core::verify::published::{self, Download, ReleaseRequest};

pub use signed::{Immutability, Signature};
pub use summary::block;

/// When a release that is not signed is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MustBeSigned {
    /// Always.
    Always,
    /// If its manifest promises an attestation.
    IfPromised,
    /// Never, as in a rehearsal, which cannot sign.
    Never,
}

impl MustBeSigned {
    fn is_of(self, download: &Download) -> bool {
        let is_promised = || download.manifest.as_ref().is_ok_and(|manifest| manifest.attested);
        self == MustBeSigned::Always || self == MustBeSigned::IfPromised && is_promised()
    }
}

/// Who signed a release in which nothing is wrong.
pub struct Checked {
    /// The workflow that built it.
    pub signature: Signature,
    /// GitHub, which published it.
    pub immutability: Immutability,
    /// The maintainers, with minisign, in one line.
    minisign: Option<String>,
}

/// The request for a release, with the image that it must have, if one is given, and any name and commit.
pub fn request(
    repo: &Repo,
    tag: &Tag,
    image: Option<&ImageName>,
    args: &RemoteArgs,
) -> anyhow::Result<ReleaseRequest> {
    let (page, repo, tag) = (session::known_page(args, repo)?, repo.clone(), tag.clone());
    Ok(ReleaseRequest { repo, page, tag, name: None, commit: None, image: image.cloned() })
}

/// Downloads a published release into the new or empty `folder`, the assets below `assets/` and the image as `image/`.
/// The token is used only if anonymous requests are denied, or limited by GitHub.
pub async fn download(
    request: ReleaseRequest,
    token: Option<Token>,
    args: &RemoteArgs,
    folder: &Path,
    retry: Retry,
) -> anyhow::Result<Download> {
    let client = Client::new(retry.reading());
    let name = format!("release `{}` of `{}`", request.tag, request.repo);
    let download = async {
        let (github, is_private) = connect(&request.repo, token, args, &client).await?;
        let page = request.page.as_ref().map(|page| format!(" at {page}/releases"));
        let release = github.published(&request.tag).await?.ok_or_else(|| {
            Failure::new("it is not published")
                .hint(format!("check the tag{}; `floe plan` shows a draft", page.unwrap_or_default()))
        })?;
        let package = request.name.as_deref().unwrap_or(request.repo.name());
        let own_image = match &request.image {
            Some(image) => image.clone(),
            None => names::image_name(&request.repo, &request.tag, package)?,
        };
        let registry_url = args.registry_url.as_deref();
        let downloader = Downloader { github, is_private, registry_url, own_image, folder };
        downloader.download(request, release).await
    };
    download.await.with_context(|| format!("{name} could not be checked"))
}

/// The client for a repository, and whether the repository is private.
pub(super) async fn connect(
    repo: &Repo,
    token: Option<Token>,
    args: &RemoteArgs,
    client: &Client,
) -> anyhow::Result<(GitHub, bool)> {
    let github = session::github(args, repo.clone(), None, client)?;
    let Err(error) = github.access().await else { return Ok((github, false)) };
    let (Some(token), Some(_)) = (token, refusal_of(&error)) else { return Err(error) };
    let github = session::github(args, repo.clone(), Some(token), client)?;
    // An anonymous request also fails at a rate limit. Only the answer to the token says that the repository is private.
    let is_private = github.access().await?.private;
    Ok((github, is_private))
}

fn wrong(ReleaseRequest { tag, repo, .. }: &ReleaseRequest) -> Failure {
    invalid(format!("release `{tag}` of `{repo}` is wrong"))
        .hint("do not run the downloaded files; report this to the maintainers")
}

/// Compares the manifest and the SBOMs of a verified download with the facts of the binaries and the lists that `cargo
/// auditable` embedded in them, and makes its packages again. `assets` is the folder of the downloaded files.
pub fn verify_binaries(download: &Download, manifest: &Manifest, assets: &Path) -> anyhow::Result<()> {
    let compare = |artifact: &Artifact| -> anyhow::Result<Vec<String>> {
        let Artifact { file, binaries, sbom, .. } = artifact;
        let found = audit::binaries(&assets.join(file), binaries)?;
        let facts = |path: &String| found.iter().find(|one| one.inside.as_ref() == Some(path));
        let facts: Vec<_> = binaries.iter().map(|one| Some(&facts(&one.path)?.facts)).collect();
        let mut problems = check_claims(artifact, &facts);
        let sbom = sbom.iter().map(|sbom| assets.join(&sbom.file));
        problems.extend(sbom.flat_map(|sbom| sbom::compare_embedded(&sbom, file, &found)));
        Ok(problems)
    };
    let found = parallel::map(manifest.artifacts.iter().collect(), compare);
    let found = found.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let again = |artifact: &Artifact| -> anyhow::Result<Vec<String>> {
        let source = packages::PackageSource::of_manifest(manifest, artifact);
        let edited = source.edited(&assets.join(&artifact.file), &artifact.packages)?;
        Ok(edited.iter().map(|file| format!("`{file}` does not follow from `{}`", artifact.file)).collect())
    };
    // One after the other, because each is in memory.
    let with_packages = manifest.artifacts.iter().filter(|artifact| !artifact.packages.is_empty());
    let made = with_packages.map(again).collect::<anyhow::Result<Vec<_>>>()?;
    wrong(&download.request).if_any([found, made].concat().concat())
}

/// Checks a download. Problems have exit code 3; files that the release does not cover, and a signature that could not be
/// checked, are warnings.
pub fn verify(
    download: &Download,
    trust: &Trust,
    must_be_signed: MustBeSigned,
    report: &Report,
) -> anyhow::Result<Checked> {
    let is_required = must_be_signed.is_of(download);
    let mut problems = published::check(download);
    let signature = Signature::of(download, trust, is_required, &mut problems);
    let immutability = Immutability::of(download, trust, &mut problems);
    let minisign = minisign(download, &mut problems)?;
    problems.extend(download.manifest.iter().flat_map(|manifest| rendered(manifest, report)));
    let ReleaseRequest { tag, repo, .. } = &download.request;
    let mismatches = download.manifest.iter().flat_map(|manifest| download.request.mismatches(manifest));
    let wrong = match mismatches.count() == problems.len() {
        true => wrong(&download.request).hint("it is not the release that was asked for, so do not run the downloaded files; compare the values of `--package`, `--commit` and `--image` with it"),
        false => wrong(&download.request),
    };
    wrong.if_any(problems)?;
    if let Signature::NotChecked { why, hint } = &signature {
        if is_required {
            return Err(Failure::new(format!("who signed `{tag}` of `{repo}` could not be checked: {why}"))
                .hint(*hint)
                .into());
        }
        report.warn(format!("who signed this release was not checked: {why}"));
    }
    for name in download.uncovered() {
        report.warn(format!(
            "`{name}` is not covered by this release: neither `SHA256SUMS` nor the manifest names it, so it was not checked"
        ));
    }
    Ok(Checked { signature, immutability, minisign })
}

/// The signatures of minisign in one line, if there are any or the manifest names a key. The key is the manifest's, which the
/// attestation covers.
fn minisign(download: &Download, problems: &mut Vec<String>) -> anyhow::Result<Option<String>> {
    let assets = &download.assets;
    let Ok(manifest) = &download.manifest else { return Ok(None) };
    let key = manifest.package.as_ref().and_then(|about| about.minisign.as_ref());
    let of_checksums = MINISIGN.map(|end| format!("{CHECKSUMS}{end}"));
    let of_checksums = of_checksums.iter().filter(|name| assets.join(name).is_file());
    let names = download.files.iter().map(|file| &file.name).chain(of_checksums);
    let files = names.map(|name| (name.as_str(), Content::File(assets.join(name)))).collect();
    let Judged { verified, problems: wrong, unchecked } =
        minisign::judge(&files, key, "the one in the manifest")?;
    problems.extend(wrong);
    let count = minisign::count(verified.max(unchecked.len()));
    Ok(match key {
        Some(key) if verified == 0 => {
            Some(format!("none, although the manifest names a key ({})", key.pubkey))
        }
        Some(key) => Some(format!("{count} by the key in the manifest ({})", key.pubkey)),
        None if unchecked.is_empty() => None,
        None => Some(format!("not checked: {count}, and the manifest names no key")),
    })
}

/// The files that do not follow from the manifest. They are rendered again; the manifest alone says from what.
fn rendered(manifest: &Manifest, report: &Report) -> Vec<String> {
    let packages =
        manifest.artifacts.iter().flat_map(|artifact| packages::of_other_revisions(&artifact.packages));
    packages.for_each(|line| report.warn(line));
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
    let again = match channels::render(manifest, &channels::settings(manifest)) {
        Ok(again) => again,
        Err(_) if known.is_empty() => return Vec::new(),
        Err(lacking) => return lacking,
    };
    let wrong = known.into_iter().filter(|entry| !again.iter().any(|file| file.entry == **entry));
    wrong.map(|entry| format!("`{}` does not follow from the manifest", entry.path)).collect()
}
