//! `floe rehearse`: a whole release of this project on this machine, over HTTP, with no account and no network.
//!
//! It runs the code of `publish` and of `verify`; only the addresses differ. Nothing leaves the machine.

pub mod disturbed;
mod folder;
pub mod page;
pub mod servers;
mod summary;

use folder::{DIST, Folder, RELEASE, SERVERS};
use summary::Summary;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;

use crate::cli::{BuildTool, RehearseArgs, RemoteArgs, TrustArgs};
use crate::commands::package::Enforcement;
use crate::commands::{image, package};
use crate::error::{Exit, Failure, failures};
use crate::files;
use crate::image::ImageSpec;
use crate::net::client::Client;
use crate::net::retry::Retry;
use crate::net::stop;
use crate::project::build::{self, Build};
use crate::project::cargo::{self, Project};
use crate::project::{nix, repository};
use crate::rehearse::disturbed::Attempt;
use crate::rehearse::page::Page;
use crate::rehearse::servers::{Servers, USER};
use crate::release::published::{self, Checked, MustBeSigned};
use crate::release::session;
use crate::release::trust::Trust;
use crate::release::{self, assemble, attestation, description, dist, inputs, names};
use crate::report::{Report, size};
use crate::token::Token;
use floe_core::model::changelog;
use floe_core::model::notes::{NotesSource, verify_command};
use floe_core::model::places::Home;
use floe_core::model::{
    Attestation, BuiltOn, ChannelPlace, Commit, Destination, Digest, Image, Os, Record, Release, Repo, Rule,
    Source,
};
use floe_core::preflight::Check;
use floe_core::verify::published::{Download, ReleaseRequest};
use floe_core::verify::{Depth, Expect, Verified};
use floe_rehearsal::interceptor::Server;

/// Runs `floe rehearse`. It fails for the reasons for which a real release of the project would.
pub async fn rehearse(args: RehearseArgs, report: &Report) -> anyhow::Result<()> {
    let started = Instant::now();
    let project = cargo::load(args.project.manifest_path.as_deref(), args.project.package.as_deref())?;
    cargo::tag(Some(&project), None, &project.version)?;
    // They are no part of the build, so nothing is built before they are known.
    let repo = repository::find(Some(&project), None, None)?;
    let notes = notes(&project, report)?;
    let root = args.out.clone().unwrap_or_else(|| project.target_dir.join("rehearsal"));
    // The dist of the last rehearsal may be given again.
    let is_given = |old: &Path| args.dists.iter().any(|dist| files::is_inside(dist, old).unwrap_or(false));
    let folder = Folder::prepare(root, |old| is_given(old) || args.keep && old.ends_with(SERVERS))?;
    let verified = dist(&project, &repo, &args, &folder, report)?;
    let date = verified.archives.first().map(|(record, _)| record.source.epoch);
    let given = attestation::given(None, args.attest.attest)?;
    let built_on = description::built_on(&args.dists)?;
    let release = promise(&project, verified, (repo, notes, built_on), given, report)?;

    let token = Token::from(floe_rehearsal::random_hex(20)?);
    let servers = Servers::start(&folder.path(SERVERS), &release, date.unwrap_or_default(), token).await?;
    let addresses = &servers.addresses;
    let [github, registry, feed] = servers.running.each_ref().map(Server::url);
    let is_feed = |place: &ChannelPlace| matches!(place.home, Home::Feed(_));
    let feed = servers.testbed.channels.iter().any(is_feed).then(|| format!(", feed at {feed}"));
    let feed = feed.unwrap_or_default();
    report.step("Serving", format!("GitHub at {github}, registry at {registry}{feed}"));
    let log = folder.path("receipt.json");
    let done = match args.faults {
        Some(seed) => disturbed::by_seed(seed, &release, &servers, &log, report).await,
        None => {
            stop::listen(report);
            let (secrets, client) = (&servers.secrets, &Client::new(session::retry(addresses, report)));
            Attempt { release: &release, servers: addresses, secrets, client, receipt: &log }.run().await
        }
    };
    let (plan, receipt) = done.map_err(|error| if args.keep { explain(error, &folder) } else { error })?;
    report.step("Verifying", "without a token, from the public addresses");
    let Destination { repo, tag, image, .. } = &release.destination;
    let image = release.image.as_ref().map(|_| image);
    let request = published::request(repo, tag, image, addresses)?;
    let retry = session::retry(addresses, report);
    let (download, _) = verify(request.clone(), addresses, &folder.path(RELEASE), retry, report).await?;
    if let Some(seed) = args.faults {
        disturbed::verify_by_seed(seed, &release, &servers, request, report).await?;
    }
    if let Ok(manifest) = &download.manifest {
        release::channel::follow(manifest, None, addresses, report).await?;
    }
    report.step("Unsigned", "a rehearsal cannot sign; its manifest is the one that a release would publish");

    let notes = &download.release.notes;
    leave(&folder, &Page { release: &release, plan: &plan, receipt: &receipt, notes })?;
    let summary = Summary::new(&release, &receipt, started.elapsed());
    let table = summary.table(&release, &receipt);
    report.line(&table);
    report.summary(&format!("### Rehearsed; nothing left this machine\n\n```text\n{table}\n```"));
    report.step("Finished", format!("everything is in {}", folder.root.display()));
    match args.json {
        true => report.json(&summary)?,
        false => report.out(folder.path("report.html").display().to_string()),
    }
    if args.serve { serve(&servers, &release, report).await } else { Ok(()) }
}

