//! The border: what comes in from elsewhere, how much of it is read, and what is checked before it is believed.

pub mod files;
pub mod text;
