//! A GitHub, a registry and a feed of packages on this machine: HTTP servers on 127.0.0.1 that keep their state in a folder, faithful enough
//! that other clients work on them; an interceptor in front of them that injects faults; and the invariants that must
//! hold after every request.

#![recursion_limit = "256"]

mod basics;
mod download;
pub mod faults;
pub mod feed;
pub mod github;
pub mod interceptor;
pub mod registry;

pub use basics::random_hex;
