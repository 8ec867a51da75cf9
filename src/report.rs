//! The only module that prints. Verbs stand right-aligned in twelve columns as cargo's do.
//!
//! Results go to stdout, all else to stderr. It never prints a `Debug` form and never decides anything.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::{Exit, Failure};

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
            self.write(text.as_ref());
        }
    }

    /// A result: a line on stdout.
    pub fn out(&self, text: impl AsRef<str>) {
        let mut stdout = std::io::stdout().lock();
        // A reader that went away is no reason to fail: the work is done all the same.
        let _ = writeln!(stdout, "{}", text.as_ref());
    }

    /// The one JSON value of a run, on stdout.
    pub fn json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        self.out(serde_json::to_string_pretty(value)?);
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
        for (depth, cause) in error.chain().enumerate() {
            match depth {
                0 => lines.push(format!("{} {cause}", self.paint("31;1", "error:"))),
                _ => lines.push(format!("  caused by: {cause}")),
            }
            if let Some(failure) = cause.downcast_ref::<Failure>() {
                lines.extend(failure.detail_lines().iter().map(|line| format!("  {line}")));
                if exit == Exit::Failed {
                    exit = failure.exit_code();
                }
                state = state.or(failure.state_text());
                hint = hint.or(failure.hint_text());
            }
        }
        lines.extend(state.map(str::to_owned));
        if let Some(hint) = hint {
            lines.push(String::new());
            lines.push(format!("{} {hint}", self.paint("36;1", "hint:")));
        }
        self.write(&lines.join("\n"));
        exit
    }

    fn say(&self, at: Loudness, colour: &str, verb: &str, text: &str) {
        if self.loudness >= at {
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

/// A number of bytes for people: `412 B`, `2.9 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A duration for people: `0.4 s`, `12.3 s`, `4 min 05 s`.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        long => format!("{} min {:02} s", long / 60, long % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size(412), "412 B");
        assert_eq!(size(3_040_870), "2.9 MiB");
        assert_eq!(size(1024 * 1024 - 1), "1.0 MiB");
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(245)), "4 min 05 s");
    }
}
