//! The only module that prints. Verbs stand right-aligned in twelve columns as cargo's do.
//!
//! Results go to stdout, all else to stderr. It never prints a `Debug` form and never decides anything. Whatever stands in
//! a message may come from elsewhere, so nothing is printed that a terminal or a workflow would obey.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::border::text;
use crate::error::{Exit, Failure};
pub use crate::units::{seconds, size};

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// Results and errors only.
    Quiet,
    /// A line a step.
    Normal,
    /// Also what was skipped, retried and asked.
    Verbose,
    /// Each request.
    Trace,
}

/// Where a run tells what it does. Cloning it is cheap; all clones print to the same place.
#[derive(Clone)]
pub struct Report {
    loudness: Loudness,
    colour: bool,
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Report {
    /// A report on this process's stdout and stderr.
    pub fn new(loudness: Loudness) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = !plain && std::io::stderr().is_terminal();
        Report { loudness, colour, bar: Arc::default() }
    }

    /// One step that was done or begins: a verb in twelve columns, then what it is done to.
    pub fn step(&self, verb: &str, text: impl AsRef<str>) {
        self.say(Loudness::Normal, "32", verb, text.as_ref());
    }

    /// Something that the maintainer should know but that stops nothing.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.say(Loudness::Normal, "33", "warning", text.as_ref());
    }

    /// Something only `-v` shows.
    pub fn detail(&self, verb: &str, text: impl AsRef<str>) {
        self.say(Loudness::Verbose, "36", verb, text.as_ref());
    }

    /// Something only `-vv` shows.
    pub fn trace(&self, verb: &str, text: impl AsRef<str>) {
        self.say(Loudness::Trace, "2", verb, text.as_ref());
    }

    /// Whether `-v` was given.
    pub fn is_verbose(&self) -> bool {
        self.loudness >= Loudness::Verbose
    }

    /// A line on stderr as it stands: tables and summaries.
    pub fn line(&self, text: impl AsRef<str>) {
        if self.loudness >= Loudness::Normal {
            self.write(&text::table(text.as_ref()));
        }
    }

    /// A difference as `git diff` shows it; what is added and removed is coloured on a terminal.
    pub fn diff(&self, text: &str) {
        let paint = |line: &str| match line.as_bytes().first() {
            Some(b'+') => self.paint("32", line),
            Some(b'-') => self.paint("31", line),
            Some(b'@') => self.paint("36", line),
            _ => line.to_owned(),
        };
        self.line(text.lines().map(paint).collect::<Vec<_>>().join("\n"));
    }

    /// Asks a question; `None` where nobody sees it or nobody can answer. Anything but a yes is a no.
    pub fn ask(&self, question: &str) -> Option<bool> {
        let somebody = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if !somebody || self.loudness < Loudness::Normal {
            return None;
        }
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "{question} [y/N] ");
        let _ = stderr.flush();
        let mut answer = String::new();
        // Nothing that can be read is no yes either.
        let _ = std::io::stdin().read_line(&mut answer);
        Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// A result: a line on stdout.
    pub fn out(&self, text: impl AsRef<str>) {
        let mut stdout = std::io::stdout().lock();
        // A reader that went away is no reason to fail: the work is done all the same.
        let _ = writeln!(stdout, "{}", text::table(text.as_ref()));
    }

    /// The one JSON value of a run, on stdout.
    pub fn json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        self.out(text::json(&serde_json::to_string_pretty(value)?));
        Ok(())
    }

    /// Begins to show progress over `bytes` bytes; it ends when the returned value is dropped.
    pub fn progress(&self, verb: &str, bytes: u64) -> Progress {
        let terminal = std::io::stderr().is_terminal() && self.loudness == Loudness::Normal;
        let bar = terminal.then(|| {
            let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
            bar.set_style(
                ProgressStyle::with_template(
                    "{msg:>12} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
                )
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
            );
            bar.set_message(verb.to_owned());
            *lock(&self.bar) = Some(bar.clone());
            bar
        });
        let state = ProgressState { done: 0, said: Instant::now() };
        Progress {
            report: self.clone(),
            bar,
            verb: verb.to_owned(),
            total: bytes,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Prints an error as DESIGN wants it and says which exit code it asks for.
    pub fn error(&self, error: &anyhow::Error) -> Exit {
        let mut lines = Vec::new();
        let mut exit = Exit::Failed;
        let (mut state, mut hint) = (None, None);
        for cause in error.chain() {
            match (text::lines(&cause.to_string()), lines.is_empty()) {
                (text, _) if text.is_empty() => {}
                (text, true) => lines.push(format!("{} {text}", self.paint("31;1", "error:"))),
                (text, false) => lines.push(format!("  caused by: {text}")),
            }
            if let Some(failure) = cause.downcast_ref::<Failure>() {
                let (shown, more) =
                    failure.detail_lines().split_at_checked(DETAILS).unwrap_or((failure.detail_lines(), &[]));
                lines.extend(shown.iter().map(|line| detail(line)));
                lines.extend((!more.is_empty()).then(|| format!("  and {} more", more.len())));
                if exit == Exit::Failed {
                    exit = failure.exit_code();
                }
                state = state.or(failure.state_text());
                // The cause nearest to the trouble knows the way out best.
                hint = failure.hint_text().or(hint);
            }
        }
        lines.extend(state.map(text::lines));
        if let Some(hint) = hint {
            lines.push(String::new());
            lines.push(format!("{} {}", self.paint("36;1", "hint:"), text::lines(hint)));
        }
        self.write(&lines.join("\n"));
        exit
    }

    fn say(&self, at: Loudness, colour: &str, verb: &str, text: &str) {
        if self.loudness >= at {
            let text = text::lines(text);
            self.write(&format!("{} {text}", self.paint(&format!("{colour};1"), &format!("{verb:>12}"))));
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn write(&self, text: &str) {
        let print = || {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "{text}");
        };
        match lock(&self.bar).as_ref() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

/// A line of details. A program's own words stand here too, and a workflow obeys lines that begin with two colons.
fn detail(line: &str) -> String {
    let line = text::lines(line);
    if line.trim_start().starts_with("::") { format!("  | {line}") } else { format!("  {line}") }
}

/// Progress over a known number of bytes: a bar on a terminal, else a line every few seconds.
#[derive(Clone)]
pub struct Progress {
    report: Report,
    bar: Option<ProgressBar>,
    verb: String,
    total: u64,
    state: Arc<Mutex<ProgressState>>,
}

struct ProgressState {
    done: u64,
    said: Instant,
}

/// So many details are shown of one failure; a hostile file has a million.
const DETAILS: usize = 500;

/// How often progress is said where there is no terminal.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    /// `bytes` more are done.
    pub fn add(&self, bytes: u64) {
        let mut state = lock(&self.state);
        state.done += bytes;
        match &self.bar {
            Some(bar) => bar.set_position(state.done.min(self.total)),
            None if state.said.elapsed() >= PROGRESS_EVERY => {
                state.said = Instant::now();
                self.report.step(&self.verb, format!("{} of {}", size(state.done), size(self.total)));
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if Arc::strong_count(&self.state) == 1
            && let Some(bar) = &self.bar
        {
            bar.finish_and_clear();
            *lock(&self.report.bar) = None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