/// Downloads the published release without a token and verifies it. A rehearsal cannot sign, so an attestation may be missing.
async fn verify(
    request: ReleaseRequest,
    addresses: &RemoteArgs,
    folder: &Path,
    retry: Retry,
    report: &Report,
) -> anyhow::Result<(Download, Checked)> {
    let download = published::download(request, None, addresses, folder, retry).await?;
    let trust = Trust::of(&TrustArgs::default())?;
    let checked = published::verify(&download, &trust, MustBeSigned::Never, report)?;
    Ok((download, checked))
}

/// The dists to rehearse with, checked: the given ones, or what this machine can build.
fn dist(
    project: &Project,
    repo: &Repo,
    args: &RehearseArgs,
    folder: &Folder,
    report: &Report,
) -> anyhow::Result<Verified> {
    let expect = Expect {
        name: Some(project.name.clone()),
        version: Some(project.version.clone()),
        binaries: Some(project.binaries.clone()),
        image: project.config.image.is_some(),
        files: project.asset_names(),
        ..Expect::default()
    };
    if !args.dists.is_empty() {
        // Built elsewhere: rehearsed as they are, with whatever targets and platforms they hold.
        return check(&args.dists, &expect);
    }
    if builder(project, args.with, report)? == BuildTool::Nix {
        report.step("Building", format!("{} {} with `nix build .#dist`", project.name, project.version));
        nix::build_dist(&project.workspace_root, &folder.path(DIST))?;
        return check(&[folder.path(DIST)], &expect);
    }
    for file in &expect.files {
        report.warn(format!(
            "the rehearsal leaves out `{file}`: Cargo does not make it; rehearse with a dist that has it"
        ));
    }
    let source = cargo::source(project, None, None)?;
    let mut builds = build::for_this_machine(project, args.exact, report)?;
    for kind in project.config.packages.keys() {
        if !builds.iter().any(|build| kind.arch(build.target).is_some()) {
            report.warn(format!("no `{kind}`: this machine builds no musl target with Cargo"));
        }
    }
    package::find_crates(project, &mut builds, None)?;
    // This build lacks the flags that remove these.
    let warn = Enforcement::Warn { except: &[Rule::BuilderPath, Rule::TimeStamp] };
    package::pack((project, &source), &builds, &folder.path(DIST), warn, report)?;
    let linux = builds.last().filter(|build| build.target.os == Os::Linux);
    let platforms = if project.config.image.is_none() {
        Vec::new()
    } else if let Some(Build { binaries, .. }) = linux {
        let image = make_image(project, (&source, repo), binaries, &folder.path(DIST).join("image"), report)?;
        report.step("Made", format!("image {}  {}", image.index.digest, size(image.size())));
        image.platforms.iter().map(|one| one.platform).collect()
    } else {
        report.warn("no image: this machine builds no Linux binaries");
        Vec::new()
    };
    let targets = builds.iter().map(|build| build.target).collect();
    check(&[folder.path(DIST)], &Expect { targets, platforms, tolerate: true, files: Vec::new(), ..expect })
}

/// The requested builder; or Nix if it is installed and the flake has a `dist`, else Cargo.
fn builder(project: &Project, requested: Option<BuildTool>, report: &Report) -> anyhow::Result<BuildTool> {
    if requested == Some(BuildTool::Cargo) {
        return Ok(BuildTool::Cargo);
    }
    match (nix::offers_dist(&project.workspace_root), requested) {
        (Ok(()), _) => {
            report.step("Using", "Nix: the flake's `dist`, with all targets that build on Linux");
            Ok(BuildTool::Nix)
        }
        (Err(none), Some(_)) => Err(Failure::new(format!("Nix cannot build the dist: {}", none.why))
            .hint("rehearse with Cargo, for this machine only: `floe rehearse --with cargo`")
            .into()),
        (Err(none), None) => {
            if none.is_broken {
                report.warn(format!("{}; a release of it would fail", none.why));
            }
            report.step("Using", format!("Cargo, for this machine only: {}", none.why));
            Ok(BuildTool::Cargo)
        }
    }
}

fn check(dists: &[PathBuf], expect: &Expect) -> anyhow::Result<Verified> {
    dist::verify(dist::read(dists, Depth::Whole)?, expect)
}

