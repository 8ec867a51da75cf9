//! Who builds the dist of a rehearsal: the project's flake where it can, else Cargo for this machine.
//!
//! It decides and says why; the building itself is `io`'s.

use crate::cli::Builder;
use crate::error::Failure;
use crate::project::cargo::Project;
use crate::project::nix;
use crate::report::Report;

/// The builder that was asked for; else Nix where it is there and the flake gives a `dist`, else Cargo, which is said
/// with the reason.
///
/// # Errors
/// Nix was asked for and cannot build it.
pub fn choose(project: &Project, asked: Option<Builder>, report: &Report) -> anyhow::Result<Builder> {
    if asked == Some(Builder::Cargo) {
        return Ok(Builder::Cargo);
    }
    match (nix::offers_dist(&project.workspace_root), asked) {
        (Ok(()), _) => {
            report.step("Using", "Nix: the flake's `dist`, with every target that Linux builds");
            Ok(Builder::Nix)
        }
        (Err(why), Some(_)) => Err(Failure::new(format!("Nix cannot build the dist: {why}"))
            .hint("rehearse what Cargo builds for this machine: `floe rehearse --with cargo`")
            .into()),
        (Err(why), None) => {
            report.step("Using", format!("Cargo, for this machine alone: {why}"));
            Ok(Builder::Cargo)
        }
    }
}
