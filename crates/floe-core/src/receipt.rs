//! The receipt: what a run did, when, and what the world answered. Evidence for people and CI, never an input.

use serde::Serialize;

use crate::model::Release;
use crate::model::{Commit, Schema, Tag};
use crate::plan::{Plan, Step};

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

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `stage` or `reveal`.
    pub phase: String,
    /// What was done.
    pub verb: String,
    /// What to.
    pub object: String,
    /// The bytes it moved, where it moves any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How it stands.
    pub status: Status,
    /// When it began and ended, in milliseconds from the run's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<(u64, u64)>,
}

/// How a step stands.
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

impl Receipt {
    /// The receipt of a run that has not done anything yet.
    pub fn new(release: &Release, plan: &Plan, started: String) -> Self {
        let line = |step: &Step, done: bool| Line {
            phase: match step.phase() {
                crate::plan::Phase::Stage => "stage".to_owned(),
                crate::plan::Phase::Reveal => "reveal".to_owned(),
            },
            verb: step.verb().to_owned(),
            object: step.object(release),
            bytes: step.bytes(),
            status: if done { Status::Was } else { Status::Todo },
            millis: None,
        };
        Receipt {
            schema: Schema,
            name: release.name.clone(),
            tag: release.home.tag.clone(),
            repository: release.home.repo.to_string(),
            commit: release.home.commit.clone(),
            image: release.image.as_ref().map(|image| release.home.image.at(&image.index.digest)),
            url: plan.published.as_ref().map(|release| release.url.clone()),
            published: plan.published.is_some(),
            started,
            steps: plan.steps.iter().map(|planned| line(&planned.step, planned.done)).collect(),
            requests: 0,
        }
    }

    /// Takes over what a second look has decided about revealing: other tags, or a release that is public already.
    pub fn look_again(&mut self, release: &Release, plan: &Plan) {
        let seen = Receipt::new(release, plan, String::new());
        let is_reveal = |line: &&Line| line.phase == "reveal";
        let reveal: Vec<Line> = seen.steps.iter().filter(is_reveal).cloned().collect();
        self.steps.retain(|line| !is_reveal(&line));
        self.steps.extend(reveal);
        self.published = seen.published;
        self.url = seen.url.or(self.url.take());
    }

    /// How many steps of a verb stand at a status.
    pub fn count(&self, verb: &str, status: &[Status]) -> usize {
        self.steps.iter().filter(|line| line.verb == verb && status.contains(&line.status)).count()
    }

    /// How many steps are still to be done, failed ones among them.
    pub fn left(&self) -> usize {
        self.steps.iter().filter(|line| matches!(line.status, Status::Todo | Status::Failed)).count()
    }

    /// What is and what is not public now: one line for people.
    pub fn state(&self) -> String {
        let there = [Status::Was, Status::Done];
        let all = self.steps.iter().filter(|line| line.verb == "upload").count();
        let uploaded = self.count("upload", &there);
        match (self.published, self.left()) {
            (false, _) => format!("{uploaded} of {all} assets are uploaded; nothing is public yet"),
            (true, 0) => "the release is public and complete".to_owned(),
            (true, left) => format!("the release is public; {left} of {} steps are left", self.steps.len()),
        }
    }
}
