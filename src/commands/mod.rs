//! One file a verb; each reads top to bottom as that verb's pipeline.

pub mod image;
pub mod package;
