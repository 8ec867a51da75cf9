//! A plan as the table people read and the JSON programs read.

use semver::Version;
use serde::Serialize;

use super::{Phase, Plan, Planned, Since, Status, Step};
use crate::model::notes::NotesSource;
use crate::model::{Commit, Destination, Outline, Release, Repo, Schema, Tag};
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
            name: &release.name,
            version: &release.version,
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
    pub fn to_table(&self, release: &Release) -> String {
        let Destination { tag, repo, commit, .. } = &release.destination;
        let mut table = format!("Release {tag} of {repo} at {}\n", commit.short());
        let lines = self.lines();
        let width = lines.iter().map(|line| line.object.chars().count()).max().unwrap_or(0);
        for line in &lines {
            let [phase, verb, object, bytes, _] = line.cells();
            let status = if line.status == Status::Was { "done" } else { "todo" };
            table.push_str(&format!("  {phase:<6}  {verb:<7}  {object:<width$}  {bytes:>9}  {status}\n"));
        }
        if let Some(stays) = &self.stays {
            table.push_str(&format!("  channels: {stays}\n"));
        }
        table.push_str(&self.summary());
        table
    }

    /// The plan of a release that is not built yet, as the summary people read.
    pub fn to_outlook(&self, outline: &Outline) -> String {
        let Destination { tag, repo, commit, .. } = &outline.destination;
        let there = match (&self.published, &self.draft) {
            (Some(published), _) => {
                let files = units::files(published.assets.len());
                format!("published already, with {files}; the same again changes nothing")
            }
            (None, Some(draft)) => {
                let files = units::files(draft.assets.len());
                let keeps = self.steps.iter().find_map(|planned| match &planned.step {
                    Step::CreateDraft { keeps, .. } if !keeps.is_empty() => Some(keeps.join(" and ")),
                    _ => None,
                });
                let keeps = keeps.map(|keeps| format!(" and keeps its {keeps}")).unwrap_or_default();
                format!("a draft (release {}) with {files}, which is continued{keeps}", draft.id)
            }
            (None, None) => "none yet".to_owned(),
        };
        let targets: Vec<&str> = outline.targets.iter().map(|target| target.name()).collect();
        let (mut image, mut notes, mut latest) =
            ("none".to_owned(), "as the project wrote them".to_owned(), "stays where it is".to_owned());
        for planned in &self.steps {
            match &planned.step {
                Step::TagImage { .. } => image.clone_from(&planned.object),
                Step::CreateDraft { keeps, .. } if keeps.contains(&"text") => {
                    "those of the draft".clone_into(&mut notes);
                }
                Step::CreateDraft { since, .. } if outline.notes == NotesSource::Generated => {
                    notes = match since {
                        Since::Tag(since) => format!("GitHub's, since {since}"),
                        Since::Beginning => "GitHub's, from the beginning".to_owned(),
                        Since::BeginningOfPackage => format!("a link to the commits up to {tag}"),
                    };
                }
                Step::Publish { latest: true, .. } if !planned.done => latest = format!("moves to {tag}"),
                Step::Publish { .. } if !outline.destination.may_be_latest => {
                    latest =
                        "is not this package's; `latest = true` under [package.metadata.floe] makes it so"
                            .to_owned();
                }
                _ => {}
            }
        }
        let mut text = format!("Release {tag} of {repo} at {}\n", commit.short());
        let lines = [
            ("release", there),
            ("targets", targets.join(", ")),
            ("image", image),
            ("notes", notes),
            ("latest", latest),
        ];
        for (what, found) in lines {
            text.push_str(&format!("  {what:<8} {found}\n"));
        }
        let channels = self.steps.iter().filter(|one| matches!(one.step, Step::Channel { .. }));
        let channels = channels.map(|one| one.object.clone()).chain(self.stays.clone());
        for (at, channel) in channels.enumerate() {
            let what = if at == 0 { "channels" } else { "" };
            text.push_str(&format!("  {what:<8} {channel}\n"));
        }
        text + "nothing conflicts with it; nothing is built yet"
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
