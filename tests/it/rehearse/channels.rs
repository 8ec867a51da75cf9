//! A rehearsal of a project with every table: each channel ends at the new version, a second one writes nothing, and the page
//! shows what users type.

use std::path::Path;

use floe_core::model::{Marker, Repo, Target};
use floe_rehearsal::feed::EmbeddedFeed;
use floe_rehearsal::github::{EmbeddedGitHub, GitHubOptions};

use super::{rehearse, sample};
use crate::support::sample::{Sample, floe};
use crate::support::scenario::{DESCRIBED, make_described_dist};

const TABLES: &str = "[package.metadata.floe]\nimage = false\nsbom = false\n\
                      targets = [\"x86_64-musl\", \"aarch64-macos\", \"x86_64-windows\"]\n\
                      [package.metadata.floe.homebrew]\ntap = \"acme/homebrew-tap\"\n\
                      [package.metadata.floe.scoop]\nbucket = \"acme/scoop-bucket\"\n\
                      [package.metadata.floe.winget]\nid = \"Acme.Tool\"\n\
                      [package.metadata.floe.chocolatey]\n\
                      [package.metadata.floe.aur]\n";

/// A project with every table, and its dist.
fn project(version: &str) -> Sample {
    let project = sample(version).manifest_lines(&format!("{DESCRIBED}{TABLES}"));
    let targets: Vec<Target> =
        ["x86_64-musl", "aarch64-macos", "x86_64-windows"].map(|name| name.parse().unwrap()).into();
    let dist = project.path().join("built");
    make_described_dist(version, &dist, version, &targets);
    std::fs::remove_dir_all(dist.join("image")).unwrap();
    project
}

fn github(folder: &Path) -> EmbeddedGitHub {
    let root = folder.join("target/rehearsal/servers/github");
    let options = GitHubOptions::new(root);
    EmbeddedGitHub::open(options).unwrap()
}

/// The version of each channel after a rehearsal.
fn versions(folder: &Path) -> Vec<String> {
    let github = github(folder);
    let repo = |name: &str| name.parse::<Repo>().unwrap();
    let version = |file: Option<Vec<u8>>| {
        file.and_then(|file| Marker::of(&file))
            .map_or_else(|| "-".to_owned(), |marker| marker.version.to_string())
    };
    let formula = github.files(&repo("acme/homebrew-tap")).remove("Formula/tool.rb");
    let manifest = github.files(&repo("acme/scoop-bucket")).remove("bucket/tool.json");
    let pulls = github.pulls(&repo("microsoft/winget-pkgs")).into_iter().filter(|pull| pull.open);
    let submitted = pulls.map(|pull| {
        let files = github.branch_files(&pull.from, Some(&pull.branch)).into_iter();
        version(files.filter(|(path, _)| path.ends_with(".installer.yaml")).map(|(_, bytes)| bytes).next())
    });
    let feed = EmbeddedFeed::open(folder.join("target/rehearsal/servers/feed"), "any").unwrap();
    let pushed = feed.state().packages.clone().into_keys();
    let pushed = pushed.map(|file| file.trim_start_matches("tool.").trim_end_matches(".nupkg").to_owned());
    [version(formula), version(manifest)].into_iter().chain(submitted).chain(pushed).collect()
}

#[test]
fn every_channel_ends_at_the_version_and_a_second_rehearsal_writes_nothing() {
    let project = project("1.4.0");
    let first = rehearse(project.path(), &["built"]);
    assert_eq!(versions(project.path()), ["1.4.0"; 4]);
    for followed in [
        "Checked homebrew acme/homebrew-tap Formula/tool.rb: match",
        "Checked scoop acme/scoop-bucket bucket/tool.json: match",
        "Checked winget microsoft/winget-pkgs manifests/a/Acme/Tool/1.4.0: pending ",
        "Checked chocolatey push.chocolatey.org tool.1.4.0.nupkg: pending ",
    ] {
        assert!(first.stderr.contains(followed), "{followed}: {}", first.stderr);
    }
    let page = std::fs::read_to_string(project.path().join("target/rehearsal/report.html")).unwrap();
    for typed in [
        "brew install acme/tap/tool",
        "scoop install acme/tool",
        "winget install --exact --id Acme.Tool",
        "choco install tool",
        "Install-ChocolateyZipPackage",
    ] {
        assert!(page.contains(typed), "{typed}");
    }
    assert!(!page.contains('\u{fffd}'));

    let again = rehearse(project.path(), &["built", "--keep"]);
    assert_eq!(again.summary["done"], 0, "{}", again.stderr);
    assert!(again.stderr.contains("0 to do; the release is public and complete"), "{}", again.stderr);
    assert_eq!(versions(project.path()), ["1.4.0"; 4]);
}

/// A workflow sets the variables where another job publishes, with secrets that this one lacks.
#[test]
fn variables_about_secrets_do_not_change_a_rehearsal() {
    let project = project("1.4.0");
    let mut command = floe(project.path());
    command.args(["rehearse", "--verbose", "built"]);
    for variable in ["FLOE_CHANNEL_TOKEN_FOLLOWS", "FLOE_CHOCOLATEY_KEY_FOLLOWS"] {
        command.env(variable, "true");
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("`acme/homebrew-tap` may be written"), "{stderr}");
    assert!(!stderr.contains("the job that publishes"), "{stderr}");
}

#[test]
fn faults_strike_the_channels_of_a_rehearsal() {
    let project = project("1.4.0");
    for seed in 1..=3 {
        rehearse(project.path(), &["built", "--faults", &seed.to_string()]);
        let versions = versions(project.path());
        assert!(versions.iter().all(|version| version == "1.4.0"), "{seed}: {versions:?}");
    }
}
