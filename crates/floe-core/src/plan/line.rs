//! The table of steps: one line a step, as a plan shows it and as a receipt keeps it.

use serde::Serialize;

use super::Phase;
use crate::units::size;

/// One step as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `stage` or `reveal`.
    pub phase: Phase,
    /// The action: `push`, `draft`, `delete`, `upload`, `publish`, `tag` or `channel`.
    pub verb: String,
    /// The object that it acts on.
    pub object: String,
    /// The bytes it moves, where it moves any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How far it is.
    pub status: Status,
    /// When it began and ended, in milliseconds from the run's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<(u64, u64)>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its effect was there before the run.
    Was,
    /// This run did it.
    Done,
    /// Still to do.
    Todo,
    /// This run tried and could not.
    Failed,
}

impl Status {
    /// The status as people read it.
    pub fn words(self) -> &'static str {
        match self {
            Status::Was => "was there",
            Status::Done => "done",
            Status::Todo => "todo",
            Status::Failed => "failed",
        }
    }
}

impl Line {
    /// Its cells, in the order of [`Line::HEAD`].
    pub fn cells(&self) -> [String; 5] {
        let bytes = self.bytes.map(size).unwrap_or_default();
        let (verb, object) = (self.verb.clone(), self.object.clone());
        [self.phase.to_string(), verb, object, bytes, self.status.words().to_owned()]
    }

    /// The head of the table.
    pub const HEAD: [&str; 5] = ["phase", "verb", "what", "size", "status"];
}
