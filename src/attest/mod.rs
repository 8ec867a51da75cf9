//! Attestations: what a Sigstore bundle must say of a release, and what GitHub's own must say of an immutable one.
//!
//! Certificates, transparency logs and timestamps are checked by the crate `sigstore-verify`, with ring. This module limits
//! what is read, chooses the trusted root, and judges the identity, the source and the subjects. It uses no network and
//! prints nothing.

mod authentic;
mod bundle;
mod immutable;
mod policy;
mod provider;
mod roots;
mod signer;
mod statement;

pub use authentic::{Authentic, Unproven};
pub use bundle::Bundle;
pub use floe_core::attachment::BUNDLE_LIMIT;
pub use immutable::Immutable;
pub use policy::{Expected, Subjects};
pub use roots::{Instance, ROOTS_LIMIT, Roots};
pub use signer::Signer;
pub use statement::{Statement, StatementSubject};
