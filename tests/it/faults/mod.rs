//! Publishing under faults, one at a time and several at once: the servers end in the same state.

mod attached;
pub mod bench;
mod channels;
mod drafts;
mod found;
pub mod kinds;
mod ladder;
mod matrix;
mod publishers;
mod random;
mod state;
mod summary;
