//! Hostile input: for each kind, the subcommand that reads it, its exit code and its message.
//!
//! Every run has a limit of time and, on Linux, of memory; an input that exceeds either fails the test.

mod dists;
mod doors;
mod entries;
mod github;
mod images;
mod registry;
mod server;
mod words;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use floe_core::model::Target;
use tempfile::TempDir;

use crate::support::scenario::make_dist;

/// The time limit of a run; each takes a fraction of it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The address space of a run in KiB: enough for its code and threads, and little more.
const MEMORY: u32 = 768 * 1024;

/// The archive that [`Work::dist`] holds.
const ARCHIVE: &str = "tool-x86_64-unknown-linux-musl.tar.gz";

/// A folder in which the program runs.
struct Work(TempDir);

/// The result of a run.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Work {
    fn new() -> Self {
        Work(tempfile::tempdir().unwrap())
    }

    /// A folder with a dist of one archive and an image of its platform.
    fn dist() -> Self {
        let work = Work::new();
        let target: Target = "x86_64-musl".parse().unwrap();
        make_dist(&work.path("dist"), "1.4.0", &[target]);
        work
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `floe verify dist` of the dist that [`Work::dist`] made and the test changed.
    fn verify(&self) -> Ended {
        self.run(&["verify", "dist", "--target", "x86_64-musl"])
    }

    /// Runs the program within its limits.
    fn run(&self, arguments: &[&str]) -> Ended {
        run(self.0.path(), arguments)
    }
}

impl Ended {
    /// It ended with this code, and stderr holds this.
    #[track_caller]
    fn with(&self, code: i32, words: &str) {
        let shown = format!("stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        assert_eq!(self.code, Some(code), "{shown}");
        assert!(self.stderr.contains(words), "`{words}` is not in\n{shown}");
        self.is_plain();
    }

    /// Its output holds no control character and no workflow command.
    #[track_caller]
    fn is_plain(&self) {
        for text in [&self.stdout, &self.stderr] {
            let bad = text.chars().find(|letter| letter.is_control() && !matches!(letter, '\n' | '\t'));
            assert_eq!(bad, None, "{text:?}");
            assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
        }
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Ended {
    run_with(folder, arguments, &[])
}

/// With further variables in the environment.
fn run_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = bounded();
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    for kept in ["PATH", "SystemRoot", "TMPDIR", "TEMP", "SSL_CERT_FILE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.envs(variables.iter().copied());
    // Otherwise the address space depends on the number of processors.
    command.env("MALLOC_ARENA_MAX", "2").env("TOKIO_WORKER_THREADS", "2");
    let mut child = command.spawn().unwrap();
    let (sender, ended) = mpsc::channel();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).map(|_| text)
    });
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = sender.send(out.read_to_string(&mut text).map(|_| text));
    });
    let Ok(stdout) = ended.recv_timeout(PATIENCE) else {
        child.kill().unwrap();
        panic!("`floe {}` did not end within {PATIENCE:?}", arguments.join(" "));
    };
    let code = child.wait().unwrap().code();
    Ended { code, stdout: stdout.unwrap(), stderr: errors.join().unwrap().unwrap() }
}

/// The program, with no more memory than [`MEMORY`] where a shell can limit it.
fn bounded() -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(env!("CARGO_BIN_EXE_floe"));
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -v {MEMORY} && exec \"$@\""), "sh", env!("CARGO_BIN_EXE_floe")]);
    shell
}
