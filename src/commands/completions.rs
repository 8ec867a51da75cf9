//! `floe completions`: shell completions, made from the same types that parse the command line.

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs};
use crate::report::Report;

/// Prints the completions of one shell.
pub fn completions(args: CompletionsArgs, report: &Report) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "floe", &mut script);
    report.out(String::from_utf8(script)?.trim_end());
    Ok(())
}
