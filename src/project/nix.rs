//! Building a project's dist with its own flake.
//!
//! It builds what `nix build .#dist` builds and nothing else, and never changes the flake's lock file.

use std::path::Path;
use std::process::Command;

use crate::error::Failure;
use crate::project::process;

/// Whether Nix can build the dist of the project in a folder.
///
/// # Errors
/// Why not, as a clause: there is no flake, no Nix, or the flake gives no `dist` for this system.
pub fn offers_dist(root: &Path) -> Result<(), String> {
    if !root.join("flake.nix").is_file() {
        return Err("there is no flake.nix".to_owned());
    }
    if !process::is_there("nix") {
        return Err("`nix` is not on PATH".to_owned());
    }
    let asked = process::run(nix(root, "eval", ".#dist.name").arg("--raw"));
    asked.map(drop).map_err(|error| format!("the flake gives no `dist` here: {}", complaint(&error)))
}

/// Builds the dist of the project in a folder; `link` then leads to it, and keeps it from being collected.
///
/// # Errors
/// Nix cannot build it, or `link` cannot be made.
pub fn build_dist(root: &Path, link: &Path) -> anyhow::Result<()> {
    let link = std::path::absolute(link)?;
    process::run_shown(nix(root, "build", ".#dist").arg("--out-link").arg(&link)).map_err(|error| {
        Failure::new("failed to build the flake's `dist`").because(error).hint(
            "Nix said why above; `floe rehearse --with cargo` builds with Cargo for this machine instead",
        )
    })?;
    anyhow::ensure!(link.is_dir(), "`nix build` made no folder `{}`", link.display());
    Ok(())
}

fn nix(root: &Path, verb: &str, what: &str) -> Command {
    let mut command = Command::new("nix");
    command.current_dir(root).args(["--extra-experimental-features", "nix-command flakes"]).args([
        verb,
        what,
        "--no-write-lock-file",
    ]);
    command
}

/// What Nix complained of: its last `error:` line says it, those before only where.
fn complaint(error: &anyhow::Error) -> String {
    let details = error.downcast_ref::<Failure>().map(Failure::detail_lines).unwrap_or_default();
    let line = details.iter().rev().find_map(|line| line.trim_start().strip_prefix("error: "));
    line.map_or_else(|| error.to_string(), str::to_owned)
}
