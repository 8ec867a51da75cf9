//! The only loop that acts.
