//! Faults with names, drawn from a seed and injected into requests, and the invariants that must hold under them.
//!
//! Nothing here depends on how floe handles them.

mod artifacts;
mod attestation;
mod channels;
mod fault;
mod injection;
mod invariants;
mod operator;
mod schedule;

use std::sync::Arc;

use floe_core::clock::Clock;
use floe_core::model::{ChannelPlace, Destination, Digest};
use tokio::sync::Notify;

use crate::feed::EmbeddedFeed;
use crate::github::EmbeddedGitHub;
use crate::interceptor::Interceptor;
use crate::registry::EmbeddedRegistry;
pub use attestation::{AttestationFault, Claim, Verified};
pub use fault::{FaultKind, Side};
pub use injection::Injection;
pub use invariants::Invariants;
pub use operator::repair;
pub use schedule::Schedule;

/// All servers with direct access to their state, for one release.
#[derive(Clone)]
pub struct Testbed {
    pub github: EmbeddedGitHub,
    pub github_interceptor: Interceptor,
    pub registry: EmbeddedRegistry,
    pub registry_interceptor: Interceptor,
    pub feed: EmbeddedFeed,
    pub feed_interceptor: Interceptor,
    /// The repository, tag, commit and image of the release.
    pub home: Destination,
    /// The channels of the release.
    pub channels: Vec<ChannelPlace>,
    /// The project, as the files of its channels name it.
    pub project: String,
    /// The publisher's user names at GitHub and at the registry.
    pub users: (String, String),
    /// The clock of the publisher and of all interceptors.
    pub clock: Clock,
    /// Notified when the publisher is killed.
    pub killed: Arc<Notify>,
}

impl Testbed {
    pub fn interceptor(&self, side: Side) -> &Interceptor {
        match side {
            Side::GitHub => &self.github_interceptor,
            Side::Registry => &self.registry_interceptor,
            Side::Feed => &self.feed_interceptor,
        }
    }

    /// The number of requests at all servers.
    pub fn requests(&self) -> u64 {
        Side::ALL.into_iter().map(|side| self.interceptor(side).log().len() as u64).sum()
    }

    /// Waits until no server is handling a request.
    pub async fn quiet(&self) {
        for side in Side::ALL {
            self.interceptor(side).quiet().await;
        }
    }

    /// The state of both servers as lines that are the same for every successful release. Ids, times and the drafts of
    /// other users are left out.
    ///
    /// # Errors
    /// The registry's folder cannot be read.
    pub fn state(&self) -> anyhow::Result<String> {
        let mut lines = Vec::new();
        for release in self.github.releases(&self.home.repo) {
            if release.draft && release.is_foreign() {
                continue;
            }
            let kind = if release.draft { "draft" } else { "published" };
            let (tag, name) = (&release.tag_name, release.name.as_deref().unwrap_or("-"));
            let notes = Digest::of(comparable(&release.body.unwrap_or_default()).as_bytes()).short();
            lines.push(format!("{kind} {tag} {name} prerelease={} notes={notes}", release.prerelease));
            lines.extend(release.assets.iter().map(|asset| {
                let digest = asset.digest.map(|digest| digest.to_string()).unwrap_or_default();
                format!("{kind} {tag} {} {} {} {digest}", asset.name, asset.size, asset.state)
            }));
        }
        lines.sort();
        lines.push(format!("latest {}", self.github.latest(&self.home.repo).unwrap_or_default()));
        let image = self.home.image.repository();
        let tags = self.registry.tags(image);
        lines.extend(tags.iter().map(|(tag, digest)| format!("image {tag} {digest}")));
        let missing = self.registry.missing(image, tags.into_values())?;
        lines.extend(missing.iter().map(|digest| format!("image lacks {digest}")));
        lines.extend(self.channels.iter().flat_map(|place| channels::state(self, place)));
        Ok(lines.join("\n"))
    }
}

/// Notes without the ports of local servers, which generated notes contain, and without the comment that has a digest of
/// them.
fn comparable(notes: &str) -> String {
    let lines = notes.lines().filter(|line| !line.starts_with("<!-- floe:"));
    let without_port = |line: &str| match line.split_once("http://127.0.0.1:") {
        Some((before, after)) => [before, after.trim_start_matches(|c: char| c.is_ascii_digit())].concat(),
        None => line.to_owned(),
    };
    lines.map(without_port).collect::<Vec<_>>().join("\n")
}
