//! Faults as people know them: each has a name, strikes one request of one server, and can be drawn from a seed.
//!
//! The interceptor carries out what happens to a request, the servers what becomes of their state. Nothing in here knows
//! what floe does about it; [`Invariants`] knows what must hold all the same.

mod fault;
mod injection;
mod invariants;
mod operator;
mod schedule;

use std::sync::Arc;

pub use fault::{FaultKind, Side};
pub use injection::Injection;
pub use invariants::Invariants;
pub use operator::repair;
pub use schedule::Schedule;
use tokio::sync::Notify;

use super::github::EmbeddedGitHub;
use super::interceptor::Interceptor;
use super::registry::EmbeddedRegistry;
use floe_core::clock::Clock;
use floe_core::model::{Digest, Home};

/// Both servers seen from inside: what faults act on, and what is watched.
#[derive(Clone)]
pub struct Testbed {
    /// GitHub's state.
    pub github: EmbeddedGitHub,
    /// What GitHub is reached through.
    pub github_interceptor: Interceptor,
    /// The registry's state.
    pub registry: EmbeddedRegistry,
    /// What the registry is reached through.
    pub registry_interceptor: Interceptor,
    /// Where the release goes.
    pub home: Home,
    /// Who publishes, as GitHub and as the registry call them.
    pub users: (String, String),
    /// What is waited by; both taps go by it too.
    pub clock: Clock,
    /// Told when the publisher is killed.
    pub killed: Arc<Notify>,
}

impl Testbed {
    /// What a server is reached through.
    pub fn interceptor(&self, side: Side) -> &Interceptor {
        match side {
            Side::GitHub => &self.github_interceptor,
            Side::Registry => &self.registry_interceptor,
        }
    }

    /// How many requests both servers have seen.
    pub fn requests(&self) -> u64 {
        (self.github_interceptor.log().len() + self.registry_interceptor.log().len()) as u64
    }

    /// Waits until neither server is handling a request.
    pub async fn quiet(&self) {
        self.github_interceptor.quiet().await;
        self.registry_interceptor.quiet().await;
    }

    /// Everything that matters about both servers' state, in words: what a release must leave whatever happened.
    /// Numbers and times are left out, since they differ from run to run, and so are somebody else's drafts.
    ///
    /// # Errors
    /// What the registry has on the disk cannot be read.
    pub fn state(&self) -> anyhow::Result<String> {
        let mut lines = Vec::new();
        for release in self.github.releases(&self.home.repo) {
            if release.draft && release.is_by_somebody_else() {
                continue;
            }
            let kind = if release.draft { "draft" } else { "published" };
            let (tag, name) = (&release.tag_name, release.name.as_deref().unwrap_or("-"));
            let notes = Digest::of(without_ports(&release.body.unwrap_or_default()).as_bytes()).short();
            lines.push(format!("{kind} {tag} {name} prerelease={} notes={notes}", release.prerelease));
            lines.extend(release.assets.iter().map(|asset| {
                let digest = asset.digest.map(|digest| digest.to_string()).unwrap_or_default();
                format!("{kind} {tag} {} {} {} {digest}", asset.name, asset.size, asset.state)
            }));
        }
        lines.sort();
        lines.push(format!("latest {}", self.github.latest(&self.home.repo).unwrap_or_default()));
        let held = self.registry.held(self.home.image.repository(), &Default::default())?;
        lines.extend(held.tags.iter().map(|(tag, digest)| format!("image {tag} {digest}")));
        lines.extend(held.missing.iter().map(|digest| format!("image lacks {digest}")));
        Ok(lines.join("\n"))
    }
}

/// Generated notes name the server, whose port is another one each time.
fn without_ports(text: &str) -> String {
    const HERE: &str = "http://127.0.0.1:";
    let mut parts = text.split(HERE);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str(HERE);
        whole.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    whole
}
