//! The steps of the release workflow's Linux jobs, run in order on this machine: their `run:` by bash, their values as
//! GitHub's own code evaluates them. Nix and native legs are substituted, GitHub and the registry are embedded.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use floe_core::model::{Builder, Digest, Target};
use floe_rehearsal::github::StoredRef;
use serde_json::{Value, json};

use super::stage::{copy, digest, git, make_repository, make_standin, trial, write};
use super::{github, is_whole, text, yaml};
use crate::support::attestation::{self, Claims};
use crate::support::binaries::binary;
use crate::support::peers::peer;
use crate::support::scenario::{READER, Scenario, TOKEN};

const PROGRAMS: [&str; 6] = ["bash", "cargo", "curl", "git", "node", "openssl"];

/// An artifact: its id is its place in the list.
pub struct Artifact {
    pub name: String,
    pub folder: PathBuf,
    /// As the service noted it at the upload.
    digest: Digest,
}

impl Artifact {
    /// Notes the digest of what it holds.
    pub fn note(&mut self) {
        self.digest = digest(&self.folder);
    }
}

/// A run of the workflow.
pub struct Drive {
    pub scenario: Scenario,
    workflow: Value,
    case: Value,
    folder: PathBuf,
    pub artifacts: Vec<Artifact>,
    /// The subjects that were signed.
    pub signed: String,
    /// The output of every step.
    pub log: String,
}

impl Drive {
    /// The project is in the folder `root` of its repository. `None` where a program is missing.
    pub fn new(root: &str) -> Option<Self> {
        let missing = || PROGRAMS.into_iter().any(|program| peer(program).is_none());
        if !is_whole() || !cfg!(target_os = "linux") || missing() {
            return None;
        }
        github::ask(&json!({ "validate": {} }))?;
        let scenario = Scenario::empty("1.4.0");
        let folder = scenario.path().join("actions");
        let commit = make_repository(&folder.join("origin"), root);
        let to = StoredRef { commit: commit.parse().unwrap(), annotated: true };
        scenario.github.push_tag(&scenario.repo(), "v1.4.0", to).unwrap();
        let case = github::case(|case| {
            case["github"]["sha"] = json!(commit);
            case["steps"] = json!({});
            case["matrix"]["root"] = json!(root);
            let nix = Target::defaults().filter(|target| target.builder == Builder::Nix);
            let alone = nix.filter(|target| target.platform.is_none()).map(|target| target.name);
            case["matrix"]["linux"] = alone
                .chain(["image"])
                .map(|name| json!({ "name": name, "output": format!("release-{name}") }))
                .collect();
            let native = Target::defaults().filter(|target| target.builder == Builder::Native);
            case["matrix"]["native"] = native
                .map(|target| json!({ "name": target.name, "runner": target.runner, "cflags": "", "config": "" }))
                .collect();
            case["matrix"]["verify"] = json!([trial(&folder)]);
        });
        make_standin(&folder);
        write(&folder.join("standin/matrix.json"), case["matrix"].to_string());
        write(&folder.join("standin/root"), root);
        let workflow = yaml::read(&text(".github/workflows/release.yml"));
        let mut drive = Drive {
            scenario,
            workflow,
            case,
            folder,
            artifacts: Vec::new(),
            signed: String::new(),
            log: String::new(),
        };
        drive.give_native_legs();
        Some(drive)
    }

    /// The native legs end as their systems would end them.
    fn give_native_legs(&mut self) {
        for target in Target::defaults().filter(|target| target.builder == Builder::Native) {
            let leg = self.folder.join("legs").join(target.name);
            let program = leg.join(format!("native/{target}/tool{}", target.exe));
            write(&program, binary(target, b"1.4.0"));
            write(&leg.join("runner"), "github-hosted\n");
            let id = self.upload(&format!("leg-{}", target.name), &[leg]).unwrap();
            self.case["steps"][format!("native.leg@{}", target.name)] =
                json!({ "outputs": { "artifact-id": id } });
        }
    }

    /// A job as GitHub's own code evaluates it now.
    fn evaluated(&self, job: &str) -> Value {
        let question = json!({ "run": text(".github/workflows/release.yml"), "cases": [self.case] });
        github::ask(&question).unwrap()[0]["jobs"][job].clone()
    }

