//! Progress: a bar on a terminal, else a line every few seconds.
//!
//! It only displays.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Report, size};
use floe_core::parallel::lock;

/// How often progress is printed without a terminal.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Progress over a known number of bytes. A bar goes away when the last clone is dropped.
#[derive(Clone)]
pub struct Progress {
    report: Report,
    /// Hidden where there is no terminal; it then only counts.
    bar: ProgressBar,
    /// When a line was printed.
    said: Arc<Mutex<Instant>>,
}

impl Report {
    /// Begins to show progress over `bytes` bytes; it ends when the returned value is dropped.
    pub fn progress(&self, verb: &str, bytes: u64) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
        let bar = if self.has_terminal() { self.bars.add(bar) } else { bar };
        let template = "{prefix:>12} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        bar.set_prefix(verb.to_owned());
        Progress { report: self.clone(), bar, said: Arc::new(Mutex::new(Instant::now())) }
    }
}

impl Progress {
    /// The share of one attempt, which counts only if the attempt succeeds.
    pub fn share(&self) -> Share {
        Share(Arc::new(Attempt { progress: self.clone(), added: AtomicU64::new(0) }))
    }

    /// `bytes` more are done.
    pub fn add(&self, bytes: u64) {
        self.bar.inc(bytes);
        let mut said = lock(&self.said);
        if self.bar.is_hidden() && said.elapsed() >= PROGRESS_EVERY {
            *said = Instant::now();
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
            self.report.step(&self.bar.prefix(), format!("{} of {}", size(done), size(all)));
        }
    }
}

/// The bytes of one attempt. They are taken back if it ends without [`Share::keep`], because they are sent again.
#[derive(Clone)]
pub struct Share(Arc<Attempt>);

struct Attempt {
    progress: Progress,
    /// The bytes that are taken back if it fails.
    added: AtomicU64,
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
        self.0.added.store(0, Ordering::Relaxed);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.progress.bar.dec(*self.added.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verbosity;

    #[test]
    fn bytes_that_are_sent_again_count_once() {
        let progress = Report::new(Verbosity::Quiet).progress("Staging", 10);
        let done = || progress.bar.position();
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
