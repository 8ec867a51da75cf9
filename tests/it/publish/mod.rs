//! Publishing as a whole: the program as a process, against the two embedded servers.

mod actions;
mod arguments;
mod attached;
mod attestation;
pub mod channels;
mod draft;
mod expect;
mod feed;
mod no_digests;
mod prefix;
mod requests;
mod resume;
mod stopping;
mod submission;

use expect_test::expect;
use floe_core::model::Target;
use floe_rehearsal::github::StoredRelease;
use floe_rehearsal::interceptor::{Fault, What};
use floe_rehearsal::registry::StoredRepository;

use crate::support::artifacts::add_starter;
use crate::support::leaks::Leaks;
use crate::support::scenario::{READER, Scenario, make_dist};

#[test]
fn a_release_is_staged_then_revealed_and_a_second_run_changes_nothing() {
    let scenario = Scenario::new("1.4.0");
    let first = scenario.run(["publish"]).exit(0);
    let lines: Vec<&str> = first.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", first.stdout);
    assert!(lines[0].starts_with("ghcr.io/acme/tool@sha256:"), "{}", lines[0]);
    assert!(lines[1].ends_with("/acme/tool/releases/tag/v1.4.0"), "{}", lines[1]);

    let state = scenario.state();
    let second =
        scenario.run(["publish"]).exit(0).no_writes().says("0 to do; the release is public and complete");
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(scenario.state(), state);
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0).no_writes();
}

#[test]
fn a_first_run_sends_no_unnecessary_write() {
    // The notes, a draft, eleven assets, the publishing; a session and a PUT for each of four blobs, three manifests,
    // four tags. None that only asks: the notes and a session show what is allowed.
    Scenario::new("1.4.0").run(["publish"]).exit(0).writes(2 + 11 + 1 + 2 * 4 + 3 + 4);
}

