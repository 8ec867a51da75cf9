//! Chooses the builder of a rehearsal's dist: the project's flake if it can, or else Cargo for this machine.

use crate::cli::Builder;
use crate::error::Failure;
use crate::project::cargo::Project;
use crate::project::nix;
use crate::report::Report;

/// The requested builder, or Nix if it is installed and the flake has a `dist`, or Cargo.
pub fn choose(project: &Project, requested: Option<Builder>, report: &Report) -> anyhow::Result<Builder> {
    if requested == Some(Builder::Cargo) {
        return Ok(Builder::Cargo);
    }
    match (nix::offers_dist(&project.workspace_root), requested) {
        (Ok(()), _) => {
            report.step("Using", "Nix: the flake's `dist`, with all targets that build on Linux");
            Ok(Builder::Nix)
        }
        (Err(why), Some(_)) => Err(Failure::new(format!("Nix cannot build the dist: {why}"))
            .hint("rehearse with Cargo, for this machine only: `floe rehearse --with cargo`")
            .into()),
        (Err(why), None) => {
            report.step("Using", format!("Cargo, for this machine only: {why}"));
            Ok(Builder::Cargo)
        }
    }
}
