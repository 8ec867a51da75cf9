//! The checks before a release: whether a server would refuse a step, before the first write request.
//!
//! The answers are facts that were looked up before; this module only judges them. It knows no server and no clock.

mod channels;
mod facts;
mod judge;
mod signed;

use serde::Serialize;

pub use crate::world::{Access, Asked, Budget, Finding};
pub use channels::CLASSIC_TOKEN;
pub use facts::{Package, Rights, Secret, ServerFacts};
pub use judge::checks;

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its subject, in one word.
    pub about: &'static str,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// The finding, or why the check was skipped.
    pub found: String,
    /// The way out, of a warning or a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// The answer of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Answer {
    /// All is well.
    #[serde(rename = "yes")]
    Passed,
    /// Publishing goes on, but the maintainer should know.
    #[serde(rename = "warning")]
    Warning,
    /// Publishing would be refused.
    #[serde(rename = "no")]
    Failed,
    /// It was not made.
    #[serde(rename = "unasked")]
    Skipped,
}

floe_audit::display_as_serde!(Answer);

#[cfg(test)]
mod tests;
