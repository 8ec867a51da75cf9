//! The stderr of a run while it runs, for tests that interfere when a word appears.

use std::io::Read;
use std::process::ChildStderr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longer than any run: a word that is not printed by then will not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The output so far; clones share it.
#[derive(Clone, Default)]
pub struct Heard(Arc<(Mutex<Vec<u8>>, Condvar)>);

impl Heard {
    /// Reads to the end, and returns all of it.
    pub fn listen(&self, mut from: ChildStderr) -> JoinHandle<Vec<u8>> {
        let heard = self.clone();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            loop {
                let count = from.read(&mut piece).unwrap();
                let mut all = heard.0.0.lock().unwrap();
                all.extend_from_slice(&piece[..count]);
                heard.0.1.notify_all();
                if count == 0 {
                    return all.clone();
                }
            }
        })
    }

    /// Waits until a word is printed; false if it never is.
    pub fn wait_for(&self, word: &str) -> bool {
        let said = |all: &mut Vec<u8>| String::from_utf8_lossy(all).contains(word);
        let lock = self.0.0.lock().unwrap();
        let (lock, result) = self.0.1.wait_timeout_while(lock, PATIENCE, |all| !said(all)).unwrap();
        drop(lock);
        !result.timed_out()
    }
}
