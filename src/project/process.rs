//! Running other programs, without a shell and without floe's tokens in their environment.
//!
//! It never passes text through a shell, so nothing in a name can become a command.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use anyhow::{Context as _, anyhow};

use crate::environment::variable_os;
use crate::error::Failure;
use crate::token::Token;

/// How many of the last lines of stderr an error shows.
const LAST_LINES: usize = 12;

/// Runs a program with empty stdin and returns its stdout, which must be UTF-8.
///
/// Any exit code but 0 is an error, which shows the last lines of stderr.
pub fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = finish(command)?;
    succeeded(command, output.status, &output.stderr)?;
    text(command, output)
}

/// As [`run`], for programs that say with exit code 1 that they have found nothing.
pub fn run_or_none(command: &mut Command) -> anyhow::Result<String> {
    let output = finish(command)?;
    if output.status.code() != Some(1) {
        succeeded(command, output.status, &output.stderr)?;
    }
    text(command, output)
}

fn finish(command: &mut Command) -> anyhow::Result<Output> {
    // A backtrace would push the reason out of the last lines.
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    Ok(start(command.stderr(Stdio::piped()))?.wait_with_output()?)
}

fn text(command: &Command, output: Output) -> anyhow::Result<String> {
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something other than UTF-8", shown(command)))
}

/// As [`run`], for programs that take a while: `each` gets the lines of stdout as they come, and stderr goes to the
/// terminal.
pub fn run_lines(command: &mut Command, mut each: impl FnMut(&str)) -> anyhow::Result<()> {
    let mut child = start(command.stderr(Stdio::inherit()))?;
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        each(&line.with_context(|| format!("failed to read the output of `{}`", shown(command)))?);
    }
    succeeded(command, child.wait()?, b"")
}

/// Runs a program and returns the first `limit` bytes of its stdout, whatever its exit code. It is killed if it writes
/// more; stderr is dropped.
pub fn run_within(command: &mut Command, limit: u64) -> anyhow::Result<String> {
    let mut child = start(command.stderr(Stdio::null()))?;
    let mut bytes = Vec::new();
    let read = child.stdout.take().map_or(Ok(0), |stdout| stdout.take(limit).read_to_end(&mut bytes));
    // It fails if the program has ended by itself, which is the normal case.
    let _ = child.kill();
    child.wait().with_context(|| format!("failed to wait for `{}`", shown(command)))?;
    read.with_context(|| format!("failed to read the output of `{}`", shown(command)))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a program of this name is on `PATH`.
pub fn is_there(program: &str) -> bool {
    let path = variable_os("PATH").unwrap_or_default();
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).any(|folder| folder.join(&file).is_file())
}

fn without_tokens(command: &mut Command) -> &mut Command {
    let own = Token::all_from_env();
    let holds_ours = |value: &OsStr| {
        let value = value.to_string_lossy();
        own.iter().any(|token| token.hide_in(value.clone().into_owned()) != value)
    };
    for (name, _) in std::env::vars_os().filter(|(name, value)| is_token(name) || holds_ours(value)) {
        command.env_remove(name);
    }
    command
}

fn start(command: &mut Command) -> anyhow::Result<Child> {
    without_tokens(command).stdin(Stdio::null()).stdout(Stdio::piped());
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow!(
            Failure::new(format!("failed to start `{program}`: there is no such program"))
                .hint(format!("install `{program}`, or put its folder into PATH"))
        ),
        _ => anyhow!(error).context(format!("failed to start `{program}`")),
    })
}

fn succeeded(command: &Command, status: ExitStatus, stderr: &[u8]) -> anyhow::Result<()> {
    let shown = shown(command);
    let why = match status.code() {
        _ if status.success() => return Ok(()),
        Some(code) => format!("`{shown}` ended with exit code {code}"),
        None => format!("`{shown}` was stopped by a signal"),
    };
    Err(Failure::new(why).details(last_lines(stderr)).into())
}

/// Whether an environment variable's name says that it holds a secret.
fn is_token(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    let ends = |name: &str, ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let keys = ["_SECRET", "_SECRET_ACCESS", "_PRIVATE", "_API"];
    ends(&name, &["_TOKEN", "_PASSWORD", "_SECRET", "_APIKEY"])
        || name.strip_suffix("_KEY").is_some_and(|name| ends(name, &keys))
        || name == "TOKEN"
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn last_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in
            ["GITHUB_TOKEN", "GH_TOKEN", "CARGO_REGISTRY_TOKEN", "gh_token", "TOKEN", "AWS_SECRET_ACCESS_KEY"]
        {
            assert!(is_token(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "TOKENS", "GITHUB_TOKEN_FILE"] {
            assert!(!is_token(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn the_error_names_the_command_and_shows_its_stderr() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let error = run(Command::new(cargo).arg("no-such-verb")).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert!(failure.to_string().contains("no-such-verb` ended with exit code 101"), "{failure}");
        assert!(failure.details.concat().contains("no such command"), "{:?}", failure.details);
    }

    #[test]
    fn output_beyond_the_limit_is_not_read() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let whole = run(Command::new(&cargo).arg("--list")).unwrap();
        let begun = run_within(Command::new(&cargo).arg("--list"), 20).unwrap();
        assert_eq!(begun, whole[..20]);
        // An exit code other than 0 is the caller's to read, not an error.
        assert_eq!(run_within(Command::new(&cargo).arg("no-such-verb"), 20).unwrap(), "");
        assert!(run_within(&mut Command::new("floe-no-such-program"), 20).is_err());
        assert!(!is_there("floe-no-such-program"));
    }

    #[cfg(unix)]
    #[test]
    fn errors_are_not_hidden_behind_a_backtrace() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo ${RUST_BACKTRACE-unset} ${RUST_LIB_BACKTRACE-unset}"]);
        shell.env("RUST_BACKTRACE", "1").env("RUST_LIB_BACKTRACE", "full");
        assert_eq!(run(&mut shell).unwrap(), "unset unset\n");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("floe-no-such-program")).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert_eq!(failure.to_string(), "failed to start `floe-no-such-program`: there is no such program");
        assert!(failure.hint.as_deref().unwrap().contains("PATH"));
    }
}
