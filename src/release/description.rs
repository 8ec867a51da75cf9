//! The description in an assembled dist, a substitute for the project: `floe assemble` writes it, and every command that
//! is given the dist reads it. With it neither Cargo nor git is run, and no file of the project is read.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

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
    let Destination { repo, tag, commit, image, .. } = &assembly.destination;
    let given = [
        ("--target", !args.targets.is_empty()),
        ("--no-image", args.no_image),
        ("--image", args.image.as_ref().is_some_and(|given| given != image)),
        ("--notes-file", args.notes_file.is_some()),
        ("--package", args.project.package.as_ref().is_some_and(|name| *name != assembly.name)),
        ("--tag", args.source.tag.as_ref().is_some_and(|given| given != tag)),
        ("--commit", args.source.commit.as_ref().is_some_and(|given| given != commit)),
        ("--repo", args.remote.repo.as_ref().is_some_and(|given| given != repo)),
    ];
    if let Some((flag, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
        let text = format!("the dist is assembled as {tag} of `{repo}`, which `{flag}` cannot change");
        bail!(usage(text).hint(format!("leave it out, or give `{flag}` to `floe assemble`")));
    }
    Ok(Some(assembly))
}

/// How the dists were built, if one of them is assembled.
pub fn built_on(dists: &[PathBuf]) -> anyhow::Result<Option<BuiltOn>> {
    Ok(read_all(dists)?.and_then(|assembly| assembly.destination.built_on))
}

/// The expectations of an assembled dist.
pub fn expect(assembly: &Assembly) -> Expect {
    Expect {
        name: Some(assembly.name.clone()),
        version: Some(assembly.version.clone()),
        tag: Some(assembly.destination.tag.clone()),
        commit: Some(assembly.destination.commit.clone()),
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
    let page = session::page(remote, &assembly.destination.repo)?;
    Ok(Destination { page, ..assembly.destination.clone() })
}

fn read_all(dists: &[PathBuf]) -> anyhow::Result<Option<Assembly>> {
    let mut found = dists.iter().map(|dist| dist.join(DESCRIPTION)).filter(|path| path.is_file());
    let Some(path) = found.next() else { return Ok(None) };
    let shown = path.display();
    if dists.len() > 1 {
        let text =
            format!("`{shown}` is there, so its dist is a whole release, and others are given with it");
        bail!(usage(text).hint("give that dist alone, or assemble all of them again"));
    }
    let read = || anyhow::Ok(serde_json::from_slice(&files::read(files::open_no_link(&path)?, LIMIT)?)?);
    read().with_context(|| format!("failed to read `{shown}`"))
}
