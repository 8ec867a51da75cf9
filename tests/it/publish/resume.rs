//! A process that is killed at any request: the next run ends with the same state as an undisturbed one.
//!
//! `faults::matrix` stops the publisher at every request, but in the test's own process.

use crate::support::scenario::Scenario;

#[test]
fn the_next_run_finishes_after_a_kill_at_a_request_of_github() {
    kill_at_every_fifth(|scenario| scenario.github_interceptor().clone());
}

#[test]
fn the_next_run_finishes_after_a_kill_at_a_request_of_the_registry() {
    kill_at_every_fifth(|scenario| scenario.registry_interceptor().clone());
}

fn kill_at_every_fifth(interceptor_of: impl Fn(&Scenario) -> floe_rehearsal::interceptor::Interceptor) {
    let undisturbed = Scenario::new("1.4.0");
    undisturbed.run(["publish"]).exit(0);
    // Counted before the state is read, which makes requests of its own.
    let requests = interceptor_of(&undisturbed).log().len() as u64;
    let expected = undisturbed.state();
    assert!(requests > 10, "only {requests} requests");
    for n in (1..=requests).step_by(5) {
        let scenario = Scenario::new("1.4.0");
        let killed = scenario.run_until(&interceptor_of(&scenario), n, &["publish"]);
        assert!(killed.was_killed(), "it was not killed at request {n} of {requests}:\n{}", killed.stderr);
        let again = scenario.run(["publish"]).exit(0);
        assert_eq!(scenario.state(), expected, "after a kill at request {n}:\n{}", again.stderr);
    }
}
