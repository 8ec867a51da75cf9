//! The HTTP transport and its rules: addresses, answers, uploads, retries, waiting, signals and tokens.

pub mod address;
pub mod answer;
pub mod body;
pub mod client;
pub mod retry;
pub mod stop;
pub mod wait;
