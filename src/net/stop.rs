//! Signals: Ctrl-C (SIGINT), and SIGTERM, which GitHub Actions sends when a workflow is cancelled. On Windows: Ctrl-C,
//! Ctrl-Break, which Actions sends there, and the close of the console window.
//!
//! The first signal ends waits at once and lets the steps under way finish; the second ends the process. Nothing is
//! undone: staged things are not public, and the next run continues from there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Once};
use std::time::Duration;

use tokio::sync::watch;

use crate::error::{Exit, Failure};
use crate::files::unfinished;
use crate::report::Report;
use floe_core::clock::Clock;

/// The signal that asked the process to stop, if any. Signals are per process, so this is a static.
static ASKED: LazyLock<watch::Sender<Option<&'static str>>> = LazyLock::new(|| watch::channel(None).0);
/// Whether the first signal lets the run stop by itself instead of ending the process.
static GUARDED: AtomicBool = AtomicBool::new(false);

/// While it lives, the first signal only sets [`asked`].
pub struct SignalGuard(());

/// Listens to signals until the process ends. Without a [`SignalGuard`], a signal ends the process.
pub fn listen(report: &Report) {
    static ONCE: Once = Once::new();
    let report = report.clone();
    ONCE.call_once(|| {
        tokio::spawn(answer(report));
    });
}

/// While the returned guard lives, the first signal only sets [`asked`].
pub fn guard() -> SignalGuard {
    GUARDED.store(true, Ordering::SeqCst);
    SignalGuard(())
}

impl Drop for SignalGuard {
    fn drop(&mut self) {
        GUARDED.store(false, Ordering::SeqCst);
    }
}

/// The signal that asked the process to stop, if any.
pub fn asked() -> Option<&'static str> {
    *ASKED.borrow()
}

/// Waits for a time; true if a signal came before its end.
pub async fn cut_short(clock: &Clock, time: Duration) -> bool {
    tokio::select! {
        biased;
        () = until_asked() => true,
        () = clock.wait(time) => false,
    }
}

/// Waits for the first signal.
pub async fn until_asked() {
    let mut asked = ASKED.subscribe();
    if asked.wait_for(Option::is_some).await.is_err() {
        // The sender is static, so it is never gone.
        std::future::pending().await
    }
}

async fn answer(report: Report) {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            let text = "a signal ends floe at once, in the middle of a step, because the system refuses to report signals";
            return report.warn(format!("{text}: {error}"));
        }
    };
    loop {
        let by = signals.next().await;
        if !GUARDED.load(Ordering::SeqCst) {
            end(&report, Failure::new(format!("stopped by {by}")).hint("run the same command again"));
        }
        if ASKED.send_replace(Some(by)).is_some() {
            end(&report, at_once(by));
        }
        report.step(
            "Stopping",
            format!("at {by}, once the running steps are done; a second signal stops at once"),
        );
    }
}

/// Exits with 1, not with 128 plus the signal's number: floe handled the signal and did not finish.
fn end(report: &Report, failure: Failure) -> ! {
    report.clear();
    report.last_error(&failure.into());
    unfinished::remove_all();
    std::process::exit(Exit::Failed as i32)
}

fn at_once(by: &str) -> Failure {
    Failure::new(format!("stopped at once by {by}; the steps under way may be done in part"))
        .state("the receipt lists the steps that were done before")
        .hint("run the same command again: it checks what is there and does the missing steps")
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT (Ctrl-C)",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    r#break: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

/// Not `CTRL_LOGOFF_EVENT`, which a service gets when any user logs off.
#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Signals {
            interrupt: ctrl_c()?,
            r#break: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.r#break.recv() => "Ctrl-Break",
            // Windows ends the process 5 seconds later.
            _ = self.close.recv() => "CTRL_CLOSE_EVENT (the window was closed)",
            _ = self.shutdown.recv() => "CTRL_SHUTDOWN_EVENT",
        }
    }
}
