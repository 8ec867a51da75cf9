//! The questions before a release: everything that could be refused later is asked first, while nothing is sent.
//!
//! Answers are facts that were looked up before; this module only judges them. It knows no server and no clock.

mod facts;
mod judge;
mod show;

pub use facts::{Access, Asked, Budget, Facts, Package, Said};
pub use judge::questions;
pub use show::{CheckedPlanJson, QuestionJson};

/// A question and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What it is about, in one word.
    pub about: &'static str,
    /// The answer.
    pub answer: Answer,
}

/// What was found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is as it should be; what was found.
    Yes(String),
    /// It stops nothing now, but somebody should know.
    Warning(Said),
    /// Publishing would be refused.
    No(Said),
    /// It was not asked, and why.
    Unasked(String),
}

impl Question {
    /// What would be refused, and the cure.
    pub fn refusal(&self) -> Option<&Said> {
        match &self.answer {
            Answer::No(said) => Some(said),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
