//! The page a rehearsal leaves: the release as its visitors would see it, in one self-contained file.

use crate::model::Release;
use crate::plan::Plan;
use crate::receipt::Receipt;

/// What the page shows.
pub struct Page<'a> {
    /// The release.
    pub release: &'a Release,
    /// The plan it was published by.
    pub plan: &'a Plan,
    /// What was done.
    pub receipt: &'a Receipt,
    /// The release notes, in Markdown.
    pub notes: &'a str,
}

impl Page<'_> {
    /// The whole page as HTML.
    pub fn render(&self) -> String {
        String::new()
    }
}
