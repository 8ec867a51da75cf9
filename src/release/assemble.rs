//! A release from verified dists, with the files that are rendered from its manifest.

use crate::channels;
use crate::error::{Exit, Failure};
use crate::project::cargo::Project;
use crate::report::Report;
use floe_core::model::notes::NotesSource;
use floe_core::model::{Channels, Destination, Release};
use floe_core::verify::Verified;

/// The release of verified dists. A channel for which they hold no archive is reported.
pub fn assemble(
    verified: Verified,
    (destination, notes): (Destination, NotesSource),
    channels: &Channels,
    report: &Report,
) -> anyhow::Result<Release> {
    let release = without_channels(verified, destination, notes);
    channels::left_out(&release.manifest, channels).into_iter().for_each(|line| report.warn(line));
    let rendered = channels::render(&release.manifest, channels).map_err(|lacking| lacks(&lacking))?;
    Ok(release.with_rendered(rendered, channels::REVISION))
}

fn without_channels(verified: Verified, destination: Destination, notes: NotesSource) -> Release {
    Release::new(verified.archives, verified.files, verified.image, destination, notes)
}

/// Checks before anything is built that the project says what its channels need.
pub fn check(project: &Project) -> anyhow::Result<()> {
    let lacking = channels::lacking(project.about().as_ref(), &project.config.channels);
    if lacking.is_empty() { Ok(()) } else { Err(lacks(&lacking).into()) }
}

fn lacks(lacking: &[String]) -> Failure {
    Failure::new("the package does not say all that its channels need")
        .details(lacking)
        .hint("add the keys to [package] in Cargo.toml and pack again with `floe package`")
        .file("Cargo.toml")
        .exit(Exit::Problems)
}
