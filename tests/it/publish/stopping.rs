//! Signals to the real process: running steps are finished, the missing ones are reported, and the next run ends as an
//! undisturbed run does.

use std::collections::BTreeSet;

use expect_test::expect;
use floe_rehearsal::interceptor::{Fault, What};

use crate::support::scenario::{SIGNALS, Scenario};

fn undisturbed() -> String {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    scenario.state()
}

fn receipt(scenario: &Scenario) -> serde_json::Value {
    let text = std::fs::read_to_string(scenario.path().join("floe-receipt.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_first_signal_finishes_what_is_under_way_and_stops() {
    let wanted = undisturbed();
    for signal in SIGNALS {
        let scenario = Scenario::new("1.4.0");
        // The draft is being made: the seventh request, after those that look and ask.
        let interceptor = scenario.github_interceptor().clone();
        let outcome = scenario.run_signalled((&interceptor, 8), &[signal], &["publish"]).exit(1);
        let outcome = outcome
            .says(&format!("Stopping at {}", signal.name))
            .says(&format!("error: stopped by {}", signal.name))
            .says("nothing is public yet");
        assert!(outcome.stderr.contains("hint: run the same command again"), "{}", outcome.stderr);
        let receipt = receipt(&scenario);
        assert_eq!(receipt["published"], false);
        // No step was interrupted: each is done or was not started, and there are steps of both kinds.
        let steps = receipt["steps"].as_array().unwrap();
        let statuses: BTreeSet<&str> = steps.iter().map(|step| step["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, BTreeSet::from(["done", "todo"]), "{receipt:#}");
        scenario.run(["publish"]).exit(0);
        assert_eq!(scenario.state(), wanted);
    }
}

#[test]
fn after_a_signal_at_any_request_the_next_run_finishes() {
    let wanted = undisturbed();
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let requests = scenario.github_interceptor().log().len() as u64;
    for n in (7..=requests).step_by(3) {
        let scenario = Scenario::new("1.4.0");
        let interceptor = scenario.github_interceptor().clone();
        let outcome = scenario.run_signalled((&interceptor, n), &SIGNALS[..1], &["publish"]);
        let (receipt, state) = (receipt(&scenario), scenario.state());
        assert_eq!(
            receipt["published"],
            state.contains("published v1.4.0"),
            "at {n}: {state}\n{}",
            outcome.stderr
        );
        scenario.run(["publish"]).exit(0);
        assert_eq!(scenario.state(), wanted, "after a signal at request {n}");
    }
}

#[test]
fn the_second_signal_stops_at_once() {
    let scenario = Scenario::new("1.4.0");
    let interceptor = scenario.github_interceptor().clone();
    let outcome = scenario.run_signalled((&interceptor, 9), &SIGNALS[..2], &["publish"]).exit(1);
    let end = outcome.stderr.split_once("error: ").unwrap().1.replace(SIGNALS[1].name, "THE SECOND");
    expect![[r#"
        stopped at once by THE SECOND; the running steps may be partly done
        the receipt lists the steps that were done before

        hint: run the same command again: it checks what is there and does the missing steps
    "#]]
    .assert_eq(&end);
    assert_eq!(receipt(&scenario)["published"], false);
    scenario.run(["publish"]).exit(0);
    assert_eq!(scenario.state(), undisturbed());
}

#[test]
fn a_wait_is_shown_and_a_signal_ends_it() {
    let busy = What::Answer {
        status: 503,
        headers: vec![("retry-after".to_owned(), "3000".to_owned())],
        body: "{}".to_owned(),
    };
    let scenario = Scenario::new("1.4.0").disturb_github(Fault::next("POST", "name=SHA256SUMS", busy));
    let outcome = scenario.run_signalled_at_word("Retrying", SIGNALS[0], &["publish"]).exit(1);
    let waiting = outcome.stderr.lines().find(|line| line.contains("Retrying")).unwrap();
    let (left, rest) = waiting.trim().split_once(", at ").unwrap();
    let (clock, why) = rest.split_once(" UTC ").unwrap();
    assert_eq!((left, clock.len()), ("Retrying in 50 min 00 s", "12:34:56".len()), "{waiting}");
    assert_eq!(why, "(2/5): GitHub answered 503 Service Unavailable");
    assert!(outcome.stderr.contains("caused by: failed to upload `SHA256SUMS`"), "{}", outcome.stderr);
    outcome.says(&format!("the wait was ended by {}", SIGNALS[0].name));
    scenario.run(["publish"]).exit(0);
    assert_eq!(scenario.state(), undisturbed());
}

#[test]
fn a_signal_before_the_first_write_ends_the_run() {
    let scenario = Scenario::new("1.4.0");
    let busy = What::Answer {
        status: 503,
        headers: vec![("retry-after".to_owned(), "3000".to_owned())],
        body: "{}".to_owned(),
    };
    let scenario = scenario.disturb_github(Fault::next("GET", "/repos/acme/tool$", busy));
    scenario
        .run_signalled_at_word("Retrying", SIGNALS[0], &["publish"])
        .exit(1)
        .no_writes()
        .says(&format!("error: stopped by {}", SIGNALS[0].name));
    assert!(!scenario.path().join("floe-receipt.json").exists());
}

#[test]
fn a_verification_that_is_stopped_leaves_no_temporary_folder() {
    for signal in SIGNALS {
        let scenario = Scenario::new("1.4.0");
        scenario.run(["publish"]).exit(0);
        let temporary = scenario.path().join("temporary");
        std::fs::create_dir(&temporary).unwrap();
        let busy = What::Answer {
            status: 503,
            headers: vec![("retry-after".to_owned(), "60".to_owned())],
            body: "{}".to_owned(),
        };
        let scenario = scenario.disturb_github(Fault::next("GET", "SHA256SUMS", busy));
        // Windows takes the folder from `TMP`.
        let scenario = ["TMPDIR", "TMP"]
            .iter()
            .fold(scenario, |scenario, name| scenario.environment(name, temporary.to_str().unwrap()));
        scenario
            .run_signalled_at_word("Retrying", signal, &["verify", "--release", "v1.4.0"])
            .exit(1)
            .says("Retrying in 1 min 00 s")
            .says(&format!("error: stopped by {}", signal.name));
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "after {}", signal.name);
    }
}
