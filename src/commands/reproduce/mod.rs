//! `floe reproduce`: compares a published release with a rebuild of it, a verdict a line.
//!
//! It builds nothing and trusts neither side: the published release is verified first, the rebuild is checked as any dist.

mod inside;

use anyhow::Context as _;

use super::repo;
use crate::channels;
use crate::cli::ReproduceArgs;
use crate::error::{Failure, invalid};
use crate::files::atomic_file;
use crate::files::scratch::Scratch;
use crate::net::stop;
use crate::release::published::{self, MustBeSigned};
use crate::release::trust::Trust;
use crate::release::{assemble, dist, names, session};
use crate::report::Report;
use crate::token::Token;
use floe_core::model::manifest::Artifact;
use floe_core::model::notes::NotesSource;
use floe_core::model::{
    ArchiveKind, Attestation, Channels, Content, Destination, Manifest, Release, Repo, sbom,
};
use floe_core::reproduce::{Comparison, ComparisonLine, Part, Verdict, parts, statement};
use floe_core::verify::published::{Download, ReleaseRequest};
use floe_core::verify::{self as check, Depth, Expect};
use inside::{Pair, or_why};

/// Runs the subcommand.
pub async fn reproduce(args: ReproduceArgs, report: &Report) -> anyhow::Result<()> {
    let repo = repo(&args.project, &args.remote)?;
    let found = dist::read(&args.rebuilt, Depth::Whole)?;
    stop::listen(report);
    let scratch = Scratch::new("published")?;
    report.step("Verifying", format!("{} of {repo}", args.tag));
    let (remote, folder) = (&args.remote, scratch.path());
    let request = published::request(&repo, &args.tag, args.image.as_ref(), remote)?;
    let download =
        published::download(request, Token::github(), remote, folder, session::retry(remote, report)).await?;
    published::verify(&download, &Trust::of(&args.trust)?, MustBeSigned::IfPromised, report)?;
    let published = download.manifest.as_ref().map_err(|why| anyhow::anyhow!("{why}"))?;
    let rebuilt = release(found, published, (&repo, &args), report)?;

    report.step("Comparing", format!("{} with its rebuild", args.tag));
    let mut comparison = Comparison::new(&download, published, &rebuilt);
    look_inside(&mut comparison, &download, &rebuilt, report);
    let image = published.image.as_ref().map(|image| &image.name);
    let statement = statement(&comparison, image).ok_or_else(|| {
        Failure::new(format!("nothing of {} was rebuilt: the dist and the release share no file", args.tag))
            .hint(format!(
                "build the tag's own dist: {}, then `--rebuilt result`",
                nix(&download.request, "build", "dist")
            ))
    })?;
    if let Some(path) = &args.statement {
        atomic_file::write_named(path, statement.as_bytes())
            .with_context(|| format!("failed to write the statement `{}`", path.display()))?;
    }
    match args.json {
        true => report.json(&comparison)?,
        false => table(&comparison, report),
    }
    conclude(&comparison, &download.request, report)
}

/// A command of Nix on an output of the tag's flake, as far as the address of the repository is known.
fn nix(request: &ReleaseRequest, verb: &str, output: &str) -> String {
    let ReleaseRequest { repo, page, tag, .. } = request;
    match page.as_deref() {
        Some(page) if page.starts_with("https://github.com/") => {
            format!("`nix {verb} github:{repo}/{tag}#{output}`")
        }
        Some(page) => format!("`nix {verb} git+{page}?ref=refs/tags/{tag}#{output}`"),
        None => format!("`nix {verb} .#{output}` in a checkout of {tag}"),
    }
}

