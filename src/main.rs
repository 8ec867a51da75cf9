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
    let report = Report::new(verbosity).strict(cli.strict);
    let panics = report.clone();
    // Through the report, so that a panic's message is printed without secrets.
    panic::set_hook(Box::new(move |panic| panics.panic(panic)));
    match panic::catch_unwind(AssertUnwindSafe(|| floe::run(cli.command, &report))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => ExitCode::from(report.error(&error) as u8),
        // The hook has printed it.
        Err(_) => ExitCode::from(Exit::Failed as u8),
    }
}

/// clap repeats the arguments, and a URL may contain a password.
fn usage(error: &clap::Error) -> ExitCode {
    let said = error.to_string();
    if without_passwords(&said) == said {
        error.exit();
    }
    Report::new(Verbosity::Normal).line(said.trim_end());
    ExitCode::from(Exit::Usage as u8)
}
