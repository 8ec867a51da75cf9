//! The only module that prints. Verbs are right-aligned in twelve columns, as cargo's are.
//!
//! Results go to stdout, all else to stderr. It never prints a `Debug` form, a secret or a control character of
//! untrusted text.

mod actions;
mod ask;
mod hide;
pub mod markdown;
mod progress;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{ErrorKind, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, ThreadId};

use anstream::{AutoStream, ColorChoice};
use indicatif::{MultiProgress, ProgressDrawTarget};

use crate::environment::in_actions;
use crate::error::{Exit, Failure, exit_of, failures, hint_of, issues};
use crate::token::Token;
use floe_core::parallel::lock;
pub use floe_core::units::{seconds, size};
use floe_core::untrusted::text;
pub use hide::without_passwords;
pub use progress::{Progress, Share};

/// The number of details that are shown of one failure; a hostile file has a million.
const DETAILS: usize = 500;

/// How much is printed on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Results and errors only.
    Quiet,
    /// A line a step.
    Normal,
    /// Also details, such as passed checks.
    Verbose,
    /// Each request.
    Trace,
}

/// The output of a run. Cloning it is cheap; all clones print to the same place.
#[derive(Clone)]
pub struct Report {
    verbosity: Verbosity,
    colour: bool,
    bars: MultiProgress,
    /// Whether GitHub Actions runs this process.
    in_actions: bool,
    /// Whether a group of the workflow's log is open.
    in_group: Arc<AtomicBool>,
    secrets: Arc<Vec<Token>>,
    /// Whether warnings are errors.
    strict: bool,
    /// The warnings so far.
    warnings: Arc<Mutex<Vec<String>>>,
    /// Why a result could not be written.
    unwritten: Arc<OnceLock<String>>,
    /// The thread that ends the process. Lines of others are dropped from then on.
    ending: Arc<OnceLock<ThreadId>>,
}

impl Report {
    /// A report on this process's stdout and stderr, and on the workflow it runs in.
    pub fn new(verbosity: Verbosity) -> Self {
        // On Windows this also makes the console understand escape sequences.
        let stderr = AutoStream::auto(std::io::stderr());
        Report {
            verbosity,
            colour: stderr.current_choice() == ColorChoice::AlwaysAnsi,
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            in_actions: in_actions(),
            in_group: Arc::default(),
            secrets: Arc::new(Token::all_from_env()),
            strict: false,
            warnings: Arc::default(),
            unwritten: Arc::default(),
            ending: Arc::default(),
        }
    }

    /// With `--strict`, warnings are errors: also `--quiet` shows them.
    pub fn strict(self, strict: bool) -> Self {
        Report { strict, ..self }
    }

    /// Whether warnings are errors.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Fails if warnings are errors and there was one. Called before the first effect that cannot be undone, and at the end.
    pub fn refuse_warnings(&self) -> anyhow::Result<()> {
        let what = match self.warnings().len() {
            count if count == 0 || !self.strict => return Ok(()),
            1 => "1 warning is an error".to_owned(),
            count => format!("{count} warnings are errors"),
        };
        Err(Failure::new(format!("{what} because of `--strict`"))
            .hint("fix what the warnings name, or run the command without `--strict`")
            .into())
    }

    /// Fails if a result could not be written.
    pub fn check_results(&self) -> anyhow::Result<()> {
        match self.unwritten.get() {
            Some(error) => Err(anyhow::anyhow!("failed to write the result to stdout: {error}")),
            None => Ok(()),
        }
    }

    /// One step that was done or begins: a verb in twelve columns, then what it is done to.
    pub fn step(&self, verb: &str, text: impl AsRef<str>) {
        self.say(Verbosity::Normal, "32", verb, text.as_ref());
    }

