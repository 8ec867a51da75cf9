//! A stand-in for GitHub's runner, as far as the release workflow needs one: jobs in their order, each in a folder of
//! its own, its steps with the variables and files that Actions gives them.
//!
//! It runs what a Linux runner would; the legs of other systems are given as binaries. Nothing outside this machine is
//! asked.

mod actions;
mod job;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::expression::Contexts;
use super::words;

/// The event that starts a workflow.
pub struct Event {
    /// `push`, `workflow_dispatch`, `pull_request`.
    pub name: &'static str,
    /// `refs/tags/v1.4.0`, `refs/heads/main`, `refs/pull/1/merge`.
    pub reference: &'static str,
    /// The inputs, of a run by hand or a call.
    pub inputs: Value,
}

/// Where a workflow runs.
pub struct Runner {
    /// The folder of all runs.
    pub folder: PathBuf,
    /// The repository that is checked out.
    pub origin: PathBuf,
    /// The commit that the event is about.
    pub commit: String,
    /// Variables of every step.
    pub variables: BTreeMap<String, String>,
    /// The token of a job that may write contents, and of one that may not, each with whose it is.
    pub tokens: [(&'static str, &'static str); 2],
    /// Whether attesting fails, as in a repository that has no attestations.
    pub attestations_fail: bool,
}

/// The result of a run.
#[derive(Default)]
pub struct Outcome {
    /// `success`, `failure` or `skipped`, by the job's name.
    pub results: BTreeMap<String, &'static str>,
    /// The outputs of each job.
    outputs: BTreeMap<String, Value>,
    /// The output of the steps of each job.
    pub logs: BTreeMap<String, String>,
    /// The job summaries.
    pub summary: String,
    /// The attested subjects: a name and a digest each.
    pub attested: Vec<(String, String)>,
    /// The `run:` steps that were run, as `job: step`.
    pub ran: Vec<String>,
}

impl Runner {
    /// Runs a workflow to its end. Jobs that succeeded in an earlier attempt are not run again, as with "Re-run failed jobs".
    pub fn run(&self, workflow: &Value, event: &Event, earlier: Option<Outcome>) -> Outcome {
        let mut outcome = earlier.unwrap_or_default();
        outcome.results.retain(|_, result| *result == "success");
        let attempt = 1 + std::fs::read_dir(&self.folder).unwrap().filter(is_attempt).count();
        let folder = self.folder.join(format!("attempt-{attempt}"));
        std::fs::create_dir_all(folder.join("artifacts")).unwrap();
        let jobs = workflow["jobs"].as_object().unwrap();
        while outcome.results.len() < jobs.len() {
            let ready = jobs.iter().find(|(name, job)| {
                let waits_for = |need: &&str| !outcome.results.contains_key(*need);
                !outcome.results.contains_key(*name) && !words(&job["needs"]).iter().any(waits_for)
            });
            let (name, job) = ready.expect("jobs that wait for each other");
            let run = Run { runner: self, workflow, event, folder: &folder, attempt };
            run.job(name, job, &mut outcome);
        }
        outcome
    }
}

fn is_attempt(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("attempt-")
}

/// One attempt of one workflow.
struct Run<'r> {
    runner: &'r Runner,
    workflow: &'r Value,
    event: &'r Event,
    folder: &'r Path,
    attempt: usize,
}

impl Run<'_> {
    fn job(&self, name: &str, job: &Value, outcome: &mut Outcome) {
        let before = self.ancestors(name);
        let result = |need: &String| outcome.results[need];
        let success = before.iter().all(|need| result(need) == "success");
        let failure = before.iter().any(|need| result(need) == "failure");
        let mut values = json!({ "github": self.github(job), "inputs": self.inputs(), "needs": {} });
        for need in words(&job["needs"]) {
            values["needs"][need] = json!({
                "result": outcome.results[need],
                "outputs": outcome.outputs.get(need).cloned().unwrap_or_default(),
            });
        }
        let contexts = Contexts { values: &values, success, failure };
        if !contexts.holds(job["if"].as_str()) {
            outcome.results.insert(name.to_owned(), "skipped");
            return;
        }
        let mut result = "success";
        for row in rows(job, &contexts) {
            values["matrix"] = row;
            values["runner"] = json!({});
            let contexts = Contexts { values: &values, success, failure };
            // Other systems' legs are given: what they would build lies there already, what they would check is not.
            if contexts.fill_text(job["runs-on"].as_str().unwrap()) == "ubuntu-24.04" {
                let finished = job::Job::new(self, name, job, values.clone()).run(outcome);
                result = if finished { result } else { "failure" };
            }
        }
        outcome.results.insert(name.to_owned(), result);
    }

    /// All jobs that must have ended before this one.
    fn ancestors(&self, name: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut open = words(&self.workflow["jobs"][name]["needs"]);
        while let Some(need) = open.pop() {
            if !found.iter().any(|one| one == need) {
                found.push(need.to_owned());
                open.extend(words(&self.workflow["jobs"][need]["needs"]));
            }
        }
        found
    }

    fn github(&self, job: &Value) -> Value {
        let Event { name, reference, .. } = self.event;
        let may_write = job["permissions"]["contents"] == "write";
        let (token, actor) = self.runner.tokens[usize::from(!may_write)];
        json!({
            "actor": actor,
            "event_name": name,
            "event": { "repository": { "private": false } },
            "ref": reference,
            "ref_name": self.ref_name(),
            "run_attempt": self.attempt,
            "sha": self.runner.commit,
            "token": token,
        })
    }

    fn ref_name(&self) -> &str {
        let rest = self.event.reference.strip_prefix("refs/").unwrap();
        rest.split_once('/').unwrap().1
    }

    /// The event's inputs; a run by hand and a call have defaults for the others, a push has none at all.
    fn inputs(&self) -> Value {
        let mut inputs = Map::new();
        if let Some(declared) = self.workflow["on"][self.event.name]["inputs"].as_object() {
            inputs.extend(declared.iter().map(|(name, one)| (name.clone(), one["default"].clone())));
        }
        inputs.extend(
            self.event
                .inputs
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, one)| (name.clone(), one.clone())),
        );
        Value::Object(inputs)
    }
}

/// The rows of a job's matrix; one empty row where it has none.
fn rows(job: &Value, contexts: &Contexts<'_>) -> Vec<Value> {
    let matrix = &job["strategy"]["matrix"];
    let list = |value: &Value| match value {
        Value::String(text) => contexts.fill(text).as_array().unwrap().clone(),
        other => other.as_array().unwrap().clone(),
    };
    match matrix.as_object().and_then(|matrix| matrix.iter().next()) {
        None => vec![json!({})],
        Some((key, value)) if key == "include" => list(value),
        Some((key, value)) => {
            let row = |value: Value| Value::Object([(key.clone(), value)].into_iter().collect());
            list(value).into_iter().map(row).collect()
        }
    }
}
