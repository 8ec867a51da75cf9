//! What a run says on stderr, as it says it: for tests that interfere at a word.

use std::io::Read;
use std::process::ChildStderr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longer than anything a run does; a word that was not said by then will not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was heard so far. Clones hear the same.
#[derive(Clone, Default)]
pub struct Heard(Arc<(Mutex<Vec<u8>>, Condvar)>);

impl Heard {
    /// Listens until there is no more, and gives all of it.
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

    /// Waits until a word was said; false if it never was.
    pub fn wait_for(&self, word: &str) -> bool {
        let said = |all: &mut Vec<u8>| String::from_utf8_lossy(all).contains(word);
        let lock = self.0.0.lock().unwrap();
        let (lock, result) = self.0.1.wait_timeout_while(lock, PATIENCE, |all| !said(all)).unwrap();
        drop(lock);
        !result.timed_out()
    }
}
