//! The one integration binary: every test of floe as a whole, a module an idea.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod actions;
mod architecture;
mod archive;
mod audit_hostile;
mod audit_peers;
mod binaries;
mod cli;
mod compat;
#[cfg(unix)]
mod counterparts;
mod expect;
mod faults;
mod gate;
mod hostile;
mod image;
mod init;
mod outlook;
mod package;
mod peers;
mod prefix;
mod preflight;
mod project;
mod publish;
mod rehearse;
#[cfg(unix)]
mod rehearse_nix;
mod report_page;
mod reproduce;
mod requests;
mod resume;
mod rules;
mod sample;
mod scenario;
mod secrets;
#[cfg(unix)]
mod stopping;
mod stranger;
mod verify;
mod words;
mod workflows;
