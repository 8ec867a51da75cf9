//! The jobs that a project asks for: `sign` for what native legs built, `crate` for Cargo's registry.

use std::fs;
use std::path::Path;
use std::process::Command;

use floe_core::model::Digest;
use serde_json::{Value, json};

use super::github::{run, step};
use super::stage::{git, make_executable, make_repository, write};
use super::{is_whole, jobs, steps, text, yaml};
use crate::support::peers::peer;

#[test]
fn signed_legs_are_assembled_instead_of_those_that_were_built() {
    let signed = |sign: bool, fail: Value| {
        run(|case| {
            case["inputs"] = json!({ "sign": sign });
            case["secrets"] = json!({ "signing": "a certificate" });
            case["steps"]["sign.leg"] = json!({ "outputs": { "artifact-id": "9" } });
            case["fail"] = fail;
        })
    };
    let (Some(yes), Some(no)) = (signed(true, json!([])), signed(false, json!([]))) else { return };
    let taken = |run: &Value| step(run, "assemble", "Take what was built")["with"]["artifact-ids"].clone();
    assert_eq!((taken(&yes), taken(&no)), (json!("2,3,9"), json!("2,3,4")));
    let leg = &yes["jobs"]["sign"]["legs"][0];
    assert_eq!((&leg["runner"], &leg["environment"]), (&json!("macos-15-intel"), &json!("signing")));
    assert_eq!(step(&yes, "sign", "Take what the job built")["with"]["artifact-ids"], "4");
    let given = json!({
        "path": "leg/native/x86_64-apple-darwin", "target": "x86_64-apple-darwin", "secrets": "a certificate",
    });
    assert_eq!(step(&yes, "sign", "Sign")["with"], given);
    assert_eq!(no["jobs"]["sign"]["result"], "skipped");

    let failed = signed(true, json!(["sign/x86_64-macos"])).unwrap();
    for job in ["assemble", "release", "crate"] {
        assert_eq!(failed["jobs"][job]["result"], "skipped", "{job}");
    }
}

#[test]
fn the_crate_follows_a_public_release_and_is_published_once() {
    let asked = |code: &str, fail: Value| {
        run(|case| {
            case["inputs"] = json!({ "crate": true });
            case["steps"]["crate.crate"] = json!({ "outputs": { "code": code } });
            let token = if code == "404" { json!({ "token": "t" }) } else { json!({}) };
            case["steps"]["crate.token"] = json!({ "outputs": token });
            case["fail"] = fail;
        })
    };
    let (Some(new), Some(there)) = (asked("404", json!([])), asked("200", json!([]))) else { return };
    for (run, publishes) in [(&new, true), (&there, false)] {
        assert_eq!(run["jobs"]["crate"]["legs"][0]["environment"], "crate");
        assert_eq!(step(run, "crate", "Ask for a token")["runs"], publishes);
        assert_eq!(step(run, "crate", "Publish")["runs"], publishes);
    }
    let failed = asked("404", json!(["release"])).unwrap();
    assert_eq!(failed["jobs"]["crate"]["result"], "skipped");
}

/// Runs the step that compares, with a registry that answers as given; its outputs, or what it says where it fails.
fn compare(folder: &Path, code: &str, answer: &str) -> Result<String, String> {
    let workflow = yaml::read(&text(".github/workflows/release.yml"));
    let (_, job) = jobs(&workflow).find(|(name, _)| *name == "crate").unwrap();
    let script = steps(job).find(|step| step["id"] == "crate").unwrap()["run"].as_str().unwrap().to_owned();
    let curl = folder.join("bin/curl");
    write(
        &curl,
        format!(
            "#!/bin/sh\nwhile [ \"$1\" != --output ]; do shift; done\nprintf '%s' '{answer}' > \"$2\"\nprintf '%s' {code}\n"
        ),
    );
    make_executable(&curl);
    let output = folder.join("output");
    write(&output, "");
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let result = Command::new(peer("bash").unwrap())
        .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", &script])
        .current_dir(folder.join("project"))
        .envs([("PACKAGE", "tool"), ("ROOT", "rust"), ("GITHUB_REPOSITORY", "acme/tool"), ("PATH", &path)])
        .env("GITHUB_OUTPUT", &output)
        .env("RUNNER_TEMP", folder)
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    match result.status.success() {
        true => Ok(fs::read_to_string(&output).unwrap()),
        false => Err(String::from_utf8_lossy(&[result.stdout, result.stderr].concat()).into_owned()),
    }
}

#[test]
fn a_version_of_the_registry_is_compared_by_its_checksum() {
    // The step runs on Linux only, and so does its stand-in for curl.
    if !is_whole()
        || !cfg!(unix)
        || ["bash", "cargo", "git", "jq"].into_iter().any(|program| peer(program).is_none())
    {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    make_repository(&folder.path().join("project"), "rust");
    assert_eq!(compare(folder.path(), "404", "{}"), Ok("code=404\n".to_owned()));
    let packed = folder.path().join("project/rust/target/package/tool-1.4.0.crate");
    let checksum = |digest: &str| format!("{{\"version\": {{\"checksum\": \"{digest}\"}}}}");
    let own = checksum(&Digest::of(&fs::read(&packed).unwrap()).hex().to_string());
    assert_eq!(compare(folder.path(), "200", &own), Ok("code=200\n".to_owned()));
    // Other bytes under the same version, an answer without a checksum, and a registry that is down.
    for (code, answer) in [("200", &*checksum(&"0".repeat(64))), ("200", "{}"), ("503", "down")] {
        let said = compare(folder.path(), code, answer).unwrap_err();
        let why = format!(
            "::error::The registry answered {code} for 1.4.0 of tool, and has not the crate of this commit"
        );
        assert!(said.contains(&why), "{code} {answer}: {said}");
    }
    // The step leaves nothing behind that `cargo publish` would refuse as not committed.
    assert_eq!(git(&folder.path().join("project"), &["status", "--porcelain", "--", ":!rust/target"]), "");
}
