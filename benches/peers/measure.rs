//! Measures other programs: how long they take, what processor time and what memory they use, always in turns.
//!
//! Time and memory are never measured in the same run, because looking at memory takes time.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::watch::{self, Usage};

/// The cost of one run.
#[derive(Clone, Copy, Default, Debug)]
pub struct Took {
    /// From the start of the process to its end.
    pub time: Duration,
    /// Its processor time, user's and system's, its children's with it.
    pub cpu: Duration,
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be started or does not succeed; what it said is in the error.
pub fn run(command: &mut Command) -> anyhow::Result<Took> {
    let name = command.get_program().to_string_lossy().into_owned();
    let before = of_children()?;
    let began = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("failed to start `{name}`"))?;
    let time = began.elapsed();
    let cpu = of_children()?.saturating_sub(before);
    if !output.status.success() {
        bail!("`{name}` ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(Took { time, cpu })
}

/// Runs a program to its end and looks at its memory only.
///
/// # Errors
/// As [`run`].
pub fn memory(command: &mut Command) -> anyhow::Result<Usage> {
    let name = command.get_program().to_string_lossy().into_owned();
    watch::run(command.stdin(Stdio::null())).with_context(|| format!("failed to watch `{name}`"))
}

/// The processor time of all children that have ended, in steps of 10 ms as the kernel tells it to everybody
/// (proc(5), `cutime` and `cstime`). The servers are children too, but they end between two runs.
fn of_children() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").context("failed to read /proc/self/stat")?;
    // The name in parentheses may hold anything; what follows it are numbers, of which these are the 14th and 15th.
    let ticks = stat.rsplit_once(") ").and_then(|(_, numbers)| {
        let mut numbers = numbers.split(' ').skip(13).map(|number| number.parse::<u64>().ok());
        Some(numbers.next()?? + numbers.next()??)
    });
    ticks.map(|ticks| Duration::from_millis(ticks * 10)).context("/proc/self/stat is not as it is known")
}

/// The middle of several values, and the lowest and highest of them.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Spread {
    /// Of some values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let (half, odd) = (values.len() / 2, values.len() % 2 == 1);
        let median = if odd { at(half) } else { (at(half.wrapping_sub(1)) + at(half)) / 2.0 };
        Spread { median, low: at(0), high: at(values.len().wrapping_sub(1)) }
    }
}
