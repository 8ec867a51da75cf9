//! Drafts that a person made or edited: title and text stay, or the run ends with a conflict that names the draft.

use floe_rehearsal::github::StoredRelease;
use floe_rehearsal::interceptor::{Fault, What};

use crate::support::scenario::{Scenario, make_dist_from};

fn draft(scenario: &Scenario, edit: impl FnOnce(&mut StoredRelease)) -> u64 {
    let id = scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
    edit_release(scenario, id, edit);
    id
}

fn edit_release(scenario: &Scenario, id: u64, edit: impl FnOnce(&mut StoredRelease)) {
    scenario.github.edit(&scenario.repo(), |stored| edit(stored.release_mut(id).unwrap())).unwrap();
}

fn release(scenario: &Scenario) -> StoredRelease {
    let [release] = &scenario.github.releases(&scenario.repo())[..] else { panic!("one release") };
    release.clone()
}

fn body(scenario: &Scenario) -> String {
    release(scenario).body.unwrap_or_default()
}

/// A run that made its draft with notes, and then failed.
fn half_published() -> (Scenario, u64) {
    let scenario = Scenario::new("1.4.0").arguments(&["--tries", "1"]);
    let no = What::answer(500, "");
    let scenario = scenario.disturb_github(Fault::next("POST", "name=tool-x86_64-pc-windows-msvc.zip", no));
    scenario.run(["publish"]).exit(1);
    let id = release(&scenario).id;
    (scenario, id)
}

/// The same version, from other sources.
fn another_dist(scenario: &Scenario) {
    std::fs::remove_dir_all(scenario.dist()).unwrap();
    let all: Vec<_> = floe_core::model::Target::defaults().collect();
    make_dist_from(b"another", &scenario.dist(), "1.4.0", &all);
}

#[track_caller]
fn conflict(scenario: &Scenario, says: &str) {
    let before = release(scenario);
    scenario.run(["plan"]).exit(4).says(says);
    scenario.run(["publish"]).exit(4).says(says).says("nothing was changed").says("hint: ");
    assert_eq!(release(scenario), before);
}

#[test]
fn a_draft_by_hand_keeps_everything_that_it_holds() {
    let scenario = Scenario::new("1.4.0");
    draft(&scenario, |draft| {
        draft.name = Some("The Big One".to_owned());
        draft.body = Some("It is big.\r\n\r\n- very\r\n".to_owned());
        draft.target_commitish = "a-branch-of-mine".to_owned();
    });
    let plan = scenario.run(["plan"]).exit(0).stdout;
    assert!(plan.contains("release v1.4.0 (keeps its title and text)"), "{plan}");
    scenario.run(["publish"]).exit(0);
    let published = release(&scenario);
    assert!(!published.draft);
    assert_eq!(published.name.as_deref(), Some("The Big One"));
    assert_eq!(
        (published.author.as_str(), published.target_commitish.as_str()),
        ("somebody-else", "a-branch-of-mine")
    );
    let text = published.body.unwrap();
    assert!(text.starts_with("It is big.\n\n- very\n\n<!-- floe: "), "{text}");
    assert!(text.contains(" -->\n\n## Install tool 1.4.0\n"), "{text}");
    assert!(!text.contains("Full Changelog"), "{text}");
    scenario.run(["publish"]).exit(0).no_writes();
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
}

#[test]
fn floe_adds_the_parts_that_a_draft_lacks() {
    let scenario = Scenario::new("1.4.0");
    draft(&scenario, |draft| draft.name = Some("The Big One".to_owned()));
    let plan = scenario.run(["plan"]).exit(0).stdout;
    assert!(plan.contains("release v1.4.0 (keeps its title)"), "{plan}");
    scenario.run(["publish"]).exit(0);
    assert_eq!(release(&scenario).name.as_deref(), Some("The Big One"));
    assert!(body(&scenario).contains("Full Changelog"), "{}", body(&scenario));

    let scenario = Scenario::new("1.4.0");
    draft(&scenario, |draft| draft.body = Some("By hand.".to_owned()));
    scenario.run(["publish"]).exit(0);
    assert_eq!(release(&scenario).name.as_deref(), Some("v1.4.0"));
    assert!(body(&scenario).starts_with("By hand.\n\n<!-- floe: "), "{}", body(&scenario));
}

