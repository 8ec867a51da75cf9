//! Locks and random names, which all servers need.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;

/// Random bytes of the operating system as lower-case hexadecimal digits.
///
/// # Errors
/// The system gives none.
pub fn random_hex(bytes: usize) -> anyhow::Result<String> {
    let mut buffer = vec![0; bytes];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut buffer).ok().context("the system gave no random bytes")?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Locks a mutex. No code here panics while its data is half changed, so a poisoned lock is used like any other.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
