//! Facts about binaries.
