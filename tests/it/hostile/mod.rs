//! Hostile input: the command that reads it, and the expected exit code and message.
//!
//! Every run has a time limit and, on Linux, a memory limit; input that exceeds either fails the test.

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

/// Far more than any of these runs takes, far less than a person waits.
const PATIENCE: Duration = Duration::from_secs(60);
/// The memory limit of a run, in KiB of address space: little more than its own code and threads.
const MEMORY: u32 = 768 * 1024;

/// The archive that [`Work::dist`] holds.
const ARCHIVE: &str = "tool-x86_64-unknown-linux-musl.tar.gz";

/// A folder in which the program runs.
struct Work(TempDir);

/// How a run ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Work {
    fn new() -> Self {
        Work(tempfile::tempdir().unwrap())
    }

    /// With a dist of one archive and an image of its platform.
    fn dist() -> Self {
        let work = Work::new();
        let target: Target = "x86_64-musl".parse().unwrap();
        make_dist(&work.path("dist"), "1.4.0", &[target]);
        work
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `floe verify dist` of what [`Work::dist`] made and somebody changed.
    fn verify(&self) -> Ended {
        self.run(&["verify", "dist", "--target", "x86_64-musl"])
    }

    /// Runs the program within its bounds.
    fn run(&self, arguments: &[&str]) -> Ended {
        run(self.0.path(), arguments)
    }
}

impl Ended {
    /// Asserts the exit code, and that the output contains this.
    #[track_caller]
    fn with(&self, code: i32, words: &str) {
        let output = format!("stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        assert_eq!(self.code, Some(code), "{output}");
        assert!(self.stderr.contains(words), "`{words}` is not in\n{output}");
        self.is_plain();
    }

    /// Asserts that the output has no terminal escape sequence and no workflow command.
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
    // Else the address space depends on how many processors there are.
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

/// The program, which gets no more memory than [`MEMORY`] where a shell can see to that.
fn bounded() -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(env!("CARGO_BIN_EXE_floe"));
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -v {MEMORY} && exec \"$@\""), "sh", env!("CARGO_BIN_EXE_floe")]);
    shell
}
