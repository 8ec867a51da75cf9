//! A release from verified dists, with the files that are rendered from its manifest.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::channels;
use crate::error::{Exit, Failure};
use crate::files::atomic_file;
use crate::project::cargo::Project;
use crate::release::dist;
use crate::report::Report;
use floe_core::attachment::{self, Unfit};
use floe_core::model::notes::NotesSource;
use floe_core::model::{
    ChannelKind, Channels, Config, Content, Destination, Digest, PromisedFile, Release, Rendered,
};
use floe_core::verify::{Problem, Verified};

/// The release of verified dists. A channel for which they hold no archive is reported.
pub fn assemble(
    verified: Verified,
    (destination, notes): (Destination, NotesSource),
    channels: &Channels,
    report: &Report,
) -> anyhow::Result<Release> {
    let mut verified = verified;
    let on_disk = std::mem::take(&mut verified.rendered);
    let release = without_channels(verified, destination, notes);
    let Unfit { missing, wrong } = attachment::unfit(&release);
    missing.into_iter().for_each(|line| report.warn(line));
    if !wrong.is_empty() {
        return Err(Failure::new("`attach = true` would attach SBOMs of other programs")
            .details(wrong)
            .hint("make the image from the static binaries of this release, or take `attach` out of [package.metadata.floe.image]")
            .exit(Exit::Problems)
            .into());
    }
    channels::left_out(&release.manifest, channels).into_iter().for_each(|line| report.warn(line));
    let rendered = channels::render(&release.manifest, channels).map_err(|lacking| lacks(&lacking))?;
    let installers = rendered.iter().filter(|file| file.kind.is_asset()).map(|file| file.path.as_str());
    distinct(installers, &release.manifest.files.iter().map(|file| file.file.as_str()).collect::<Vec<_>>())?;
    let is_same = |file: &PromisedFile| {
        rendered.iter().any(|one| place(one) == file.name && Digest::of(&one.bytes) == file.digest)
    };
    let edited = on_disk.into_iter().filter(|file| !is_same(file));
    let edited: Vec<Problem> = edited.map(|file| Problem::Edited { path: file.path }).collect();
    if !edited.is_empty() {
        return Err(dist::refuse(&edited).into());
    }
    let has_channels = channels.tables().any(ChannelKind::is_moved);
    Ok(Release {
        adopts: channels.adopts(),
        has_channels,
        ..release.with_rendered(rendered, channels::REVISION)
    })
}

/// The path of a rendered file in a dist.
fn place(file: &Rendered) -> String {
    match file.kind.is_asset() {
        true => file.path.clone(),
        false => format!("{}/{}/{}", dist::CHANNELS, file.kind, file.path),
    }
}

/// Writes the rendered files of a release into a dist, to be looked at. Returns their paths.
pub fn write_rendered(release: &Release, dist: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<(String, &[u8])> =
        release.channels.iter().map(|file| (place(file), file.bytes.as_slice())).collect();
    for asset in &release.assets {
        let is_rendered = release.manifest.channels.iter().any(|entry| entry.path == asset.name);
        if let (Content::Bytes(bytes), true) = (&asset.content, is_rendered) {
            files.push((asset.name.clone(), bytes.as_slice()));
        }
    }
    let mut written = Vec::new();
    for (name, bytes) in files {
        let path = dist.join(&name);
        let failed = || format!("failed to write `{}`", path.display());
        fs::create_dir_all(path.parent().unwrap_or(dist)).with_context(failed)?;
        atomic_file::write(&path, bytes).with_context(failed)?;
        written.push(path);
    }
    written.sort();
    Ok(written)
}

fn without_channels(verified: Verified, destination: Destination, notes: NotesSource) -> Release {
    Release::new(verified.archives, verified.files, verified.image, destination, notes)
}

/// Checks before anything is built that the project says what its channels need.
pub fn check(project: &Project) -> anyhow::Result<()> {
    let Config { targets, channels, .. } = &project.config;
    let installers = channels::installers(&project.name, targets, channels);
    let mut assets = project.asset_names();
    assets.extend(project.package_files(targets));
    distinct(installers.iter().map(String::as_str), &assets.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut lacking = channels::lacking(project.about().as_ref(), channels);
    lacking.extend(project.packages_lack());
    if lacking.is_empty() { Ok(()) } else { Err(lacks(&lacking).into()) }
}

/// Checks that no further file has the name of an installer.
fn distinct<'a>(mut installers: impl Iterator<Item = &'a str>, files: &[&str]) -> anyhow::Result<()> {
    let Some(name) = installers.find(|name| files.contains(name)) else { return Ok(()) };
    Err(Failure::new(format!("`assets` names `{name}`, which floe makes itself"))
        .hint("rename the file, or write `installers = []` under [package.metadata.floe] to release without floe's")
        .file("Cargo.toml")
        .exit(Exit::Problems)
        .into())
}

fn lacks(lacking: &[String]) -> Failure {
    Failure::new("the package does not say all that its channels need")
        .details(lacking)
        .hint("add the keys to [package] in Cargo.toml and pack again with `floe package`")
        .file("Cargo.toml")
        .exit(Exit::Problems)
}
