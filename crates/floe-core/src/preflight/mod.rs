//! The checks before a release: whether a server would refuse a step, before the first write request.
//!
//! The answers are facts that were looked up before; this module only judges them. It knows no server and no clock.

mod channels;
mod facts;
mod judge;
mod signed;

use serde::Serialize;

use crate::model::Release;
use crate::plan::{Plan, PlanJson};

pub use crate::world::{Access, Budget};
pub use facts::{Asked, ChannelToken, FeedKey, Finding, Package, ServerFacts};
pub use judge::{checks, fails_anyway};

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
#[serde(tag = "answer")]
pub enum Outcome {
    /// All is well.
    #[serde(rename = "yes")]
    Passed {
        /// The finding.
        found: String,
    },
    /// Publishing goes on, but the maintainer should know.
    #[serde(rename = "warning")]
    Warning(Finding),
    /// Publishing would be refused.
    #[serde(rename = "no")]
    Failed(Finding),
    /// It was not made.
    #[serde(rename = "unasked")]
    Skipped {
        /// Why not.
        found: String,
    },
}

impl Check {
    /// The reason for which publishing would be refused, if the check failed.
    pub fn failure(&self) -> Option<&Finding> {
        match &self.outcome {
            Outcome::Failed(finding) => Some(finding),
            _ => None,
        }
    }

    /// The outcome in one word: `yes`, `warning`, `no` or `unasked`.
    pub fn word(&self) -> &'static str {
        match self.outcome {
            Outcome::Passed { .. } => "yes",
            Outcome::Warning(_) => "warning",
            Outcome::Failed(_) => "no",
            Outcome::Skipped { .. } => "unasked",
        }
    }

    /// The finding, or why the check was skipped.
    pub fn found(&self) -> &str {
        match &self.outcome {
            Outcome::Passed { found } | Outcome::Skipped { found } => found,
            Outcome::Warning(finding) | Outcome::Failed(finding) => &finding.found,
        }
    }
}

/// A plan with its checks as JSON, schema 1.
#[derive(Debug, Serialize)]
pub struct CheckedPlanJson<'a> {
    #[serde(flatten)]
    plan: PlanJson,
    /// Empty where nothing was checked.
    questions: &'a [Check],
}

impl<'a> CheckedPlanJson<'a> {
    /// The plan and the checks as data for programs.
    pub fn new(plan: &Plan, release: &Release, checks: &'a [Check]) -> Self {
        CheckedPlanJson { plan: plan.to_json(release), questions: checks }
    }
}

#[cfg(test)]
mod tests;
