//! Parses, runs, prints the error, sets the exit code. Everything else is in the library.

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;
use floe::cli::Cli;
use floe::error::Exit;
use floe::report::{Report, Verbosity, without_passwords};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let verbosity = match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Verbose,
        (false, _) => Verbosity::Trace,
    };
    let report = Report::new(verbosity);
    let teller = report.clone();
    // Through the report, so that a panic's message is told like any other, without secrets.
    panic::set_hook(Box::new(move |panic| teller.panic(panic)));
    match panic::catch_unwind(AssertUnwindSafe(|| floe::run(cli.command, &report))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => ExitCode::from(report.error(&error) as u8),
        // The hook has told it.
        Err(_) => ExitCode::from(Exit::Failed as u8),
    }
}

/// clap says again what was typed, and an address may hold a password.
fn usage(error: &clap::Error) -> ExitCode {
    let said = error.to_string();
    if without_passwords(&said) == said {
        error.exit();
    }
    Report::new(Verbosity::Normal).line(said.trim_end());
    ExitCode::from(Exit::Usage as u8)
}
