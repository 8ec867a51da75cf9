//! Signals: Ctrl-C (SIGINT), and SIGTERM, which GitHub Actions sends when a workflow is cancelled. On Windows: Ctrl-C,
//! Ctrl-Break, which Actions sends there, and the close of the console window.
//!
//! The first signal ends waits at once and lets the steps under way finish; the second ends the process. Nothing is
//! undone: staged things are not public, and the next run continues from there.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Once};

use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::sync::watch;

use crate::error::{Exit, Failure};
use crate::files::unfinished;
use crate::report::Report;

/// The signal that asked the process to stop, if any. Signals are per process, so this is a static.
static ASKED: LazyLock<watch::Sender<Option<&'static str>>> = LazyLock::new(|| watch::channel(None).0);
/// Whether the first signal lets the run stop by itself instead of ending the process.
static GUARDED: AtomicBool = AtomicBool::new(false);

/// While it lives, the first signal only sets [`asked`].
pub struct SignalGuard(());

/// Listens to signals until the process ends. Without a [`SignalGuard`], a signal ends the process.
pub fn listen(report: &Report) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| match signals() {
        // They are registered here, before the task runs, so that none is missed.
        Ok(signals) => {
            tokio::spawn(answer(signals, report.clone()));
        }
        Err(error) => {
            let text = "a signal ends floe at once, in the middle of a step, because the system refuses to report signals";
            report.warn(format!("{text}: {error}"));
        }
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

/// Waits for the first signal.
pub async fn until_asked() {
    // The sender is static, so it is never gone.
    drop(ASKED.subscribe().wait_for(Option::is_some).await);
}

async fn answer(signals: impl Stream<Item = &'static str>, report: Report) {
    let mut signals = pin!(signals);
    while let Some(by) = signals.next().await {
        if !GUARDED.load(Ordering::SeqCst) {
            end(&report, Failure::new(format!("stopped by {by}")).hint("run the same command again"));
        }
        if ASKED.send_replace(Some(by)).is_some() {
            let text = format!("stopped at once by {by}; the running steps may be partly done");
            let again = "run the same command again: it checks what is there and does the missing steps";
            let state = "the receipt lists the steps that were done before";
            end(&report, Failure::new(text).state(state).hint(again));
        }
        let how = "once the running steps are done; a second signal stops at once";
        report.step("Stopping", format!("at {by}, {how}"));
    }
}

/// Exits with 1, not with 128 plus the signal's number: floe handled the signal and did not finish.
fn end(report: &Report, failure: Failure) -> ! {
    report.last_error(&failure.into());
    unfinished::remove_all();
    std::process::exit(Exit::Failed as i32)
}

/// The signals that ask floe to stop, by name.
#[cfg(unix)]
fn signals() -> io::Result<impl Stream<Item = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let all = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(stream::unfold(all, |mut all| async {
        let name = tokio::select! {
            _ = all.0.recv() => "SIGINT (Ctrl-C)",
            _ = all.1.recv() => "SIGTERM",
        };
        Some((name, all))
    }))
}

/// The signals that ask floe to stop, by name. Not `CTRL_LOGOFF_EVENT`, which a service gets when any user logs off.
#[cfg(windows)]
fn signals() -> io::Result<impl Stream<Item = &'static str>> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
    let all = (ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?);
    Ok(stream::unfold(all, |mut all| async {
        let name = tokio::select! {
            _ = all.0.recv() => "Ctrl-C",
            _ = all.1.recv() => "Ctrl-Break",
            // Windows ends the process 5 seconds later.
            _ = all.2.recv() => "CTRL_CLOSE_EVENT (the window was closed)",
            _ = all.3.recv() => "CTRL_SHUTDOWN_EVENT",
        };
        Some((name, all))
    }))
}
