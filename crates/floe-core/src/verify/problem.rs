//! The problems that a release can have before it is published, as lines to read.

use std::fmt;

use super::ASSET_LIMIT;
use crate::model::{Digest, PromisedFile};

/// A reason not to publish a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind, which decides the hint.
    pub kind: ProblemKind,
    text: String,
}

/// The kinds of problems that have hints of their own, the most important last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// Any other.
    Other,
    /// The promised image is not there.
    MissingImage,
    /// A promised target, or a platform of the image, is not there.
    MissingTarget,
    /// A record is missing or cannot be read.
    BadRecord,
    /// The tag names another version.
    WrongTag,
}

impl ProblemKind {
    /// A problem of this kind.
    pub fn with(self, text: String) -> Problem {
        Problem { kind: self, text }
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        ProblemKind::Other.with(text)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

pub(super) fn bad_record(file: &str, why: impl fmt::Display) -> Problem {
    ProblemKind::BadRecord.with(format!("`{file}` has no usable record: {why}"))
}

pub(super) fn bad_name(file: &str, name: &str) -> Problem {
    format!(
        "`{file}` is of a project called `{name}`; an asset's name takes up to 100 letters, digits and `._+-`"
    )
    .into()
}

pub(super) fn check_name(file: &str, expected: &str) -> Option<Problem> {
    (file != expected).then(|| format!("`{file}` should be called `{expected}`").into())
}

pub(super) fn check_digest(file: &str, found: Digest, record: Digest) -> Option<Problem> {
    let text = || format!("`{file}` has the digest {found}, but its record says {record}");
    (found != record).then(|| text().into())
}

pub(super) fn check_size(PromisedFile { name, size, .. }: &PromisedFile) -> Option<Problem> {
    match size {
        0 => Some(format!("`{name}` is empty; GitHub accepts no empty file").into()),
        size if *size >= ASSET_LIMIT => {
            Some(format!("`{name}` has {size} bytes; GitHub accepts files below {ASSET_LIMIT} bytes").into())
        }
        _ => None,
    }
}
