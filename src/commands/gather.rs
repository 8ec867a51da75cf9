//! From folders and a project to a [`Release`]: what `plan`, `publish` and the rehearsal have in common.
//!
//! Nothing is sent anywhere from here.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use semver::Version;

use crate::cli::{ProjectArgs, ReleaseArgs, RemoteArgs, SourceArgs};
use crate::error::{Exit, Failure, usage};
use crate::project::cargo::{self, Project};
use crate::release::dist;
use crate::release::remote;
use floe_core::model::config::NotesFrom;
use floe_core::model::notes::Head;
use floe_core::model::{Commit, Home, ImageName, Platform, Release, Repo, Tag, Target};
use floe_core::untrusted::files;
use floe_core::verify::{self, Expect, Problem, Verified};

/// No changelog is larger.
const CHANGELOG_LIMIT: u64 = 16 * 1024 * 1024;

/// Reads the dists, checks them, and derives everything that is promised.
///
/// # Errors
/// The dists have problems (exit code 3), or it is not known what is released or where to.
pub fn release(args: &ReleaseArgs) -> anyhow::Result<Release> {
    if args.dists.is_empty() {
        return Err(usage("no dist is given, so there is nothing to publish")
            .hint("make one first: `floe package native/ --out dist`, then `floe publish dist`")
            .into());
    }
    let project = find_project(&args.project)?;
    let expect = expect(project.as_ref(), &args.targets, args.no_image, &args.source)?;
    let verified = check(&args.dists, &expect)?;
    let head = head(project.as_ref(), args.notes_file.as_deref(), &verified.version)?;
    let home = home(project.as_ref(), args, (&verified.version, verified.commit.as_ref()))?;
    Ok(Release::new(verified.archives, verified.image, home, head))
}

/// The project of this folder, if there is one. A project that is there but wrong is an error.
///
/// # Errors
/// There is a `Cargo.toml`, but it cannot be used.
pub fn find_project(args: &ProjectArgs) -> anyhow::Result<Option<Project>> {
    cargo::find(args.manifest_path.as_deref(), args.package.as_deref())
}

/// What a release of this project must be.
///
/// # Errors
/// git cannot say the commit.
pub fn expect(
    project: Option<&Project>,
    targets: &[Target],
    no_image: bool,
    source: &SourceArgs,
) -> anyhow::Result<Expect> {
    let targets: Vec<Target> = match (targets, project) {
        ([], Some(project)) => project.config.targets.clone(),
        ([], None) => Target::all().collect(),
        (given, _) => given.to_vec(),
    };
    let has_image = !no_image && project.is_none_or(|project| project.config.image.is_some());
    let platforms: Vec<Platform> =
        if has_image { targets.iter().filter_map(|target| target.platform()).collect() } else { Vec::new() };
    Ok(Expect {
        name: project.map(|project| project.name.clone()),
        version: project.map(|project| project.version.clone()),
        tag: source.tag.clone().or_else(tag_of_workflow),
        commit: source.commit.clone(),
        binaries: project.map(|project| project.binaries.clone()),
        targets,
        image: has_image,
        tolerate: false,
        platforms,
    })
}

/// Reads and checks the dists.
///
/// # Errors
/// Every problem, with exit code 3.
pub fn check(dists: &[std::path::PathBuf], expect: &Expect) -> anyhow::Result<Verified> {
    verify::check(dist::read(dists)?, expect).map_err(|problems| refuse(&problems).into())
}

/// The failure that lists every problem.
pub fn refuse(problems: &[Problem]) -> Failure {
    let any = |is: fn(&Problem) -> bool| problems.iter().any(is);
    let hint = if any(|problem| matches!(problem, Problem::WrongTag { .. })) {
        "give the tag of the version that was built, or raise `version` in Cargo.toml and build again"
    } else if any(|problem| {
        matches!(problem, Problem::MissingTarget { .. } | Problem::MissingPlatform { .. })
    }) {
        "add what is missing to a dist, or say what this release holds: `targets` in [package.metadata.floe], or `--target` for each"
    } else if any(|problem| matches!(problem, Problem::MissingImage)) {
        "make it with `floe image`, or say that there is none: `--no-image`, or `image = false` in [package.metadata.floe]"
    } else {
        "make the dist again with `floe package` (and `floe image`)"
    };
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let failure = Failure::new(format!("the release is not well formed: {count}"));
    let failure = match any(|problem| matches!(problem, Problem::WrongTag { .. })) {
        true => failure.file("Cargo.toml"),
        false => failure,
    };
    failure.details(problems).hint(hint).exit(Exit::Problems)
}

/// A tag that a workflow runs for is the tag that is released.
pub fn tag_of_workflow() -> Option<Tag> {
    let variable = |name| std::env::var(name).ok();
    (variable("GITHUB_REF_TYPE")? == "tag").then(|| variable("GITHUB_REF_NAME")?.parse().ok()).flatten()
}

