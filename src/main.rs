//! Parses, runs, prints the error, sets the exit code. Everything else is in the library.

use std::process::ExitCode;

use clap::Parser;
use floe::cli::Cli;
use floe::commands;
use floe::report::{Loudness, Report};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let loudness = match (cli.quiet, cli.verbose) {
        (true, _) => Loudness::Quiet,
        (false, 0) => Loudness::Normal,
        (false, 1) => Loudness::Verbose,
        (false, _) => Loudness::Trace,
    };
    let report = Report::new(loudness);
    match commands::run(cli.command, &report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(report.error(&error) as u8),
    }
}
