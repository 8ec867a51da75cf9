//! Watches a process from outside: its anonymous memory, looked at again and again, and the kernel's own peak.
//!
//! Anonymous is what a program allocates; pages of files that are cached or mapped are not, because the kernel can
//! drop them at any time.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How long is waited between two looks.
const BETWEEN: Duration = Duration::from_millis(2);

/// The memory of one process over its life, in bytes.
#[derive(Clone, Copy, Default)]
pub struct Usage {
    /// Anonymous memory at the first look, right after the program was loaded.
    pub start: u64,
    /// The most anonymous memory at any look (`RssAnon`).
    pub peak: u64,
    /// The kernel's own peak of all resident memory, files included (`VmHWM`). It misses nothing between two looks.
    pub resident: u64,
    /// How long the process lived.
    pub took: Duration,
}

impl Usage {
    fn look(&mut self, pid: u32) {
        // It may have ended a moment ago; then there is nothing to see any more.
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { return };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        };
        let (Some(anonymous), Some(resident)) = (field("RssAnon"), field("VmHWM")) else { return };
        if self.start == 0 {
            self.start = anonymous * 1024;
        }
        self.peak = self.peak.max(anonymous * 1024);
        self.resident = self.resident.max(resident * 1024);
    }
}

/// Runs a program to its end and watches it.
///
/// # Errors
/// It cannot be started or does not succeed; what it said on stderr is in the error.
pub fn run(command: &mut Command) -> anyhow::Result<Usage> {
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let watcher = Watcher::of(&child);
    let output = child.wait_with_output()?;
    let usage = watcher.stop()?;
    if !output.status.success() {
        bail!("it ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(usage)
}

/// A thread that watches a process.
pub struct Watcher {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Usage>,
}

impl Watcher {
    /// Begins to watch.
    pub fn of(child: &Child) -> Self {
        let (pid, began) = (child.id(), Instant::now());
        let mut usage = Usage::default();
        usage.look(pid);
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                usage.look(pid);
                std::thread::sleep(BETWEEN);
            }
            usage.took = began.elapsed();
            usage
        });
        Watcher { over, thread }
    }

    /// The samples.
    ///
    /// # Errors
    /// Nothing was seen at all.
    pub fn stop(self) -> anyhow::Result<Usage> {
        self.over.store(true, Ordering::Relaxed);
        let usage = self.thread.join().ok().filter(|usage| usage.peak > 0);
        usage.context("nothing was seen of the process: is /proc there, with `RssAnon` in its status?")
    }
}
