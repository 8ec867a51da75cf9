//! Test data.

/// A number.
pub fn number() -> u32 {
    14
}
