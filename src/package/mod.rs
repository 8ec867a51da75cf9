//! Archives: packing, reading, the audit of the binaries in them, and their SBOMs.

pub mod archive;
pub mod audit;
pub mod binary;
pub mod sbom;
