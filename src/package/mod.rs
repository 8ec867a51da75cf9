//! Archives: packing, reading, and the audit of the binaries in them.

pub mod archive;
pub mod audit;
pub mod binary;
