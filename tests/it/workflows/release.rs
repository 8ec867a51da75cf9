//! A release from a tag to the public by the steps of the workflow, and one that somebody tampers with.

use std::fs;
use std::path::PathBuf;

use floe_core::model::Target;

use super::drive::Drive;
use super::stage::make_executable;

const BUILDS: [&str; 3] = ["plan", "linux", "assemble"];

#[test]
fn a_pushed_tag_becomes_a_public_release() {
    let Some(mut drive) = Drive::new("rust/my tool") else { return };
    drive.jobs(&BUILDS);
    let before = drive.scenario.state();
    drive.jobs(&["release", "verify"]);
    assert_ne!(drive.scenario.state(), before);
    let log = &drive.log;
    assert!(log.contains("Release v1.4.0 of acme/tool at "), "{log}");
    assert!(log.contains("the job that publishes checks it"), "{log}");
    assert!(log.contains(": verified") && log.contains("Ran tool for x86_64-musl"), "{log}");
    assert!(log.contains("Built on github-hosted runners, default settings"), "{log}");

    // The signed subjects are the public files: each asset, SHA256SUMS, and the image by the digest of its tags.
    let state = drive.scenario.state();
    let subjects: Vec<(&str, &str)> =
        drive.signed.lines().map(|line| line.split_once("  ").unwrap()).collect();
    let (image, files) = subjects.split_last().unwrap();
    assert!(files.len() >= Target::defaults().count() + 2, "{files:?}");
    assert_eq!(files.last().unwrap().1, "SHA256SUMS");
    for (digest, name) in files {
        assert!(state.contains(name) && state.contains(digest), "{name} {digest} is not in\n{state}");
    }
    assert_eq!(image.1, "ghcr.io/acme/tool");
    assert!(drive.scenario.image_tags().iter().all(|(_, digest)| digest.contains(image.0)));
}

/// The artifact of a job by its name.
fn artifact(drive: &Drive, name: &str) -> PathBuf {
    drive.artifacts.iter().find(|artifact| artifact.name == name).unwrap().folder.clone()
}

#[test]
fn a_leg_that_is_replaced_after_it_was_named_ends_the_run() {
    // Other bytes under its id, which the service itself would have to give.
    let Some(mut drive) = Drive::new(".") else { return };
    drive.jobs(&["plan", "linux"]);
    let before = drive.scenario.state();
    let leg = artifact(&drive, "leg-x86_64-gnu");
    fs::write(leg.join("dist/tool-x86_64-unknown-linux-gnu.tar.gz"), "other bytes").unwrap();
    let why = drive.job("assemble").unwrap_err();
    assert!(why.contains("artifact `leg-x86_64-gnu` has another digest"), "{why}");

    // Deleted, and uploaded again by another leg: it has another id.
    fs::rename(&leg, leg.with_extension("gone")).unwrap();
    drive.artifacts.iter_mut().find(|artifact| artifact.folder == leg).unwrap().name.clear();
    drive.upload("leg-x86_64-gnu", &[leg.with_extension("gone")]).unwrap();
    let why = drive.job("assemble").unwrap_err();
    assert!(why.contains("x86_64-gnu is missing") || why.contains("no archive for x86_64-gnu"), "{why}");
    assert_eq!(drive.scenario.state(), before);
    assert_eq!(drive.signed, "");
}

#[test]
fn a_release_that_is_replaced_is_neither_signed_nor_sent() {
    let Some(mut drive) = Drive::new(".") else { return };
    drive.jobs(&BUILDS);
    let before = drive.scenario.state();
    let folder = artifact(&drive, "release");
    let index = drive.artifacts.iter().position(|artifact| artifact.name == "release").unwrap();
    let blob = fs::read_dir(folder.join("whole/dist/image/blobs/sha256")).unwrap().next().unwrap().unwrap();
    let blob = blob.path().strip_prefix(&folder).unwrap().to_owned();
    for file in [
        PathBuf::from("floe"),
        "whole/SHA256SUMS".into(),
        "whole/subjects".into(),
        "whole/dist/floe-release.json".into(),
        "whole/dist/tool-x86_64-unknown-linux-gnu.tar.gz".into(),
        blob,
    ] {
        let path = folder.join(&file);
        let kept = fs::read(&path).unwrap();
        let mut other = kept.clone();
        *other.last_mut().unwrap() ^= 1;
        fs::write(&path, other).unwrap();
        // The service is the attacker's, too: it names the digest of what it gives.
        drive.artifacts[index].note();
        let why = drive.job("release").unwrap_err();
        assert!(
            why.starts_with("Compare it with the digests of earlier jobs: exit code"),
            "{}: {why}",
            file.display()
        );
        assert_eq!(drive.signed, "", "{}", file.display());
        assert_eq!(drive.scenario.state(), before, "{}", file.display());
        fs::write(&path, kept).unwrap();
        make_executable(&path);
    }
}
