//! Faults as people know them: each has a name, strikes one request of one server, and can be drawn from a seed.
//!
//! The tap carries out what happens to a request, the servers what becomes of their state. Nothing in here knows
//! what floe does about it; [`Watch`] knows what must hold all the same.

mod kind;
mod maintainer;
mod schedule;
mod strike;
mod watch;

use std::sync::Arc;

pub use kind::{Kind, Side};
pub use maintainer::put_right;
pub use schedule::Schedule;
pub use strike::Strike;
use tokio::sync::Notify;
pub use watch::Watch;

use super::github::GitHub;
use super::interceptor::Interceptor;
use super::registry::Registry;
use floe_core::clock::Clock;
use floe_core::model::{Digest, Home};

/// Both servers seen from inside: what faults act on, and what is watched.
#[derive(Clone)]
pub struct Inside {
    /// GitHub's state.
    pub github: GitHub,
    /// What GitHub is reached through.
    pub github_tap: Interceptor,
    /// The registry's state.
    pub registry: Registry,
    /// What the registry is reached through.
    pub registry_tap: Interceptor,
    /// Where the release goes.
    pub home: Home,
    /// Who publishes, as GitHub and as the registry call them.
    pub users: (String, String),
    /// What is waited by; both taps go by it too.
    pub clock: Clock,
    /// Told when the publisher is killed.
    pub killed: Arc<Notify>,
}

impl Inside {
    /// What a server is reached through.
    pub fn tap(&self, side: Side) -> &Interceptor {
        match side {
            Side::GitHub => &self.github_tap,
            Side::Registry => &self.registry_tap,
        }
    }

    /// How many requests both servers have seen.
    pub fn requests(&self) -> u64 {
        (self.github_tap.seen().len() + self.registry_tap.seen().len()) as u64
    }

    /// Waits until neither server is handling a request.
    pub async fn quiet(&self) {
        self.github_tap.quiet().await;
        self.registry_tap.quiet().await;
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
