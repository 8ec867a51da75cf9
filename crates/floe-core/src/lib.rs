//! The nouns and decisions of a release. Pure data and functions: nothing here opens a socket.
//!
//! Modules in reading order:
//!
//! 1. [`model`]: tags, digests, targets, images, manifests, records, releases and their notes; [`oci`]:
//!    the JSON documents of an image; [`attachment`]: the files that refer to it; [`units`]: numbers as people read them.
//! 2. [`verify`]: whether a dist or a published release is what it claims; [`reproduce`]: whether a rebuild is the same.
//! 3. [`world`]: the state of GitHub and the registry; [`plan`]: the missing steps; [`preflight`]: the reasons for which
//!    a server would refuse them; [`receipt`]: a record of what was done.
//! 4. [`untrusted`]: limits and checks for input from outside.
//! 5. [`clock`]: real and simulated time; [`parallel`]: a map over all cores; [`disk`]: renames that outlast a virus
//!    scanner.

pub mod attachment;
pub mod clock;
pub mod disk;
pub mod model;
pub mod oci;
pub mod parallel;
pub mod plan;
pub mod preflight;
pub mod receipt;
pub mod reproduce;
pub mod units;
pub mod untrusted;
pub mod verify;
pub mod world;
