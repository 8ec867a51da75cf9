//! winget: the files of a version become one pull request from a fork, and no run opens a second one.

use std::collections::BTreeMap;

use floe_core::model::{Marker, Repo};
use floe_rehearsal::github::StoredPull;
use floe_rehearsal::interceptor::{Fault, What};

use super::channels::{ASKED, lines, with};
use crate::support::scenario::{CHANNELS, Scenario};

pub const TABLE: &str = "[package.metadata.floe.winget]\nid = \"Acme.Tool\"\n";
const FOLDER: &str = "manifests/a/Acme/Tool/1.4.0";
const BRANCH: &str = "Acme.Tool-1.4.0";
/// The fork catches up; a tree, a commit, the branch and the pull request.
const SUBMITTED: usize = 1 + 1 + 1 + 1 + 1;

fn upstream() -> Repo {
    "microsoft/winget-pkgs".parse().unwrap()
}

fn fork() -> Repo {
    "acme/winget-pkgs".parse().unwrap()
}

fn scenario() -> Scenario {
    with(Scenario::empty("1.4.0"), "1.4.0", "1.4.0", TABLE)
}

fn pulls(scenario: &Scenario) -> Vec<StoredPull> {
    scenario.github.pulls(&upstream())
}

fn submitted(scenario: &Scenario) -> BTreeMap<String, Vec<u8>> {
    scenario.github.branch_files(&fork(), Some(BRANCH))
}

/// One open pull request with the three files, beside what the repository had.
fn assert_submitted(scenario: &Scenario) {
    let pulls = pulls(scenario);
    assert_eq!(pulls.len(), 1, "{pulls:?}");
    assert_eq!((pulls[0].from.clone(), pulls[0].branch.as_str(), pulls[0].open), (fork(), BRANCH, true));
    let files = submitted(scenario);
    for name in ["Acme.Tool.installer.yaml", "Acme.Tool.locale.en-US.yaml", "Acme.Tool.yaml"] {
        let marker = Marker::of(&files[&format!("{FOLDER}/{name}")]).unwrap();
        assert_eq!((marker.name.as_str(), marker.version.to_string()), ("tool", "1.4.0".to_owned()));
    }
    assert_eq!(files.len(), 3 + scenario.github.files(&upstream()).len());
}

#[test]
fn a_version_is_submitted_in_one_commit_and_a_second_run_writes_nothing() {
    let scenario = scenario();
    // The fork is behind: it catches up first.
    scenario.github.write_file(&upstream(), "manifests/o/Other.yaml", b"other").unwrap();
    let plan = scenario.run(["plan"]).exit(0).writes(ASKED);
    let row = format!("channel  winget microsoft/winget-pkgs {FOLDER}  new -> 1.4.0 ");
    assert!(plan.stdout.contains(&row), "{}", plan.stdout);
    let first = scenario.run(["publish"]).exit(0).says("winget install --exact --id Acme.Tool");
    first.writes(1 + 1 + 5 + 1 + SUBMITTED);
    assert_submitted(&scenario);
    assert_eq!(pulls(&scenario)[0].title, "New package: Acme.Tool version 1.4.0");
    let again = scenario.run(["publish"]).exit(0).no_writes();
    assert!(again.stderr.contains("1.4.0, pending at http://github/microsoft/winget-pkgs/pull/1"));

    scenario.github.merge_pull(&upstream(), 1).unwrap();
    scenario.run(["publish"]).exit(0).no_writes();
    // The branch may be deleted then.
    scenario.github.edit(&fork(), |stored| stored.refs.remove(&format!("heads/{BRANCH}"))).unwrap();
    scenario.run(["publish"]).exit(0).no_writes();

    let scenario = with(scenario.next("1.5.0"), "1.5.0", "1.5.0", TABLE);
    let plan = scenario.run(["plan"]).exit(0);
    assert!(plan.stdout.contains("manifests/a/Acme/Tool/1.5.0  1.4.0 -> 1.5.0"), "{}", plan.stdout);
    scenario.run(["publish"]).exit(0);
    assert_eq!(pulls(&scenario)[1].title, "New version: Acme.Tool version 1.5.0");
    let scenario = with(scenario.next("2.0.0-rc.1"), "2.0.0-rc.1", "2.0.0-rc.1", TABLE);
    scenario.run(["publish"]).exit(0);
    assert_eq!(pulls(&scenario).len(), 2);
}

