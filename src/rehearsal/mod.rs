//! A GitHub and a registry that live on this machine: real HTTP servers on 127.0.0.1 that keep their state in a
//! folder, faithful enough that other people's clients work on them.

pub mod faults;
pub mod github;
pub mod page;
pub mod registry;
pub mod servers;
pub mod tap;
