//! Parses, runs, prints the error, sets the exit code. Everything else is in the library.

use std::error::Error as _;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::error::{ContextValue, ErrorKind};
use floe::cli::Cli;
use floe::error::{Exit, Failure};
use floe::report::{Report, Verbosity};
use floe_core::untrusted::text::line;

fn main() -> ExitCode {
    let cli = match Cli::from_env() {
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

/// Wrong usage, reported like every other error: clap repeats the arguments, which may come from anyone.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        error.exit();
    }
    let mut text = error.to_string();
    // The longer text first, because it holds the others.
    let values = error.context().filter_map(|(_, value)| match value {
        ContextValue::String(value) => Some(value.clone()),
        _ => None,
    });
    for outside in error.source().map(ToString::to_string).into_iter().chain(values) {
        text = text.replace(&outside, &line(&outside));
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    let (message, rest) = text.split_once('\n').unwrap_or((text, ""));
    let details = rest.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let failure = Failure::new(message).details(details).exit(Exit::Usage);
    ExitCode::from(Report::new(Verbosity::Normal).error(&failure.into()) as u8)
}
