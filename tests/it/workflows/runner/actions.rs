//! Stand-ins for the five actions, true to what they do to files: artifacts lose what ZIP files of GitHub lose, a
//! checkout leaves no credentials, and nothing is signed without the right to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::Outcome;
use super::job::Job;
use crate::support::peers;

type With = BTreeMap<String, String>;

/// Does what `uses: name@…` does.
pub fn run(job: &mut Job<'_>, action: &str, with: &With, outcome: &mut Outcome) -> Result<Value, String> {
    match action.split_once('@').unwrap().0 {
        "actions/checkout" => checkout(job, with),
        "cachix/install-nix-action" => {
            let config = with.get("extra_nix_config").map_or("", String::as_str);
            fs::write(job.home().join("extra-nix.conf"), config).unwrap();
            job.path.push(PathBuf::from(&job.run.runner.variables["STANDIN"]).join("nix-bin"));
            Ok(())
        }
        "actions/upload-artifact" => upload(job, with),
        "actions/download-artifact" => download(job, with),
        "actions/attest" => attest(job, with, outcome),
        other => panic!("there is no stand-in for `{other}`"),
    }
    .map(|()| json!({}))
}

fn checkout(job: &Job<'_>, with: &With) -> Result<(), String> {
    let git = peers::peer("git").unwrap();
    let runner = job.run.runner;
    let reference = match with.get("ref").map(String::as_str) {
        None | Some("") => &runner.commit,
        Some(reference) => reference,
    };
    let run = |arguments: &[&str]| {
        let output = Command::new(&git).current_dir(&job.workspace).args(arguments).output().unwrap();
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    };
    run(&["init", "--quiet"])?;
    run(&["fetch", "--quiet", "--depth=1", &format!("file://{}", runner.origin.display()), reference])?;
    run(&["checkout", "--quiet", "--detach", "FETCH_HEAD"])
}

/// Files alone, with mode 0644, below what the paths have in common; nothing hidden, no empty folder, and no name that
/// Windows could not have.
fn upload(job: &Job<'_>, with: &With) -> Result<(), String> {
    let artifact = job.run.folder.join("artifacts").join(&with["name"]);
    if artifact.exists() {
        return Err(format!("an artifact `{}` is there already", with["name"]));
    }
    let paths: Vec<PathBuf> = with["path"].lines().map(|path| job.workspace.join(path)).collect();
    let paths: Vec<PathBuf> = paths.into_iter().filter(|path| path.exists()).collect();
    if paths.is_empty() {
        return match with.get("if-no-files-found").map(String::as_str) {
            Some("ignore") => Ok(()),
            Some("error") => Err("no files were found".to_owned()),
            other => panic!("`if-no-files-found: {other:?}` only warns"),
        };
    }
    // One folder is uploaded as what is in it, several paths below the folder that all of them are in.
    let top = match &paths[..] {
        [one] if one.is_dir() => one.clone(),
        [one] => one.parent().unwrap().to_owned(),
        _ => job.workspace.clone(),
    };
    for path in &paths {
        copy(path, &artifact.join(path.strip_prefix(&top).unwrap()));
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
            if !entry.file_name().to_string_lossy().starts_with('.') {
                copy(&entry.path(), &to.join(entry.file_name()));
            }
        }
    } else {
        let name = from.file_name().unwrap().to_string_lossy();
        assert!(!name.contains(['"', ':', '<', '>', '|', '*', '?']), "`{name}` cannot be in an artifact");
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        // Not `fs::copy`, which keeps the mode.
        fs::write(to, fs::read(from).unwrap()).unwrap();
    }
}

fn download(job: &Job<'_>, with: &With) -> Result<(), String> {
    let to = job.workspace.join(with.get("path").map_or("", String::as_str));
    let artifact =
        |name: &str| attempts(job).into_iter().map(|folder| folder.join(name)).find(|path| path.is_dir());
    if let Some(name) = with.get("name") {
        copy(&artifact(name).ok_or_else(|| format!("there is no artifact `{name}`"))?, &to);
        return Ok(());
    }
    assert_eq!(with["merge-multiple"], "true", "each would lie in a folder of its own");
    let prefix = with["pattern"].strip_suffix('*').unwrap();
    for folder in attempts(job) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                copy(&entry.path(), &to);
            }
        }
    }
    Ok(())
}

/// The artifacts of this attempt and of those before it, and what the legs of other systems built; the newest first.
fn attempts(job: &Job<'_>) -> Vec<PathBuf> {
    let runner = &job.run.runner.folder;
    let attempts =
        (1..=job.run.attempt).rev().map(|attempt| runner.join(format!("attempt-{attempt}/artifacts")));
    attempts.chain([runner.join("legs")]).collect()
}

fn attest(job: &Job<'_>, with: &With, outcome: &mut Outcome) -> Result<(), String> {
    for right in ["id-token", "attestations"] {
        if job.job["permissions"][right] != "write" {
            return Err(format!("the job has no `{right}: write`"));
        }
    }
    if job.run.runner.attestations_fail {
        return Err("Feature not available for the acme organization.".to_owned());
    }
    let subjects: Vec<(String, String)> = match with.get("subject-checksums") {
        Some(file) => {
            let text = fs::read_to_string(job.workspace.join(file)).map_err(|error| error.to_string())?;
            let lines = text.lines().map(|line| line.split_once("  ").unwrap());
            lines.map(|(digest, name)| (name.to_owned(), format!("sha256:{digest}"))).collect()
        }
        None => vec![(with["subject-name"].clone(), with["subject-digest"].clone())],
    };
    for (name, digest) in &subjects {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        if name.is_empty() || hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("`{name}` with `{digest}` is no subject"));
        }
    }
    assert!((1..=1024).contains(&subjects.len()));
    outcome.attested.extend(subjects);
    Ok(())
}
