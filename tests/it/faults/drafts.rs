//! A draft that a person has begun, under every fault: it is published with its title and text, or left as it is.

use floe_core::model::{Release, Target};
use floe_rehearsal::faults::{Invariants, Schedule};
use floe_rehearsal::github::StoredRepo;

use super::bench::{Bench, Came, folder, made};
use super::kinds::one;
use super::matrix::{Tally, injections, judge};

const TITLE: &str = "The Big One";

/// Publishes under a schedule into a draft by hand.
async fn publish(bench: &Bench, release: &Release, schedule: &Schedule) -> Came {
    let folder = folder();
    let testbed = bench.fresh(release, folder.path()).await;
    let (github, home) = (&testbed.github, &testbed.home);
    let id = github.add_draft(&home.repo, home.tag.as_str()).unwrap();
    let edit = |stored: &mut StoredRepo| {
        let draft = stored.release_mut(id).unwrap();
        draft.name = Some(TITLE.to_owned());
        draft.body = Some("It is big.\r\n\r\n- very\r\n".to_owned());
    };
    github.edit(&home.repo, edit).unwrap();
    let invariants = Invariants::new(&testbed, &[release]);
    let receipt = folder.path().join("receipt.json");
    bench.publish_at(release, schedule, &invariants, &receipt).await
}

#[tokio::test]
async fn a_draft_by_hand_keeps_its_title_and_text_under_any_fault() {
    let made = made("one", "1.4.0", &["x86_64-musl".parse::<Target>().unwrap()]);
    let bench = Bench::new().await;
    let calm = publish(&bench, &made.release, &Schedule::default()).await;
    assert!(calm.state.contains(&format!("published v1.4.0 {TITLE} ")), "{}", calm.state);
    assert_eq!(calm.broken, Vec::<String>::new());
    let mut tally = Tally::default();
    // Every third case; `matrix` has all of them.
    for schedule in injections(&calm.seen).into_iter().step_by(3).map(one) {
        let came = publish(&bench, &made.release, &schedule).await;
        tally.schedules += 1;
        tally.bad.extend(judge(&schedule, &came, &calm.state));
    }
    tally.assert_good();
}

#[tokio::test]
async fn a_draft_by_hand_that_is_overwritten_is_noticed() {
    let made = made("one", "1.4.0", &["x86_64-musl".parse::<Target>().unwrap()]);
    let bench = Bench::new().await;
    for (title, body, said) in [
        ("v1.4.0", "By hand.", "lost its title"),
        (TITLE, "## Download", "lost text"),
        (TITLE, "By hand.\n\nAnd more.", ""),
    ] {
        let folder = folder();
        let testbed = bench.fresh(&made.release, folder.path()).await;
        let (github, home) = (&testbed.github, &testbed.home);
        let id = github.add_draft(&home.repo, home.tag.as_str()).unwrap();
        let edit = |title: &str, body: &str| {
            let edit = |stored: &mut StoredRepo| {
                let draft = stored.release_mut(id).unwrap();
                (draft.name, draft.body) = (Some(title.to_owned()), Some(body.to_owned()));
            };
            github.edit(&home.repo, edit).unwrap();
        };
        edit(TITLE, "By hand.");
        let invariants = Invariants::new(&testbed, &[&made.release]);
        invariants.attach();
        edit(title, body);
        // Its first request makes the invariants look.
        bench.run(&made.release, &folder.path().join("receipt.json")).await.unwrap();
        testbed.quiet().await;
        let violations = invariants.violations();
        match said {
            "" => assert_eq!(violations, Vec::<String>::new()),
            said => assert!(violations[0].contains(said), "{violations:?}"),
        }
    }
}
