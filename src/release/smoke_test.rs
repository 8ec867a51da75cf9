//! The smoke test: the downloaded programs for this machine are run, each once, with no token in their environment.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::error::{Exit, Failure};
use crate::files::scratch::Scratch;
use crate::package::archive;
use crate::project::process;
use crate::report::Report;
use floe_core::model::{Manifest, Os, Target};

/// Unpacks each archive of a download that is for this machine and runs its programs with one argument. `assets` is the
/// folder of the release `name`, every byte of which was checked before.
pub fn run_downloaded(assets: &Path, name: &str, argument: &str, report: &Report) -> anyhow::Result<()> {
    let path = assets.join(Manifest::file_name(name));
    let read = || anyhow::Ok(serde_json::from_slice::<Manifest>(&std::fs::read(&path)?)?);
    let manifest = read().with_context(|| format!("failed to read `{}`", path.display()))?;
    let mine: Vec<_> =
        manifest.artifacts.iter().filter(|artifact| is_for_this_machine(artifact.target)).collect();
    if mine.is_empty() {
        let machine = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        return Err(Failure::new(format!("the release holds nothing that runs here, on {machine}"))
            .hint("leave `--run` out, or verify on a machine that the release is for")
            .into());
    }
    let scratch = Scratch::new("run")?;
    for artifact in mine {
        let unpacked = scratch.path().join(artifact.target.triple());
        archive::extract(&assets.join(&artifact.file), artifact.kind, &unpacked)
            .with_context(|| format!("failed to unpack `{}`", artifact.file))?;
        for binary in &artifact.binaries {
            let output =
                process::run(Command::new(unpacked.join(&binary.path)).arg(argument)).map_err(|error| {
                    Failure::new(format!("`{}` of `{}` does not run here", binary.name, artifact.file))
                        .because(error)
                        .hint(format!(
                            "if it does not know `{argument}`, give another argument: `--run=--help`"
                        ))
                        .exit(Exit::Problems)
                })?;
            let said = output.lines().next().unwrap_or_default();
            report.step("Ran", format!("{} for {}: {said}", binary.name, artifact.target.name()));
        }
    }
    Ok(())
}

fn is_for_this_machine(target: Target) -> bool {
    let os = match target.os() {
        Os::Linux => "linux",
        Os::Macos => "macos",
        Os::Windows => "windows",
    };
    os == std::env::consts::OS && target.arch().to_string() == std::env::consts::ARCH
}
