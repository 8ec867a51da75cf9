//! Parses, runs, prints the error, sets the exit code. Everything else is in the library.

use std::error::Error as _;
use std::panic;
use std::process::{self, ExitCode};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use floe::cli::Cli;
use floe::error::{Exit, Failure};
use floe::files::unfinished;
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
    panic::set_hook(Box::new(move |panic| {
        // Through the report, so that a panic's message is printed without secrets.
        panics.panic(panic);
        end_after_panic();
    }));
    match floe::run(cli.command, &report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(report.error(&error) as u8),
    }
}

/// Ends the process as a failure does: the released program has no code that unwinds.
fn end_after_panic() -> ! {
    let (sender, removed) = mpsc::channel();
    // In another thread, because the one that panicked may hold a lock that this needs.
    thread::spawn(move || {
        unfinished::remove_all();
        let _ = sender.send(());
    });
    let _ = removed.recv_timeout(Duration::from_secs(2));
    process::exit(Exit::Failed as i32)
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
    let hint = error.source().and_then(|reason| reason.downcast_ref::<Failure>()?.hint.clone());
    let mut failure = Failure::new(message).details(details).exit(Exit::Usage);
    failure.hint = hint;
    ExitCode::from(Report::new(Verbosity::Normal).error(&failure.into()) as u8)
}