#[test]
fn a_run_that_was_cut_off_is_continued() {
    let cut = || What::CutAnswer { after: 0 };
    let refused = |status| What::answer(status, "Server Error");
    for (method, part) in [
        ("POST", "/merge-upstream"),
        ("POST", "/git/trees"),
        ("POST", "/git/commits"),
        ("POST", "/git/refs"),
        ("POST", "/pulls"),
    ] {
        for what in [cut(), refused(502), What::DoThenAnswer { status: 502, body: String::new() }] {
            let scenario = scenario().disturb_github(Fault::route(method, part, 0, 1, what));
            scenario.run(["publish"]).exit(0);
            assert_submitted(&scenario);
        }
        // The run ends, and the next one goes on.
        let scenario = scenario().disturb_github(Fault::route(method, part, 0, 9, refused(502)));
        scenario
            .run(["publish"])
            .exit(1)
            .says("is still without a file")
            .says("1 of 1 channel was not updated");
        scenario.github_interceptor().calm();
        scenario.run(["publish"]).exit(0);
        assert_submitted(&scenario);
        scenario.run(["publish"]).exit(0).no_writes();
    }
}

#[test]
fn a_closed_pull_request_is_said_and_not_opened_again() {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    scenario.github.edit(&upstream(), |stored| stored.pulls[0].open = false).unwrap();
    for verb in ["plan", "publish"] {
        let said = "winget: the pull request of 1.4.0 was closed without a merge: http://github/microsoft/winget-pkgs/pull/1";
        scenario.run([verb]).exit(0).says(said).no_writes();
    }
    assert_eq!(pulls(&scenario).len(), 1);
}

#[test]
fn a_version_that_was_merged_and_removed_is_said_and_not_submitted_again() {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    scenario.github.merge_pull(&upstream(), 1).unwrap();
    for path in submitted(&scenario).keys() {
        scenario.github.delete_file(&upstream(), path).unwrap();
    }
    for verb in ["plan", "publish"] {
        let said = "winget: the pull request of 1.4.0 was merged, but the version is not there: http://github/microsoft/winget-pkgs/pull/1";
        scenario.run([verb]).exit(0).says(said).no_writes();
    }
    scenario.run(["verify", "--release", "v1.4.0"]).exit(3).says(&format!("{FOLDER}: missing"));
    assert_eq!(pulls(&scenario).len(), 1);
}

#[test]
fn a_branch_with_other_files_is_changed_only_if_they_are_of_floe() {
    let installer = format!("{FOLDER}/Acme.Tool.installer.yaml");
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    let ours = submitted(&scenario).remove(&installer).unwrap();
    // Another text of the same archives, as after a change of floe, is written on top.
    let reworded = String::from_utf8(ours.clone()).unwrap() + "# a remark\n";
    scenario.github.write_branch(&fork(), BRANCH, &installer, reworded.as_bytes()).unwrap();
    scenario.run(["publish"]).exit(0).says("1.4.0, in another text").writes(3);
    assert_submitted(&scenario);
    assert_eq!(submitted(&scenario)[&installer], ours);

    // Other archives, or the text of a person, are a conflict.
    let text = String::from_utf8(ours).unwrap();
    let digest = text.lines().find(|line| line.contains("InstallerSha256")).unwrap();
    let other = text.replace(digest, &format!("  InstallerSha256: \"{}\"", "AB".repeat(32)));
    for (bytes, said) in [
        (other, "has 1.4.0 with other digests than this release"),
        ("by hand\n".to_owned(), "was not made by floe"),
    ] {
        scenario.github.write_branch(&fork(), BRANCH, &installer, bytes.as_bytes()).unwrap();
        scenario.run(["publish"]).exit(4).says(said).says("delete the branch `Acme.Tool-1.4.0`");
        assert_eq!(submitted(&scenario)[&installer], bytes.as_bytes());
    }
    assert_eq!(pulls(&scenario).len(), 1);
}

