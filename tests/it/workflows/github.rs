//! GitHub's own parser, validator and expressions read the workflows, and evaluate every condition and value for a table of
//! runs.
//!
//! `FLOE_TOOLS` is a folder with `actions/bundle.mjs`, which `.ci/run` makes of `.ci/actions`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{is_whole, text, workflows};
use crate::support::peers::peer;

/// Asks GitHub's own code; `None` where it is not installed.
pub fn ask(question: &Value) -> Option<Value> {
    let tools = std::env::var_os("FLOE_TOOLS").map(PathBuf::from);
    let required = std::env::var_os("FLOE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(tools.is_some() || !required, "FLOE_REQUIRE_PEERS=1, but FLOE_TOOLS is not set");
    let mut command = Command::new(peer("node")?);
    let mut child = command
        .arg(tools?.join("actions/bundle.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn githubs_own_parser_and_validator_accept_every_workflow() {
    if !is_whole() {
        return;
    }
    let files: serde_json::Map<_, _> =
        workflows().into_iter().map(|(path, text)| (path.to_owned(), Value::from(text))).collect();
    let Some(complaints) = ask(&json!({ "validate": files })) else { return };
    assert_eq!(complaints, json!([]));

    let release = text(".github/workflows/release.yml");
    for (from, to, complaint) in [
        ("needs: [plan, linux, native, sign]", "needs: [plan, linux, nativ, sign]", "nativ"),
        ("steps.leg.outputs", "step.leg.outputs", "step"),
        ("runs-on: ubuntu-24.04", "run-on: ubuntu-24.04", "run-on"),
        ("toJSON(inputs)", "toJASON(inputs)", "toJASON"),
    ] {
        assert!(release.contains(from), "{from}");
        let broken = release.replacen(from, to, 1);
        let said = ask(&json!({ "validate": { "broken.yml": broken } })).unwrap().to_string();
        assert!(said.contains(complaint), "`{to}`: {said}");
    }
}

/// A run of a tag by a push; `change` makes another one of it.
pub fn case(change: impl FnOnce(&mut Value)) -> Value {
    let matrix = json!({
        "schema": 1, "name": "tool", "toolchain": "1.97.1", "epoch": 315_532_800, "root": ".", "package": ".", "arguments": "--profile dist", "documents": "true",
        "linux": [{"name": "x86_64-gnu", "output": "release-x86_64-gnu"}, {"name": "image", "output": "release-image"}],
        "native": [{"name": "x86_64-macos", "runner": "macos-15-intel", "target": "x86_64-apple-darwin", "program": "tool",
            "cflags": "-ffile-prefix-map={0}=/src", "config": "[env]\n"}],
        "verify": [
            {"runner": "ubuntu-24.04", "file": "floe.tar.gz", "url": "https://example.org/floe.tar.gz", "digest": "d  floe.tar.gz", "unpack": "tar -xzf"},
            {"runner": "macos-15-intel"},
        ],
        "floe": {"own": false, "repository": "https://github.com/acme/floe", "rev": "f1", "toolchain": "1.97.1"},
    });
    let mut case = json!({
        "github": {"event_name": "push", "ref": "refs/tags/v1.4.0", "ref_name": "v1.4.0", "sha": "3f9a", "token": "t",
            "run_attempt": 1, "workspace": "/work"},
        "runner": {"temp": "/temp", "environment": "github-hosted"},
        "matrix": matrix,
        "steps": {
            "plan.source": {"outputs": {"commit": "3f9a", "nix-config": "sandbox = true"}},
            "plan.take": {"outputs": {"digest": "f10e  floe"}},
            "plan.floe": {"outputs": {"artifact-id": "1"}},
            "linux.leg@x86_64-gnu": {"outputs": {"artifact-id": "2"}},
            "linux.leg@image": {"outputs": {"artifact-id": "3"}},
            "linux.leg@x86_64-musl": {"outputs": {"artifact-id": "3"}},
            "native.leg": {"outputs": {"artifact-id": "4"}},
            "assemble.assemble": {"outputs": {"sums": "sha256:5u", "digests": "d1  SHA256SUMS", "checksums": "c"}},
            "assemble.hand": {"outputs": {"floe-digest": "0e11  floe"}},
            "assemble.release": {"outputs": {"artifact-id": "5"}},
        },
    });
    change(&mut case);
    let matrix = case["matrix"].to_string();
    case["steps"]["plan.matrix"] = json!({ "outputs": { "matrix": matrix } });
    case
}

pub fn run(change: impl FnOnce(&mut Value)) -> Option<Value> {
    let release = text(".github/workflows/release.yml");
    Some(ask(&json!({ "run": release, "cases": [case(change)] }))?[0].clone())
}

/// Every job of the release.
const JOBS: [&str; 9] =
    ["plan", "linux", "native", "sign", "checks", "assemble", "release", "verify", "crate"];

/// The jobs with their results and runners, and the steps that were left out.
fn told(run: &Value) -> String {
    let mut lines = String::new();
    assert_eq!(run["jobs"].as_object().unwrap().len(), JOBS.len());
    for name in JOBS {
        let job = &run["jobs"][name];
        let legs = job["legs"].as_array().into_iter().flatten();
        let runners: Vec<&str> = legs.clone().map(|leg| leg["runner"].as_str().unwrap()).collect();
        let steps = legs.flat_map(|leg| leg["steps"].as_array().unwrap());
        let left: Vec<&str> =
            steps.filter(|step| step["runs"] == false).map(|step| step["name"].as_str().unwrap()).collect();
        let left = if left.is_empty() { String::new() } else { format!(" without {}", left.join(", ")) };
        let result = job["result"].as_str().unwrap();
        lines.push_str(&format!("{name} {result} {}{left}\n", runners.join(" ")));
    }
    lines
}

pub fn step<'r>(run: &'r Value, job: &str, name: &str) -> &'r Value {
    let legs = run["jobs"][job]["legs"].as_array().unwrap_or_else(|| panic!("{job} did not run"));
    let mut steps = legs.iter().flat_map(|leg| leg["steps"].as_array().unwrap());
    steps.find(|step| step["name"] == name).unwrap_or_else(|| panic!("{job} has no step {name}"))
}

#[test]
fn a_pushed_tag_is_released_by_what_earlier_jobs_named() {
    let Some(run) = run(|_| {}) else { return };
    expect_test::expect![[r#"
        plan success ubuntu-24.04
        linux success ubuntu-24.04 ubuntu-24.04
        native success macos-15-intel
        sign skipped 
        checks success ubuntu-24.04
        assemble success ubuntu-24.04 without Take floe from its own release
        release success ubuntu-24.04 without Report a release without attestation
        verify success ubuntu-24.04 macos-15-intel without Compile floe, Take floe
        crate skipped 
    "#]]
    .assert_eq(&told(&run));
    assert_eq!(step(&run, "assemble", "Take what was built")["with"]["artifact-ids"], "2,3,4");
    assert_eq!(step(&run, "assemble", "Take floe")["with"]["artifact-ids"], "1");
    assert_eq!(step(&run, "release", "Take the release")["with"]["artifact-ids"], "5");
    let compared = &step(&run, "release", "Compare it with the digests of earlier jobs")["env"];
    assert_eq!(*compared, json!({ "DIGESTS": "d1  SHA256SUMS", "FLOE": "f10e  floe", "SUMS": "sha256:5u" }));
    assert_eq!(step(&run, "verify", "Verify and run what was downloaded")["env"]["SUMS"], "sha256:5u");
    let gated: Vec<&String> = run["jobs"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, job)| job["legs"][0]["environment"] != Value::Null)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(gated, ["release"]);
    // Runs that wait stay, and none is cut off.
    let expected = json!({ "group": "floe-release-v1.4.0", "cancel-in-progress": false, "queue": "max" });
    assert_eq!(run["concurrency"], expected);
}

#[test]
fn a_run_by_hand_releases_and_a_dry_run_ends_with_the_plan() {
    let by_hand = |dry_run: bool| {
        run(|case| {
            case["github"]["event_name"] = json!("workflow_dispatch");
            case["inputs"] = json!({ "dry-run": dry_run, "attest": "required" });
        })
    };
    let (Some(real), Some(dry)) = (by_hand(false), by_hand(true)) else { return };
    assert_eq!(told(&real), told(&run(|_| {}).unwrap()));
    for job in ["release", "verify"] {
        assert_eq!(dry["jobs"][job]["result"], "skipped");
    }
    assert_eq!(step(&dry, "assemble", "Plan")["runs"], true);
    assert_eq!(step(&dry, "plan", "Ask the repository")["runs"], true);
}

#[test]
fn a_call_chooses_runner_and_settings_and_a_pull_request_does_not() {
    let inputs = json!({
        "dry-run": false, "attest": "required", "smoke": "--help", "runner": "self-hosted",
        "cache": "acme.cachix.org-1:AbC=", "nix-config": "sandbox = false", "sign": true, "crate": true,
    });
    let called = |event: &str| {
        run(|case| {
            case["github"]["event_name"] = json!(event);
            case["inputs"] = inputs.clone();
        })
    };
    let (Some(call), Some(fork)) = (called("push"), called("pull_request")) else { return };
    let runners = |run: &Value, job: &str| run["jobs"][job]["legs"][0]["runner"].clone();
    for job in ["linux", "checks"] {
        assert_eq!(runners(&call, job), "self-hosted");
        assert_eq!(runners(&fork, job), "ubuntu-24.04");
    }
    // Plans and signatures are always made on a machine of GitHub.
    for job in ["plan", "assemble", "release"] {
        assert_eq!(runners(&call, job), "ubuntu-24.04");
    }
    let settings = |run: &Value| step(run, "plan", "Name the commit and the settings")["env"].clone();
    assert_eq!(settings(&call), json!({ "CACHE": "acme.cachix.org-1:AbC=", "SETTINGS": "sandbox = false" }));
    assert_eq!(settings(&fork), json!({ "CACHE": "none", "SETTINGS": "" }));
    for event in ["pull_request", "pull_request_target", "workflow_run", "issue_comment", "schedule"] {
        let run = called(event).unwrap();
        assert_eq!(runners(&run, "linux"), "ubuntu-24.04", "{event}");
        assert_eq!(settings(&run)["SETTINGS"], "", "{event}");
        assert_eq!(run["jobs"]["release"]["result"], "skipped", "{event}");
        for job in ["sign", "verify", "crate"] {
            assert_eq!(run["jobs"][job]["result"], "skipped", "{event}");
        }
    }
    let given: Value =
        serde_json::from_str(step(&call, "assemble", "Assemble")["env"]["INPUTS"].as_str().unwrap()).unwrap();
    assert_eq!(given, inputs);
}

#[test]
fn a_release_may_have_no_native_legs_no_image_or_no_linux() {
    let without = |key: &str| run(|case| case["matrix"][key] = json!([]));
    let Some(native) = without("native") else { return };
    assert_eq!(native["jobs"]["native"]["result"], "skipped");
    assert_eq!(native["jobs"]["verify"]["result"], "success");
    assert_eq!(step(&native, "assemble", "Take what was built")["with"]["artifact-ids"], "2,3,");
    let linux = without("linux").unwrap();
    assert_eq!(
        (&linux["jobs"]["linux"]["result"], &linux["jobs"]["checks"]["result"]),
        (&json!("skipped"), &json!("skipped"))
    );
    assert_eq!(linux["jobs"]["release"]["result"], "success");
    assert_eq!(step(&linux, "assemble", "Take what was built")["with"]["artifact-ids"], ",4");
    let image = run(|case| {
        case["matrix"]["linux"] = json!([{"name": "x86_64-musl", "output": "release-x86_64-musl"}]);
    });
    assert_eq!(step(&image.unwrap(), "assemble", "Take what was built")["with"]["artifact-ids"], "3,4");
}

#[test]
fn nothing_is_signed_after_a_failed_leg_and_checks_hold_nothing_up() {
    let failing = |what: &str| run(|case| case["fail"] = json!([what]));
    let Some(checks) = failing("checks") else { return };
    assert_eq!(checks["jobs"]["release"]["result"], "success");
    for what in ["plan", "linux/image", "native/x86_64-macos", "assemble"] {
        let run = failing(what).unwrap();
        for job in ["release", "verify"] {
            assert_eq!(run["jobs"][job]["result"], "skipped", "{what}");
        }
    }
    let release = failing("release").unwrap();
    assert_eq!(release["jobs"]["verify"]["result"], "skipped");
    assert_eq!(step(&release, "release", "Publish")["runs"], false);
    assert_eq!(step(&release, "release", "Keep the receipt")["runs"], true);
}

#[test]
fn a_second_attempt_keeps_its_own_receipt() {
    let Some(again) = run(|case| case["github"]["run_attempt"] = json!(2)) else { return };
    assert_eq!(step(&again, "release", "Keep the receipt")["with"]["name"], "receipt-2");
    assert_eq!(step(&again, "release", "Take the release")["with"]["artifact-ids"], "5");
}

#[test]
fn floe_releases_itself_with_the_floe_of_the_musl_leg() {
    let own = run(|case| {
        case["matrix"]["floe"]["own"] = json!(true);
        case["matrix"]["verify"][0]["digest"] = json!(null);
        for step in ["plan.take", "plan.floe"] {
            case["steps"][step] = json!({});
        }
    });
    let Some(own) = own else { return };
    assert_eq!(step(&own, "plan", "Take floe")["runs"], false);
    assert_eq!(step(&own, "plan", "Ask the repository")["runs"], false);
    assert_eq!(step(&own, "assemble", "Take floe")["runs"], false);
    assert_eq!(step(&own, "assemble", "Take floe from its own release")["runs"], true);
    let compared = &step(&own, "release", "Compare it with the digests of earlier jobs")["env"];
    assert_eq!(compared["FLOE"], "0e11  floe");
    assert_eq!(step(&own, "verify", "Take floe")["env"]["DIGESTS"], "c");
}

#[test]
fn a_missing_attestation_is_tolerated_only_on_request() {
    let attest = |attest: &str| {
        run(|case| {
            case["inputs"] = json!({ "attest": attest });
            case["steps"]["release.sign"] = json!({ "outcome": "failure" });
        })
    };
    let (Some(strict), Some(lax)) = (attest("required"), attest("best-effort")) else { return };
    assert_eq!(step(&strict, "release", "Sign")["tolerates"], false);
    assert_eq!(step(&lax, "release", "Sign")["tolerates"], true);
    assert_eq!(step(&lax, "release", "Report a release without attestation")["runs"], true);
}

#[test]
fn every_expression_of_the_other_workflows_is_evaluated() {
    for (path, workflow) in workflows()
        .into_iter()
        .filter(|(path, _)| !path.ends_with("workflows/release.yml") || path.starts_with("nix"))
    {
        for inputs in [Value::Null, json!({ "dry-run": true })] {
            let dry_run = inputs["dry-run"] == true;
            let case = case(|case| case["inputs"] = inputs);
            let Some(runs) = ask(&json!({ "run": workflow, "cases": [case] })) else { return };
            let jobs = runs[0]["jobs"].as_object().unwrap();
            assert!(jobs.values().all(|job| job["result"] == "success"), "{path}: {runs}");
            if let Some(release) = jobs.get("release") {
                assert_eq!(release["legs"][0]["with"]["dry-run"], dry_run, "{path}");
            }
        }
    }
}
