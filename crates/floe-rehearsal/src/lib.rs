//! A GitHub, a registry and a feed of packages on this machine: HTTP servers on 127.0.0.1 that keep their state in a folder, faithful enough
//! that other clients work on them; an interceptor in front of them that injects faults; and the invariants that must
//! hold after every request.

#![recursion_limit = "256"]

mod download;
pub mod faults;
pub mod feed;
pub mod github;
pub mod interceptor;
pub mod registry;
mod store;

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
