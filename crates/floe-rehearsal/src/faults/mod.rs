//! Faults with names, drawn from a seed and injected into requests, and the invariants that must hold under them.
//!
//! Nothing here depends on how floe handles them.

mod artifacts;
mod attestation;
mod channels;
mod fault;
mod injection;
mod invariants;
mod named;
mod operator;
mod schedule;

use std::sync::Arc;

use floe_core::clock::Clock;
use floe_core::model::{ChannelPlace, Destination};
use tokio::sync::Notify;

use crate::feed::EmbeddedFeed;
use crate::github::EmbeddedGitHub;
use crate::interceptor::Interceptor;
use crate::registry::EmbeddedRegistry;
pub use attestation::{AttestationFault, Claim, VerifyOutcome};
pub use fault::{FaultKind, Side, Where};
pub use injection::Injection;
pub use invariants::Invariants;
pub use operator::repair;
pub use schedule::Schedule;

/// All servers with direct access to their state, for one release.
#[derive(Clone)]
pub struct Testbed {
    pub github: EmbeddedGitHub,
    pub registry: EmbeddedRegistry,
    pub feed: EmbeddedFeed,
    /// In the order of [`Side::ALL`].
    pub interceptors: [Interceptor; 3],
    /// The repository, tag, commit and image of the release.
    pub home: Destination,
    /// The channels of the release.
    pub channels: Vec<ChannelPlace>,
    /// The project, as the files of its channels name it.
    pub project: String,
    /// The publisher's user names at GitHub and at the registry.
    pub users: (String, String),
    /// Notified when the publisher is killed.
    pub killed: Arc<Notify>,
}

impl Testbed {
    pub fn interceptor(&self, side: Side) -> &Interceptor {
        &self.interceptors[side as usize]
    }

    /// Sets the clock of all interceptors.
    pub fn set_clock(&self, clock: &Clock) {
        self.interceptors.iter().for_each(|interceptor| interceptor.set_clock(clock.clone()));
    }

    /// Waits until no server is handling a request.
    pub async fn quiet(&self) {
        for interceptor in &self.interceptors {
            interceptor.quiet().await;
        }
    }
}
