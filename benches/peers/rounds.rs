//! Rounds: floe and its peers one after the other, again and again, in another order each time, on fresh servers.
//!
//! Runs are compared within one round, and the table shows the median of these ratios with the lowest and highest, so
//! that a machine that is slower for a while slows all of them.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::Bench;
use crate::measure::{self, Spread, Took};
use crate::watch::Usage;

/// The quantities of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Time and processor time.
    Time,
    /// Memory.
    Memory,
}

/// The measurements of one run.
#[derive(Clone, Copy, Default)]
pub struct Seen {
    took: Took,
    usage: Usage,
    requests: Option<u64>,
}

impl Look {
    /// Runs a program and looks at it.
    ///
    /// # Errors
    /// It does not succeed.
    pub fn at(self, command: &mut Command) -> anyhow::Result<Seen> {
        Ok(match self {
            Look::Time => Seen { took: measure::run(command)?, ..Seen::default() },
            Look::Memory => Seen { usage: measure::memory(command)?, ..Seen::default() },
        })
    }
}

impl Seen {
    /// Its time.
    pub fn took(&self) -> Took {
        self.took
    }

    /// Its memory.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// One run and another after it as one.
    pub fn then(self, other: Seen) -> Seen {
        Seen {
            took: Took { time: self.took.time + other.took.time, cpu: self.took.cpu + other.took.cpu },
            usage: if self.usage.peak > other.usage.peak { self.usage } else { other.usage },
            ..Seen::default()
        }
    }

    /// With what floe's receipt tells of the run: how many requests it needed.
    ///
    /// # Errors
    /// There is no receipt, or it cannot be read.
    pub fn with_receipt(self, path: &Path) -> anyhow::Result<Seen> {
        let text = std::fs::read(path).context("floe left no receipt")?;
        let receipt: serde_json::Value = serde_json::from_slice(&text)?;
        Ok(Seen { requests: receipt["requests"].as_u64(), ..self })
    }
}

/// One of those that are compared.
pub struct Runner<'a> {
    /// Its name in the table.
    pub name: &'static str,
    /// Runs it once.
    pub run: Box<dyn Fn(Look) -> anyhow::Result<Seen> + 'a>,
}

impl<'a> Runner<'a> {
    /// One of those that are compared.
    pub fn new(name: &'static str, run: impl Fn(Look) -> anyhow::Result<Seen> + 'a) -> Self {
        Runner { name, run: Box::new(run) }
    }
}

/// Runs everything and prints the table; the first runner is the one that the others are compared with.
///
/// # Errors
/// Any run does not succeed, or what it should have done is not there.
pub fn compare(bench: &Bench, title: &str, runners: Vec<Runner<'_>>) -> anyhow::Result<()> {
    let run = |runner: &Runner<'_>, look| {
        bench.report.step("Running", format!("{title}: {}", runner.name));
        (runner.run)(look).with_context(|| format!("{title}: {} failed", runner.name))
    };
    // The first round warms everything up as well.
    let memory = runners.iter().map(|one| run(one, Look::Memory)).collect::<Result<Vec<_>, _>>()?;
    let mut rounds: Vec<Vec<Seen>> = Vec::new();
    for number in 0..bench.rounds {
        let mut seen = vec![Seen::default(); runners.len()];
        for place in 0..runners.len() {
            // Every other round backwards, and each one begun by somebody else.
            let place = if number % 2 == 0 { place } else { runners.len() - 1 - place };
            let at = (place + number / 2) % runners.len();
            seen[at] = run(&runners[at], Look::Time)?;
        }
        rounds.push(seen);
    }
    let names: Vec<&str> = runners.iter().map(|runner| runner.name).collect();
    Table { title, names: &names, memory: &memory, rounds: &rounds }.print(bench);
    Ok(())
}

/// The measurements, floe first.
struct Table<'a> {
    title: &'a str,
    names: &'a [&'a str],
    memory: &'a [Seen],
    rounds: &'a [Vec<Seen>],
}

impl Table<'_> {
    fn print(&self, bench: &Bench) {
        let out = |text: String| bench.report.out(text);
        out(format!("\n### {} ({} rounds)\n", self.title, self.rounds.len()));
        out("| | floe ÷ it | time | client CPU | anonymous memory | resident |".to_owned());
        out("|---|--:|--:|--:|--:|--:|".to_owned());
        for (at, name) in self.names.iter().enumerate() {
            let requests = self.rounds.iter().filter_map(|round| round[at].requests).max();
            let requests = requests.map(|count| format!(", {count} requests")).unwrap_or_default();
            let ratio = if at == 0 { String::new() } else { self.ratio(at) };
            out(format!("| {name}{requests} |{ratio} | {} |", self.absolute(at)));
        }
    }

    fn ratio(&self, at: usize) -> String {
        let time = |seen: &Seen| seen.took.time.as_secs_f64();
        let spread = Spread::of(self.rounds.iter().map(|round| time(&round[0]) / time(&round[at])));
        format!(" **{:.2}** ({:.2}–{:.2})", spread.median, spread.low, spread.high)
    }

    fn absolute(&self, at: usize) -> String {
        let time = Spread::of(self.rounds.iter().map(|round| round[at].took.time.as_secs_f64()));
        let cpu = Spread::of(self.rounds.iter().map(|round| round[at].took.cpu.as_secs_f64()));
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        let Usage { peak, resident, .. } = self.memory[at].usage;
        format!("{} | {} | {} | {}", millis(time.median), millis(cpu.median), mib(peak), mib(resident))
    }
}

fn millis(seconds: f64) -> String {
    format!("{:.0} ms", seconds * 1000.0)
}
