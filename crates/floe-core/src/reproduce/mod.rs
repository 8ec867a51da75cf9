//! Comparing a rebuild with what is published: a verdict for each asset and for each part of the image.
//!
//! Pure: it compares digests and data that others read. Only bytes that were built again can match.

mod assets;
mod image;
mod json;
mod members;
mod statement;

use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::model::{Commit, Digest, Manifest, Release, Schema, Tag};
use crate::verify::published::Download;

pub use image::{Part, parts};
pub use json::differences;
pub use members::compare as compare_members;
pub use statement::statement;

/// The most findings of one line; of the rest, only the number is reported.
const FINDINGS: usize = 8;

/// The result of comparing one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The rebuild gave the published bytes.
    Match,
    /// It gave other bytes.
    Differs,
    /// It should have been built again, but was not.
    Missing,
    /// The release does not promise that it can be built again, and it was not.
    #[serde(rename = "not claimed")]
    NotClaimed,
    /// It was added to the published release, which says nothing about it.
    #[serde(rename = "not covered")]
    NotCovered,
}

floe_audit::display_as_serde!(Verdict);

/// One asset or one part of the image, and the result of comparing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparisonLine {
    /// The asset's name; of the image `image`, then the platform and the part.
    pub name: String,
    /// The result.
    pub verdict: Verdict,
    /// The published digest; `None` if the release does not hold it.
    pub published: Option<Digest>,
    /// The rebuilt digest; `None` if it was not rebuilt.
    pub rebuilt: Option<Digest>,
    /// The reasons for the verdict, a clause each.
    pub findings: Vec<String>,
}

impl ComparisonLine {
    /// The line of two digests, of which at most one is absent.
    fn of(name: impl Into<String>, published: Option<Digest>, rebuilt: Option<Digest>) -> Self {
        let verdict = match (published, rebuilt) {
            (Some(published), Some(rebuilt)) if published == rebuilt => Verdict::Match,
            (Some(_), None) => Verdict::Missing,
            _ => Verdict::Differs,
        };
        let unheld = published.is_none().then(|| "the release does not hold it".to_owned());
        let findings = unheld.into_iter().collect();
        ComparisonLine { name: name.into(), verdict, published, rebuilt, findings }
    }

    /// Adds findings, but no more than people read.
    pub fn add(&mut self, findings: impl IntoIterator<Item = String>) {
        let mut findings = findings.into_iter();
        self.findings.extend(findings.by_ref().take(FINDINGS));
        let more = findings.count();
        if more > 0 {
            self.findings.push(format!("and {more} more"));
        }
    }
}

/// A published release beside its rebuild, as JSON, schema 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    schema: Schema<1>,
    /// The tag.
    pub tag: Tag,
    /// The address of the repository.
    pub repository: String,
    /// The commit that was built.
    pub commit: Commit,
    /// The project's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Whether everything that is claimed was rebuilt to the same bytes.
    pub reproduced: bool,
    /// The assets, sorted by name.
    pub assets: Vec<ComparisonLine>,
    /// The image: its index, then manifest, config and layers of each platform. Empty if there is none.
    pub image: Vec<ComparisonLine>,
}

impl Comparison {
    /// Compares a download, which must have passed `verify::published`, with the release that the rebuild would be.
    pub fn new(download: &Download, published: &Manifest, rebuilt: &Release) -> Self {
        let assets = assets::compare(download, published, rebuilt);
        let pulled = download.image.as_ref().and_then(|pulled| pulled.image.as_ref().ok());
        let image = image::compare(pulled, rebuilt.image.as_ref());
        let bad = |line: &ComparisonLine| matches!(line.verdict, Verdict::Differs | Verdict::Missing);
        Comparison {
            schema: Schema,
            tag: download.request.tag.clone(),
            repository: rebuilt.destination.page.clone(),
            commit: published.commit.clone(),
            name: published.name.clone(),
            version: published.version.clone(),
            reproduced: !assets.iter().chain(&image).any(bad),
            assets,
            image,
        }
    }

    /// How many lines have a verdict, the image as one.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.assets.iter().chain(self.image.first()).filter(|line| line.verdict == verdict).count()
    }
}

/// The count of each verdict: `5 match, 1 differs, 3 not claimed`.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Verdict::{Differs, Match, Missing, NotClaimed, NotCovered};
        let counts = [Match, Differs, Missing, NotClaimed, NotCovered].map(|one| (self.count(one), one));
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = counts.map(|(count, verdict)| format!("{count} {verdict}")).collect();
        f.write_str(&words.join(", "))
    }
}
