//! The one integration binary: every test of floe as a whole, a module an idea.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod architecture;
mod assemble;
mod attest;
mod audit;
mod channels;
mod cli;
mod compat;
#[cfg(unix)]
mod counterparts;
mod faults;
mod hostile;
mod image;
mod init;
mod layouts;
mod package;
mod plan;
mod project;
mod publish;
mod rehearse;
mod reproduce;
mod rules;
mod secrets;
mod support;
mod verify;
mod workflows;