#[test]
fn a_fork_or_a_token_that_cannot_submit_is_an_error_before_anything_is_built() {
    let empty = || Scenario::empty("1.4.0");
    let other = TABLE.to_owned() + "fork = \"acme/scoop-bucket\"\n";
    let before = empty().before_anything_is_built(&lines(&other));
    before.run(["plan"]).exit(1).says("`acme/scoop-bucket` is not a fork of `microsoft/winget-pkgs`");
    let none = TABLE.to_owned() + "fork = \"acme/none\"\n";
    let before = empty().before_anything_is_built(&lines(&none));
    before.run(["plan"]).exit(1).says("winget: its repository is not there");
    let before = empty().before_anything_is_built(&lines(TABLE));
    before
        .run_with(&[("FLOE_CHANNEL_TOKEN", "ghs_token-of-a-workflow")], &["plan"])
        .exit(1)
        .says("winget: this token cannot open a pull request in `microsoft/winget-pkgs`")
        .says("a classic token with the scope `public_repo`");
    before.run_with(&[("FLOE_CHANNEL_TOKEN", CHANNELS)], &["plan"]).exit(0);
    // A fork that cannot catch up is used as it is.
    let stuck = Fault::route("POST", "/merge-upstream", 0, 1, What::answer(409, "There are merge conflicts"));
    let scenario = scenario().disturb_github(stuck);
    scenario.run(["publish"]).exit(0).says("`acme/winget-pkgs` cannot catch up");
    assert_submitted(&scenario);
    // One with commits of its own would send them along.
    let scenario = self::scenario();
    scenario.github.write_file(&fork(), "manifests/o/Own.yaml", b"own").unwrap();
    let said = scenario.run(["publish"]).exit(1);
    let said = said.says("`master` of `acme/winget-pkgs` has commits that `microsoft/winget-pkgs` lacks (1)");
    said.says("gh repo sync acme/winget-pkgs --branch master --force");
    assert_eq!(pulls(&scenario), []);
}

#[test]
fn verify_names_the_state_of_the_pull_request() {
    let scenario = scenario();
    let verify = |code: i32, said: &str| {
        let said = format!("winget microsoft/winget-pkgs {FOLDER}: {said}");
        scenario.run(["verify", "--release", "v1.4.0"]).exit(code).says(&said).no_writes();
    };
    scenario.run(["publish"]).exit(0);
    verify(0, "pending http://github/microsoft/winget-pkgs/pull/1");
    scenario.github.edit(&upstream(), |stored| stored.pulls[0].open = false).unwrap();
    verify(3, "closed http://github/microsoft/winget-pkgs/pull/1");
    let old = "manifests/a/Acme/Tool/1.3.0/Acme.Tool.installer.yaml";
    scenario.github.write_file(&upstream(), old, b"old").unwrap();
    let installer = format!("{FOLDER}/Acme.Tool.installer.yaml");
    let ours = submitted(&scenario).remove(&installer).unwrap();
    // Upstream has this version from another account, with other text.
    let text = String::from_utf8(ours).unwrap().replace("# Made by floe", "# Made with floe");
    scenario.github.write_file(&upstream(), &installer, text.as_bytes()).unwrap();
    verify(0, "match");
    scenario.github.write_file(&upstream(), &installer, "AB".repeat(32).as_bytes()).unwrap();
    verify(3, "differs");
    scenario.github.delete_file(&upstream(), &installer).unwrap();
    verify(3, "closed http://github/microsoft/winget-pkgs/pull/1");
}

#[test]
fn a_rule_of_a_channels_repository_has_a_hint_that_fits_it() {
    let rule = "Repository rule violations found\n\nCannot create ref due to creations being restricted.";
    let (tap, table) =
        ("acme/homebrew-tap", "[package.metadata.floe.homebrew]\ntap = \"acme/homebrew-tap\"\n");
    for (table, repo, method, route, status) in [
        (TABLE, "acme/winget-pkgs", "POST", "/git/refs$", 422),
        (table, tap, "PUT", "/contents/Formula", 409),
        (table, tap, "PUT", "/contents/Formula", 422),
    ] {
        let scenario = with(Scenario::empty("1.4.0"), "1.4.0", "1.4.0", table);
        let scenario = scenario.disturb_github(Fault::next(method, route, What::answer(status, rule)));
        let outcome = scenario.run(["publish"]).exit(1).says("let the token write past the rule, at ");
        assert!(outcome.stderr.contains(&format!("/{repo}/settings/rules")), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("immutable"), "{}", outcome.stderr);
    }
}
