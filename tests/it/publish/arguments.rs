//! Arguments and variables that are wrong: named, before anything else is done.

use crate::support::scenario::{Scenario, TOKEN};

#[test]
fn a_refused_push_names_the_variable_that_was_sent_or_not() {
    for (variables, hint) in [
        (
            &[("FLOE_REGISTRY_USER", "rehearsal"), ("FLOE_REGISTRY_TOKEN", "bad")][..],
            "FLOE_REGISTRY_TOKEN was sent, for the user `rehearsal`: it must be valid, and a classic token",
        ),
        (&[("GITHUB_ACTOR", "octocat")], "GITHUB_TOKEN was sent, for the user `octocat`: it must be valid"),
        (&[("GH_TOKEN", TOKEN)], "GH_TOKEN was sent, for the user `floe`: it must be valid"),
        (
            &[("FLOE_REGISTRY_HOST", "registry.example"), ("FLOE_REGISTRY_TOKEN", "x")],
            "GITHUB_TOKEN was sent, for the user `floe`",
        ),
    ] {
        let scenario = Scenario::new("1.4.0").without_registry_secret();
        scenario.registry.set_push("tester", &[]);
        scenario.run_with(variables, &["publish"]).exit(1).says(hint);
    }
    // GHCR ignores the user, and so do the embedded servers.
    let scenario = Scenario::new("1.4.0").without_registry_secret();
    scenario.run_with(&[("GITHUB_ACTOR", "octocat")], &["publish"]).exit(0);
    let elsewhere = Scenario::new("1.4.0").without_registry_secret();
    elsewhere.arguments(&["--image", "registry.example/tool"]).run(["publish"]).exit(1).says(
        "no token was sent: set FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN to those of an account at `registry.example`",
    );
}

#[test]
fn a_wrong_token_has_a_hint_that_works_wherever_it_was_set() {
    let replace = "for example `unset GH_TOKEN GITHUB_TOKEN; export GITHUB_TOKEN=$(gh auth token)`";
    let which = "error: `GH_TOKEN`, `GITHUB_TOKEN` or `FLOE_CHANNEL_TOKEN` contains a line break";
    let scenario = Scenario::new("1.4.0");
    for (variable, value, said) in [
        ("GITHUB_TOKEN", "expired", replace),
        ("GH_TOKEN", "expired", replace),
        ("GH_TOKEN", "two\nlines", which),
        ("GITHUB_TOKEN", "two\nlines", which),
    ] {
        scenario.run_with(&[(variable, value)], &["plan"]).exit(1).says(said);
    }
}

/// A dist may be published from its own folder, where the receipt is by default.
#[test]
fn a_receipt_in_the_dist_does_not_stop_the_next_run() {
    let scenario = Scenario::new("1.4.0");
    for receipt in ["dist/floe-receipt.json", "dist/../dist/floe-receipt.json"] {
        scenario.run(["publish", "--receipt", receipt]).exit(0);
        assert!(scenario.dist().join("floe-receipt.json").is_file());
        scenario.run(["plan"]).exit(0);
        scenario.run(["verify", "dist"]).exit(0);
    }
    let outcome = scenario.run(["publish", "--receipt", "dist"]).exit(1).says("nothing was changed");
    outcome.says("hint: name another file with `--receipt`");
}

#[test]
fn addresses_are_checked_before_the_dist() {
    let scenario = || Scenario::new("1.4.0").flip_bit("tool-x86_64-apple-darwin.tar.gz");
    for (scenario, error) in [
        (scenario().instead("--registry-url", "ftp://x"), "error: `ftp://x` would be reached without TLS\n"),
        (
            scenario().instead("--api-url", "http://10.0.0.1"),
            "error: `http://10.0.0.1` would be reached without TLS\n",
        ),
        (scenario().arguments(&["--server-url", "nonsense"]), "error: `nonsense` is not a URL\n"),
        (
            scenario().instead("--feed-url", "https://user:secret@x"),
            "error: a server's URL must not contain a user or a password\n",
        ),
    ] {
        for verb in ["plan", "publish"] {
            let outcome = scenario.run([verb]).exit(2).no_writes();
            let is_first = outcome.stderr.starts_with(error) && !outcome.stderr.contains("secret");
            assert!(is_first, "{}", outcome.stderr);
        }
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_named_by_its_variable_and_without_its_password() {
    // No name is looked up, and nothing leaves this machine: the proxy is at a port that nothing listens at.
    let scenario =
        Scenario::new("1.4.0").instead("--api-url", "https://api.github.com").arguments(&["--tries", "1"]);
    for (variable, value, exit, expected) in [
        ("HTTPS_PROXY", ":::", 2, "`HTTPS_PROXY` is not the address of a proxy\n"),
        ("all_proxy", "ftp://user:secret@127.0.0.1:1", 2, "`all_proxy` is not the address of a proxy\n"),
        (
            "ALL_PROXY",
            "socks5h://user:secret@127.0.0.1:1",
            1,
            "failed through the proxy socks5h://127.0.0.1:1 of `ALL_PROXY`\n  \
             caused by: the connection to `api.github.com` failed: SOCKS error",
        ),
        (
            "https_proxy",
            "http://user:secret@127.0.0.1:1",
            1,
            "failed to reach the proxy http://127.0.0.1:1 of `https_proxy`\n  \
             caused by: the connection to `127.0.0.1` failed: ",
        ),
    ] {
        let outcome = scenario.run_with(&[(variable, value)], &["plan"]).exit(exit);
        assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("secret"), "{}", outcome.stderr);
    }
    // Servers of this machine are reached without it.
    for value in ["socks5://127.0.0.1:1", "http://127.0.0.1:1"] {
        Scenario::new("1.4.0").run_with(&[("ALL_PROXY", value)], &["publish"]).exit(0);
    }
}
