//! `--attestation`: verified before anything is sent, an asset beside `SHA256SUMS`, and the same after a second run.

use std::collections::BTreeMap;

use expect_test::expect;
use floe_core::model::Digest;

use crate::support::attestation::{Claims, root, sign};
use crate::support::scenario::Scenario;
use crate::support::words::error_of;

const NAME: &str = "SHA256SUMS.sigstore.json";

/// The release of 1.4.0 with an attestation of its files, which differs from the truth by `lie`.
fn attested(lie: impl FnOnce(&mut Claims, &mut BTreeMap<String, Digest>)) -> Scenario {
    let scenario = Scenario::new("1.4.0");
    let (mut claims, mut subjects) = (Claims::of("1.4.0"), scenario.subjects(true));
    lie(&mut claims, &mut subjects);
    std::fs::write(scenario.path().join("bundle.json"), sign(&claims, &subjects)).unwrap();
    scenario.arguments(&["--attestation", "bundle.json", "--trusted-root", &root()])
}

fn assets(scenario: &Scenario) -> Vec<String> {
    let release = scenario.github.releases(&scenario.repo()).remove(0);
    release.assets.iter().map(|asset| asset.name.clone()).collect()
}

/// The bytes of an asset of the published release.
fn bytes(scenario: &Scenario, name: &str) -> String {
    let release = scenario.github.releases(&scenario.repo()).remove(0);
    let asset = release.assets.iter().find(|asset| asset.name == name).unwrap().id;
    std::fs::read_to_string(scenario.github.asset_file(asset)).unwrap()
}

#[test]
fn the_attestation_is_an_asset_that_the_manifest_promises_and_the_sums_do_not_name() {
    let scenario = attested(|_, _| ());
    let plan = scenario.run(["plan"]).exit(0).only_asked();
    assert!(plan.stdout.contains("upload   SHA256SUMS.sigstore.json  "), "{}", plan.stdout);
    let outcome = scenario.run(["publish"]).exit(0);
    outcome.says(
        "Attested by OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0 (c30b838), for acme/tool at refs/tags/v1.4.0",
    );
    assert!(assets(&scenario).contains(&NAME.to_owned()));
    assert!(!bytes(&scenario, "SHA256SUMS").contains("sigstore"));
    assert!(bytes(&scenario, "tool-manifest.json").ends_with("\"attested\": true\n}\n"));
    scenario.run(["publish"]).exit(0).no_writes();
}

#[test]
fn another_attestation_of_the_same_files_is_kept() {
    let scenario = attested(|_, _| ());
    scenario.run(["publish"]).exit(0);
    let first = bytes(&scenario, NAME);
    // Another run signs anew.
    let again = sign(&Claims::of("1.4.0"), &scenario.subjects(true));
    assert_ne!(first, again);
    std::fs::write(scenario.path().join("bundle.json"), again).unwrap();
    scenario.run(["publish"]).exit(0).no_writes();
    assert_eq!(bytes(&scenario, NAME), first);
}

#[test]
fn an_attestation_in_a_draft_is_kept_if_it_is_right_and_replaced_if_not() {
    for (held, is_kept) in [(Claims::of("1.4.0"), true), (Claims::of("1.3.0"), false)] {
        let scenario = attested(|_, _| ());
        let held = sign(&held, &scenario.subjects(true));
        let id = scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
        scenario.github.add_asset(&scenario.repo(), id, NAME, held.as_bytes()).unwrap();
        scenario.run(["publish"]).exit(0);
        assert_eq!(bytes(&scenario, NAME) == held, is_kept);
        assert_eq!(assets(&scenario).iter().filter(|name| *name == NAME).count(), 1);
    }
}

#[test]
fn a_published_attestation_of_something_else_is_a_conflict() {
    let scenario = attested(|_, _| ());
    scenario.run(["publish"]).exit(0);
    let release = scenario.github.releases(&scenario.repo()).remove(0);
    let asset = release.assets.iter().find(|asset| asset.name == NAME).unwrap().id;
    scenario.github.remove_asset(&scenario.repo(), asset).unwrap();
    let other = sign(&Claims::of("1.3.0"), &scenario.subjects(true));
    scenario.github.add_asset(&scenario.repo(), release.id, NAME, other.as_bytes()).unwrap();
    scenario
        .run(["publish"])
        .exit(4)
        .no_writes()
        .says("`SHA256SUMS.sigstore.json` of the published release `v1.4.0` is not the one of this dist");
}