    /// The warnings so far, also those that were not shown.
    pub fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).clone()
    }

    /// A warning.
    pub fn warn(&self, text: impl AsRef<str>) {
        lock(&self.warnings).push(text.as_ref().to_owned());
        let at = if self.strict { Verbosity::Quiet } else { Verbosity::Normal };
        match self.in_actions && self.verbosity >= at {
            true => self.annotate("warning", None, text.as_ref()),
            false => self.say(at, "33", "warning", text.as_ref()),
        }
    }

    /// Something only `-v` shows.
    pub fn detail(&self, verb: &str, text: impl AsRef<str>) {
        self.say(Verbosity::Verbose, "36", verb, text.as_ref());
    }

    /// Something only `-vv` shows.
    pub fn trace(&self, verb: &str, text: impl AsRef<str>) {
        self.say(Verbosity::Trace, "2", verb, text.as_ref());
    }

    /// Something only `-v` shows; a workflow's log has it too, folded.
    pub fn folded(&self, verb: &str, text: impl AsRef<str>) {
        let at = if self.in_actions { Verbosity::Normal } else { Verbosity::Verbose };
        self.say(at, "36", verb, text.as_ref());
    }

    /// Whether `-v` was given.
    pub fn is_verbose(&self) -> bool {
        self.verbosity >= Verbosity::Verbose
    }

    /// Lines on stderr without a verb: tables and summaries.
    pub fn line(&self, text: impl AsRef<str>) {
        if self.verbosity >= Verbosity::Normal {
            self.write(&self.clean(text.as_ref()));
        }
    }

    /// A result: a line on stdout.
    pub fn out(&self, text: impl AsRef<str>) {
        self.result(&self.clean(text.as_ref()));
    }

    /// The one JSON value of a run, on stdout.
    pub fn json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let json = self.hide(text::json(&serde_json::to_string_pretty(value)?));
        // GitHub's runner finds its old commands, `##[`, anywhere in a line. In JSON they can only be inside a string.
        self.result(&json.replace("##[", "\\u0023\\u0023["));
        Ok(())
    }

    /// In a workflow, opens a group in the log; it ends when the returned value is dropped.
    pub fn group(&self, title: &str) -> Group {
        if self.in_actions && self.verbosity >= Verbosity::Normal {
            self.end_group();
            self.in_group.store(true, Ordering::Relaxed);
            self.write(&actions::group(&self.clean(title)));
        }
        Group { report: self.clone() }
    }

    /// In a workflow, sets an output for later steps.
    pub fn output(&self, name: &str, value: &str) {
        self.append("GITHUB_OUTPUT", &actions::output_lines(name, &self.hide(value)));
    }

    /// In a workflow, adds Markdown to the page of the run. GitHub says in the log if it is too large.
    pub fn summary(&self, markdown: &str) {
        self.append("GITHUB_STEP_SUMMARY", &format!("{}\n\n", self.hide(markdown).trim_end()));
    }

    /// In a workflow, appends to the file that a variable names.
    fn append(&self, variable: &str, text: &str) {
        if self.in_actions
            && let Err(error) = actions::append(variable, text)
        {
            self.warn(format!("{error:#}"));
        }
    }

    /// Prints an error as the last thing before this thread ends the process in the middle of something.
    pub fn last_error(&self, error: &anyhow::Error) {
        // Takes bars off the terminal; elsewhere there are none.
        let _ = self.bars.clear();
        let _ = self.ending.set(thread::current().id());
        self.error(error);
    }

    /// Prints an error and returns its exit code.
    pub fn error(&self, error: &anyhow::Error) -> Exit {
        self.end_group();
        let text = self.clean(&rendered(error));
        let paint = |line: &str| {
            let coloured = |(word, colour)| Some(self.paint(colour, word) + line.strip_prefix(word)?);
            let mut coloured = [("error:", "31;1"), ("hint:", "36;1")].into_iter().filter_map(coloured);
            coloured.next().unwrap_or_else(|| line.to_owned())
        };
        let plain = text.split('\n').map(paint).collect::<Vec<_>>().join("\n");
        self.write(&plain);
        if self.in_actions {
            let message = text.strip_prefix("error: ").unwrap_or(&text);
            let file = failures(error).find_map(|failure| failure.file.as_deref());
            self.annotate("error", file, message);
            // GitHub's runner cuts an annotation after 4096 characters, so a long list would lose its end and the hint.
            self.summary(&format!("### floe failed\n\n{}", fenced(&text)));
        }
        exit_of(error)
    }

    /// Reports a panic like every other error. `RUST_BACKTRACE=1` adds a backtrace.
    pub fn panic(&self, panic: &PanicHookInfo<'_>) {
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        let what = panic.payload_as_str().unwrap_or("without a message");
        let trace = Backtrace::capture();
        let has_trace = trace.status() == BacktraceStatus::Captured;
        let trace = if has_trace { trace.to_string() } else { String::new() };
        let to = issues(env!("CARGO_PKG_REPOSITORY"));
        let failure = Failure::new(format!("internal error{}: {what}", place.unwrap_or_default()))
            .details(trace.lines())
            .state("what was done so far stays as it is; running the same command again goes on from there")
            .hint(format!("run it with RUST_BACKTRACE=1 and report it {to}"));
        self.error(&failure.into());
    }

    fn annotate(&self, level: &str, file: Option<&str>, text: &str) {
        let text = self.hide(text::table(text));
        self.write(&actions::annotation(level, file, &text));
    }

    fn end_group(&self) {
        if self.in_group.swap(false, Ordering::Relaxed) {
            self.write(actions::END_GROUP);
        }
    }

    fn has_terminal(&self) -> bool {
        self.verbosity == Verbosity::Normal && std::io::stderr().is_terminal()
    }

    fn say(&self, at: Verbosity, colour: &str, verb: &str, text: &str) {
        if self.verbosity >= at {
            let verb = self.paint(&format!("{colour};1"), &format!("{verb:>12}"));
            self.write(&format!("{verb} {}", self.clean(&text::lines(text))));
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Untrusted text, made safe to print.
    fn clean(&self, text: &str) -> String {
        let text = self.hide(text::table(text));
        if self.in_actions { actions::harmless(&text) } else { text }
    }

    /// The last line of defence: no message contains a secret in the first place.
    fn hide(&self, text: impl Into<String>) -> String {
        let text = without_passwords(&text.into());
        self.secrets.iter().fold(text, |text, secret| secret.hide_in(text))
    }

    fn result(&self, text: &str) {
        let written = writeln!(std::io::stdout().lock(), "{text}");
        // A reader that went away is no reason to fail.
        if let Some(error) = written.err().filter(|error| error.kind() != ErrorKind::BrokenPipe) {
            let _ = self.unwritten.set(error.to_string());
        }
    }

    fn write(&self, text: &str) {
        self.bars.suspend(|| {
            // Lines are written one after the other here, so none follows the last error.
            if self.ending.get().is_some_and(|ending| *ending != thread::current().id()) {
                return;
            }
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "{text}");
        });
    }
}

