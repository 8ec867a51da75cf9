//! floe turns a git tag into a release: the same bytes from any machine, checked before anyone sees them,
//! published all at once.
//!
//! The whole of it is one sentence: **floe looks, then decides, then acts.** Looking ([`io`]) and acting
//! ([`execute`]) touch the network; deciding ([`plan`]) is a function of what was looked at. No state file is
//! ever read: when a run fails half-way, running it again looks again, plans again, and only what is missing
//! remains.
//!
//! A type a stage carries a release through: [`verify::Found`] (what lies in the folders) becomes
//! [`verify::Verified`] (nothing wrong with it), becomes [`model::Release`] (what is promised to the world),
//! becomes [`plan::Plan`] (what is missing), becomes [`receipt::Receipt`] (what was done).
//!
//! Modules in reading order:
//!
//! 1. [`model`]: the nouns, and [`units`]: numbers as people read them. Pure.
//! 2. [`verify`], [`world`], [`plan`], [`preflight`], [`receipt`], [`notes`], [`init`], [`reproduce`]: the decisions. Pure.
//! 3. [`audit`], [`archive`], [`oci`]: binaries, archives and image layouts as bytes; [`cores`]: many of them at once.
//! 4. [`io`]: the edges: folders, Cargo, git, GitHub, the registry.
//! 5. [`execute`]: the only loop that acts; [`report`]: the only module that prints.
//! 6. [`commands`]: one file a verb; [`cli`]: what people type; [`error`]: what they are told when it fails.
//! 7. [`border`]: what comes in from elsewhere, how much of it is read, what is checked first.
//! 8. [`rehearsal`]: a GitHub and a registry that live on this machine.

pub mod archive;
pub mod audit;
pub mod border;
pub mod cli;
pub mod commands;
pub mod cores;
pub mod error;
pub mod execute;
pub mod init;
pub mod io;
pub mod model;
pub mod notes;
pub mod oci;
pub mod plan;
pub mod preflight;
pub mod receipt;
pub mod rehearsal;
pub mod report;
pub mod reproduce;
pub mod units;
pub mod verify;
pub mod world;
