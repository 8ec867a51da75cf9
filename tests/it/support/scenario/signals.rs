//! Signals sent to the real process, at a request or at a word; never after a while.

use std::process::Command;

use floe_rehearsal::interceptor::Interceptor;

use super::{Outcome, Scenario, Watched};

impl Scenario {
    /// Runs the program and sends it signals when a server gets its n-th request from now on. Each but the last is
    /// answered before the next is sent, and the request is handled after that.
    pub fn run_signalled(
        &self,
        (interceptor, n): (&Interceptor, u64),
        signals: &[&'static str],
        verb: &[&str],
    ) -> Outcome {
        let watched = Watched::default();
        let (target, signals, first) = (watched.clone(), signals.to_vec(), interceptor.log().len() as u64);
        interceptor.before_each(move |head| {
            if head.n == first + n {
                for (at, signal) in signals.iter().enumerate() {
                    target.signal(signal);
                    if at == 0 {
                        target.heard.wait_for("Stopping");
                    } else {
                        target.heard.wait_for("stopped at once");
                    }
                }
            }
        });
        let outcome = self.start(verb, &watched);
        interceptor.before_each(|_| ());
        outcome
    }

    /// Runs the program and sends it a signal as soon as it says a word.
    pub fn run_signalled_at_word(&self, word: &'static str, signal: &'static str, verb: &[&str]) -> Outcome {
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
    fn signal(&self, signal: &str) {
        let id = self.child.lock().unwrap().as_ref().unwrap().id();
        // The shell has a `kill` of its own, so that no other program is needed.
        let status = Command::new("sh").args(["-c", &format!("kill -s {signal} {id}")]).status().unwrap();
        assert!(status.success(), "`kill -s {signal}` failed");
    }
}
