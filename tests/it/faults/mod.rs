//! Publishing under fire: each fault at each request, and many faults at once, and the end is always the same.

pub mod bench;
mod found;
mod ladder;
mod matrix;
mod publishers;
mod random;
mod summary;
