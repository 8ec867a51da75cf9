//! Release notes.

/// What the release page says.
#[derive(Debug, Clone)]
pub enum Notes {
    /// This text.
    Text(String),
}
