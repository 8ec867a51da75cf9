//! Progress: a bar on a terminal, else a line every few seconds.
//!
//! It only displays.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Report, size};
use floe_core::parallel::lock;

/// How often progress is printed without a terminal.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Progress over a known number of bytes.
#[derive(Clone)]
pub struct Progress {
    report: Report,
    bar: Arc<Option<Bar>>,
    verb: String,
    total: u64,
    state: Arc<Mutex<State>>,
}

struct State {
    done: u64,
    said: Instant,
}

impl Report {
    /// Begins to show progress over `bytes` bytes; it ends when the returned value is dropped.
    pub fn progress(&self, verb: &str, bytes: u64) -> Progress {
        let bar = self.has_terminal().then(|| {
            let template = "{prefix:>12} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
            let style = ProgressStyle::with_template(template);
            let bar = self.bars.add(ProgressBar::new(bytes));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar.set_prefix(verb.to_owned());
            Bar { bars: self.bars.clone(), bar }
        });
        let state = Arc::new(Mutex::new(State { done: 0, said: Instant::now() }));
        Progress { report: self.clone(), bar: Arc::new(bar), verb: verb.to_owned(), total: bytes, state }
    }
}

/// A bar on the terminal; it goes away when it is dropped.
struct Bar {
    bars: MultiProgress,
    bar: ProgressBar,
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}

impl Progress {
    /// The share of one attempt, which counts only if the attempt succeeds.
    pub fn share(&self) -> Share {
        Share(Arc::new(Attempt {
            progress: self.clone(),
            added: AtomicU64::new(0),
            kept: AtomicBool::new(false),
        }))
    }

    /// `bytes` more are done.
    pub fn add(&self, bytes: u64) {
        self.change(|done| done + bytes);
    }

    fn change(&self, change: impl FnOnce(u64) -> u64) {
        let mut state = lock(&self.state);
        state.done = change(state.done);
        match &*self.bar {
            Some(Bar { bar, .. }) => bar.set_position(state.done.min(self.total)),
            None if state.said.elapsed() >= PROGRESS_EVERY => {
                state.said = Instant::now();
                self.report.step(&self.verb, format!("{} of {}", size(state.done), size(self.total)));
            }
            None => {}
        }
    }
}

/// The bytes of one attempt. They are taken back if it ends without [`Share::keep`], because they are sent again.
#[derive(Clone)]
pub struct Share(Arc<Attempt>);

struct Attempt {
    progress: Progress,
    added: AtomicU64,
    kept: AtomicBool,
}

impl Share {
    /// `bytes` more are done.
    pub fn add(&self, bytes: u64) {
        self.0.added.fetch_add(bytes, Ordering::Relaxed);
        self.0.progress.add(bytes);
    }

    /// Whether only this is left of the attempt: its other holders have dropped theirs.
    pub fn is_last(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// The attempt succeeded.
    pub fn keep(&self) {
        self.0.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !*self.kept.get_mut() {
            let added = *self.added.get_mut();
            self.progress.change(|done| done.saturating_sub(added));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verbosity;

    #[test]
    fn bytes_that_are_sent_again_count_once() {
        let progress = Report::new(Verbosity::Quiet).progress("Staging", 10);
        let done = || lock(&progress.state).done;
        for attempt in 1..=3 {
            let share = progress.share();
            share.clone().add(7);
            assert_eq!(done(), 7);
            if attempt == 3 {
                share.keep();
            }
        }
        progress.add(3);
        assert_eq!(done(), 10);
    }
}
