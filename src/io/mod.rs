//! The edges: everything that touches the file system, a process or the network.

pub mod project;
