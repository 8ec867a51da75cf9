//! `floe package`.
