//! The edges: everything that touches the file system, a process or the network.

pub mod address;
mod answer;
pub mod audit;
pub mod binary;
pub mod body;
pub mod build;
pub mod clock;
pub mod dist;
pub mod git;
pub mod github;
pub mod inside;
pub mod nix;
pub mod pending;
pub mod preflight;
pub mod process;
pub mod project;
pub mod receipt;
pub mod registry;
pub mod remote;
pub mod retry;
pub mod scratch;
pub mod stop;
pub mod stranger;
pub mod surroundings;
pub mod together;
pub mod token;
pub mod wait;
