//! `floe completions`: shell completions and man pages, made from the same types that parse the command line.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::cli::{Cli, CompletionsArgs};
use crate::report::Report;

/// Runs the verb.
///
/// # Errors
/// A file cannot be written.
pub fn completions(args: CompletionsArgs, report: &Report) -> anyhow::Result<()> {
    if let Some(folder) = &args.out {
        return write_all(folder).with_context(|| format!("failed to write into `{}`", folder.display()));
    }
    if let Some(shell) = args.shell {
        report.out(completion(shell)?.trim_end());
    }
    Ok(())
}

/// Writes `completions/` and `man/` below a folder, under the names that shells and `man` look for.
///
/// # Errors
/// A file cannot be written.
pub fn write_all(folder: &Path) -> anyhow::Result<()> {
    let (completions, man) = (folder.join("completions"), folder.join("man"));
    fs::create_dir_all(&completions)?;
    fs::create_dir_all(&man)?;
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut Cli::command(), "floe", &completions)?;
    }
    clap_mangen::generate_to(Cli::command(), &man)?;
    Ok(())
}

fn completion(shell: Shell) -> anyhow::Result<String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "floe", &mut script);
    Ok(String::from_utf8(script)?)
}
