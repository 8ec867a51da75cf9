//! Files and folders that appear whole or not at all.

pub mod atomic_file;
pub mod scratch;
pub mod transaction;
