//! Serving, watching and disturbing.
