//! The checks before anything is sent: each failed one has a fix, and asking leaves nothing behind.

use std::time::Duration;

use expect_test::expect;
use floe_rehearsal::interceptor::{Fault, Limit, What};
use serde_json::json;

use crate::support::scenario::{READER, Scenario, WORKFLOW};

/// GitHub's answer about the repository, with a change and one more header.
fn repository(change: serde_json::Value, header: (&str, &str)) -> Fault {
    let mut body = json!({ "private": false, "full_name": "acme/tool", "permissions": { "push": true } });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let headers = vec![(header.0.to_owned(), header.1.to_owned())];
    Fault::next("GET", "/repos/acme/tool$", What::Answer { status: 200, headers, body: body.to_string() })
}

#[test]
fn a_workflows_token_publishes_although_its_account_may_not_push() {
    let scenario = Scenario::new("1.4.0").token(Some(WORKFLOW));
    scenario.run(["plan"]).exit(0).only_asked();
    scenario.run(["publish"]).exit(0);
}

#[test]
fn the_plan_is_also_shown_where_publishing_would_be_refused() {
    let outcome = Scenario::new("1.4.0").token(None).run(["plan"]).exit(1).no_writes();
    assert!(
        outcome.stdout.contains("15 steps, 0 done, 15 to do; nothing is public yet"),
        "{}",
        outcome.stdout
    );
    outcome.stderr_without_warnings(expect![[r#"
        error: there is no token to publish to `acme/tool`
        nothing was changed

        hint: set one: `export GITHUB_TOKEN=$(gh auth token)`; in a workflow `env: GITHUB_TOKEN: ${{ github.token }}`
    "#]]);
}

#[test]
fn all_failed_checks_are_reported_together_each_with_a_fix() {
    let scenario = Scenario::new("1.4.0").token(Some(READER));
    scenario.registry.set_push("reader", &[]);
    scenario.github.delete_tag(&scenario.repo(), "v1.4.0").unwrap();
    scenario.run(["publish"]).exit(1).stderr_without_warnings(expect![[r#"
        error: publishing would fail for 3 reasons
          the token may not write to `acme/tool`: GitHub answered 403 Forbidden: Resource not accessible by integration
              the token lacks a permission (contents=write): in a workflow give the job `permissions: contents: write`; a fine-grained token needs "Contents: Read and write" for this repository, a classic one `repo`: http://github/settings/tokens
          failed to ask for the right to push `ghcr.io/acme/tool`: the registry answered 403 Forbidden: permission_denied: write_package (DENIED)
              FLOE_REGISTRY_TOKEN was sent, for the user `reader`: it must be valid, and a classic token with `write:packages`, or in a workflow the GITHUB_TOKEN of a job with `permissions: packages: write`. If the package was first pushed by hand, add the repository under "Manage Actions access" at https://github.com/users/acme/packages/container/tool/settings (an organisation's: https://github.com/orgs/acme/packages/container/tool/settings)
          the remote has no tag `v1.4.0`
              push the tag: `git push origin v1.4.0`
        nothing was changed

        hint: fix each as described below it, then check again with `floe plan`
    "#]]);
    assert!(!scenario.state().contains("v1.4.0"), "{}", scenario.state());
}

#[test]
fn an_archived_or_renamed_repository_is_reported() {
    let plan = |change| {
        Scenario::new("1.4.0").disturb_github(repository(change, ("x-a", "b"))).run(["plan"]).exit(1)
    };
    plan(json!({ "archived": true }))
        .says("error: `acme/tool` is archived or disabled: nothing in it can be changed")
        .says("hint: unarchive it at http://github/acme/tool/settings");
    plan(json!({ "full_name": "acme/hammer" }))
        .says("`acme/tool` is called `acme/hammer` now")
        .says("hint: give `--repo acme/hammer`, and set `repository` in Cargo.toml and the git remote to it");
}

#[test]
fn a_token_that_expires_or_lacks_a_scope_is_reported() {
    let plan = |name, value| {
        Scenario::new("1.4.0").disturb_github(repository(json!({}), (name, value))).run(["plan"])
    };
    let expiration = "github-authentication-token-expiration";
    plan(expiration, "2001-01-01 12:00:00 UTC")
        .exit(1)
        .says("error: the token expired at 2001-01-01 12:00 UTC");
    plan(expiration, "2999-01-01 12:00:00 UTC").exit(0);
    let soon = chrono::Utc::now() + chrono::TimeDelta::hours(3);
    let soon = soon.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    plan(expiration, &soon).exit(0).says("warning the token expires in 2 h 59 min");
    plan("x-oauth-scopes", "gist, write:packages")
        .exit(1)
        .says("the token is a classic one with `gist`, `write:packages`, but publishing needs `public_repo`");
    plan("x-oauth-scopes", "public_repo").exit(0);
}

#[test]
fn strict_makes_warnings_errors_before_anything_is_sent() {
    let soon = chrono::Utc::now() + chrono::TimeDelta::hours(3);
    let soon = soon.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let header = ("github-authentication-token-expiration", soon.as_str());
    let scenario = Scenario::new("1.4.0").disturb_github(repository(json!({}), header));
    let publish = scenario.run(["publish", "--strict", "--attest", "none"]);
    publish.exit(1).says("error: 1 warning is an error because of `--strict`").only_asked();
    // The header was sent once; the plan warns that the image does not exist yet.
    let plan = scenario.run(["plan", "--strict", "--attest", "none"]);
    plan.exit(1).says("error: 1 warning is an error because of `--strict`");
    let unsigned = scenario.run(["publish", "--strict"]).exit(1);
    unsigned.says("warning no attestation is given");
    assert!(scenario.github.releases(&scenario.repo()).is_empty(), "no draft was made");
    scenario.run(["publish", "--strict", "--attest", "none"]).exit(0).says("Unsigned no attestation");
}

#[test]
fn the_permission_to_push_the_image_is_checked_before_anything_is_staged() {
    let scenario = Scenario::new("1.4.0");
    scenario.registry.set_push("tester", &[]);
    for verb in ["plan", "publish"] {
        let outcome = scenario.run([verb]).exit(1).says("permission_denied: write_package");
        assert!(outcome.stderr.contains("\"Manage Actions access\""), "{}", outcome.stderr);
    }
    assert!(scenario.github.releases(&scenario.repo()).is_empty());
}

#[test]
fn both_servers_are_checked_even_if_one_is_down() {
    let down = |method: &str| Fault::route(method, "/", 0, 100, What::answer(503, "down for repair"));
    let scenario = Scenario::new("1.4.0")
        .arguments(&["--tries", "2"])
        .disturb_github(down("GET"))
        .disturb_registry(down("HEAD"));
    // Several questions of the registry are under way at once; any of them may be the one that gives up first.
    scenario
        .run(["publish"])
        .exit(1)
        .no_writes()
        .says("error: publishing would fail for 2 reasons")
        .says("  failed to read the repository from GitHub: GitHub answered 503 Service Unavailable: down for repair (2 tries)")
        .says("the registry answered 503 Service Unavailable (2 tries)")
        .says("      run the same command again; the failure may be temporary");
}

#[test]
fn a_refusal_for_good_is_not_called_temporary() {
    let policy = "`acme` forbids access via a personal access token (classic)";
    let refused = What::answer(403, policy);
    Scenario::new("1.4.0")
        .disturb_github(Fault::route("POST", "/generate-notes", 0, 9, refused))
        .run(["plan"])
        .exit(1)
        .says("the token may not write to `acme/tool`: GitHub answered 403 Forbidden")
        .says("hint: use a token that the server accepts");
}

#[test]
fn a_missing_token_is_reported_without_waiting_for_a_server() {
    let down = || Fault::route("GET", "/", 0, 100, What::answer(503, "down for repair"));
    let found = "there is no token to publish to `acme/tool`";
    for verb in ["publish", "plan"] {
        let scenario = Scenario::new("1.4.0").token(None).disturb_github(down());
        let outcome =
            scenario.run([verb]).exit(1).says(found).says("503 Service Unavailable: down for repair");
        assert!(!outcome.stderr.contains(" tries)"), "{}", outcome.stderr);
    }
    // Before the dist is built no token is needed, so a server that is down is waited for.
    let scenario = Scenario::empty("1.4.0").before_anything_is_built("").token(None).disturb_github(down());
    scenario.arguments(&["--tries", "2"]).run(["plan"]).exit(1).says("(2 tries)");
}

#[test]
fn a_rate_limit_that_is_too_low_is_a_warning() {
    let headers = vec![
        ("x-ratelimit-remaining".to_owned(), "4".to_owned()),
        ("x-ratelimit-reset".to_owned(), "4102444800".to_owned()),
    ];
    let last = What::Answer { status: 200, headers, body: json!({ "name": "", "body": "" }).to_string() };
    Scenario::new("1.4.0")
        .disturb_github(Fault::next("POST", "/releases/generate-notes", last))
        .run(["plan"])
        .exit(0)
        .says("15 requests are needed, but GitHub allows only 4 until its rate limit resets at 00:00:00 UTC");
}

#[test]
fn verbose_output_and_json_list_every_check() {
    let scenario = Scenario::new("1.4.0").arguments(&["-v"]);
    let outcome = scenario.run(["plan"]).exit(0);
    let passed: Vec<&str> =
        outcome.stderr.lines().filter_map(|line| line.trim_start().strip_prefix("Passed ")).collect();
    expect![[r#"
        token       it is valid and has no expiry date
        repository  `acme/tool` is there, and public
        rights      the token may write contents
        tag         `v1.4.0` is there, and is commit 3f9ac21
        release     there is no release `v1.4.0` yet
        assets      11 of at most 1000, the largest with 10.8 KiB; names are kept
        notes       GitHub writes them; cut at 125000 characters if they are longer
        requests    15 are needed, 99996 are left in this hour
        registry    the registry of `ghcr.io/acme/tool` answers
        push        `ghcr.io/acme/tool` may be pushed to
    "#]]
    .assert_eq(&format!("{}\n", passed.join("\n")));
    let outcome = Scenario::new("1.4.0").token(Some(READER)).run(["plan", "--json"]).exit(1);
    let plan: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let questions = plan["questions"].as_array().unwrap();
    let rights = questions.iter().find(|question| question["about"] == "rights").unwrap();
    assert_eq!(rights["answer"], "no");
    assert!(rights["cure"].as_str().unwrap().contains("permissions: contents: write"), "{rights}");
}

#[test]
fn a_finished_release_needs_no_check_of_permissions() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    scenario.token(Some(READER)).run(["publish"]).exit(0).no_writes();
}

#[test]
fn a_plan_does_not_wait_for_a_rate_limit() {
    let limit =
        |limit| Fault::next("GET", "/repos/acme/tool$", What::Limit(limit, Duration::from_secs(24 * 60)));
    for limit in [limit(Limit::Primary), limit(Limit::SecondaryRetryAfter)] {
        let scenario = Scenario::new("1.4.0").disturb_github(limit);
        let outcome = scenario.run(["plan"]).exit(1).says("the server asks to wait 2");
        outcome.says(" min").says(" UTC\n").says("GitHub answered 403 Forbidden");
    }
}

#[test]
fn a_package_that_could_not_be_checked_is_not_called_private() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let scenario = scenario.next("1.5.0");
    // The package is looked for by the digest of an earlier tag, without credentials.
    let (_, digest) = &scenario.image_tags()[0];
    let fails = Fault::route("HEAD", digest, 0, 100, What::answer(502, "no"));
    let outcome = scenario.disturb_registry(fails).run(["plan"]).exit(0);
    outcome.says("warning whether `ghcr.io/acme/tool` can be pulled anonymously could not be checked");
}

/// Nothing else is there under that name.
#[test]
fn a_tag_that_is_missing_is_a_failure_and_no_conflict() {
    let missing = || {
        let scenario = Scenario::new("1.4.0");
        scenario.github.delete_tag(&scenario.repo(), "v1.4.0").unwrap();
        scenario
    };
    for verb in ["plan", "publish"] {
        let outcome = missing().run([verb]).exit(1).only_asked();
        outcome
            .says("error: the remote has no tag `v1.4.0`")
            .says("hint: push the tag: `git push origin v1.4.0`");
    }
    // Something else is in the way as well.
    let scenario = missing();
    let draft = scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
    scenario.github.add_asset(&scenario.repo(), draft, "by-hand.deb", b"precious").unwrap();
    scenario.run(["plan"]).exit(4).says("in 2 ways").says("git push origin v1.4.0");
}
