//! A plan as the table people read and the JSON programs read.

use semver::Version;
use serde::Serialize;

use super::{Phase, Plan, Planned};
use crate::model::{Commit, Release, Schema, Tag};
use crate::units::size;

/// A plan as JSON, schema 1.
#[derive(Debug, Serialize)]
pub struct PlanJson {
    schema: Schema<1>,
    name: String,
    version: Version,
    tag: Tag,
    repository: String,
    commit: Commit,
    image: Option<String>,
    published: bool,
    steps: Vec<StepJson>,
}

#[derive(Debug, Serialize)]
struct StepJson {
    phase: Phase,
    verb: &'static str,
    object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    done: bool,
}

impl Plan {
    /// The plan as data for programs.
    pub fn to_json(&self, release: &Release) -> PlanJson {
        let steps = self.steps.iter().map(|Planned { step, done }| StepJson {
            phase: step.phase(),
            verb: step.verb(),
            object: step.object(release),
            bytes: step.bytes(),
            done: *done,
        });
        PlanJson {
            schema: Schema,
            name: release.name.clone(),
            version: release.version.clone(),
            tag: release.home.tag.clone(),
            repository: release.home.repo.to_string(),
            commit: release.home.commit.clone(),
            image: release.image.as_ref().map(|image| release.home.image.at(&image.index.digest)),
            published: self.published.is_some(),
            steps: steps.collect(),
        }
    }

    /// The plan as the table people read.
    pub fn to_table(&self, release: &Release) -> String {
        let home = &release.home;
        let mut table = format!("Release {} of {} at {}\n", home.tag, home.repo, home.commit.short());
        let rows: Vec<_> = self
            .steps
            .iter()
            .map(|planned| {
                (planned, planned.step.object(release), planned.step.bytes().map(size).unwrap_or_default())
            })
            .collect();
        let width = rows.iter().map(|(_, object, _)| object.chars().count()).max().unwrap_or(0);
        for (Planned { step, done }, object, bytes) in rows {
            let phase = match step.phase() {
                Phase::Stage => "stage",
                Phase::Reveal => "reveal",
            };
            let status = if *done { "done" } else { "todo" };
            table.push_str(&format!(
                "  {phase:<6}  {:<7}  {object:<width$}  {bytes:>9}  {status}\n",
                step.verb()
            ));
        }
        table.push_str(&self.summary());
        table
    }

    /// The last line: how much is left, and what is public.
    pub fn summary(&self) -> String {
        let (all, left) = (self.steps.len(), self.todo().count());
        let public = match (&self.published, left) {
            (None, _) => "nothing is public yet",
            (Some(_), 0) => "the release is public and complete",
            (Some(_), _) => "the release is public; what is left follows it",
        };
        format!("{all} steps, {} done, {left} to do; {public}", all - left)
    }
}
