//! One job: its folder, its steps in order, and the files through which they talk to the runner.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::super::expression::{Contexts, shown};
use super::super::steps;
use super::{Outcome, Run};
use crate::support::peers;

/// A job while it runs.
pub struct Job<'j> {
    pub run: &'j Run<'j>,
    pub name: &'j str,
    pub job: &'j Value,
    /// The contexts of expressions.
    pub values: Value,
    /// The folder that steps begin in.
    pub workspace: PathBuf,
    /// The folder of everything else of the job.
    folder: PathBuf,
    /// The outputs and variables that steps set for later ones.
    environment: BTreeMap<String, String>,
    /// Folders that were added to the front of PATH.
    pub path: Vec<PathBuf>,
}

impl<'j> Job<'j> {
    pub fn new(run: &'j Run<'j>, name: &'j str, job: &'j Value, mut values: Value) -> Self {
        let folder = run.folder.join("jobs").join(name);
        let workspace = folder.join("work/tool");
        for made in [&workspace, &folder.join("home"), &folder.join("temp")] {
            fs::create_dir_all(made).unwrap();
        }
        values["github"]["workspace"] = workspace.to_str().into();
        values["runner"] = json!({ "temp": folder.join("temp") });
        values["steps"] = json!({});
        let path = vec![folder.join("home/.cargo/bin")];
        Job { run, name, job, values, workspace, folder, environment: BTreeMap::new(), path }
    }

    /// Runs the steps. `false` if one failed that may not.
    pub fn run(mut self, outcome: &mut Outcome) -> bool {
        let mut success = true;
        for (number, step) in steps(self.job).enumerate() {
            let contexts = Contexts { values: &self.values, success, failure: !success };
            let id = step["id"].as_str().map(str::to_owned);
            if !contexts.holds(step["if"].as_str()) {
                self.note(id, "skipped", json!({}));
                continue;
            }
            let tolerates =
                step["continue-on-error"].as_str().is_some_and(|when| contexts.fill_text(when) == "true");
            let log = outcome.logs.entry(self.name.to_owned()).or_default();
            log.push_str(&format!("--- {}\n", step["name"].as_str().unwrap()));
            let outputs = self.step(number, step, outcome);
            let (result, outputs) = match outputs {
                Ok(outputs) => ("success", outputs),
                Err(why) => {
                    outcome.logs.get_mut(self.name).unwrap().push_str(&format!("failed: {why}\n"));
                    success &= tolerates;
                    ("failure", json!({}))
                }
            };
            self.note(id, result, outputs);
        }
        let contexts = Contexts { values: &self.values, success, failure: !success };
        let outputs = self.job["outputs"].as_object().into_iter().flatten();
        let outputs = outputs
            .map(|(name, value)| (name.clone(), Value::from(contexts.fill_text(value.as_str().unwrap()))));
        outcome.outputs.insert(self.name.to_owned(), outputs.collect());
        success
    }

