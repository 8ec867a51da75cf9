//! The project: Cargo and git.
