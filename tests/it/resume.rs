//! Kill it anywhere, run it again: the end is that of an undisturbed run.

use crate::scenario::Scenario;

#[test]
fn whatever_request_of_github_it_is_killed_at_the_next_run_finishes() {
    kill_at_each(|scenario| scenario.github_interceptor().clone());
}

#[test]
fn whatever_request_of_the_registry_it_is_killed_at_the_next_run_finishes() {
    kill_at_each(|scenario| scenario.registry_interceptor().clone());
}

fn kill_at_each(interceptor_of: impl Fn(&Scenario) -> floe_rehearsal::interceptor::Interceptor) {
    let undisturbed = Scenario::new("1.4.0");
    undisturbed.run(["publish"]).exit(0);
    // Looking at the state makes requests of its own, so the run's are counted first.
    let requests = interceptor_of(&undisturbed).log().len() as u64;
    let wanted = undisturbed.state();
    assert!(requests > 10, "only {requests} requests");
    for k in 1..=requests {
        let scenario = Scenario::new("1.4.0");
        let killed = scenario.run_until(&interceptor_of(&scenario), k, &["publish"]);
        assert!(killed.was_killed(), "it was not killed at request {k} of {requests}:\n{}", killed.stderr);
        let again = scenario.run(["publish"]).exit(0);
        assert_eq!(scenario.state(), wanted, "after a kill at request {k}:\n{}", again.stderr);
    }
}
