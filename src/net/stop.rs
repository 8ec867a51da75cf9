//! Being asked to stop: Ctrl-C (SIGINT), and SIGTERM as a workflow that is cancelled gets it after a while.
//!
//! The first request ends waits at once and lets the steps under way finish; the second ends the process. Nothing is
//! undone: what is staged is seen by nobody, and running again goes on from there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Once};
use std::time::Duration;

use tokio::sync::watch;

use crate::error::{Exit, Failure};
use crate::files::scratch;
use crate::report::Report;
use floe_core::clock::Clock;

/// Who asked the process to stop, once somebody has. A process has one set of signals, so there is one of these.
static ASKED: LazyLock<watch::Sender<Option<&'static str>>> = LazyLock::new(|| watch::channel(None).0);
/// Whether a run is under way that is asked to stop rather than cut.
static GUARDED: AtomicBool = AtomicBool::new(false);

/// While it lives, the first signal only asks.
pub struct SignalGuard(());

/// Listens to signals from now on until the process ends. A signal that nobody heeds ends it.
pub fn listen(report: &Report) {
    static ONCE: Once = Once::new();
    let report = report.clone();
    ONCE.call_once(|| {
        tokio::spawn(answer(report));
    });
}

/// While the returned guard lives, the first signal only asks, and [`asked`] says so.
pub fn guard() -> SignalGuard {
    GUARDED.store(true, Ordering::SeqCst);
    SignalGuard(())
}

impl Drop for SignalGuard {
    fn drop(&mut self) {
        GUARDED.store(false, Ordering::SeqCst);
    }
}

/// Who asked the process to stop, if anybody has.
pub fn asked() -> Option<&'static str> {
    *ASKED.borrow()
}

/// Lets a time pass; true if the process was asked to stop before it was over.
pub async fn cut_short(clock: &Clock, time: Duration) -> bool {
    tokio::select! {
        biased;
        () = until_asked() => true,
        () = clock.wait(time) => false,
    }
}

/// Waits until the process is asked to stop.
pub async fn until_asked() {
    let mut asked = ASKED.subscribe();
    if asked.wait_for(Option::is_some).await.is_err() {
        // The sender is static, so it is never gone.
        std::future::pending().await
    }
}

async fn answer(report: Report) {
    let Ok(mut signals) = Signals::new() else { return };
    loop {
        let by = signals.next().await;
        if !GUARDED.load(Ordering::SeqCst) {
            end(&report, Failure::new(format!("stopped by {by}")).hint("run the same command again"));
        }
        if ASKED.send_replace(Some(by)).is_some() {
            end(&report, at_once(by));
        }
        report.step("Stopping", format!("at {by}, once the steps under way are done; again to stop at once"));
    }
}

/// Exit code 1 and not 128 and the signal's number: floe was not killed, it could not do what it was told.
fn end(report: &Report, failure: Failure) -> ! {
    report.clear();
    report.error(&failure.into());
    scratch::remove_all();
    std::process::exit(Exit::Failed as i32)
}

fn at_once(by: &str) -> Failure {
    Failure::new(format!("stopped at once by {by}; what was under way may be there in part"))
        .state("the receipt says what was done before that")
        .hint("run the same command again: it looks at what is there and does what is missing")
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

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
