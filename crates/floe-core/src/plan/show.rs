//! A plan as the table people read and the JSON programs read.

use semver::Version;
use serde::Serialize;

use super::{Phase, Plan, Planned, Since, Status, Step};
use crate::model::notes::NotesSource;
use crate::model::{Commit, Destination, Release, Repo, Schema, Subject, Tag};
use crate::units;

/// A plan as JSON, schema 1. `C` is a check.
#[derive(Debug, Serialize)]
pub struct PlanJson<'a, C> {
    schema: Schema<1>,
    name: &'a str,
    version: &'a Version,
    tag: &'a Tag,
    repository: &'a Repo,
    commit: &'a Commit,
    image: Option<String>,
    published: bool,
    /// Why the release moves no channel, if the project has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<&'a str>,
    steps: Vec<StepJson<'a>>,
    /// The checks; empty where nothing was checked.
    questions: &'a [C],
}

#[derive(Debug, Serialize)]
struct StepJson<'a> {
    phase: Phase,
    verb: &'static str,
    object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    done: bool,
}

impl Plan {
    /// The plan and the checks before it as data for programs.
    pub fn to_json<'a, C>(&'a self, release: &'a Release, checks: &'a [C]) -> PlanJson<'a, C> {
        let steps = self.steps.iter().map(|Planned { step, object, done }| StepJson {
            phase: step.phase(),
            verb: step.verb(),
            object,
            bytes: step.bytes(),
            done: *done,
        });
        let Destination { tag, repo, commit, .. } = &release.destination;
        PlanJson {
            schema: Schema,
            name: &release.manifest.name,
            version: &release.manifest.version,
            tag,
            repository: repo,
            commit,
            image: release.image_reference(),
            published: self.published.is_some(),
            channels: self.stays.as_deref(),
            steps: steps.collect(),
            questions: checks,
        }
    }

    /// The plan as the table people read.
    pub fn to_table(&self, subject: &Subject<'_>) -> String {
        let Destination { tag, repo, commit, .. } = &subject.destination;
        let mut table = format!("Release {tag} of {repo} at {}\n", commit.short());
        let lines = self.lines();
        let width = lines.iter().map(|line| line.object.chars().count()).max().unwrap_or(0);
        for line in &lines {
            let [phase, verb, object, bytes, _] = line.cells();
            let status = if line.status == Status::Was { "done" } else { "todo" };
            table.push_str(&format!("  {phase:<6}  {verb:<7}  {object:<width$}  {bytes:>9}  {status}\n"));
        }
        if subject.release.is_none() && self.published.is_none() {
            if let Some(draft) = &self.draft {
                let files = units::files(draft.assets.len());
                table.push_str(&format!("  draft: release {} with {files}, which is continued\n", draft.id));
            }
            table.push_str(&format!("  notes: {}\n", self.notes(subject)));
            if !subject.destination.may_be_latest {
                let cure = "`latest = true` under [package.metadata.floe] makes it so";
                table.push_str(&format!("  latest: is not this package's; {cure}\n"));
            }
        }
        if let Some(stays) = &self.stays {
            table.push_str(&format!("  channels: {stays}\n"));
        }
        table.push_str(&self.summary(subject));
        table
    }

    /// Where the notes come from, which is decided before a build.
    fn notes(&self, subject: &Subject<'_>) -> String {
        let mut steps = self.steps.iter().map(|planned| &planned.step);
        let draft = steps.find_map(|step| match step {
            Step::CreateDraft { since, keeps } => Some((since, keeps.contains(&"text"))),
            _ => None,
        });
        match draft {
            Some((_, true)) => "those of the draft".to_owned(),
            Some((since, false)) if subject.notes == NotesSource::Generated => match since {
                Since::Tag(since) => format!("GitHub's, since {since}"),
                Since::Beginning => "GitHub's, from the beginning".to_owned(),
                Since::BeginningOfPackage => {
                    format!("a link to the commits up to {}", subject.destination.tag)
                }
            },
            _ => "as the project wrote them".to_owned(),
        }
    }

    /// The last line: how much is left, and what is public.
    pub fn summary(&self, subject: &Subject<'_>) -> String {
        let (all, left) = (self.steps.len(), self.todo().count());
        let public = match (&self.published, left) {
            (None, _) => "nothing is public yet",
            (Some(_), _) if subject.release.is_none() => {
                "the release is public; its files and image are compared if a dist is given"
            }
            (Some(_), 0) => "the release is public and complete",
            (Some(_), _) => "the release is public; what is left follows it",
        };
        format!("{all} steps, {} done, {left} to do; {public}", all - left)
    }
}
