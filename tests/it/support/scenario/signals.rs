//! Signals sent to the real process, at a request or at a word; never after a while.

use std::process::Command;
#[cfg(windows)]
use std::{path::PathBuf, sync::LazyLock};

use floe_rehearsal::interceptor::Interceptor;

use super::{Outcome, Scenario, Watched};

/// A signal that floe answers: its name in floe's messages, and what sends it.
#[derive(Clone, Copy)]
pub struct Signal {
    pub name: &'static str,
    sent: &'static str,
}

/// Those of this system, Ctrl-C first.
#[cfg(unix)]
pub const SIGNALS: [Signal; 2] =
    [Signal { name: "SIGINT (Ctrl-C)", sent: "INT" }, Signal { name: "SIGTERM", sent: "TERM" }];

/// Those of this system, Ctrl-C first, each sent as the number of its event.
#[cfg(windows)]
pub const SIGNALS: [Signal; 4] = [
    Signal { name: "Ctrl-C", sent: "0" },
    Signal { name: "Ctrl-Break", sent: "1" },
    Signal { name: "CTRL_CLOSE_EVENT (the window was closed)", sent: "2" },
    Signal { name: "CTRL_SHUTDOWN_EVENT", sent: "6" },
];

impl Scenario {
    /// Runs the program and sends it signals when a server gets its n-th request from now on. Each but the last is
    /// answered before the next is sent, and the request is handled after that.
    pub fn run_signalled(
        &self,
        (interceptor, n): (&Interceptor, u64),
        signals: &[Signal],
        verb: &[&str],
    ) -> Outcome {
        let watched = Watched::default();
        let (target, signals, first) = (watched.clone(), signals.to_vec(), interceptor.log().len() as u64);
        interceptor.before_each(move |head, _, _| {
            if head.n == first + n {
                for (at, signal) in signals.iter().enumerate() {
                    target.signal(*signal);
                    if at == 0 {
                        target.heard.wait_for("Stopping");
                    } else {
                        target.heard.wait_for("stopped at once");
                    }
                }
            }
        });
        let outcome = self.start(verb, &watched);
        interceptor.before_each(|_, _, _| ());
        outcome
    }

    /// Runs the program and sends it a signal as soon as it says a word.
    pub fn run_signalled_at_word(&self, word: &'static str, signal: Signal, verb: &[&str]) -> Outcome {
        let watched = Watched::default();
        let target = watched.clone();
        let sender = std::thread::spawn(move || {
            if target.heard.wait_for(word) {
                target.signal(signal);
            }
        });
        let outcome = self.start(verb, &watched);
        sender.join().unwrap();
        outcome
    }
}

impl Watched {
    fn signal(&self, signal: Signal) {
        let id = self.child.lock().unwrap().as_ref().unwrap().id();
        let status = sender(signal.sent, id).status().unwrap();
        assert!(status.success(), "failed to send {} to {id}", signal.name);
    }
}

/// The shell has a `kill` of its own, so that no other program is needed.
#[cfg(unix)]
fn sender(signal: &str, process: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("kill -s {signal} {process}")]);
    shell
}

/// A program of a few lines, because the workspace has no unsafe code. It is compiled once for all tests, and stays in
/// the folder for temporary files of the build.
#[cfg(windows)]
fn sender(event: &str, process: u32) -> Command {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/scenario/console_event.rs");
        let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("console-event.exe");
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let status = rustc.args(["--edition", "2024", "-o"]).arg(&program).arg(source).status().unwrap();
        assert!(status.success(), "`rustc {source}` failed");
        program
    });
    let mut command = Command::new(&*PROGRAM);
    command.args([event, &process.to_string()]);
    command
}
