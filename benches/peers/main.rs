//! floe beside the tools that do the same work, in one run: pushing images, uploading releases, packing, checking, starting.
//!
//! `cargo bench --bench peers` runs everything against whatever of the peers is on PATH and prints ratios. It never fails
//! because something is slow, only because something did not happen. floe is run as the program that users run.

mod clients;
mod front;
mod growth;
mod image;
mod material;
mod measure;
mod pack;
mod proxy;
mod release;
mod rounds;
mod servers;
mod tls;

#[path = "../../tests/it/support/binaries.rs"]
#[expect(unused_imports, reason = "its tests are run where it lives")]
mod binaries;
#[path = "../memory/large.rs"]
mod large;
#[path = "../memory/watch.rs"]
mod watch;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::{Parser, ValueEnum};
use floe::rehearse::servers::USER;
use floe::report::{Report, Verbosity};

use material::Dist;
use proxy::Link;
use tls::Certificates;

#[derive(Parser)]
#[command(name = "peers", about = "Measures floe beside the tools that do the same work")]
struct Args {
    /// Less of everything: a look at whether it works, in under a minute
    #[arg(long)]
    quick: bool,
    /// Rows to run (may be repeated) [default: all]
    #[arg(long, value_name = "ROW")]
    only: Vec<Row>,
    /// How many rounds [default: 7, or 1 with --quick]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Another build of floe, such as an earlier version, to be measured in the same rounds
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// Where the servers keep what they are sent [default: /dev/shm, so that no disk is measured, else target/]
    #[arg(long, value_name = "FOLDER")]
    storage: Option<PathBuf>,
    /// Be one of the programs that the benchmark starts
    #[arg(long = "as", value_name = "PROGRAM", hide = true)]
    program: Option<Program>,
    /// The arguments of that program
    #[arg(hide = true)]
    rest: Vec<String>,
    /// Passed by cargo to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// The measured operations.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Row {
    /// The proxy itself
    Proxy,
    /// Pushing an image
    Image,
    /// Uploading a release
    Release,
    /// A release with its image
    Both,
    /// Packing a binary, checking a dist
    Pack,
    /// Starting
    Start,
    /// How time and memory grow
    Growth,
}

/// Measures one of them and prints it.
type Measure = fn(&Bench) -> anyhow::Result<()>;

/// The role of this program when it was started by itself.
#[derive(Clone, Copy, ValueEnum)]
enum Program {
    Github,
    Proxy,
    OciClient,
    FloeFiles,
}

