//! The output for a workflow on GitHub Actions: annotations, folded lines, outputs for later steps, and a page.

use std::fs;

use expect_test::expect;
use floe_rehearsal::interceptor::{Fault, What};

use crate::support::scenario::Scenario;

fn in_a_workflow() -> Scenario {
    let scenario = Scenario::new("1.4.0");
    let path = |name: &str| scenario.path().join(name).display().to_string();
    let (output, summary) = (path("output"), path("summary"));
    scenario
        .environment("GITHUB_ACTIONS", "true")
        .environment("FLOE_ATTEST", "none")
        .environment("GITHUB_OUTPUT", &output)
        .environment("GITHUB_STEP_SUMMARY", &summary)
}

fn written(scenario: &Scenario, name: &str) -> String {
    fs::read_to_string(scenario.path().join(name)).unwrap_or_default()
}

#[test]
fn a_release_sets_the_outputs_for_later_steps() {
    let scenario = in_a_workflow();
    let outcome = scenario.run(["publish"]).exit(0);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", outcome.stdout);
    let image = lines[0];
    let url = format!("{}/acme/tool/releases/tag/v1.4.0", scenario.github_url());
    let digest = image.split_once('@').unwrap().1;
    assert_eq!(
        written(&scenario, "output"),
        format!("tag=v1.4.0\nimage={image}\ndigest={digest}\nurl={url}\n")
    );
    let page = written(&scenario, "summary");
    assert!(
        page.starts_with(&format!("### Released [v1.4.0 of acme/tool]({url})\n\n`{image}`\n\n")),
        "{page}"
    );
    assert!(page.contains("| stage | upload | SHA256SUMS | 965 B | done |"), "{page}");
    assert!(page.ends_with("the release is public and complete\n\n"), "{page}");
}

#[test]
fn log_groups_are_opened_and_closed() {
    let outcome = in_a_workflow().run(["publish"]).exit(0);
    let commands: Vec<&str> =
        outcome.stderr.lines().filter(|line| line.starts_with("::") && line.contains("group::")).collect();
    let folds = ["::group::Checks before the release", "::endgroup::", "::group::Staging, not public"];
    assert_eq!(commands, [folds.as_slice(), &["::endgroup::"]].concat());
}

#[test]
fn a_failure_is_an_annotation_of_one_line_and_whole_in_the_summary() {
    let scenario = in_a_workflow().token(None);
    let outcome = scenario.run(["publish"]).exit(1);
    let annotation = outcome.stderr.lines().last().unwrap();
    expect![[r#"::error title=floe::there is no token to publish to `acme/tool`%0Anothing was changed%0A%0Ahint: set one: `export GITHUB_TOKEN=$(gh auth token)`; in a workflow `env: GITHUB_TOKEN: ${{ github.token }}`"#]]
        .assert_eq(annotation);
    let page = written(&scenario, "summary");
    assert!(page.starts_with("### floe failed\n\n```text\nerror: there is no token"), "{page}");
    assert!(page.contains("\nhint: set one: ") && page.ends_with("\n```\n\n"), "{page}");
    assert_eq!(written(&scenario, "output"), "");
    let scenario = in_a_workflow().arguments(&["--tag", "v9.9.9"]);
    scenario.run(["verify", "dist"]).exit(3).says("::error title=floe,file=Cargo.toml::the release has ");
}

#[test]
fn untrusted_text_is_never_a_command() {
    let hostile = What::answer(403, "no\n::add-mask::x\n##[error]y\u{1b}[2J");
    let scenario = in_a_workflow().disturb_github(Fault::next("GET", "/repos/acme/tool$", hostile));
    let outcome = scenario.run(["plan"]).exit(1);
    assert!(
        !outcome.stderr.lines().any(|line| line.trim_start().starts_with("::add-mask")),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("\u{1b}"), "{}", outcome.stderr);
    // Inside an annotation it is text: the runner looks at the beginning of a line only.
    assert!(
        outcome.stderr.lines().any(|line| line.starts_with("::error title=floe::")),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_plan_and_its_checks_are_in_the_summary() {
    let scenario = in_a_workflow();
    scenario.run(["plan"]).exit(0).says("::warning title=floe::`ghcr.io/acme/tool` does not exist yet");
    let page = written(&scenario, "summary");
    assert!(page.contains("| stage | draft | release v1.4.0 |  | todo |"), "{page}");
    assert!(page.contains("| rights | yes | the token may write contents |"), "{page}");
    assert!(written(&scenario, "output").ends_with("\ntodo=15\n"), "{}", written(&scenario, "output"));
    let verified = in_a_workflow();
    verified.run(["verify", "dist"]).exit(0);
    assert!(written(&verified, "summary").starts_with("### tool 1.4.0: verified"));
}
