//! Building a project's dist with its own flake.
//!
//! It builds `.#dist` and nothing else, and never changes the flake's lock file.

use std::path::Path;
use std::process::Command;

use crate::error::Failure;
use crate::project::process;

/// Why Nix cannot build a dist, as a clause.
pub struct NoDist {
    /// The clause.
    pub why: String,
    /// Whether the flake may have a dist, but does not evaluate.
    pub is_broken: bool,
}

/// Whether Nix can build the dist of the project in a folder.
pub fn offers_dist(root: &Path) -> Result<(), NoDist> {
    let none = |why: String| NoDist { why, is_broken: false };
    if !root.join("flake.nix").is_file() {
        return Err(none("there is no flake.nix".to_owned()));
    }
    if !process::is_there("nix") {
        return Err(none("`nix` is not on PATH".to_owned()));
    }
    let asked = process::run(nix(root, "eval", ".#dist.name").arg("--raw"));
    asked.map(drop).map_err(|error| {
        let last = last_error(&error);
        match last.contains("does not provide attribute") || last.contains("attribute 'dist' ") {
            true => none(format!("the flake has no `dist` for this system: {last}")),
            false => NoDist { why: format!("the flake does not evaluate: {last}"), is_broken: true },
        }
    })
}

/// Builds the dist of the project in a folder. `link` then leads to it, and protects it from garbage collection.
pub fn build_dist(root: &Path, link: &Path) -> anyhow::Result<()> {
    let link = std::path::absolute(link)?;
    process::run_lines(nix(root, "build", ".#dist").arg("--out-link").arg(&link), |_| ()).map_err(|error| {
        Failure::new("failed to build the flake's `dist`").because(error).hint(
            "see Nix's messages above; `floe rehearse --with cargo` builds with Cargo for this machine instead",
        )
    })?;
    anyhow::ensure!(link.is_dir(), "`nix build` created no folder `{}`", link.display());
    Ok(())
}

fn nix(root: &Path, verb: &str, what: &str) -> Command {
    let mut command = Command::new("nix");
    command.current_dir(root).args(["--extra-experimental-features", "nix-command flakes"]);
    command.args([verb, what, "--no-write-lock-file"]);
    command
}

/// Nix's last `error:` line, which names the cause; those before it only say where.
fn last_error(error: &anyhow::Error) -> String {
    let details = error.downcast_ref::<Failure>().map_or(&[][..], |failure| &failure.details);
    let line = details.iter().rev().find_map(|line| line.trim_start().strip_prefix("error: "));
    line.map_or_else(|| error.to_string(), str::to_owned)
}