    /// Runs a job; the error is that of the step that failed.
    pub fn job(&mut self, job: &str) -> Result<(), String> {
        let may_write = self.workflow["jobs"][job]["permissions"]["contents"] == "write";
        self.case["github"]["token"] = json!(if may_write { TOKEN } else { READER });
        let legs = self.evaluated(job)["legs"].as_array().expect("a job that runs").len();
        for leg in 0..legs {
            let home = self.folder.join(format!("jobs/{job}-{leg}"));
            // The folder of an earlier attempt is gone.
            let _ = fs::remove_dir_all(&home);
            let steps = self.workflow["jobs"][job]["steps"].as_array().unwrap().clone();
            let mut evaluated = self.evaluated(job);
            for (index, step) in steps.iter().enumerate() {
                let now = evaluated["legs"][leg]["steps"][index].clone();
                if now["runs"] != true {
                    continue;
                }
                let name = now["name"].as_str().unwrap();
                self.log.push_str(&format!("--- {job}: {name}\n"));
                let values = evaluated["legs"][leg]["env"].as_object().into_iter().flatten();
                let values = values.chain(now["env"].as_object().into_iter().flatten());
                let outputs = match step["run"].as_str() {
                    Some(script) => {
                        let env = values.map(|(name, value)| {
                            (name.clone(), value.as_str().unwrap_or_default().to_owned())
                        });
                        self.shell(job, &home, script, env.collect())
                    }
                    None => self.action(now["uses"].as_str().unwrap(), &home, &now["with"]),
                };
                let outputs = outputs.map_err(|why| format!("{name}: {why}\n{}", self.log))?;
                if let Some(id) = step["id"].as_str().filter(|_| outputs != json!({})) {
                    let leg = evaluated["legs"][leg]["leg"].as_str().unwrap();
                    self.case["steps"][format!("{job}.{id}@{leg}")] = json!({ "outputs": outputs });
                    evaluated = self.evaluated(job);
                }
            }
        }
        Ok(())
    }

    /// Runs jobs that succeed.
    pub fn jobs(&mut self, jobs: &[&str]) {
        for job in jobs {
            self.job(job).unwrap_or_else(|why| panic!("{job}: {why}"));
        }
    }

    fn action(&mut self, action: &str, home: &Path, with: &Value) -> Result<Value, String> {
        let given = |name: &str| with[name].as_str().unwrap_or_default();
        match action {
            "cachix/install-nix-action" => Ok(json!({})),
            "actions/checkout" => {
                let origin = self.folder.join("origin");
                git(&self.folder, &["clone", "--quiet", origin.to_str().unwrap(), home.to_str().unwrap()]);
                Ok(json!({}))
            }
            "actions/upload-artifact" => {
                let paths = given("path").lines().map(|path| home.join(path)).filter(|path| path.exists());
                let paths: Vec<PathBuf> = paths.collect();
                match (paths.is_empty(), given("if-no-files-found")) {
                    (true, "ignore") => Ok(json!({})),
                    (true, _) => Err("no files were found".to_owned()),
                    _ => Ok(json!({ "artifact-id": self.upload(given("name"), &paths)? })),
                }
            }
            "actions/download-artifact" => self.download(given("artifact-ids"), &home.join(given("path"))),
            "actions/attest" => {
                self.signed = fs::read_to_string(home.join(given("subject-checksums"))).unwrap();
                let lines = self.signed.lines().map(|line| line.split_once("  ").unwrap());
                let subjects = lines
                    .map(|(digest, name)| (name.to_owned(), format!("sha256:{digest}").parse().unwrap()))
                    .collect();
                let commit = self.case["github"]["sha"].as_str().unwrap().to_owned();
                let claims = Claims { commit, ..Claims::of("1.4.0") };
                let bundle = self.folder.join("bundle.json");
                fs::write(&bundle, attestation::sign(&claims, &subjects)).unwrap();
                Ok(json!({ "bundle-path": bundle }))
            }
            other => panic!("there is no substitute for `{other}`"),
        }
    }