/// Lines that a workflow's log folds.
pub struct Group {
    report: Report,
}

impl Drop for Group {
    fn drop(&mut self) {
        self.report.end_group();
    }
}

/// An error as text: its causes with their details, what is public now, and the way out.
fn rendered(error: &anyhow::Error) -> String {
    let mut lines = Vec::new();
    for cause in error.chain() {
        let begin = if lines.is_empty() { "error" } else { "  caused by" };
        let text = text::lines(&cause.to_string());
        lines.extend((!text.is_empty()).then(|| format!("{begin}: {text}")));
        let details = cause.downcast_ref::<Failure>().map_or(&[][..], |failure| &failure.details);
        lines.extend(details.iter().take(DETAILS).map(|line| detail(line)));
        let more = details.len().saturating_sub(DETAILS);
        lines.extend((more > 0).then(|| format!("  and {more} more")));
    }
    lines.extend(failures(error).find_map(|failure| failure.state.as_deref()).map(text::lines));
    lines.extend(hint_of(error).map(|hint| format!("\nhint: {}", text::lines(hint))));
    lines.join("\n")
}

/// A line of details. It may be the output of a program, and workflows run commands in lines that begin with two colons.
fn detail(line: &str) -> String {
    let line = text::lines(line);
    if line.trim_start().starts_with("::") { format!("  | {line}") } else { format!("  {line}") }
}

/// Text as a block of code in Markdown, with a fence that it does not hold.
fn fenced(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}text\n{text}\n{fence}")
}
