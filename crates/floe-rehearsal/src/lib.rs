//! A GitHub and a registry on this machine: HTTP servers on 127.0.0.1 that keep their state in a folder, faithful enough
//! that other clients work on them; an interceptor in front of them that injects faults; and the invariants that must
//! hold after every request.

mod download;
pub mod faults;
pub mod github;
pub mod interceptor;
mod lock;
pub mod registry;