#[test]
fn the_plan_shows_every_step_and_changes_nothing() {
    let scenario = Scenario::new("1.4.0");
    let outcome = scenario.run(["plan"]).exit(0).only_asked();
    assert!(!scenario.state().contains("v1.4.0"), "{}", scenario.state());
    let shape: Vec<String> = outcome
        .stdout
        .lines()
        .map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
        .collect();
    expect![[r#"
        Release v1.4.0 of
        stage push image
        stage draft release
        stage upload SHA256SUMS
        stage upload tool-aarch64-apple-darwin.tar.gz
        stage upload tool-aarch64-unknown-linux-gnu.tar.gz
        stage upload tool-aarch64-unknown-linux-musl.tar.gz
        stage upload tool-installer.ps1
        stage upload tool-installer.sh
        stage upload tool-manifest.json
        stage upload tool-x86_64-apple-darwin.tar.gz
        stage upload tool-x86_64-pc-windows-msvc.zip
        stage upload tool-x86_64-unknown-linux-gnu.tar.gz
        stage upload tool-x86_64-unknown-linux-musl.tar.gz
        reveal publish v1.4.0
        reveal tag ghcr.io/acme/tool:1.4.0,
        15 steps, 0
    "#]]
    .assert_eq(&format!("{}\n", shape.join("\n")));
}

#[test]
fn a_release_of_every_target_is_published_and_verified_if_it_lists_them() {
    let all: Vec<Target> = Target::all().collect();
    let scenario = Scenario::empty("1.4.0");
    make_dist(&scenario.dist(), "1.4.0", &all);
    // Without a list only the default targets belong to a release.
    let refused = scenario.run(["publish"]).exit(3);
    refused.says("armv7-unknown-linux-gnueabihf").says("linux/arm/v7").says("linux/riscv64");
    let listed = all.iter().flat_map(|target| ["--target", target.name]);
    let publish: Vec<&str> = std::iter::once("publish").chain(listed).collect();
    scenario.run(publish).exit(0);
    let verified = scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    assert!(verified.stdout.starts_with("tool 1.4.0: 17 files, "), "{}", verified.stdout);
    let manifest = scenario.run(["verify", "--release", "v1.4.0", "--json"]).exit(0).stdout;
    let lacking = all.iter().find(|target| !manifest.contains(target.triple));
    assert_eq!(lacking, None, "{manifest}");
}

#[test]
fn a_wrong_dist_is_refused_before_any_request() {
    let flipped = Scenario::new("1.4.0");
    let layer = layer(&flipped);
    let shorter = Scenario::new("1.4.0");
    let archive = shorter.dist().join("tool-x86_64-pc-windows-msvc.zip");
    std::fs::write(&archive, &std::fs::read(&archive).unwrap()[1..]).unwrap();
    let lacks = Scenario::new("1.4.0").without("tool-x86_64-pc-windows-msvc.zip");
    for (scenario, said) in [
        (flipped.flip_bit(&layer), ", blob `sha256:"),
        (
            Scenario::new("1.4.0").flip_bit("tool-x86_64-apple-darwin.tar.gz"),
            "`tool-x86_64-apple-darwin.tar.gz` has the digest sha256:",
        ),
        (lacks, "target x86_64-windows is missing"),
        (shorter, "bytes, but its record says"),
    ] {
        scenario.run(["publish"]).exit(3).says("error: the release has ").says(said);
        assert!(
            scenario.github_interceptor().log().is_empty()
                && scenario.registry_interceptor().log().is_empty()
        );
    }
}

/// A file of the image that is no JSON.
fn layer(scenario: &Scenario) -> String {
    let mut blobs =
        std::fs::read_dir(scenario.dist().join("image/blobs/sha256")).unwrap().map(Result::unwrap);
    let is_layer = |blob: &std::fs::DirEntry| std::fs::read(blob.path()).unwrap().starts_with(b"\x1f\x8b");
    format!("image/blobs/sha256/{}", blobs.find(is_layer).unwrap().file_name().to_str().unwrap())
}

#[test]
fn all_problems_are_reported_together() {
    let scenario = Scenario::new("1.4.0").without("tool-aarch64-apple-darwin.tar.gz");
    let scenario = scenario.without("tool-x86_64-pc-windows-msvc.zip.json");
    scenario.run(["publish"]).exit(3).no_writes().stderr(expect![[r#"
        error: the release has 4 problems
          `tool-aarch64-apple-darwin.tar.gz.json` is a record, but its archive is not there
          `tool-x86_64-pc-windows-msvc.zip` has no usable record: it is missing; `floe package` writes it
          target aarch64-macos is missing
          target x86_64-windows is missing

        hint: add what is missing to a dist, or list what this release holds: `targets` in [package.metadata.floe], or `--target` for each
    "#]]);
}

#[test]
fn without_a_token_the_error_has_a_hint() {
    Scenario::new("1.4.0").token(None).run(["publish"]).exit(1).no_writes().stderr(expect![[r#"
             warning no attestation is given; without one, users see "not signed"; give one with `--attestation`, or `--attest none` if none is intended
        error: there is no token to publish to `acme/tool`
        nothing was changed

        hint: set one: `export GITHUB_TOKEN=$(gh auth token)`; in a workflow `env: GITHUB_TOKEN: ${{ github.token }}`
    "#]]);
}

#[test]
fn a_receipt_that_cannot_be_written_stops_the_run_before_the_first_change() {
    // Below a file, in the place of a folder, and without a name.
    for place in ["file/receipt.json", "dist", "dist/.."] {
        let scenario = Scenario::new("1.4.0");
        std::fs::write(scenario.path().join("file"), "").unwrap();
        let path = scenario.path().join(place);
        let outcome = scenario.run(["publish", "--receipt", path.to_str().unwrap()]);
        outcome.exit(1).only_asked().says("failed to write the receipt").says("\nnothing was changed\n");
    }
}

#[test]
fn an_invalid_token_and_one_without_rights_have_different_errors() {
    let wrong = Scenario::new("1.4.0").token(Some("an-unknown-token")).run(["publish"]);
    wrong.exit(1).no_writes().says("401 Unauthorized: Bad credentials");
    let weak = Scenario::new("1.4.0").token(Some(READER)).run(["publish"]);
    weak.exit(1).says("the token may not write to `acme/tool`: GitHub answered 403 Forbidden");
}

#[test]
fn a_dist_of_another_commit_is_refused() {
    let scenario =
        Scenario::new("1.4.0").arguments(&["--commit", "0000000000000000000000000000000000000001"]);
    scenario.run(["publish"]).exit(3).no_writes().says("was built from commit 3f9ac21, not from 0000000");
}

#[test]
fn two_drafts_are_a_conflict_that_names_both() {
    let scenario = Scenario::new("1.4.0");
    let one = scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
    let two = scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
    let outcome = scenario.run(["publish"]).exit(4).only_asked();
    assert!(
        outcome.stderr.contains(&one.to_string()) && outcome.stderr.contains(&two.to_string()),
        "{}",
        outcome.stderr
    );
}

#[test]
fn an_unfinished_asset_of_an_earlier_run_is_replaced() {
    let scenario = Scenario::new("1.4.0");
    let draft = scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
    add_starter(&scenario.github, &scenario.repo(), draft, "SHA256SUMS");
    scenario.github.add_asset(&scenario.repo(), draft, "tool-manifest.json", b"older").unwrap();
    scenario.run(["publish"]).exit(0);
    let undisturbed = Scenario::new("1.4.0");
    undisturbed.run(["publish"]).exit(0);
    assert_eq!(scenario.state(), undisturbed.state());
}

#[test]
fn an_unpromised_file_is_never_deleted_from_a_draft() {
    let scenario = Scenario::new("1.4.0");
    let draft = scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
    scenario.github.add_asset(&scenario.repo(), draft, "by-hand.deb", b"precious").unwrap();
    scenario
        .run(["publish"])
        .exit(4)
        .only_asked()
        .says("holds `by-hand.deb`, which this release does not promise");
}

#[test]
fn a_published_release_is_never_changed() {
    let scenario = Scenario::new("1.4.0");
    let draft = scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
    scenario.github.add_asset(&scenario.repo(), draft, "SHA256SUMS", b"other").unwrap();
    scenario.github.publish_draft(&scenario.repo(), draft).unwrap();
    let outcome = scenario.run(["publish"]).exit(4).no_writes();
    assert!(
        outcome.stderr.contains("`SHA256SUMS` of the published release `v1.4.0` is not the one of this dist")
    );
    assert!(outcome.stderr.contains("nothing was changed"));
}

#[test]
fn an_upload_that_was_stored_although_it_answered_502_is_not_sent_twice() {
    let stored = What::DoThenAnswer { status: 502, body: String::new() };
    let scenario = Scenario::new("1.4.0").disturb_github(Fault::next("POST", "name=SHA256SUMS", stored));
    scenario.run(["publish"]).exit(0).writes(2 + 11 + 1 + 2 * 4 + 3 + 4);
}

#[test]
fn a_failed_run_reports_what_is_public_and_how_to_continue() {
    let no = || What::answer(500, "Error creating asset temp dir");
    let mut scenario = Scenario::new("1.4.0").arguments(&["--tries", "2"]);
    for _ in 0..2 {
        scenario = scenario.disturb_github(Fault::next("POST", "name=tool-x86_64-pc-windows-msvc.zip", no()));
    }
    let outcome = scenario.run(["publish"]).exit(1);
    let error = outcome.stderr.split_once("error: ").unwrap().1;
    let lines: Vec<&str> = error.lines().filter(|line| !line.contains("assets are uploaded")).collect();
    expect![[r#"
        failed to upload `tool-x86_64-pc-windows-msvc.zip` to release `v1.4.0`
          caused by: GitHub answered 500 Internal Server Error: Error creating asset temp dir (2 tries)

        hint: run the same command again; it continues where this run stopped"#]]
    .assert_eq(&lines.join("\n"));
    assert!(error.contains("of 11 assets are uploaded; nothing is public yet"), "{error}");
    assert!(scenario.state().contains("draft v1.4.0"), "{}", scenario.state());
    scenario.run(["publish"]).exit(0);
}

#[test]
fn a_missing_right_to_push_the_image_is_reported_before_anything_is_public() {
    let scenario = Scenario::new("1.4.0");
    scenario.registry.set_push("tester", &[]);
    let outcome = scenario.run(["publish"]).exit(1).says("permission_denied: write_package");
    assert!(outcome.stderr.contains("Manage Actions access"), "{}", outcome.stderr);
    assert!(!scenario.state().contains("published"), "{}", scenario.state());
}

#[test]
fn a_registry_token_that_runs_out_in_the_middle_is_renewed() {
    let scenario = Scenario::new("1.4.0");
    let registry = scenario.registry.clone();
    let revoke = What::Kill(std::sync::Arc::new(move |_| registry.revoke_tokens()));
    let scenario = scenario.disturb_registry(Fault::route("PUT", "/blobs/uploads/", 1, 1, revoke));
    scenario.run(["publish"]).exit(0);
}

#[test]
fn a_backport_moves_neither_latest_nor_the_major_tag() {
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let backport = scenario.next("1.3.9");
    backport.run(["publish"]).exit(0);
    let tags: Vec<(String, String)> = backport.image_tags();
    let of = |name: &str| tags.iter().find(|(tag, _)| tag == name).map(|(_, digest)| digest.clone());
    assert_eq!(of("latest"), of("1.4.0"));
    assert_eq!(of("1"), of("1.4.0"));
    assert_eq!(of("1.3"), of("1.3.9"));
    assert_ne!(of("1.3.9"), of("1.4.0"));
    assert!(backport.state().contains("latest Some(\"v1.4.0\")"), "{}", backport.state());
}

#[test]
fn a_release_that_was_recalled_takes_no_name_back() {
    let scenario = Scenario::new("1.3.9");
    scenario.run(["publish"]).exit(0);
    let scenario = scenario.next("1.4.0");
    scenario.run(["publish"]).exit(0);
    let recall = |release: &mut StoredRelease| release.prerelease = release.tag_name == "v1.4.0";
    scenario.github.edit(&scenario.repo(), |stored| stored.releases.iter_mut().for_each(recall)).unwrap();
    let back = |image: &mut StoredRepository| {
        image.tags.remove("1.4");
        for name in ["latest", "1"] {
            image.tags.insert(name.to_owned(), image.tags["1.3.9"]);
        }
    };
    scenario.registry.edit(|stored| stored.repositories.values_mut().for_each(back)).unwrap();
    let tags = scenario.image_tags();
    let plan = scenario.run(["plan"]).exit(0);
    assert!(plan.stdout.contains("reveal  publish  v1.4.0 as pre-release "), "{}", plan.stdout);
    scenario.run(["publish"]).exit(0).no_writes();
    assert_eq!(scenario.image_tags(), tags);
}

#[test]
fn no_token_is_ever_printed_or_written() {
    let scenario = Scenario::new("1.4.0").arguments(&["-vv"]);
    let outcome = scenario.run(["publish"]).exit(0);
    let receipt = std::fs::read_to_string(scenario.path().join("floe-receipt.json")).unwrap();
    for text in [&outcome.stdout, &outcome.stderr, &receipt] {
        assert!(!text.contains(crate::support::scenario::TOKEN), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn git_and_cargo_are_run_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let lines = "[package.metadata.floe]\nsbom = false\n";
    let scenario = Scenario::new("1.4.0").before_anything_is_built(lines);
    let (bin, log) = (scenario.path().join("bin"), scenario.path().join("log"));
    std::fs::create_dir_all(scenario.path().join(".git")).unwrap();
    std::fs::create_dir(&bin).unwrap();
    let remote = "case \"$*\" in *remote*) printf 'origin\\thttps://github.com/acme/tool (fetch)\\n';; esac";
    let path = std::env::var("PATH").unwrap();
    let real = format!("PATH='{path}' exec cargo \"$@\"");
    for (name, then) in [("git", remote), ("cargo", real.as_str())] {
        let script = format!("#!/bin/sh\necho {name} \"$*\" >> '{}'\n{then}\n", log.display());
        std::fs::write(bin.join(name), script).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_floe"))
        .args(["publish", "dist", "--tag", "v1.4.0", "--api-url", &scenario.github_url()])
        .args(["--registry-url", &scenario.registry_url()])
        .current_dir(scenario.path())
        .env_remove("GITHUB_REPOSITORY")
        .env_remove("GH_TOKEN")
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("CARGO", bin.join("cargo"))
        .env("GITHUB_TOKEN", crate::support::scenario::TOKEN)
        .envs([("FLOE_REGISTRY_USER", "tester"), ("FLOE_REGISTRY_TOKEN", crate::support::scenario::TOKEN)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = std::fs::read_to_string(log).unwrap();
    let count = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!((count("remote"), count("metadata")), (1, 1), "{log}");
}

#[test]
fn a_registry_that_fails_once_does_not_make_its_image_private() {
    // Its index is looked for at the beginning and before the commit point, and its platforms once.
    let fault = |times| Fault::route("HEAD", "/manifests/sha256:", 4, times, What::answer(500, "no"));
    let outcome = Scenario::new("1.4.0").disturb_registry(fault(1)).run(["publish"]).exit(0);
    assert!(!outcome.stderr.contains("anonymously"), "{}", outcome.stderr);
    let outcome = Scenario::new("1.4.0").disturb_registry(fault(100)).run(["publish"]).exit(0);
    outcome.says("whether `ghcr.io/acme/tool` can be pulled anonymously could not be checked: ");
}

#[test]
fn an_upload_that_did_not_arrive_whole_is_sent_again() {
    for words in ["Bad Size", "Bad Content-Length", "Problems parsing the request"] {
        let cut = Fault::next("POST", "/assets", What::answer(400, words));
        Scenario::new("1.4.0").disturb_github(cut).run(["publish"]).exit(0);
    }
}

#[test]
fn a_token_that_is_bound_to_another_registry_is_not_sent() {
    let scenario = Scenario::new("1.4.0").environment("FLOE_REGISTRY_HOST", "registry.example");
    let (leaks, basic) = (Leaks::default(), "dGVzdGVyOnRva2VuLXRoYXQtbWF5LXB1c2g=".to_owned());
    leaks.forbid(scenario.registry_interceptor(), vec![basic]);
    let outcome = scenario.run(["plan"]);
    outcome.says(
        "`FLOE_REGISTRY_TOKEN` is not sent to `ghcr.io`, because `FLOE_REGISTRY_HOST` is `registry.example`",
    );
    assert_eq!(leaks.count(), 0);
    for wrong in ["https://ghcr.io", "ghcr.io/acme", "user:s3cret-word@ghcr.io", "gh cr.io"] {
        let outcome = scenario.run_with(&[("FLOE_REGISTRY_HOST", wrong)], &["plan"]).exit(2);
        let outcome = outcome.says("`FLOE_REGISTRY_HOST` is not a registry's host");
        assert!(!outcome.stderr.contains("s3cret-word"), "{}", outcome.stderr);
    }
    scenario.run_with(&[("FLOE_REGISTRY_HOST", "GHCR.io")], &["publish"]).exit(0);
}