    /// Files alone, with mode 0644; a name is taken once.
    pub fn upload(&mut self, name: &str, paths: &[PathBuf]) -> Result<String, String> {
        if self.artifacts.iter().any(|artifact| artifact.name == name) {
            return Err(format!("an artifact `{name}` is there already"));
        }
        let folder = self.folder.join(format!("artifacts/{}", self.artifacts.len()));
        for path in paths {
            let to = if path.is_dir() { folder.clone() } else { folder.join(path.file_name().unwrap()) };
            copy(path, &to);
        }
        self.artifacts.push(Artifact { name: name.to_owned(), digest: digest(&folder), folder });
        Ok((self.artifacts.len() - 1).to_string())
    }

    /// As the action does it: an unknown id is a warning, other bytes than those of the upload are an error, and one artifact
    /// has no folder of its own.
    fn download(&self, ids: &str, to: &Path) -> Result<Value, String> {
        let ids = ids.split(',').filter(|id| !id.is_empty()).map(|id| id.parse::<usize>().unwrap());
        let found: Vec<&Artifact> =
            ids.map(|id| &self.artifacts[id]).filter(|artifact| artifact.folder.exists()).collect();
        if found.is_empty() {
            return Err("none of the artifacts is there".to_owned());
        }
        for artifact in &found {
            if digest(&artifact.folder) != artifact.digest {
                return Err(format!("artifact `{}` has another digest", artifact.name));
            }
            let to = if found.len() == 1 { to.to_owned() } else { to.join(&artifact.name) };
            copy(&artifact.folder, &to);
        }
        Ok(json!({}))
    }

    /// Runs a script as `shell: bash` does; its outputs.
    fn shell(
        &mut self,
        job: &str,
        home: &Path,
        script: &str,
        env: BTreeMap<String, String>,
    ) -> Result<Value, String> {
        fs::create_dir_all(home).unwrap();
        let (output, summary) = (self.folder.join("output"), self.folder.join("summary"));
        fs::write(&output, "").unwrap();
        let actor = if self.case["github"]["token"] == TOKEN { "tester" } else { "reader" };
        let path = format!("{}:{}", self.folder.join("standin").display(), std::env::var("PATH").unwrap());
        let result = Command::new(peer("bash").unwrap())
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script])
            .current_dir(home)
            .envs([
                ("CI", "true"),
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_REF_TYPE", "tag"),
                ("GITHUB_REF_NAME", "v1.4.0"),
            ])
            .envs([
                ("GITHUB_REF", "refs/tags/v1.4.0"),
                ("RUNNER_ENVIRONMENT", "github-hosted"),
                ("GITHUB_JOB", job),
            ])
            .envs([("GITHUB_REPOSITORY", "acme/tool"), ("GITHUB_SERVER_URL", "https://github.com")])
            .env("GITHUB_SHA", self.case["github"]["sha"].as_str().unwrap())
            .env("GITHUB_ACTOR", actor)
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_API_URL", self.scenario.github_url())
            .env("REGISTRY", self.scenario.registry_url())
            .env("FLOE_TRUSTED_ROOT", attestation::root())
            .env("FLOE_UNDER_TEST", env!("CARGO_BIN_EXE_floe"))
            .env("STANDIN", self.folder.join("standin"))
            .env("PATH", path)
            .envs(env)
            .output()
            .unwrap();
        for stream in [&result.stdout, &result.stderr] {
            self.log.push_str(&String::from_utf8_lossy(stream));
        }
        match result.status.success() {
            true => Ok(outputs(&fs::read_to_string(output).unwrap())),
            false => Err(format!("exit code {}", result.status.code().unwrap_or(-1))),
        }
    }
}

/// `name=value` a line, and `name<<END`, lines, `END`.
fn outputs(text: &str) -> Value {
    let mut found = json!({});
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (name, value) = match (line.split_once('='), line.split_once("<<")) {
            (None, Some((name, end))) => {
                (name, lines.by_ref().take_while(|line| *line != end).collect::<Vec<_>>().join("\n"))
            }
            (Some((name, value)), _) => (name, value.to_owned()),
            _ => panic!("the runner does not understand `{line}`"),
        };
        found[name] = json!(value);
    }
    found
}