fn make_image(
    project: &Project,
    (source, repo): (&Source, &Repo),
    binaries: &[PathBuf],
    out: &Path,
    report: &Report,
) -> anyhow::Result<Image> {
    let ca_certificates = image::certificates_of_this_machine();
    let spec = ImageSpec { ca_certificates, ..image::spec(project, source, repo)? };
    let image = crate::image::build(binaries, &spec, out)?;
    image::warn(&image, &spec, report);
    Ok(image)
}

/// The release that `publish` would make, except that a commit is invented if git has none.
fn promise(
    project: &Project,
    verified: Verified,
    (repo, notes, built_on): (Repo, NotesSource, Option<BuiltOn>),
    attestation: Attestation,
    report: &Report,
) -> anyhow::Result<Release> {
    let commit = verified.commit.clone().map_or_else(|| invented_commit(&verified), Ok)?;
    let page = session::page(&RemoteArgs::default(), &repo)?;
    let tag = cargo::tag(Some(project), None, &verified.version)?;
    let (image, may_be_latest) = names::moving(Some(project), (&repo, &tag, &project.name), None)?;
    let attach = project.attaches();
    let destination = Destination { repo, page, tag, commit, image, may_be_latest, attach, built_on };
    assemble::assemble(verified, (destination, notes), attestation, &project.config.channels, report)
}

/// The notes of `publish`; before a release their section is often still called `Unreleased`.
fn notes(project: &Project, report: &Report) -> anyhow::Result<NotesSource> {
    let missing = match inputs::notes(Some(project), None, &project.version, report) {
        Ok(notes) => return Ok(notes),
        Err(missing) => missing,
    };
    let changelog = project.changelog()?.map(|found| inputs::read_text(&found.path)).transpose()?;
    let unreleased = changelog.as_deref().and_then(changelog::unreleased);
    let Some(text) = unreleased else { return Err(missing) };
    report.warn(format!("{missing}; rehearsing with `Unreleased`, but publishing would be refused"));
    Ok(NotesSource::Text(text))
}

/// A modified checkout has no commit, so the rehearsal invents one that depends on the archives alone.
fn invented_commit(verified: &Verified) -> anyhow::Result<Commit> {
    let digests: String =
        verified.archives.iter().map(|(record, _): &(Record, _)| record.archive.digest.hex()).collect();
    Digest::of(digests.as_bytes()).hex()[..40].parse().map_err(anyhow::Error::msg)
}

/// A conflict is with an earlier rehearsal: the release that its servers hold is not the one of these sources.
fn explain(error: anyhow::Error, folder: &Folder) -> anyhow::Error {
    if !disturbed::is_conflict(&error) {
        return error;
    }
    let servers = folder.path(SERVERS);
    // Lines that are indented say how to resolve a conflict with public servers.
    let found = failures(&error).flat_map(|failure| &failure.details).filter(|line| !line.starts_with(' '));
    Failure::new(format!("the servers in `{}` hold another release of this version", servers.display()))
        .details(found)
        .hint("rehearse without `--keep`, or in another folder: `--out FOLDER`")
        .exit(Exit::Conflicts)
        .into()
}

fn leave(folder: &Folder, page: &Page<'_>) -> anyhow::Result<()> {
    let write = || {
        let mut json = serde_json::to_string_pretty(&page.plan.to_json::<Check>(page.release, &[]))?;
        json.push('\n');
        fs::write(folder.path("plan.json"), json)?;
        fs::write(folder.path(RELEASE).join("notes.md"), page.notes)?;
        fs::write(folder.path("report.html"), page.render())?;
        anyhow::Ok(())
    };
    write().with_context(|| format!("failed to write into `{}`", folder.root.display()))
}

/// Keeps the servers running until Ctrl-C, and prints how to reach them with other clients.
async fn serve(servers: &Servers, release: &Release, report: &Report) -> anyhow::Result<()> {
    let (repo, tag) = (&release.destination.repo, &release.destination.tag);
    let ([api, registry, _], token) = (servers.running.each_ref().map(Server::url), servers.token.reveal());
    let (host, verify) = (servers.running[1].addr, verify_command(&release.manifest, &release.destination));
    let (name, version) = (release.destination.image.repository(), &release.manifest.version);
    let skopeo = format!("\n  skopeo inspect --tls-verify=false docker://{host}/{name}:{version}");
    let skopeo = release.image.as_ref().map(|_| skopeo).unwrap_or_default();
    // It is for this run and this machine alone.
    report.line(format!(
        "\nThe servers run until Ctrl-C. User `{USER}`, token `{token}` at both. Try:\n  \
         curl {api}/repos/{repo}/releases/tags/{tag}\n  \
         GH_HOST=github.localhost GH_TOKEN={token} http_proxy={api} gh release view {tag} --repo {repo}\n  \
         {verify} --api-url {api} --registry-url {registry}{skopeo}",
    ));
    stop::listen(report);
    let _guard = stop::guard();
    stop::until_asked().await;
    Ok(())
}