fn main() -> ExitCode {
    let args = Args::parse();
    floe::release::session::install_tls();
    let report = Report::new(Verbosity::Normal);
    let result = match args.program {
        Some(program) => be(program, &args.rest, &report),
        None => run(&args, report.clone()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(report.error(&error) as u8),
    }
}

fn be(program: Program, rest: &[String], report: &Report) -> anyhow::Result<()> {
    let say = |line: String| report.out(line);
    match (program, rest) {
        (Program::Github, [storage, certificates]) => {
            servers::serve_github(Path::new(storage), Path::new(certificates), say)
        }
        (Program::Proxy, arguments) => servers::serve_proxy(arguments, say),
        (Program::OciClient, [layout, reference]) => clients::oci_client(Path::new(layout), reference),
        (Program::FloeFiles, [folder, api]) => clients::floe_files(Path::new(folder), api),
        _ => bail!("the benchmark has started itself wrongly"),
    }
}

fn run(args: &Args, report: Report) -> anyhow::Result<()> {
    ensure!(cfg!(target_os = "linux"), "this benchmark reads /proc, which only Linux has; run it there");
    // Gone with everything in them when this function ends, however it ends.
    let folder = tempfile::Builder::new().prefix("peers-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let memory = Path::new("/dev/shm");
    let storage = match &args.storage {
        Some(storage) => storage.clone(),
        None if memory.is_dir() => memory.to_owned(),
        None => folder.path().to_owned(),
    };
    let storage = tempfile::Builder::new().prefix("floe-peers-").tempdir_in(storage)?;
    let bench = Bench {
        folder: folder.path().to_owned(),
        storage: storage.path().to_owned(),
        certificates: Certificates::make(&folder.path().join("certificates"))?,
        report,
        rounds: args.rounds.unwrap_or(if args.quick { 1 } else { 7 }),
        quick: args.quick,
        against: args.against.as_deref().map(std::path::absolute).transpose()?,
    };
    bench.tell_missing();
    let wanted = |row| args.only.is_empty() || args.only.contains(&row);
    let rows: [(Row, Measure); 7] = [
        (Row::Proxy, proxy::check),
        (Row::Image, image::rows),
        (Row::Release, release::rows),
        (Row::Both, release::both),
        (Row::Pack, pack::rows),
        (Row::Start, pack::start),
        (Row::Growth, growth::rows),
    ];
    rows.iter().filter(|(row, _)| wanted(*row)).try_for_each(|(_, run)| run(&bench))
}

/// Shared by every row.
struct Bench {
    folder: PathBuf,
    storage: PathBuf,
    certificates: Certificates,
    report: Report,
    rounds: usize,
    quick: bool,
    against: Option<PathBuf>,
}

impl Bench {
    /// How many of what size: the whole, or less of it.
    fn size(&self, whole: (u64, u64), quick: (u64, u64)) -> (u64, u64) {
        if self.quick { quick } else { whole }
    }

    /// A round trip of 50 ms.
    fn far(&self) -> Link {
        Link { delay: Duration::from_millis(25), ..Link::default() }
    }

    /// The same over a line of 100 MB/s that all share, with what Linux lets a connection have under way.
    fn limited(&self) -> Link {
        Link { bandwidth: Some(100_000_000), window: Some(4 << 20), ..self.far() }
    }

    /// Whether a program is on PATH.
    fn has(&self, program: &str) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }

    fn tell_missing(&self) {
        for peer in ["skopeo", "crane", "oras", "gh", "gzip", "pigz"] {
            if !self.has(peer) {
                self.report.warn(format!("`{peer}` is not on PATH: its lines are missing"));
            }
        }
    }

    /// Somebody else's program, with nothing of this process's settings but the certificates.
    fn program(&self, name: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(name);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.folder).env("TMPDIR", &self.folder);
        command.env("SSL_CERT_FILE", self.certificates.trusted());
        command
    }

    /// This program as one of those it can be.
    fn this_program(&self, program: &str) -> Command {
        let own = std::env::current_exe().context("this program has no path").unwrap_or_default();
        let mut command = self.program(own);
        command.args(["--as", program]);
        command
    }

    /// The ways in which floe publishes a dist; the first is the one that the others are compared with.
    fn ways(&self) -> Vec<Way> {
        let mut ways = vec![Way::Pinned, Way::Verifying];
        ways.extend(self.against.is_some().then_some(Way::Other));
        ways
    }

    /// The builds of floe that a row measures, by their names in it.
    fn builds(&self, names: [&'static str; 2]) -> impl Iterator<Item = (&'static str, &Path)> {
        let programs = [Some(Path::new(material::FLOE)), self.against.as_deref()];
        names.into_iter().zip(programs).filter_map(|(name, program)| Some((name, program?)))
    }

    /// floe with the right to publish, and with the servers' authority.
    fn with_secrets<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("GITHUB_TOKEN", servers::TOKEN)
            .env("FLOE_REGISTRY_USER", USER)
            .env("FLOE_REGISTRY_TOKEN", servers::TOKEN)
            .env("SSL_CERT_FILE", self.certificates.trusted())
    }
}

/// How floe publishes a dist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With `--expect`, after `floe assemble` in another process, whose time is not in the row.
    Pinned,
    /// Without it: the dist is verified first.
    Verifying,
    /// By another build of floe.
    Other,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Pinned => "floe publish --expect",
            Way::Verifying => "floe publish",
            Way::Other => "the other floe publish",
        }
    }

    /// Where it leaves the receipt of a dist.
    fn receipt(self, dist: &Dist) -> PathBuf {
        let folder = if self == Way::Other { "other" } else { "" };
        dist.root.join(folder).join("floe-receipt.json")
    }

    /// `floe publish` with the arguments that all rows share. What is pinned is the dist that `floe assemble` made, as in
    /// the workflow.
    fn command(self, bench: &Bench, dist: &Dist, more: &[&str]) -> anyhow::Result<Command> {
        let arguments =
            [&["publish", "dist", "--tag", material::TAG, "--repo", servers::REPO], more].concat();
        let mut command = match (self, &bench.against) {
            (Way::Other, Some(program)) => dist.made_by(program)?.program(program, &arguments),
            (Way::Pinned, _) => {
                let (folder, sums) = dist.assembled(more)?;
                let mut command = dist.floe(&["publish"]);
                command.arg(folder).arg("--expect").arg(sums);
                command
            }
            _ => dist.floe(&arguments),
        };
        bench.with_secrets(&mut command);
        Ok(command)
    }
}
