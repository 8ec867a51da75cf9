//! Shows that no file is ever read whole: a release with one asset and one layer of a given size is packed, published
//! and pulled by processes of their own, whose anonymous memory is watched from outside.
//!
//! `cargo bench --bench memory` runs it with 1 GiB, `-- --size 64MiB` makes a quick try. It ends with exit code 1 if
//! a process grew by more than the limit. It measures from outside and adds nothing to floe.

mod large;
mod serve;
mod watch;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use clap::Parser;
use floe::report::{Report, Verbosity, seconds};

use serve::Servers;
use watch::Usage;

/// The commit everything claims to be built from.
const COMMIT: &str = "3f9ac21c0ffee0000000000000000000000000aa";

#[derive(Parser)]
#[command(name = "memory", about = "Watches the memory of floe while it handles a large release")]
struct Args {
    /// The size of the binary: bytes, or a number with KiB, MiB or GiB
    #[arg(long, value_parser = bytes, default_value = "1GiB")]
    size: u64,
    /// By how much a process may grow
    #[arg(long, value_parser = bytes, default_value = "64MiB")]
    limit: u64,
    /// Serve the embedded GitHub and registry from a folder until stdin ends (what the benchmark starts itself for)
    #[arg(long, value_name = "FOLDER", hide = true)]
    serve: Option<PathBuf>,
    /// Passed by cargo to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let report = Report::new(Verbosity::Normal);
    let result = match &args.serve {
        Some(folder) => serve::until_stdin_ends(folder, &report).map(|()| true),
        None => measure(args.size, args.limit, &report),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => ExitCode::from(report.error(&error) as u8),
    }
}

/// Runs everything and prints the table; true if nothing grew beyond the limit.
fn measure(size: u64, limit: u64, report: &Report) -> anyhow::Result<bool> {
    ensure!(
        cfg!(target_os = "linux"),
        "this benchmark reads `/proc/<pid>/status`, which only Linux has; run it there"
    );
    // Gone with everything in it when this function ends, however it ends.
    let folder = tempfile::Builder::new()
        .prefix("memory-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .context("failed to make a folder in target/")?;
    let work = Work { folder: folder.path() };
    report.step("Making", format!("a binary of {}", floe_core::units::size(size)));
    large::project(&work.path("project"), size)?;
    let rows = work.release(report)?;
    print(&rows, (size, limit), report);
    Ok(rows.iter().all(|row| row.growth() <= limit))
}

/// One watched process.
struct Row {
    name: &'static str,
    usage: Usage,
}

impl Row {
    /// By how much the anonymous memory grew, in bytes.
    fn growth(&self) -> u64 {
        self.usage.peak.saturating_sub(self.usage.start)
    }
}

/// The folder everything happens in.
struct Work<'a> {
    folder: &'a Path,
}

impl Work<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A whole release, one watched process after the other.
    fn release(&self, report: &Report) -> anyhow::Result<Vec<Row>> {
        let binary = large::binary_of(&self.path("project"));
        let binary = binary.to_str().context("the folder's name is not UTF-8")?;
        let source = ["--commit", COMMIT, "--epoch", "1700000000"];
        let dist = ["dist", "--tag", "v1.4.0"];
        let mut rows = Vec::new();
        let mut run = |name, command: &mut Command| {
            report.step("Running", name);
            let usage = watch::run(command).with_context(|| format!("failed to watch `{name}`"))?;
            rows.push(Row { name, usage });
            anyhow::Ok(())
        };
        let pack = ["package", "--target", "x86_64-musl", "--binary", binary];
        run("floe package", self.floe(&pack).args(source))?;
        run("floe image", self.floe(&["image", binary, "--repo", serve::REPO]).args(source))?;
        run("floe verify dist", self.floe(&["verify"]).args(dist))?;

        let servers = Servers::start(&self.path("servers"))?;
        run("floe plan", servers.reached_by(self.floe(&["plan"]).args(dist)))?;
        run("floe publish", servers.reached_by(self.floe(&["publish"]).args(dist)))?;
        let pull = ["verify", "--release", "v1.4.0", "--keep", "pulled"];
        run("floe verify --release", servers.reached_by(&mut self.floe(&pull)))?;
        rows.push(Row { name: "the embedded servers", usage: servers.stop()? });
        Ok(rows)
    }

    /// floe in the project's folder, without this process's tokens and settings.
    fn floe(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_floe"));
        command.current_dir(self.path("project")).args(arguments).env_clear();
        for kept in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        command
    }
}

fn print(rows: &[Row], (size, limit): (u64, u64), report: &Report) {
    let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    report.out(format!(
        "Anonymous memory in MiB; one asset and one layer of {} each; it may grow by {}\n",
        floe_core::units::size(size),
        floe_core::units::size(limit)
    ));
    report.out("| command | at the start | peak | difference | with mapped files | took | |");
    report.out("|---|--:|--:|--:|--:|--:|---|");
    for row in rows {
        let Row { name, usage } = row;
        let verdict = if row.growth() <= limit { "ok" } else { "OVER" };
        report.out(format!(
            "| {name} | {} | {} | {} | {} | {} | {verdict} |",
            mib(usage.start),
            mib(usage.peak),
            mib(row.growth()),
            mib(usage.resident),
            seconds(usage.took),
        ));
    }
}

/// Reads `1GiB`, `64MiB`, `512KiB` or a plain number of bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let (number, shift) = units
        .into_iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, shift)))
        .unwrap_or((text, 0));
    let number: u64 = number.trim().parse().map_err(|_| "write it as 1GiB, 64MiB or a number".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "that is more than there is".to_owned())
}
