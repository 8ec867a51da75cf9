//! The language of the tests: sample projects and binaries, scenarios with two servers, and other programs.

pub mod artifacts;
pub mod attestation;
pub mod binaries;
pub mod leaks;
pub mod peers;
pub mod sample;
pub mod scenario;
pub mod words;
