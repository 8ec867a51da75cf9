//! The description in an assembled dist, a substitute for the project: `floe assemble` writes it, and every command that
//! is given the dist reads it. With it neither Cargo nor git is run, and no file of the project is read.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::{ReleaseArgs, RemoteArgs};
use crate::error::usage;
use crate::release::session;
use floe_core::model::assembly::DESCRIPTION;
use floe_core::model::{Assembly, BuiltOn, Destination};
use floe_core::untrusted::files;
use floe_core::verify::Expect;

/// The largest description: it holds the notes.
const LIMIT: u64 = 16 * 1024 * 1024;

/// The description of the given dists, if one of them is assembled. Arguments that would make another release of it are
/// refused.
pub fn find(args: &ReleaseArgs) -> anyhow::Result<Option<Assembly>> {
    let Some(assembly) = read_all(&args.dists)? else { return Ok(None) };
    let given = [
        ("--target", !args.targets.is_empty()),
        ("--no-image", args.no_image),
        ("--image", args.image.as_ref().is_some_and(|image| *image != assembly.image)),
        ("--notes-file", args.notes_file.is_some()),
        ("--package", args.project.package.as_ref().is_some_and(|name| *name != assembly.name)),
        ("--tag", args.source.tag.as_ref().is_some_and(|tag| *tag != assembly.tag)),
        ("--commit", args.source.commit.as_ref().is_some_and(|commit| *commit != assembly.commit)),
        ("--repo", args.remote.repo.as_ref().is_some_and(|repo| *repo != assembly.repository)),
    ];
    if let Some((flag, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
        return Err(usage(format!(
            "the dist is assembled as {} of `{}`, which `{flag}` cannot change",
            assembly.tag, assembly.repository
        ))
        .hint(format!("leave it out, or give `{flag}` to `floe assemble`"))
        .into());
    }
    Ok(Some(assembly))
}

/// How the dists were built, if one of them is assembled.
pub fn built_on(dists: &[PathBuf]) -> anyhow::Result<Option<BuiltOn>> {
    Ok(read_all(dists)?.and_then(|assembly| assembly.built_on))
}

/// The expectations of an assembled dist.
pub fn expect(assembly: &Assembly) -> Expect {
    Expect {
        name: Some(assembly.name.clone()),
        version: Some(assembly.version.clone()),
        tag: Some(assembly.tag.clone()),
        commit: Some(assembly.commit.clone()),
        binaries: Some(assembly.binaries.clone()),
        targets: assembly.targets.clone(),
        image: !assembly.platforms.is_empty(),
        sbom: Some(assembly.sbom),
        files: assembly.files.clone(),
        programs: assembly.programs.clone(),
        tolerate: false,
        platforms: assembly.platforms.clone(),
    }
}

/// Where an assembled release goes.
pub fn destination(assembly: &Assembly, remote: &RemoteArgs) -> anyhow::Result<Destination> {
    let Assembly { repository, tag, commit, image, may_be_latest, attach, built_on, .. } = assembly.clone();
    let page = session::page(remote, &repository)?;
    Ok(Destination { repo: repository, page, tag, commit, image, may_be_latest, attach, built_on })
}

fn read_all(dists: &[PathBuf]) -> anyhow::Result<Option<Assembly>> {
    let mut found = dists.iter().map(|dist| dist.join(DESCRIPTION)).filter(|path| path.is_file());
    let Some(path) = found.next() else { return Ok(None) };
    if dists.len() > 1 {
        return Err(usage(format!(
            "`{}` is there, so its dist is a whole release, and others are given with it",
            path.display()
        ))
        .hint("give that dist alone, or assemble all of them again")
        .into());
    }
    read(&path).map(Some).with_context(|| format!("failed to read `{}`", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Assembly> {
    let bytes = files::read(files::open_no_link(path)?, LIMIT)?;
    Ok(serde_json::from_slice(&bytes)?)
}