    /// The folder of the user's own files.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    fn note(&mut self, id: Option<String>, result: &str, outputs: Value) {
        if let Some(id) = id {
            self.values["steps"][id] = json!({ "outcome": result, "outputs": outputs });
        }
    }

    fn step(&mut self, number: usize, step: &Value, outcome: &mut Outcome) -> Result<Value, String> {
        let contexts = Contexts { values: &self.values, success: true, failure: false };
        let filled = |what: &str| -> BTreeMap<String, String> {
            let entries = step[what].as_object().into_iter().flatten();
            entries.map(|(name, value)| (name.clone(), contexts.fill_text(&shown(value)))).collect()
        };
        let (with, env) = (filled("with"), filled("env"));
        match (step["uses"].as_str(), step["run"].as_str()) {
            (Some(action), None) => super::actions::run(self, action, &with, outcome),
            (None, Some(script)) => {
                outcome.ran.push(format!("{}: {}", self.name, step["name"].as_str().unwrap()));
                self.shell(number, script, env, outcome)
            }
            _ => panic!("a step either runs or uses: {step}"),
        }
    }

    /// Runs a script as `shell: bash` does, and reads what it left for the runner.
    fn shell(
        &mut self,
        number: usize,
        script: &str,
        env: BTreeMap<String, String>,
        outcome: &mut Outcome,
    ) -> Result<Value, String> {
        let file = |what: &str| self.folder.join(format!("temp/{number}-{what}"));
        let files = [
            ("GITHUB_OUTPUT", file("output")),
            ("GITHUB_ENV", file("env")),
            ("GITHUB_PATH", file("path")),
            ("GITHUB_STEP_SUMMARY", file("summary")),
        ];
        for (_, path) in &files {
            fs::write(path, "").unwrap();
        }
        fs::write(file("script.sh"), script).unwrap();
        let log = fs::File::create(file("log")).unwrap();
        let mut command = Command::new(peers::peer("bash").unwrap());
        command
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .arg(file("script.sh"))
            .current_dir(&self.workspace)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .env_clear()
            .envs(self.variables())
            .envs(&self.environment)
            .envs(files.iter().map(|(name, path)| (name, path)))
            .envs(env);
        let status = command.status().unwrap();
        let read = |name: &str| {
            let (_, path) = files.iter().find(|(one, _)| *one == name).unwrap();
            fs::read_to_string(path).unwrap()
        };
        outcome.summary.push_str(&read("GITHUB_STEP_SUMMARY"));
        outcome.logs.get_mut(self.name).unwrap().push_str(&fs::read_to_string(file("log")).unwrap());
        self.environment.extend(pairs(&read("GITHUB_ENV")));
        self.path.extend(read("GITHUB_PATH").lines().map(PathBuf::from));
        if !status.success() {
            return Err(format!("exit code {}", status.code().unwrap_or(-1)));
        }
        Ok(pairs(&read("GITHUB_OUTPUT"))
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)))
            .collect())
    }

    /// The environment variables that Actions sets for every step.
    fn variables(&self) -> BTreeMap<String, String> {
        let github = |name: &str| shown(&self.values["github"][name]);
        let folder = |name: &str| self.folder.join(name).display().to_string();
        let own = self.path.iter().rev().cloned();
        let path = std::env::split_paths(&self.run.runner.variables["PATH"]).collect::<Vec<_>>();
        let path = std::env::join_paths(own.chain(path)).unwrap();
        let is_tag = self.run.event.reference.starts_with("refs/tags/");
        let mut variables = self.run.runner.variables.clone();
        let own = [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTOR", github("actor")),
            ("GITHUB_EVENT_NAME", github("event_name")),
            ("GITHUB_JOB", self.name.to_owned()),
            ("GITHUB_REF", github("ref")),
            ("GITHUB_REF_NAME", github("ref_name")),
            ("GITHUB_REF_TYPE", if is_tag { "tag" } else { "branch" }.to_owned()),
            ("GITHUB_RUN_ATTEMPT", github("run_attempt")),
            ("GITHUB_RUN_ID", "1".to_owned()),
            ("GITHUB_SHA", github("sha")),
            ("GITHUB_WORKSPACE", github("workspace")),
            ("HOME", self.home().display().to_string()),
            ("PATH", path.to_string_lossy().into_owned()),
            ("RUNNER_ARCH", "X64".to_owned()),
            ("RUNNER_OS", "Linux".to_owned()),
            ("RUNNER_TEMP", folder("temp")),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let workflow = self.run.workflow["env"].as_object().into_iter().flatten();
        variables.extend(workflow.map(|(name, value)| (name.clone(), shown(value))));
        variables
    }
}

/// `name=value` a line, and `name<<END`, lines, `END`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match (line.split_once("<<"), line.split_once('=')) {
            (Some((name, end)), equals) if equals.is_none_or(|(before, _)| before.len() > name.len()) => {
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                pairs.push((name.to_owned(), value.join("\n")));
            }
            (_, Some((name, value))) => pairs.push((name.to_owned(), value.to_owned())),
            _ => panic!("the runner does not understand `{line}`"),
        }
    }
    pairs
}

#[test]
fn outputs_of_a_step_are_parsed() {
    let read = pairs("tag=v1.4.0\nmatrix={\"a\":\"b<<c\"}\nnotes<<END\none=1\n\ntwo\nEND\n");
    let expected = [("tag", "v1.4.0"), ("matrix", "{\"a\":\"b<<c\"}"), ("notes", "one=1\n\ntwo")];
    assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}
