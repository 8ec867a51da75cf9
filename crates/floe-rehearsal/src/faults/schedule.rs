//! Several faults of one release, drawn from a seed: the same seed is always the same schedule.

use std::fmt;

use super::fault::{FaultKind, Side};
use super::injection::Injection;
use super::{Invariants, Testbed};

/// Faults that strike one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What it was drawn from; `None` if it was written by hand.
    pub seed: Option<u64>,
    /// The faults.
    pub strikes: Vec<Injection>,
}

impl Schedule {
    /// Nothing happens.
    pub fn calm() -> Self {
        Schedule { seed: None, strikes: Vec::new() }
    }

    /// One fault.
    pub fn one(strike: Injection) -> Self {
        Schedule { seed: None, strikes: vec![strike] }
    }

    /// One to six faults, most of them early, where a release has its requests.
    pub fn from_seed(seed: u64) -> Self {
        let mut dice = SplitMix64(seed);
        let count = 1 + dice.below(6);
        let strikes = (0..count).map(|_| strike(&mut dice)).collect();
        Schedule { seed: Some(seed), strikes }
    }

    /// Whether a fault of this kind is among them.
    pub fn has(&self, kind: FaultKind) -> bool {
        self.strikes.iter().any(|strike| strike.kind == kind)
    }

    /// Puts all of them in their requests' ways.
    pub fn arm(&self, inside: &Testbed, watch: &Invariants) {
        if self.has(FaultKind::ReleaseLag) {
            // A draft that no listing shows cannot be found again by a later run; it is seen before the commit point.
            watch.expect_two_drafts();
        }
        for strike in &self.strikes {
            strike.arm(inside, watch);
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strikes: Vec<String> = self.strikes.iter().map(Injection::to_string).collect();
        match self.seed {
            Some(seed) => write!(f, "seed {seed}: {}", strikes.join("; ")),
            None => f.write_str(&strikes.join("; ")),
        }
    }
}

fn strike(dice: &mut SplitMix64) -> Injection {
    let side = if dice.below(2) == 0 { Side::GitHub } else { Side::Registry };
    let kinds: Vec<FaultKind> = FaultKind::ALL.iter().copied().filter(|kind| kind.is_at(side)).collect();
    let kind = kinds[dice.index(kinds.len())];
    let nth = match kind.place() {
        super::fault::Where::Route(..) => 1 + dice.below(4),
        _ => 1 + dice.below(30),
    };
    let amount = match kind {
        // Heads are short and bodies long; most cuts are near the beginning.
        FaultKind::CutRequest | FaultKind::CutAnswer => dice.below(2) * dice.below(600),
        _ => 1 + dice.below(4),
    };
    Injection { side, nth, kind, amount }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same on every machine.
pub(super) struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_always_the_same_schedule_and_every_kind_comes_up() {
        assert_eq!(Schedule::from_seed(7), Schedule::from_seed(7));
        let first = Schedule::from_seed(1).to_string();
        assert!(first.starts_with("seed 1: "), "{first}");
        for kind in FaultKind::ALL {
            assert!((0..2000).any(|seed| Schedule::from_seed(seed).has(*kind)), "{kind} never comes up");
        }
    }
}
