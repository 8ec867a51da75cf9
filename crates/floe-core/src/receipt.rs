//! The receipt: what a run did and when. It is evidence for people and CI, and never an input.

use serde::Serialize;

use crate::model::Release;
use crate::model::{Commit, Schema, Tag};
pub use crate::plan::{Line, Status};
use crate::plan::{Phase, Plan};

/// The default name of its file, which may be in a dist: it is no file of the release.
pub const FILE: &str = "floe-receipt.json";

/// A run of `floe publish` as data; written after every step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Always 1.
    pub schema: Schema<1>,
    /// The project's name.
    pub name: String,
    /// The tag.
    pub tag: Tag,
    /// The repository, `owner/name`.
    pub repository: String,
    /// The commit.
    pub commit: Commit,
    /// The image by digest, if the release has one.
    pub image: Option<String>,
    /// The address of the release's page, once it is known.
    pub url: Option<String>,
    /// Whether the release is public.
    pub published: bool,
    /// When the run began, RFC 3339 in UTC.
    pub started: String,
    /// Every step of the plan.
    pub steps: Vec<Line>,
    /// How many requests the run made.
    pub requests: u64,
}

impl Receipt {
    /// The receipt of a run that has done nothing yet.
    pub fn new(release: &Release, plan: &Plan, started: String) -> Self {
        Receipt {
            schema: Schema,
            name: release.manifest.name.clone(),
            tag: release.destination.tag.clone(),
            repository: release.destination.repo.to_string(),
            commit: release.destination.commit.clone(),
            image: release.image_reference(),
            url: plan.published.as_ref().map(|release| release.url.clone()),
            published: plan.published.is_some(),
            started,
            steps: plan.lines(),
            requests: 0,
        }
    }

    /// Takes over what the recheck decided about revealing: other tags, or a release that is public already.
    pub fn recheck(&mut self, release: &Release, plan: &Plan) {
        let seen = Receipt::new(release, plan, String::new());
        self.steps.retain(|line| line.phase == Phase::Stage);
        self.steps.extend(seen.steps.into_iter().filter(|line| line.phase == Phase::Reveal));
        self.published = seen.published;
        self.url = seen.url.or(self.url.take());
    }

    /// The number of steps with this action and one of these statuses.
    pub fn count(&self, verb: &str, status: &[Status]) -> usize {
        self.steps.iter().filter(|line| line.verb == verb && status.contains(&line.status)).count()
    }

    /// The number of steps that are left, failed ones among them.
    pub fn left(&self) -> usize {
        self.steps.iter().filter(|line| matches!(line.status, Status::Todo | Status::Failed)).count()
    }

    /// One line for people: how much is public now.
    pub fn state(&self) -> String {
        let there = [Status::Was, Status::Done];
        let all = self.steps.iter().filter(|line| line.verb == "upload").count();
        let uploaded = self.count("upload", &there);
        match (self.published, self.left()) {
            (false, _) => format!("{uploaded} of {all} assets are uploaded; nothing is public yet"),
            (true, 0) => "the release is public and complete".to_owned(),
            (true, left) => format!("the release is public; {left} of {} steps left", self.steps.len()),
        }
    }
}