#[test]
fn a_plan_without_a_dist_names_the_draft_and_its_kept_parts_too() {
    let scenario = Scenario::empty("1.4.0").before_anything_is_built("");
    let id = draft(&scenario, |draft| draft.body = Some("By hand.".to_owned()));
    let plan = scenario.run(["plan"]).exit(0).stdout;
    let line = format!("  draft: release {id} with 0 files, which is continued\n");
    assert!(plan.contains(&line), "{plan}");
    assert!(plan.contains("draft    release v1.4.0 (keeps its text)  "), "{plan}");
    assert!(plan.contains("  notes: those of the draft\n"), "{plan}");
}

#[test]
fn edits_between_two_runs_are_kept() {
    for is_another in [false, true] {
        let (scenario, id) = half_published();
        edit_release(&scenario, id, |draft| {
            draft.name = Some("Edited".to_owned());
            let text = draft.body.take().unwrap();
            draft.body = Some(text.replace("**Full Changelog**", "## Read this first").replace('\n', "\r\n"));
        });
        if is_another {
            another_dist(&scenario);
        }
        scenario.run(["publish"]).exit(0);
        let text = body(&scenario);
        assert!(text.contains("## Read this first") && !text.contains("Full Changelog"), "{text}");
        assert_eq!(text.matches("## Download tool 1.4.0").count(), 1, "{text}");
        assert_eq!(release(&scenario).name.as_deref(), Some("Edited"));
        scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    }
}

#[test]
fn unedited_notes_are_replaced_by_those_of_another_dist() {
    let (scenario, _) = half_published();
    let first = body(&scenario);
    another_dist(&scenario);
    scenario.run(["publish"]).exit(0);
    let second = body(&scenario);
    assert_ne!(first, second);
    assert_eq!(second.matches("<!-- floe: ").count(), 1, "{second}");
}

#[test]
fn text_below_the_marker_stays_or_is_a_conflict() {
    let (scenario, id) = half_published();
    let text = format!("{}\nPS: thanks\n", body(&scenario));
    let set = |text: String| edit_release(&scenario, id, |draft| draft.body = Some(text));
    set(text.clone());
    // The table is the one of this dist, so nothing is written.
    let plan = scenario.run(["plan"]).exit(0).stdout;
    assert!(plan.contains("  done\n"), "{plan}");
    another_dist(&scenario);
    conflict(&scenario, &format!("the text of the draft (release {id}) was edited below floe's marker"));
    set(format!("{text}{text}"));
    conflict(&scenario, &format!("the text of the draft (release {id}) has floe's marker twice"));
    let table = text.split_once("-->\n\n").unwrap().1.to_owned();
    set(table);
    conflict(&scenario, "has a table of downloads above floe's marker, or without one");
    set("x".repeat(124_900));
    conflict(&scenario, "has no room for the table of downloads");
    scenario.run(["plan"]).exit(4).says("hint: shorten it on the releases page");
}

#[test]
fn a_draft_marked_as_a_pre_release_is_a_conflict_for_a_stable_version() {
    let scenario = Scenario::new("1.4.0");
    let id = draft(&scenario, |draft| draft.prerelease = true);
    conflict(
        &scenario,
        &format!("the draft (release {id}) is marked as a pre-release, but `v1.4.0` is not one"),
    );
}

#[test]
fn a_draft_by_hand_of_a_pre_release_is_published_as_one() {
    let scenario = Scenario::new("2.0.0-rc.1");
    let id = scenario.github.add_draft(&scenario.repo(), "v2.0.0-rc.1").unwrap();
    edit_release(&scenario, id, |draft| draft.name = Some("Nearly there".to_owned()));
    scenario.run(["publish"]).exit(0);
    let published = release(&scenario);
    assert_eq!((published.prerelease, published.name.as_deref()), (true, Some("Nearly there")));
    assert_eq!(scenario.github.latest(&scenario.repo()), None);
}

#[test]
fn a_tag_of_an_immutable_release_that_was_deleted_has_a_hint() {
    for (method, route) in [("POST", "/releases$"), ("PATCH", "/releases/")] {
        let spent = What::answer(422, "tag_name was used by an immutable release");
        let scenario = Scenario::new("1.4.0").disturb_github(Fault::next(method, route, spent));
        let hint =
            "hint: the tag belonged to an immutable release and cannot be used again: raise the version";
        scenario.run(["publish"]).exit(4).says(hint);
    }
}