/// Where the upper part of the notes comes from.
///
/// # Errors
/// The project wants its changelog, and that has no section for the version; or a file cannot be read.
pub fn head(project: Option<&Project>, file: Option<&Path>, version: &Version) -> anyhow::Result<Head> {
    if let Some(file) = file {
        return Ok(Head::Text(read_text(file)?));
    }
    let from = project.map_or(NotesFrom::Auto, |project| project.config.notes);
    let changelog = match project {
        Some(project) => changelog(project)?,
        None => None,
    };
    let name = project.map(Project::changelog_name).transpose()?.unwrap_or_else(|| "CHANGELOG.md".to_owned());
    Head::choose(from, changelog.as_deref(), version).ok_or_else(|| {
        Failure::new(format!("the release has no notes: {name} has no section for {version}"))
            .hint(format!(
                "write a heading `## {version}` with what changed below it, or give `--notes-file`"
            ))
            .file(name)
            .exit(Exit::Problems)
            .into()
    })
}

/// The text of the project's changelog, if it has one in Markdown.
///
/// # Errors
/// It is there but cannot be read.
pub fn changelog(project: &Project) -> anyhow::Result<Option<String>> {
    let found = project.changelog()?.filter(|found| found.is_markdown);
    found.map(|found| read_text(&found.path)).transpose()
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let read = || {
        // Notes may come out of a pipe, `--notes-file <(git cliff)`, but not without an end.
        let bytes = files::read(File::open(path)?, CHANGELOG_LIMIT)?;
        String::from_utf8(bytes).context("it is not UTF-8")
    };
    read().with_context(|| format!("failed to read `{}`", path.display()))
}

/// Where a version goes and what it is called there; the commit is the one that the archives name, if there are any.
///
/// # Errors
/// Nothing says the repository or the commit.
pub fn home(
    project: Option<&Project>,
    args: &ReleaseArgs,
    (version, built): (&Version, Option<&Commit>),
) -> anyhow::Result<Home> {
    let repo = repo(project, &args.remote)?;
    let tag = tag(project, args.source.tag.clone().or_else(tag_of_workflow), version)?;
    let commit = commit(project, &args.source, built)?;
    let image = image(project, args)?;
    Ok(Home { page: remote::page(&args.remote, &repo)?, repo, tag, commit, image })
}

/// What the image is called: as was typed, as the project says, else like the repository.
fn image(project: Option<&Project>, args: &ReleaseArgs) -> anyhow::Result<ImageName> {
    let configured = project.and_then(|project| project.config.image.as_ref()?.name.clone());
    match args.image.clone().or(configured) {
        Some(image) => Ok(image),
        None => image_name(&repo(project, &args.remote)?),
    }
}

/// The tag that is released: the one that was given, else the one that the version and `tag-prefix` make.
///
/// # Errors
/// The version has build metadata, or the tag begins otherwise than the project says (exit code 3).
pub fn tag(project: Option<&Project>, given: Option<Tag>, version: &semver::Version) -> anyhow::Result<Tag> {
    if !version.build.is_empty() {
        let text =
            format!("version {version} cannot be released: it has build metadata, `+{}`", version.build);
        return Err(Failure::new(text)
            .hint("SemVer ranks it like the same version without, so that nobody could tell which is the latest, and no image tag may hold a `+`: take it out of `version` in Cargo.toml, or raise the version")
            .exit(Exit::Problems)
            .into());
    }
    let prefix = project.map(|project| project.config.tag_prefix.as_str());
    let tag = match given {
        Some(tag) => tag,
        None => Tag::prefixed_or_plain(prefix.unwrap_or_default(), version),
    };
    match prefix {
        Some(prefix) if prefix != tag.prefix() => {
            let expected = Tag::prefixed_or_plain(prefix, version);
            Err(Failure::new(format!(
                "tag `{tag}` is not one of this package's, whose tags are like `{expected}`"
            ))
            .hint(format!(
                "give the tag of this package, or write `tag-prefix = \"{}\"` under [package.metadata.floe]",
                tag.prefix()
            ))
            .exit(Exit::Problems)
            .into())
        }
        _ => Ok(tag),
    }
}

/// The repository that is released from.
///
/// # Errors
/// Nothing says it.
pub fn repo(project: Option<&Project>, args: &RemoteArgs) -> anyhow::Result<Repo> {
    cargo::find_repo(args.repo.as_ref(), || Ok(project))
}

fn commit(project: Option<&Project>, source: &SourceArgs, built: Option<&Commit>) -> anyhow::Result<Commit> {
    if let Some(commit) = source.commit.as_ref().or(built) {
        return Ok(commit.clone());
    }
    let origin = project.map(|project| cargo::origin(project, None, source.epoch)).transpose()?;
    origin.and_then(|origin| origin.commit).ok_or_else(|| {
        Failure::new("nothing says which commit the archives were built from")
            .hint("give it as `--commit $(git rev-parse v1.4.0^{commit})`, or pack in a checkout with nothing modified")
            .exit(Exit::Usage)
            .into()
    })
}

/// The image's name where nobody chose one: GHCR, beside the repository, lower-case as registries want it.
///
/// # Errors
/// The repository's name cannot be an image's.
pub fn image_name(repo: &Repo) -> anyhow::Result<ImageName> {
    let name = format!("ghcr.io/{repo}").to_lowercase();
    name.parse()
        .map_err(anyhow::Error::msg)
        .context("give the image a name with `--image` or `image.name` in Cargo.toml")
}
