//! A release from verified dists, with the files that are rendered from its manifest.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::channels;
use crate::error::{Failure, invalid};
use crate::files::atomic_file;
use crate::project::cargo::Project;
use crate::release::dist;
use crate::report::Report;
use floe_core::attachment::{self, Unfit};
use floe_core::model::notes::NotesSource;
use floe_core::model::{
    Asset, Attestation, Channels, Config, Destination, ManifestChannel, PromisedFile, Release, ReleaseParts,
};
use floe_core::verify::{Problem, Verified};

/// The release of verified dists. A channel for which they hold no archive is reported.
pub fn assemble(
    verified: Verified,
    (destination, notes): (Destination, NotesSource),
    attestation: Attestation,
    channels: &Channels,
    report: &Report,
) -> anyhow::Result<Release> {
    let Verified { archives, files, image, rendered: on_disk, .. } = verified;
    let parts = ReleaseParts { archives, files, image, destination, notes, attestation };
    let manifest = parts.manifest();
    let Unfit { missing, wrong } = attachment::unfit(parts.image.as_ref(), &manifest);
    missing.into_iter().for_each(|line| report.warn(line));
    invalid("`attach = true` would attach SBOMs of other programs")
        .hint("make the image from the static binaries of this release, or take `attach` out of [package.metadata.floe.image]")
        .if_any(wrong)?;
    channels::left_out(&manifest, channels).into_iter().for_each(|line| report.warn(line));
    let rendered = channels::render(&manifest, channels).map_err(|all| lacking().details(all))?;
    let installers = rendered
        .iter()
        .map(|file| &file.entry)
        .filter(|entry| entry.kind.is_asset())
        .map(|entry| &entry.path);
    distinct(installers, manifest.files.iter().map(|file| &file.file))?;
    let is_same = |file: &PromisedFile| {
        rendered.iter().any(|one| place(&one.entry) == file.name && one.entry.digest == file.digest)
    };
    let edited = on_disk.into_iter().filter(|file| !is_same(file));
    let edited: Vec<Problem> = edited.map(|file| dist::edited(&file.path)).collect();
    if !edited.is_empty() {
        return Err(dist::refuse(&edited).into());
    }
    let places = channels::places_of(&manifest, channels);
    Ok(Release::new(parts, rendered, places))
}

/// The path of a rendered file in a dist.
fn place(ManifestChannel { kind, path, .. }: &ManifestChannel) -> String {
    match kind.is_asset() {
        true => path.clone(),
        false => format!("{}/{kind}/{path}", dist::CHANNELS),
    }
}

/// Writes the rendered files of a release into a dist, to be looked at. Returns their paths.
pub fn write_rendered(release: &Release, dist: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let files = release.channels.iter().map(|file| (place(&file.entry), file.bytes.as_slice()));
    let is_rendered = |asset: &&Asset| release.manifest.channels.iter().any(|entry| entry.path == asset.name);
    let assets = release.assets.iter().filter(is_rendered);
    let assets = assets.filter_map(|asset| Some((asset.name.clone(), asset.bytes()?)));
    let mut written = Vec::new();
    for (name, bytes) in files.chain(assets) {
        let path = dist.join(&name);
        let failed = || format!("failed to write `{}`", path.display());
        fs::create_dir_all(path.parent().unwrap_or(dist)).with_context(failed)?;
        atomic_file::write(&path, bytes).with_context(failed)?;
        written.push(path);
    }
    written.sort();
    Ok(written)
}

/// Checks before anything is built that the project says what its channels need.
pub fn check(project: &Project) -> anyhow::Result<()> {
    let Config { targets, channels, .. } = &project.config;
    let installers = channels::installers(&project.name, targets, channels);
    let assets = [project.asset_names(), project.package_files(targets)].concat();
    distinct(installers.iter(), assets.iter())?;
    let lacks = [channels::lacking(project.about().as_ref(), channels), project.packages_lack()];
    lacking().if_any(lacks.concat())
}

/// Checks that no further file has the name of an installer.
fn distinct<'a>(
    mut installers: impl Iterator<Item = &'a String>,
    files: impl Iterator<Item = &'a String> + Clone,
) -> anyhow::Result<()> {
    let Some(name) = installers.find(|name| files.clone().any(|file| file == *name)) else { return Ok(()) };
    Err(invalid(format!("`assets` names `{name}`, which floe makes itself"))
        .hint("rename the file, or write `installers = []` under [package.metadata.floe] to release without floe's")
        .file("Cargo.toml")
        .into())
}

fn lacking() -> Failure {
    invalid("the package lacks keys that its channels need")
        .hint("add the keys to [package] in Cargo.toml and pack again with `floe package`")
        .file("Cargo.toml")
}