#[test]
fn a_wrong_attestation_stops_before_anything_is_sent() {
    let scenario = attested(|claims, subjects| {
        claims.signer = "evil/fork/.github/workflows/release.yml@refs/tags/v1.0.0".to_owned();
        claims.commit = "0000000000000000000000000000000000000bad".to_owned();
        subjects.insert("tool-x86_64-apple-darwin.tar.gz".to_owned(), Digest::of(b"another"));
        subjects.insert("malware.tar.gz".to_owned(), Digest::of(b"malware"));
        subjects.remove("SHA256SUMS");
    });
    scenario.run(["plan"]).exit(3).no_writes();
    let outcome = scenario.run(["publish"]).exit(3).no_writes();
    expect![[r#"
            error: the attestation is not one of v1.4.0 of `acme/tool` with these files
              signed by evil/fork/.github/workflows/release.yml, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool
              it is for commit 0000000000000000000000000000000000000bad, not for 3f9ac21c0ffee0000000000000000000000000aa
              it does not name `SHA256SUMS`, which is released
              `tool-x86_64-apple-darwin.tar.gz` is sha256:<0>, but the attestation says sha256:<1>
              it names `malware.tar.gz`, which is not released
            nothing was sent

            hint: attest the files of this dist in the run of this tag, or name the workflow that signs with `--signer`
        "#]].assert_eq(&error_of(&outcome.stderr));
    assert!(scenario.github_interceptor().log().is_empty(), "nothing was asked either");
}

#[test]
fn an_attestation_that_cannot_be_checked_or_read_stops_too() {
    let scenario = Scenario::new("1.4.0");
    std::fs::write(scenario.path().join("bundle.json"), sign(&Claims::of("1.4.0"), &scenario.subjects(true)))
        .unwrap();
    let scenario = scenario.arguments(&["--attestation", "bundle.json"]);
    let outcome = scenario.run(["publish"]).exit(1).no_writes();
    outcome
        .says("error: the attestation could not be checked: its transparency log, `")
        .says("hint: update floe, or give");
    std::fs::write(scenario.path().join("bundle.json"), "{").unwrap();
    scenario.run(["publish"]).exit(3).no_writes().says("it is cut off");
    scenario.run(["publish", "--attest", "none"]).exit(2).says("contradict each other");
    let unread = scenario.run(["publish", "--trusted-root", "nowhere.json"]).exit(2).no_writes();
    unread.says("invalid value 'nowhere.json' for '--trusted-root <FILE>': it is not there");
}

#[test]
fn in_a_workflow_a_release_is_not_published_unsigned_by_accident() {
    let scenario = Scenario::new("1.4.0");
    let actions = [("GITHUB_ACTIONS", "true")];
    scenario
        .run_with(&actions, &["publish"])
        .exit(3)
        .no_writes()
        .says("the release has no attestation, and a workflow can sign")
        .says("set FLOE_ATTEST to `best-effort` or `none`");
    scenario
        .run(["publish", "--attest", "required"])
        .exit(3)
        .no_writes()
        .says("`--attest required` promises one");
    scenario.run_with(&actions, &["plan"]).exit(0).says("users see \"not signed\"");
    scenario.run_with(&[("GITHUB_ACTIONS", "true"), ("FLOE_ATTEST", "best-effort")], &["publish"]).exit(0);
    assert!(!bytes(&scenario, "tool-manifest.json").contains("attested"));
    // On another machine it is the same release.
    scenario.run(["publish"]).exit(0).no_writes().says("warning no attestation is given");
}

#[test]
fn a_release_without_an_attestation_after_one_with_it_is_a_warning() {
    let scenario = Scenario::new("1.4.0");
    let add = |tag: &str, is_attested: bool| {
        let id = scenario.github.add_draft(&scenario.repo(), tag).unwrap();
        if is_attested {
            scenario.github.add_asset(&scenario.repo(), id, NAME, b"{}").unwrap();
        }
        scenario.github.publish_draft(&scenario.repo(), id).unwrap();
    };
    let warns = |arguments: &[&str]| {
        let before = scenario.github_interceptor().log().len();
        let outcome = scenario.run(&*[&["plan"], arguments].concat()).exit(0);
        let requests = scenario.github_interceptor().log().len() - before;
        let line = "warning `v1.3.0` has an attestation, and `v1.4.0` has none: ";
        (outcome.stderr.contains(line), requests)
    };
    let (is_warned, requests) = warns(&[]);
    assert!(!is_warned, "there is no release before");
    add("v1.2.0", true);
    add("v1.3.0", true);
    // A pre-release in between is not what users of stable releases had before.
    add("v1.4.0-rc.1", false);
    assert_eq!(warns(&[]), (true, requests), "no further request");
    let refused = scenario.run(["publish", "--strict"]).exit(1);
    refused.says("programs that verified the last version may refuse this one");
    assert_eq!(scenario.github.releases(&scenario.repo()).len(), 3, "no draft was made");
    let bundle = sign(&Claims::of("1.4.0"), &scenario.subjects(true));
    std::fs::write(scenario.path().join("bundle.json"), bundle).unwrap();
    let attested = ["--attestation", "bundle.json", "--trusted-root", &root()];
    assert!(!warns(&attested).0);
    // The last release decides, and not one before it.
    add("v1.3.1", false);
    assert!(!warns(&[]).0);
}

#[test]
fn the_digest_that_verify_prints_covers_the_promise() {
    let scenario = Scenario::new("1.4.0");
    let sums = |outcome: crate::support::scenario::Outcome| {
        outcome.stdout.split("SHA256SUMS ").nth(1).unwrap().split(':').take(2).collect::<Vec<_>>().join(":")
    };
    let arguments = ["verify", "dist", "--tag", "v1.4.0"];
    let promised = sums(scenario.run_with(&[("FLOE_ATTEST", "required")], &arguments).exit(0));
    let unpromised = sums(scenario.run(arguments).exit(0));
    assert_ne!(promised, unpromised);
    let scenario = attested(|_, _| ());
    scenario
        .run(["publish", "--expect", &unpromised])
        .exit(3)
        .no_writes()
        .says("and an attestation (`--attest`)");
    scenario.run(["publish", "--expect", &promised]).exit(0);
}
