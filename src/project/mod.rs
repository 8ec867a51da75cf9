//! The project that is released: its Cargo manifest, its repository, its builds, and `floe init`.

pub mod build;
pub mod cargo;
pub mod dependencies;
pub mod git;
pub mod init;
pub mod nix;
pub mod package;
pub mod process;
pub mod repository;
