//! `--keep`: a new or empty folder, nothing through a link, nothing after a failure.

use std::fs;

use floe_rehearsal::interceptor::{Fault, What};

use super::release::{ARCHIVE, Published};
use crate::support::words::flip_bit;

const KEEP: [&str; 5] = ["verify", "--release", "v1.4.0", "--keep", "kept"];

#[test]
fn a_kept_release_is_in_a_new_or_empty_folder() {
    let published = Published::new();
    let kept = published.scenario.path().join("kept");
    published.scenario.run(KEEP).exit(0);
    assert_eq!(
        fs::read(kept.join("assets").join(ARCHIVE)).unwrap(),
        fs::read(published.asset_file(ARCHIVE)).unwrap()
    );
    assert!(kept.join("image/index.json").is_file());
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 2);
    let requests = published.scenario.github_interceptor().log().len();
    published.scenario.run(KEEP).exit(2).says("error: `kept` is not empty: it holds `");
    assert_eq!(published.scenario.github_interceptor().log().len(), requests, "it asked before it refused");
    fs::remove_dir_all(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    published.scenario.run(KEEP).exit(0);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let published = Published::new();
    let at = |name: &str| published.scenario.path().join(name);
    fs::write(at("precious"), "mine").unwrap();
    fs::create_dir_all(at("kept/assets")).unwrap();
    symlink("../../precious", at("kept/assets/SHA256SUMS")).unwrap();
    published.scenario.run(KEEP).exit(2).says("error: `kept` is not empty: it holds `assets`");
    fs::remove_dir_all(at("kept")).unwrap();
    fs::create_dir(at("elsewhere")).unwrap();
    symlink("elsewhere", at("kept")).unwrap();
    published
        .scenario
        .run(KEEP)
        .exit(2)
        .says("error: `kept` is a symbolic link")
        .says("hint: give a folder that");
    assert_eq!(fs::read_to_string(at("precious")).unwrap(), "mine");
    assert_eq!(fs::read_dir(at("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_download_that_fails_leaves_nothing_and_a_wrong_release_is_kept_to_be_looked_at() {
    let published = Published::new();
    let gone = Fault::route("GET", "/storage/", 4, 100, What::answer(404, ""));
    let scenario = published.scenario.disturb_github(gone);
    let kept = scenario.path().join("kept");
    scenario.run(KEEP).exit(1).says("error: release `v1.4.0` of `acme/tool` could not be checked");
    assert!(!kept.exists());
    // A folder that was there stays, and so does what a killed run has left in it.
    fs::create_dir(&kept).unwrap();
    scenario.run(KEEP).exit(1);
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 0);
    fs::create_dir(kept.join(".floe-killed.part")).unwrap();
    let killed = "it holds `.floe-killed.part` of another run, which may have been killed";
    scenario
        .run(KEEP)
        .exit(2)
        .says(killed)
        .says("hint: give a folder that does not exist yet, or an empty one");
    let published = Published::new();
    flip_bit(&published.asset_file(ARCHIVE));
    published.scenario.run(KEEP).exit(3);
    assert!(published.scenario.path().join("kept/assets").join(ARCHIVE).is_file());
}

#[cfg(unix)]
#[test]
fn a_rehearsal_writes_through_no_link() {
    use std::os::unix::fs::symlink;
    let scenario = crate::support::scenario::Scenario::new("1.4.0")
        .before_anything_is_built("repository = \"https://github.com/acme/tool\"");
    let at = |name: &str| scenario.path().join(name);
    fs::write(at("precious"), "mine").unwrap();
    for name in ["README.txt", "servers", "report.html", "plan.json"] {
        fs::create_dir(at("out")).unwrap();
        if name != "README.txt" {
            fs::write(at("out/README.txt"), "").unwrap();
        }
        symlink("../precious", at("out").join(name)).unwrap();
        let command = std::process::Command::new(env!("CARGO_BIN_EXE_floe"))
            .args(["rehearse", "dist", "--out", "out", "--keep"])
            .current_dir(scenario.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&command.stderr);
        assert_eq!(fs::read_to_string(at("precious")).unwrap(), "mine", "{name}: {stderr}");
        fs::remove_dir_all(at("out")).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_receipt_and_a_statement_replace_a_link_and_leave_its_target() {
    use std::os::unix::fs::symlink;
    let scenario = crate::support::scenario::Scenario::new("1.4.0");
    let at = |name: &str| scenario.path().join(name);
    fs::write(at("precious"), "mine").unwrap();
    for name in ["floe-receipt.json", "statement.json"] {
        symlink("precious", at(name)).unwrap();
    }
    scenario.run(["publish"]).exit(0);
    scenario.run(["reproduce", "v1.4.0", "--rebuilt", "dist", "--statement", "statement.json"]).exit(0);
    assert_eq!(fs::read_to_string(at("precious")).unwrap(), "mine");
    for name in ["floe-receipt.json", "statement.json"] {
        assert!(fs::symlink_metadata(at(name)).unwrap().is_file(), "{name}");
    }
}
