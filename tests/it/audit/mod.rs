//! `floe audit`, and the audit that packing and publishing make.

mod gate;
pub mod hostile;
mod peers;
