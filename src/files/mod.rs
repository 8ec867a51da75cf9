//! Files and folders that appear whole or not at all.

pub mod pending;
pub mod scratch;
pub mod together;
