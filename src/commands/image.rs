//! `floe image`.
