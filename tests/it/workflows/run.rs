//! The release workflow from a pushed tag to a public release, on this machine: its Linux jobs as they are in the
//! file, the other systems' legs as binaries made here, Nix by a stand-in, GitHub and the registry embedded.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use floe_core::model::{Builder, Target};
use floe_rehearsal::github::SeedTag;
use serde_json::{Value, json};

use super::runner::{Event, Outcome, Runner};
use super::{is_whole, text, yaml};
use crate::support::binaries::binary;
use crate::support::peers::peer;
use crate::support::scenario::{READER, Scenario, TOKEN};

/// The floe that the project's flake is locked to.
const FLOE_REV: &str = "00000000000000000000000000000000000000f1";
/// The programs that the workflow calls; CI has them all.
const PROGRAMS: [&str; 5] = ["bash", "cargo", "cmp", "git", "jq"];

/// A repository with a pushed tag, the servers that its release goes to, and the runner.
struct Stage {
    scenario: Scenario,
    runner: Runner,
    workflow: Value,
}

/// The token of an account with write access, and of one with read access.
const WRITES: (&str, &str) = (TOKEN, "tester");
const READS: (&str, &str) = (READER, "reader");

const PUSH: Event = Event { name: "push", reference: "refs/tags/v1.4.0", inputs: Value::Null };

impl Stage {
    /// `None` where a program is missing that every Linux runner has.
    fn new() -> Option<Self> {
        if !is_whole()
            || !cfg!(target_os = "linux")
            || PROGRAMS.into_iter().any(|program| peer(program).is_none())
        {
            return None;
        }
        let scenario = Scenario::empty("1.4.0");
        let folder = scenario.path().join("actions");
        let origin = folder.join("origin");
        let commit = make_repository(&origin);
        let tag = SeedTag { name: "v1.4.0".to_owned(), commit: commit.parse().unwrap(), annotated: true };
        scenario.github.push_tag(&scenario.repo(), &tag).unwrap();
        let standin = make_standin(&folder);
        for target in Target::all().filter(|target| target.builder() == Builder::Native) {
            let leg = folder.join(format!("legs/native-{target}/{target}"));
            write(&leg.join(format!("tool{}", target.exe_suffix())), binary(target, b"1.4.0"));
        }
        let path = |rest: &str| format!("{}:{rest}", standin.join("bin").display());
        let variables = [
            ("PATH", path(&std::env::var("PATH").unwrap())),
            ("STANDIN", standin.display().to_string()),
            ("FLOE", env!("CARGO_BIN_EXE_floe").to_owned()),
            ("FLOE_REV", FLOE_REV.to_owned()),
            ("CARGO_FOR_TESTS", peer("cargo").unwrap().display().to_string()),
            ("RUSTUP_HOME", std::env::var("RUSTUP_HOME").unwrap_or_else(|_| real_home(".rustup"))),
            ("REGISTRY", scenario.registry_url()),
            ("GITHUB_API_URL", scenario.github_url()),
            ("GITHUB_REPOSITORY", "acme/tool".to_owned()),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
        ];
        let mut variables: BTreeMap<String, String> =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        // Where there is no system store of certificates, as in a Nix sandbox, this names one.
        variables.extend(std::env::var("SSL_CERT_FILE").ok().map(|file| ("SSL_CERT_FILE".to_owned(), file)));
        let tokens = [WRITES, READS];
        let runner = Runner { folder, origin, commit, variables, tokens, attestations_fail: false };
        let workflow = yaml::read(&text(".github/workflows/release.yml"));
        Some(Stage { scenario, runner, workflow })
    }

    fn run(&self, event: &Event, earlier: Option<Outcome>) -> Outcome {
        self.runner.run(&self.workflow, event, earlier)
    }

    /// The jobs in which something was built rather than taken over.
    fn built(&self) -> String {
        fs::read_to_string(self.runner.folder.join("standin/built")).unwrap()
    }
}

fn real_home(folder: &str) -> String {
    std::env::home_dir().unwrap().join(folder).display().to_string()
}

