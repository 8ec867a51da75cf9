//! Parses, runs, prints the error, sets the exit code. Everything else is in the library.

use std::error::Error as _;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use floe::cli::Cli;
use floe::error::{Exit, Failure};
use floe::report::{Report, Verbosity};
use floe_core::untrusted::text::line;

fn main() -> ExitCode {
    let cli = match Cli::from_env() {
        Ok(cli) => cli,
        Err(error) => return usage(error),
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

/// Wrong usage, reported like every other error: clap repeats the arguments, which may come from anyone.
fn usage(mut error: clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        error.exit();
    }
    let outside: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in outside {
        if let ContextValue::String(value) = value {
            error.insert(kind, ContextValue::String(line(&value).into_owned()));
        }
    }
    let text =
        match (error.source(), error.get(ContextKind::InvalidValue), error.get(ContextKind::InvalidArg)) {
            // clap would append the reason as it is.
            (Some(reason), Some(value), Some(argument)) => {
                format!("invalid value '{value}' for '{argument}': {}", line(&reason.to_string()))
            }
            _ => error.to_string(),
        };
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    let (message, rest) = text.split_once('\n').unwrap_or((text, ""));
    let details = rest.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let failure = Failure::new(message).details(details).exit(Exit::Usage);
    ExitCode::from(Report::new(Verbosity::Normal).error(&failure.into()) as u8)
}
