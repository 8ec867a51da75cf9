//! Building a project's dist with its own flake.
//!
//! It builds `.#dist` and nothing else, and never changes the flake's lock file.

use std::path::Path;
use std::process::Command;

use crate::error::Failure;
use crate::project::process;

/// Whether Nix can build the dist of the project in a folder; if not, the error is a clause that says why.
pub fn offers_dist(root: &Path) -> Result<(), String> {
    if !root.join("flake.nix").is_file() {
        return Err("there is no flake.nix".to_owned());
    }
    if !process::is_there("nix") {
        return Err("`nix` is not on PATH".to_owned());
    }
    let asked = process::run(nix(root, "eval", ".#dist.name").arg("--raw"));
    asked
        .map(drop)
        .map_err(|error| format!("the flake has no `dist` for this system: {}", last_error(&error)))
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
    command.current_dir(root).args(["--extra-experimental-features", "nix-command flakes"]).args([
        verb,
        what,
        "--no-write-lock-file",
    ]);
    command
}

/// Nix's last `error:` line, which names the cause; those before it only say where.
fn last_error(error: &anyhow::Error) -> String {
    let details = error.downcast_ref::<Failure>().map(Failure::detail_lines).unwrap_or_default();
    let line = details.iter().rev().find_map(|line| line.trim_start().strip_prefix("error: "));
    line.map_or_else(|| error.to_string(), str::to_owned)
}
