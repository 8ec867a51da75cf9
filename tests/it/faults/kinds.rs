//! The requests that a kind of fault can affect, and whether a publisher can undo it.

use floe_rehearsal::faults::{FaultKind, Injection, Schedule, Side, Where};

/// A schedule of one fault.
pub fn one(injection: Injection) -> Schedule {
    Schedule { seed: None, injections: vec![injection] }
}

/// The number by which an injection finds the request at this position; `fit` is its position among those that fit.
pub fn nth(kind: FaultKind, fit: usize, at: usize) -> u64 {
    let position = if matches!(kind.place(), Where::Route(..)) { fit } else { at };
    position as u64 + 1
}

/// Whether a kind can affect a request like this one.
pub fn fits(kind: FaultKind, side: Side, method: &str, path: &str) -> bool {
    match kind.place() {
        Where::Route(only, verb, part) => only == side && verb == method && path.contains(part),
        // These need a request with a body.
        _ if matches!(kind, FaultKind::CutRequest | FaultKind::Slow) => {
            kind.is_at(side) && matches!(method, "POST" | "PUT" | "PATCH")
        }
        _ => kind.is_at(side),
    }
}

/// Whether a kind is a change by another user that a publisher cannot undo, so that the final state may differ.
pub fn is_permanent(kind: FaultKind) -> bool {
    use FaultKind::{ChannelNewer, Newer, Published, PullClosed, PullMerged, PushedMeanwhile};
    matches!(kind, Published | Newer | ChannelNewer | PullClosed | PullMerged | PushedMeanwhile)
}
