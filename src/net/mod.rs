//! The HTTP transport and its rules: addresses, uploads, retries, waiting and signals.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub mod address;
pub mod body;
pub mod client;
pub mod retry;
pub mod stop;
pub mod wait;

/// Locks a mutex. No code here panics while its data is half changed, so a poisoned lock is used like any other.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server's own words as one short line.
pub(crate) fn words(text: &str) -> String {
    const LONGEST: usize = 500;
    let line = floe_core::untrusted::text::line(text.trim());
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_one_line_of_bearable_length() {
        assert_eq!(words(" no\n::error::x\x1b "), r"no\n::error::x\u{1b}");
        assert_eq!(words(&"ä".repeat(600)).chars().count(), 501);
        assert_eq!(words(&"ä".repeat(500)).chars().count(), 500);
    }
}