/// The release that the rebuilt dists would be. The image's name is taken from the published release, the repository and
/// the tag from the arguments.
fn release(
    found: check::Found,
    published: &Manifest,
    (repo, args): (&Repo, &ReproduceArgs),
    report: &Report,
) -> anyhow::Result<Release> {
    // A file that no rebuild makes is compared if it is there.
    let archives = found.archives.iter().filter(|found| found.record.is_err()).map(|found| &found.archive);
    let there: Vec<&String> = found.files.iter().chain(archives).map(|file| &file.name).collect();
    let promised = published.files.iter().map(|file| file.file.clone());
    let files = promised.filter(|name| there.contains(&name)).collect();
    let expect = Expect {
        files,
        name: Some(published.name.clone()),
        version: Some(published.version.clone()),
        tag: Some(args.tag.clone()),
        commit: Some(published.commit.clone()),
        image: true,
        // The question is whether it is the same, and not whether it may be published.
        tolerate: true,
        ..Expect::default()
    };
    let verified = check::check(found, &expect).map_err(|problems| {
        Failure::new(format!("the rebuilt dist is not a dist of {} of `{repo}`", args.tag))
            .details(problems)
            .hint(format!("build commit {} again, with nothing modified", published.commit.short()))
    })?;
    let image = match &published.image {
        Some(image) => image.name.clone(),
        None => names::image_name(repo, &args.tag, &published.name)?,
    };
    let destination = Destination {
        page: session::page(&args.remote, repo)?,
        repo: repo.clone(),
        tag: args.tag.clone(),
        commit: published.commit.clone(),
        image,
        may_be_latest: false,
        attach: published.image.as_ref().is_some_and(|image| image.attached),
        // The rebuild can say nothing of it.
        built_on: published.built_on.clone(),
    };
    let notes = NotesSource::Text(String::new());
    // They are rendered from all archives.
    let is_there =
        |artifact: &Artifact| verified.archives.iter().any(|(one, _)| one.target == artifact.target);
    let channels = match published.artifacts.iter().all(is_there) {
        true => channels::settings(published),
        false => Channels::NONE,
    };
    // A rebuild is not signed; its manifest must make the same promise.
    let promise = Attestation { promised: published.attested, bundle: None };
    assemble::assemble(verified, (destination, notes), promise, &channels, report)
}

/// Adds the differences to each line that differs.
fn look_inside(comparison: &mut Comparison, download: &Download, rebuilt: &Release, report: &Report) {
    for line in comparison.assets.iter_mut().filter(|line| is_on_both_sides(line)) {
        let Some(Content::File(path)) = rebuilt.asset(&line.name).map(|asset| &asset.content) else {
            continue;
        };
        let pair = Pair { published: download.assets.join(&line.name), rebuilt: path.clone() };
        if line.name.ends_with(sbom::SUFFIX) {
            line.add(or_why(pair.documents()));
        }
        let Some(kind) = ArchiveKind::of_file(&line.name) else { continue };
        line.add(or_why(pair.archives(kind)));
        match pair.diffoscope() {
            Ok(Some(said)) if !said.trim().is_empty() => {
                report.step("Diffoscope", format!("says of {}:", line.name));
                report.line(said.trim_end());
            }
            Ok(_) => {}
            Err(error) => report.warn(format!("diffoscope did not compare `{}`: {error:#}", line.name)),
        }
    }
    let pulled = download.image.as_ref().and_then(|pulled| pulled.image.as_ref().ok());
    let (Some(theirs), Some(ours)) = (pulled, &rebuilt.image) else { return };
    for (name, part, _) in parts(theirs) {
        let line = comparison.image.iter_mut().find(|line| line.name == name && is_on_both_sides(line));
        let Some(line) = line else { continue };
        let (Some(published), Some(rebuilt)) = (&line.published, &line.rebuilt) else { continue };
        let pair = Pair { published: theirs.blob_path(published), rebuilt: ours.blob_path(rebuilt) };
        line.add(match part {
            Part::Layer => or_why(pair.layers()),
            Part::Document => or_why(pair.documents()),
        });
    }
}

fn is_on_both_sides(line: &ComparisonLine) -> bool {
    line.verdict == Verdict::Differs && line.published.is_some() && line.rebuilt.is_some()
}

/// A line a verdict, and indented below it the reasons.
fn table(comparison: &Comparison, report: &Report) {
    let lines = || comparison.assets.iter().chain(&comparison.image);
    let width = lines().map(|line| line.name.len()).max().unwrap_or(0);
    for line in lines() {
        report.out(format!("{:<width$}  {}", line.name, line.verdict));
        line.findings.iter().for_each(|finding| report.out(format!("    {finding}")));
    }
}

fn conclude(comparison: &Comparison, request: &ReleaseRequest, report: &Report) -> anyhow::Result<()> {
    let Comparison { tag, name, version, commit, .. } = comparison;
    if comparison.reproduced {
        report.step("Reproduced", format!("{name} {version} from {}: {comparison}", commit.short()));
        return Ok(());
    }
    let again = nix(request, "run", &format!("reproduce -- {tag}"));
    let hint = match (comparison.count(Verdict::Missing), comparison.count(Verdict::Differs)) {
        (1.., 0) => "build the missing targets too, and give each dist with `--rebuilt`".to_owned(),
        _ => format!("build it from scratch with {again}; if that differs too, report it to the maintainers"),
    };
    Err(invalid(format!("{tag} of `{}` was not reproduced: {comparison}", request.repo)).hint(hint).into())
}