/// A repository of a small project; its commit.
fn make_repository(folder: &Path) -> String {
    write(
        &folder.join("Cargo.toml"),
        "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n\
         [package.metadata.floe]\nprofile = \"dist\"\n[profile.dist]\ninherits = \"release\"\n",
    );
    write(&folder.join("Cargo.lock"), "version = 4\n\n[[package]]\nname = \"tool\"\nversion = \"1.4.0\"\n");
    let main = "fn main() {\n    println!(\"tool {} {}\", option_env!(\"FROM_THE_TABLE\").unwrap_or(\"?\"), \
                cfg!(from_the_table));\n}\n";
    write(&folder.join("src/main.rs"), main);
    write(&folder.join("README.md"), "# tool\n");
    write(&folder.join("CHANGELOG.md"), "# Changelog\n\n## 1.4.0\n\nIt is faster.\n");
    let git = |arguments: &[&str]| {
        let mut command = Command::new(peer("git").unwrap());
        command.current_dir(folder).args(["-c", "user.name=Acme", "-c", "user.email=acme@example.org"]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=tool: begin"]);
    git(&["tag", "--annotate", "--message=1.4.0", "v1.4.0"]);
    // As GitHub lets any commit be fetched.
    git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    git(&["rev-parse", "HEAD"])
}

/// Substitutes for Nix, rustup and slow builds.
fn make_standin(folder: &Path) -> PathBuf {
    let standin = folder.join("standin");
    let script = |from: &str, to: &str| {
        write(&standin.join(to), text(&format!("tests/it/workflows/runner/{from}.sh")));
        make_executable(&standin.join(to));
    };
    script("nix", "nix-bin/nix");
    script("floe", "floe");
    script("cargo", "bin/cargo");
    write(&standin.join("bin/rustup"), "#!/bin/sh\n");
    make_executable(&standin.join("bin/rustup"));
    write(&standin.join("publish.sh"), text("nix/publish.sh"));
    write(&standin.join("built"), "");
    for target in Target::all().filter(|target| target.builder() == Builder::Nix) {
        let path = standin.join(format!("linux/{target}/tool"));
        write(&path, binary(target, b"1.4.0"));
        make_executable(&path);
    }
    let legs = Target::all().filter_map(|target| {
        let native = target.native()?;
        Some(json!({
            "name": target.name(), "target": target.triple(), "runner": target.runner(), "program": "tool",
            "cflags": native.cflags, "config": "[env]\n",
        }))
    });
    let mut runners: Vec<&str> = Target::all().map(Target::runner).collect();
    runners.dedup();
    let matrix = json!({
        "schema": 1, "toolchain": "1.97.1", "epoch": 315_532_800, "package": ".",
        "arguments": "--profile dist",
        "native": legs.collect::<Vec<_>>(), "runners": runners,
        "floe": { "repository": "https://github.com/acme/floe", "rev": FLOE_REV, "toolchain": "1.97.1" },
    });
    write(&standin.join("matrix.json"), matrix.to_string());
    standin
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[cfg(unix)]
fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn make_executable(_: &Path) {}

#[track_caller]
fn assert_results(outcome: &Outcome, expected: &str) {
    let results: Vec<String> =
        outcome.results.iter().map(|(job, result)| format!("{job} {result}")).collect();
    let logs: Vec<String> = outcome.logs.iter().map(|(job, log)| format!("===== {job}\n{log}")).collect();
    assert_eq!(results.join(", "), expected, "\n{}", logs.join("\n"));
}

#[test]
fn a_pushed_tag_becomes_a_public_release() {
    let Some(stage) = Stage::new() else { return };
    let outcome = stage.run(&PUSH, None);
    assert_results(
        &outcome,
        "assemble success, attest success, dry-run skipped, linux success, native success, plan success, \
         publish success, verify success",
    );
    let publish = &outcome.logs["publish"];
    assert!(
        publish.contains("github.com/acme/tool/releases/tag/v1.4.0")
            || publish.contains("/releases/tag/v1.4.0"),
        "{publish}"
    );
    assert!(outcome.logs["verify"].contains(": verified"), "{}", outcome.logs["verify"]);
    assert!(outcome.logs["verify"].contains("Ran tool for x86_64-musl"), "{}", outcome.logs["verify"]);
    assert!(outcome.summary.contains("    Release v1.4.0 of acme/tool at "), "{}", outcome.summary);

    // The attested files are the public ones: every file, and the image by the digest of its tags.
    let state = stage.scenario.state();
    let (image, files) = outcome.attested.split_last().unwrap();
    // Seven archives with their SBOMs, and the manifest.
    assert_eq!(files.len(), 15, "{files:?}");
    for (name, digest) in files {
        assert!(state.contains(name) && state.contains(digest), "{name} {digest} is not in\n{state}");
    }
    assert_eq!(image.0, "ghcr.io/acme/tool");
    let tags = stage.scenario.image_tags();
    assert_eq!(tags.len(), 4);
    assert!(tags.iter().all(|(_, digest)| *digest == image.1), "{tags:?}");

    // Plan needs a floe before anything is built; all later jobs take what `linux` built.
    assert_eq!(stage.built(), "plan: floe\nlinux: dist\nlinux: floe\nlinux: trees\n");
    // Each `run:` of the Linux jobs was run, except those for a cache, which is not configured.
    let jobs =
        super::jobs(&stage.workflow).filter(|(name, _)| !["native", "dry-run"].contains(&name.as_str()));
    let all = jobs.flat_map(|(name, job)| super::steps(job).map(move |step| (name, step)));
    let unseen: Vec<String> = all
        .filter(|(_, step)| !step["run"].is_null())
        .map(|(name, step)| format!("{name}: {}", step["name"].as_str().unwrap()))
        .filter(|step| !outcome.ran.contains(step))
        .collect();
    assert_eq!(
        unseen,
        ["attest: Say what is not attested", "linux: Read from the cache", "plan: Read from the cache"]
    );
}

#[test]
fn a_failed_publish_reports_what_is_missing_and_a_rerun_finishes() {
    let Some(mut stage) = Stage::new() else { return };
    // The settings of the repository deny write permissions to all workflows.
    stage.runner.tokens = [READS, READS];
    let before = stage.scenario.state();
    let outcome = stage.run(&PUSH, None);
    assert_results(
        &outcome,
        "assemble success, attest success, dry-run skipped, linux success, native success, plan success, \
         publish failure, verify skipped",
    );
    let log = &outcome.logs["publish"];
    assert!(log.contains("error: ") && log.contains("`acme/tool`"), "{log}");
    assert!(log.contains("in a workflow give the job `permissions: contents: write`"), "{log}");
    assert_eq!(stage.scenario.state(), before, "nothing is there that was not there before");

    stage.runner.tokens = [WRITES, READS];
    let built = stage.built();
    let again = stage.run(&PUSH, Some(outcome));
    assert_results(
        &again,
        "assemble success, attest success, dry-run skipped, linux success, native success, plan success, \
         publish success, verify success",
    );
    assert_eq!(stage.built(), built, "running it again builds nothing again");
}

#[test]
fn a_pull_request_rehearses_and_neither_attests_nor_publishes() {
    let Some(stage) = Stage::new() else { return };
    let before = stage.scenario.state();
    let outcome =
        stage.run(&Event { name: "pull_request", reference: "refs/pull/7/merge", inputs: Value::Null }, None);
    assert_results(
        &outcome,
        "assemble success, attest skipped, dry-run skipped, linux success, native success, plan success, \
         publish skipped, verify skipped",
    );
    assert!(
        outcome.logs["assemble"].contains("the release is public and complete"),
        "{}",
        outcome.logs["assemble"]
    );
    assert_eq!(stage.scenario.state(), before);
    assert_eq!(outcome.attested, []);
}

#[test]
fn a_dry_run_by_hand_shows_what_would_be_published() {
    let Some(stage) = Stage::new() else { return };
    let inputs = json!({ "tag": "v1.4.0", "dry-run": true });
    let before = stage.scenario.state();
    let outcome = stage.run(&Event { name: "workflow_dispatch", reference: "refs/heads/main", inputs }, None);
    assert_results(
        &outcome,
        "assemble success, attest skipped, dry-run success, linux success, native success, plan success, \
         publish skipped, verify skipped",
    );
    assert!(
        outcome.logs["dry-run"].contains("13 steps, 0 done, 13 to do; nothing is public yet"),
        "{}",
        outcome.logs["dry-run"]
    );
    assert_eq!(stage.scenario.state(), before);
}

#[test]
fn without_attestations_best_effort_publishes_and_required_fails() {
    let Some(mut stage) = Stage::new() else { return };
    stage.runner.attestations_fail = true;
    let outcome = stage.run(&PUSH, None);
    assert_eq!((outcome.results["attest"], outcome.results["publish"]), ("failure", "skipped"));
    let inputs = json!({ "tag": "v1.4.0", "attest": "best-effort" });
    let event = Event { name: "workflow_dispatch", reference: "refs/heads/main", inputs };
    let outcome = stage.run(&event, Some(outcome));
    assert_eq!((outcome.results["attest"], outcome.results["publish"]), ("success", "success"));
    assert!(
        outcome.summary.contains("This release has no attestations, or not all of them"),
        "{}",
        outcome.summary
    );
}

#[test]
fn a_tag_that_is_no_version_ends_before_anything_is_built() {
    let Some(stage) = Stage::new() else { return };
    let event = Event { name: "push", reference: "refs/tags/v1$(id)", inputs: Value::Null };
    let outcome = stage.run(&event, None);
    assert_eq!(outcome.results["plan"], "failure");
    assert!(outcome.logs["plan"].contains("`v1$(id)` is not a release tag"), "{}", outcome.logs["plan"]);
    assert_eq!(stage.built(), "plan: floe\n");
}

#[test]
fn a_floe_without_a_known_repository_ends_the_run_before_anything_is_built() {
    for (key, value) in [("repository", Value::Null), ("rev", Value::Null)] {
        let Some(stage) = Stage::new() else { return };
        let path = stage.runner.folder.join("standin/matrix.json");
        let mut matrix: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        matrix["floe"][key] = value;
        fs::write(&path, matrix.to_string()).unwrap();
        let log = &stage.run(&PUSH, None).logs["plan"];
        assert!(log.contains("::error::flake.lock pins no commit of a floe"), "{log}");
        assert_eq!(stage.built(), "", "{key}");
    }
}

#[test]
fn the_jobs_that_build_use_the_callers_builders_and_cache() {
    let Some(mut stage) = Stage::new() else { return };
    let builders = "builders = ssh-ng://builder@build.example.org x86_64-linux,aarch64-linux /etc/nix/key 8\n\
                    builders-use-substitutes = true\n";
    let inputs = json!({ "cache": "acme.cachix.org-1:AbC=", "nix-config": builders });
    stage.workflow["jobs"]
        .as_object_mut()
        .unwrap()
        .retain(|name, _| ["plan", "linux"].contains(&name.as_str()));
    let outcome = stage.run(&Event { inputs, ..PUSH }, None);
    assert_results(&outcome, "linux success, plan success");
    for job in ["plan", "linux"] {
        let read = |file: &str| {
            fs::read_to_string(stage.runner.folder.join(format!("attempt-1/jobs/{job}/home/{file}"))).unwrap()
        };
        assert_eq!(read("extra-nix.conf"), format!("sandbox-fallback = false\n{builders}\n"), "{job}");
        assert_eq!(
            read(".config/nix/nix.conf"),
            "extra-substituters = https://acme.cachix.org\nextra-trusted-public-keys = acme.cachix.org-1:AbC=\n",
            "{job}"
        );
    }
}

/// The steps of the macOS and Windows legs, run by the Cargo of this machine for this machine.
#[test]
fn a_native_leg_builds_runs_and_hands_over_its_program() {
    let Some(mut stage) = Stage::new() else { return };
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let path = stage.runner.folder.join("standin/matrix.json");
    let mut matrix: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    matrix["toolchain"] = std::env::var("RUSTUP_TOOLCHAIN").unwrap_or_else(|_| "stable".to_owned()).into();
    matrix["native"] = json!([{
        "name": "here", "target": triple, "runner": "ubuntu-24.04", "program": "tool",
        "cflags": "-ffile-prefix-map={0}=/src",
        "config": format!(
            "[profile.dist]\nstrip = true\n\
             [target.{triple}]\nrustflags = ['--cfg', 'from_the_table', '--remap-path-prefix={{0}}=/src']\n\
             [env]\nFROM_THE_TABLE = \"1.4.0\"\n"
        ),
    }]);
    fs::write(&path, matrix.to_string()).unwrap();
    stage.workflow["jobs"]
        .as_object_mut()
        .unwrap()
        .retain(|name, _| ["plan", "native"].contains(&name.as_str()));
    let outcome = stage.run(&PUSH, None);
    assert_results(&outcome, "native success, plan success");
    assert!(
        outcome.logs["native"].contains("--- Run it once\ntool 1.4.0 true\n"),
        "{}",
        outcome.logs["native"]
    );
    let artifact = stage.runner.folder.join(format!("attempt-1/artifacts/native-{triple}/{triple}"));
    let names: Vec<_> = fs::read_dir(&artifact).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["tool"]);
    let program = fs::read(artifact.join("tool")).unwrap();
    let holds = |text: &[u8]| program.windows(text.len()).any(|window| window == text);
    assert!(!holds(stage.runner.folder.to_str().unwrap().as_bytes()), "it says where it was built");
    assert!(!holds(b".symtab"), "it has its symbols");
}
