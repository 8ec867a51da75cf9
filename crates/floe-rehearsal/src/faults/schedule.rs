//! The faults of one release, drawn from a seed.

use std::fmt;

use fastrand::Rng;
use floe_core::model::places::Home;
use floe_core::model::{ChannelPlace, Release, Subject};

use super::Invariants;
use super::fault::{FaultKind, Side, Where};
use super::injection::Injection;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The seed that it was drawn from, if any.
    pub seed: Option<u64>,
    pub injections: Vec<Injection>,
}

impl Schedule {
    /// Faults that can strike while this release is published.
    pub fn of(release: &Release, seed: u64) -> Self {
        let subject = Subject::from(release);
        let channels = subject.channels();
        let registry = release.image.as_ref().map(|_| Side::Registry);
        let feed = channels.iter().any(|place| matches!(place.home, Home::Feed(_))).then_some(Side::Feed);
        let sides: Vec<Side> = [Side::GitHub].into_iter().chain(registry).chain(feed).collect();
        Schedule::at(&sides, channels, seed)
    }

    /// One to six faults of these servers for a release with these channels, most of them among the first requests. A seed
    /// always gives the same schedule.
    pub fn at(sides: &[Side], channels: &[ChannelPlace], seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let count = random.u64(1..=6);
        let injections = (0..count).map(|_| injection(sides, channels, &mut random)).collect();
        Schedule { seed: Some(seed), injections }
    }

    pub fn has(&self, kind: FaultKind) -> bool {
        self.injections.iter().any(|injection| injection.kind == kind)
    }

    /// Arms all faults.
    pub fn arm(&self, invariants: &Invariants) {
        if self.has(FaultKind::ReleaseLag) {
            // A later run cannot find a draft that no listing shows, so it creates another one. floe detects that before
            // the commit point.
            invariants.allow_two_drafts();
        }
        for injection in &self.injections {
            injection.arm(invariants);
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let injections: Vec<String> = self.injections.iter().map(Injection::to_string).collect();
        if let Some(seed) = self.seed {
            write!(f, "seed {seed}: ")?;
        }
        f.write_str(&injections.join("; "))
    }
}

fn injection(sides: &[Side], channels: &[ChannelPlace], random: &mut Rng) -> Injection {
    let side = sides[random.usize(..sides.len())];
    let can_strike = |kind: &FaultKind| kind.is_at(side) && kind.can_strike(channels);
    let kinds: Vec<FaultKind> = FaultKind::ALL.iter().copied().filter(can_strike).collect();
    let kind = kinds[random.usize(..kinds.len())];
    let nth = match kind.place() {
        Where::Route(..) => random.u64(1..=4),
        _ => random.u64(1..=30),
    };
    let amount = match kind {
        // Half of the cuts are before the first byte of the body.
        FaultKind::CutRequest | FaultKind::CutAnswer => random.u64(..2) * random.u64(..600),
        _ => random.u64(1..=4),
    };
    Injection { side, nth, kind, amount }
}

#[cfg(test)]
mod tests {
    use floe_core::model::ChannelKind;
    use floe_core::model::places::Submission;

    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_schedule_and_every_kind_is_drawn() {
        let of = |seed| Schedule::at(Side::ALL, &[], seed);
        assert_eq!(of(7), of(7));
        let first = of(1).to_string();
        assert!(first.starts_with("seed 1: "), "{first}");
        let repo = || "acme/tap".parse().unwrap();
        let submission = Submission {
            upstream: repo(),
            fork: repo(),
            id: "Acme.Tool".to_owned(),
            folder: "manifests/a/Acme/Tool".to_owned(),
            version: "1.4.0".to_owned(),
        };
        let place = |kind, home| ChannelPlace { kind, home, paths: Vec::new(), adopt: false };
        let tap = place(ChannelKind::Homebrew, Home::Repo(repo()));
        let winget = place(ChannelKind::Winget, Home::Upstream(submission));
        let is_drawn = |channels: &[ChannelPlace], kind| {
            (0..2000).any(|seed| Schedule::at(Side::ALL, channels, seed).has(kind))
        };
        let all = [tap.clone(), winget.clone()];
        for kind in FaultKind::ALL {
            assert!(is_drawn(&all, *kind), "{kind} is never drawn");
        }
        for (channels, kind, expected) in [
            (&[][..], FaultKind::ChannelByHand, false),
            (&[], FaultKind::PullExists, false),
            (std::slice::from_ref(&tap), FaultKind::ChannelByHand, true),
            (std::slice::from_ref(&tap), FaultKind::PullExists, false),
            (std::slice::from_ref(&winget), FaultKind::ChannelByHand, false),
            (std::slice::from_ref(&winget), FaultKind::ChannelNewer, true),
        ] {
            assert_eq!(is_drawn(channels, kind), expected, "{kind}");
        }
    }
}
