//! Rules for every workflow: permissions, trusted actions, and the order of jobs.
//!
//! Each rule is shown to fail on a workflow that breaks it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{TEMPLATE, is_whole, jobs, root, steps, text, words, workflows, yaml};
use crate::support::peers;

/// The only actions there are, each with the commit that its version is.
const ACTIONS: [&str; 6] = [
    "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2",
    "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
    "cachix/install-nix-action@13d8dd58da0234aa297dedd986986ccb8e7f3e24 # v31.11.1",
    "rust-lang/crates-io-auth-action@c6f97d42243bad5fab37ca0427f495c86d5b1a18 # v1.0.5",
];

/// The project's own action, which signs what a leg built.
const SIGN: &str = "./.github/actions/sign";

#[test]
fn every_workflow_keeps_the_rules() {
    if !is_whole() {
        return;
    }
    for (path, text) in workflows() {
        assert_eq!(faults(&text), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn each_rule_fails_on_what_it_forbids() {
    if !is_whole() {
        return;
    }
    let release = text(".github/workflows/release.yml");
    let faults_after = |from: &str, to: &str| {
        assert!(release.contains(from), "{from}");
        faults(&release.replacen(from, to, 1)).join("\n")
    };
    for (from, to, fault) in [
        ("permissions: {}", "permissions: read-all", "the workflow has permissions"),
        ("    timeout-minutes: 60\n", "", "job `plan` has no time limit"),
        ("contents: read # the source\n", "contents: read\n", "a permission without a reason"),
        (
            "    permissions:\n      contents: read # the source, and",
            "    environment:\n      name: x # and",
            "`plan` says no permissions",
        ),
        (" # v7.0.1", "", "is none of the pinned actions"),
        (
            "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
            "actions/checkout@v7",
            "is none of the pinned actions",
        ),
        ("persist-credentials: false", "fetch-depth: 0", "leaves its token behind"),
        (
            "nix eval --json .#matrix",
            "nix eval ${{ github.ref_name }} --json .#matrix",
            "an expression in `run`",
        ),
        ("cancel-in-progress: false", "cancel-in-progress: true", "is cut off"),
        (
            "    runs-on: ubuntu-24.04\n",
            "    runs-on: ubuntu-latest\n",
            "`ubuntu-latest` is another system some day",
        ),
        ("sandbox-fallback = false\\n", "sandbox = false\\n", "builds without a sandbox"),
        ("    shell: bash", "    shell: pwsh", "another shell"),
        ("${{ github.token }}", "${{ secrets.RELEASE_TOKEN }}", "a secret"),
        (
            "FLOE_CHANNEL_TOKEN_FOLLOWS: ${{ secrets.channel-token != '' }}",
            "FLOE_CHANNEL_TOKEN: ${{ secrets.channel-token }}",
            "`plan` gets the token of the channels",
        ),
        (
            "FLOE_CHOCOLATEY_KEY_FOLLOWS: ${{ secrets.chocolatey-key != '' }}",
            "FLOE_CHOCOLATEY_KEY: ${{ secrets.chocolatey-key }}",
            "`plan` gets the key of Chocolatey",
        ),
        (
            "persist-credentials: false",
            "persist-credentials: false\n          secrets: ${{ secrets.signing }}",
            "`plan` gets what the signing action needs",
        ),
        ("uses: ./.github/actions/sign", "uses: ./.github/actions/other", "is none of the pinned actions"),
    ] {
        let found = faults_after(from, to);
        assert!(found.contains(fault), "`{from}` became `{to}`, and the faults are:\n{found}");
    }
}

/// The only lines that may name a secret: whether there is one, and its value for the step that publishes or signs.
const SECRETS: [&str; 5] = [
    "FLOE_CHANNEL_TOKEN_FOLLOWS: ${{ secrets.channel-token != '' }}",
    "FLOE_CHANNEL_TOKEN: ${{ secrets.channel-token }}",
    "FLOE_CHOCOLATEY_KEY_FOLLOWS: ${{ secrets.chocolatey-key != '' }}",
    "FLOE_CHOCOLATEY_KEY: ${{ secrets.chocolatey-key }}",
    "secrets: ${{ secrets.signing }}",
];

/// Every rule that a workflow breaks, a line each.
fn faults(text: &str) -> Vec<String> {
    let workflow = yaml::read(text);
    let mut faults = Vec::new();
    if workflow["permissions"] != json!({}) {
        faults.push("the workflow has permissions of its own".to_owned());
    }
    if text.lines().any(|line| line.contains("secrets.") && !SECRETS.contains(&line.trim())) {
        faults.push("a secret is read".to_owned());
    }
    for (name, job) in jobs(&workflow) {
        faults.extend(job_faults(name, job));
    }
    for line in text.lines().map(str::trim) {
        let grant = line.ends_with(": read") || line.ends_with(": write");
        if grant && !line.starts_with('#') {
            faults.push(format!("a permission without a reason: `{line}`"));
        }
        if let Some(action) = line.strip_prefix("uses: ")
            && !action.contains("/.github/workflows/")
            && !ACTIONS.contains(&action)
            && action.split(' ').next() != Some(SIGN)
        {
            faults.push(format!("`{action}` is none of the pinned actions"));
        }
    }
    // A job that calls another workflow has no steps of its own.
    if jobs(&workflow).any(|(_, job)| job["uses"].is_null()) {
        if workflow["defaults"]["run"]["shell"] != "bash" {
            faults.push("another shell than bash".to_owned());
        }
        match &workflow["concurrency"]["cancel-in-progress"] {
            Value::Bool(false) => {}
            // The checks of a pull request may be cancelled by those of its next version.
            Value::String(when)
                if when == "${{ github.event_name == 'pull_request' }}" && workflow["name"] == "ci" => {}
            _ => faults.push("a run is cut off by the next one".to_owned()),
        }
    }
    faults
}

fn job_faults(name: &str, job: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if !job["permissions"].is_object() {
        faults.push(format!("job `{name}` says no permissions"));
    }
    if job["uses"].is_null() && !job["timeout-minutes"].is_number() {
        faults.push(format!("job `{name}` has no time limit"));
    }
    if let Some(label) = job["runs-on"].as_str().filter(|label| label.ends_with("-latest")) {
        faults.push(format!("job `{name}`: `{label}` is another system some day"));
    }
    for step in steps(job) {
        let title = step["name"].as_str().unwrap_or("?");
        for (variable, secret) in
            [("FLOE_CHANNEL_TOKEN", "token of the channels"), ("FLOE_CHOCOLATEY_KEY", "key of Chocolatey")]
        {
            if step["env"][variable].is_string() && (name, title) != ("release", "Publish") {
                faults.push(format!("`{name}` gets the {secret}"));
            }
        }
        if step["with"]["secrets"].is_string() && step["uses"] != SIGN {
            faults.push(format!("`{name}` gets what the signing action needs"));
        }
        if step["run"].as_str().is_some_and(|run| run.contains("${{")) {
            faults.push(format!("job `{name}`, step `{title}`: an expression in `run`"));
        }
        let nix =
            step["uses"].as_str().is_some_and(|action| action.starts_with("cachix/install-nix-action@"));
        let config = step["with"]["extra_nix_config"].as_str().unwrap_or_default();
        // The settings that `plan` writes for all jobs are checked in its own step.
        let is_sandboxed =
            config.contains("sandbox-fallback = false") || config.ends_with(".outputs.nix-config }}");
        if nix && !is_sandboxed {
            faults.push(format!("job `{name}`, step `{title}`: builds without a sandbox, if it must"));
        }
        let writes = step["run"].as_str().filter(|run| run.contains("nix-config<<"));
        if writes
            .is_some_and(|run| !run.contains("sandbox = true\\nsandbox-fallback = false\\nEND_OF_NIX_CONF"))
        {
            faults.push(format!(
                "job `{name}`, step `{title}`: builds without a sandbox, if the settings say so"
            ));
        }
        let is_checkout = step["uses"].as_str().is_some_and(|action| action.starts_with("actions/checkout@"));
        if is_checkout && step["with"]["persist-credentials"] != false {
            faults.push(format!("job `{name}`, step `{title}`: leaves its token behind"));
        }
    }
    faults
}

#[test]
fn each_job_has_only_the_permissions_that_it_needs() {
    if !is_whole() {
        return;
    }
    let table = |path: &str| -> BTreeMap<String, String> {
        let workflow = yaml::read(&text(path));
        let grants = |job: &Value| {
            let grants = job["permissions"].as_object().unwrap().iter();
            grants
                .map(|(what, how)| format!("{what} {}", how.as_str().unwrap()))
                .collect::<Vec<_>>()
                .join(", ")
        };
        jobs(&workflow).map(|(name, job)| (name.clone(), grants(job))).collect()
    };
    expect_test::expect![[r#"
        assemble: contents read, packages read
        checks: contents read
        crate: contents read, id-token write
        linux: contents read
        native: contents read
        plan: contents read
        release: attestations write, contents write, id-token write, packages write
        sign: contents read
        verify: contents read, packages read
    "#]]
    .assert_eq(&lines(&table(".github/workflows/release.yml")));
    expect_test::expect![[r#"
        lint: contents read
        nix: contents read
        test: contents read
    "#]]
    .assert_eq(&lines(&table(".github/workflows/ci.yml")));
    // The caller must grant exactly the permissions that the jobs request.
    expect_test::expect![[r#"
        release: attestations write, contents write, id-token write, packages write
    "#]]
    .assert_eq(&lines(&table(TEMPLATE)));
}

fn lines(table: &BTreeMap<String, String>) -> String {
    table.iter().map(|(name, grants)| format!("{name}: {grants}\n")).collect()
}

/// The job with write permissions neither checks out nor builds: it runs GitHub's actions and a floe that earlier jobs named.
#[test]
fn the_job_that_may_write_runs_no_code_of_the_project() {
    if !is_whole() {
        return;
    }
    let workflow = yaml::read(&text(".github/workflows/release.yml"));
    let needs = |name: &str| words(&workflow["jobs"][name]["needs"]);
    assert_eq!(needs("release"), ["plan", "linux", "native", "assemble"]);
    assert_eq!(needs("assemble"), ["plan", "linux", "native", "sign"]);
    for (name, job) in jobs(&workflow) {
        let grants = job["permissions"].as_object().unwrap().iter();
        let written: Vec<&String> = grants.filter(|(_, how)| *how == "write").map(|(what, _)| what).collect();
        match (name.as_str(), job["environment"].as_str()) {
            ("release", Some("release")) => assert!(written.len() > 1, "{written:?}"),
            // Its name is all that it can prove to the registry.
            ("crate", Some("crate")) => assert_eq!(written, ["id-token"]),
            ("sign", environment) => assert_eq!((environment, written.len()), (Some("signing"), 0)),
            (_, environment) => assert_eq!((environment, written.len()), (None, 0), "{name}"),
        }
        assert!(!needs(name).contains(&"checks"), "{name} waits for checks");
        if !["plan", "linux", "checks"].contains(&name.as_str()) {
            let nix = |step: &Value| {
                step.to_string().contains("nix build") || step.to_string().contains("install-nix")
            };
            assert!(!steps(job).any(nix), "{name} uses Nix");
        }
    }
    let release = &workflow["jobs"]["release"];
    let used: Vec<&str> =
        steps(release).filter_map(|step| step["uses"].as_str()?.split('@').next()).collect();
    assert_eq!(used, ["actions/download-artifact", "actions/attest", "actions/upload-artifact"]);
    let ran = steps(release).filter_map(|step| step["run"].as_str()).flat_map(str::lines);
    let programs: BTreeSet<&str> = ran.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(programs, BTreeSet::from(["(cd", "./floe", "chmod", "echo", "sha256sum"]));
}

#[test]
fn the_two_workflows_have_different_events_and_groups() {
    if !is_whole() {
        return;
    }
    let (ci, release) =
        (yaml::read(&text(".github/workflows/ci.yml")), yaml::read(&text(".github/workflows/release.yml")));
    assert_ne!(ci["name"], release["name"]);
    let group = |workflow: &Value| workflow["concurrency"]["group"].as_str().unwrap().to_owned();
    assert!(group(&ci).starts_with("ci-") && group(&release).starts_with("floe-release-"));
    // A push of a tag starts the one, a push of a branch the other.
    assert_eq!(ci["on"]["push"], json!({ "branches": ["main"] }));
    assert_eq!(release["on"]["push"], json!({ "tags": ["v*"] }));
    // The calling workflow must not be in the concurrency group that the called one waits for.
    assert!(yaml::read(&text(TEMPLATE))["concurrency"].is_null());
}

#[test]
fn the_template_calls_the_release_with_inputs_that_it_has() {
    if !is_whole() {
        return;
    }
    let (template, release) =
        (yaml::read(&text(TEMPLATE)), yaml::read(&text(".github/workflows/release.yml")));
    let job = &template["jobs"]["release"];
    // `floe init` replaces this placeholder by floe's address.
    assert_eq!(job["uses"], "owner/name/.github/workflows/release.yml@v1.0.0");
    let inputs = release["on"]["workflow_call"]["inputs"].as_object().unwrap();
    for name in job["with"].as_object().unwrap().keys() {
        assert!(inputs.contains_key(name), "the release has no input `{name}`");
    }
    let mut by_hand = release["on"]["workflow_dispatch"]["inputs"].as_object().unwrap().keys();
    assert!(by_hand.all(|name| inputs.contains_key(name)));
}

#[test]
fn the_address_of_floe_is_only_in_cargo_toml() {
    if !is_whole() {
        return;
    }
    // In two parts, so that this file does not contain it.
    let said = ["OWNER", "/floe"].concat();
    assert!(text("Cargo.toml").lines().any(|line| line.starts_with("repository = ")));
    for path in
        ["README.md", "RELEASING.md", "flake.nix", "nix/matrix.nix", "nix/template/flake.nix", TEMPLATE]
    {
        assert!(!text(path).contains(&said), "{path}");
    }
    for (path, text) in workflows() {
        assert!(!text.contains(&said), "{path}");
    }
}

#[test]
fn each_run_script_is_valid_bash() {
    if !is_whole() {
        return;
    }
    let Some(shellcheck) = peers::peer("shellcheck") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in workflows() {
        let workflow = yaml::read(&text);
        for (name, step) in jobs(&workflow).flat_map(|(name, job)| steps(job).map(move |step| (name, step))) {
            let Some(run) = step["run"].as_str() else { continue };
            let script = folder.path().join("run.sh");
            std::fs::write(&script, run).unwrap();
            let said = peers::run(&shellcheck, folder.path(), &["--shell=bash", script.to_str().unwrap()]);
            assert!(said.is_ok(), "{path}, job `{name}`: {run}\n{}", said.unwrap_err());
        }
    }
}

#[test]
fn updates_are_proposed_a_week_after_their_release() {
    if !is_whole() {
        return;
    }
    let dependabot = yaml::read(&text(".github/dependabot.yml"));
    let updates = dependabot["updates"].as_array().unwrap();
    let kinds: Vec<&str> = updates.iter().map(|one| one["package-ecosystem"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["github-actions", "cargo", "nix", "pip", "npm"]);
    assert!(updates.iter().all(|one| one["cooldown"]["default-days"].as_u64() >= Some(7)));
    assert!(root().join(".ci/requirements.txt").is_file());
}
