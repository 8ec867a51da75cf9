//! `floe verify --release` on releases that were published well and broken afterwards.
//!
//! Nothing disturbs the publishing; the servers' state is changed once it is over.

use std::fs;

use expect_test::expect;
use floe_core::model::Digest;
use floe_rehearsal::github::StoredRef;
use floe_rehearsal::interceptor::{Fault, What};
use floe_rehearsal::registry::StoredRepository;

use super::release::{ARCHIVE, Published};
use crate::support::artifacts::add_starter;
use crate::support::leaks::Leaks;
use crate::support::scenario::{READER, Scenario, TOKEN};
use crate::support::words::flip_bit;

#[test]
fn a_whole_release_is_reported_in_one_line() {
    let published = Published::new();
    let outcome = published.scenario.run(["verify", "--release", "v1.4.0"]).exit(0).no_writes();
    assert!(outcome.stdout.starts_with("tool 1.4.0: 11 files, "), "{}", outcome.stdout);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].ends_with(": verified, not signed"), "{}", outcome.stdout);
    expect![[r#"
        v1.4.0 of acme/tool at 3f9ac21
          bytes      11 of 11 assets and the image match SHA256SUMS and the manifest
          signed     not signed: nothing proves who built these files
          immutable  no: whoever may push to the repository can change this release
          sbom       none: nothing says which crates are in the binaries"#]]
    .assert_eq(&lines[1..].join("\n"));
}

#[test]
fn an_asset_whose_bytes_changed_on_the_server() {
    let published = Published::new();
    flip_bit(&published.asset_file(ARCHIVE));
    published.problems(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but GitHub's own digest says sha256:<1>
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but `SHA256SUMS` says sha256:<1>
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but the manifest says sha256:<1>
        `tool-x86_64-unknown-linux-musl.tar.gz` is not a valid archive: failed to read its end: corrupt gzip stream does not have a matching checksum"#]]);
}

#[test]
fn an_asset_that_was_replaced() {
    let published = Published::new();
    published.replace(ARCHIVE, &fs::read(published.asset_file("tool-x86_64-apple-darwin.tar.gz")).unwrap());
    published.problems(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but `SHA256SUMS` says sha256:<1>
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but the manifest says sha256:<1>
        `tool-x86_64-unknown-linux-musl/tool` in `tool-x86_64-unknown-linux-musl.tar.gz` is not the binary the manifest names"#]]);
}

#[test]
fn assets_that_are_gone_or_unfinished() {
    let published = Published::new();
    let [release] = &published.scenario.github.releases(&published.repo())[..] else { panic!("one release") };
    let github = &published.scenario.github;
    github.remove_asset(&published.repo(), published.asset(ARCHIVE).id).unwrap();
    published.problems(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` is missing, although `SHA256SUMS` names it
        `tool-x86_64-unknown-linux-musl.tar.gz` is missing, although the manifest names it"#]]);
    add_starter(github, &published.repo(), release.id, ARCHIVE);
    published.problems(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` is unfinished on the server
        `tool-x86_64-unknown-linux-musl.tar.gz` is missing, although `SHA256SUMS` names it
        `tool-x86_64-unknown-linux-musl.tar.gz` is missing, although the manifest names it"#]]);
}

#[test]
fn checksums_that_were_replaced() {
    let published = Published::new();
    let sums = fs::read_to_string(published.asset_file("SHA256SUMS")).unwrap();
    let last = sums.lines().last().unwrap();
    let forged =
        sums.replace(last, &format!("{}  {ARCHIVE}", Digest::of(b"evil").hex())) + "not a checksum\n";
    published.replace("SHA256SUMS", forged.as_bytes());
    published.problems(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but `SHA256SUMS` says sha256:<1>
        `SHA256SUMS` holds a line that is not a checksum: `not a checksum`"#]]);
}

#[test]
fn checksums_that_say_two_things_of_one_file() {
    let published = Published::new();
    let sums = fs::read_to_string(published.asset_file("SHA256SUMS")).unwrap();
    let forged = format!("{}  {ARCHIVE}\n{sums}", Digest::of(b"evil").hex());
    published.replace("SHA256SUMS", forged.as_bytes());
    published.problems(expect![
        "`tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but `SHA256SUMS` says sha256:<1>"
    ]);
}

#[test]
fn checksums_and_manifest_that_are_gone() {
    let published = Published::new();
    for name in ["SHA256SUMS", "tool-manifest.json"] {
        published.scenario.github.remove_asset(&published.repo(), published.asset(name).id).unwrap();
    }
    published.problems(expect![[r#"
        the release has no `SHA256SUMS`
        the release manifest cannot be read: the release holds no `<name>-manifest.json`, or more than one"#]]);
}

#[test]
fn a_manifest_of_another_release() {
    let published = Published::new();
    published.forge_manifest(|manifest| {
        manifest["tag"] = "v1.3.0".into();
        manifest["version"] = "1.3.0".into();
    });
    published.problems(expect![[r#"
        the manifest is of tag `v1.3.0`, not of `v1.4.0`
        `ghcr.io/acme/tool:1.3.0` is not there, but the manifest says sha256:<0>"#]]);
}

#[test]
fn a_manifest_that_is_none() {
    let published = Published::new();
    published.forge_manifest(|manifest| manifest["schema"] = 2.into());
    published.problems(expect!["the release manifest cannot be read: `tool-manifest.json`: this floe reads schema 1, but the file says schema 2"]);
}

#[test]
fn a_manifest_that_forgets_an_archive() {
    let published = Published::new();
    published.forge_manifest(|manifest| {
        manifest["artifacts"].as_array_mut().unwrap().retain(|artifact| artifact["file"] != ARCHIVE);
    });
    published.problems(expect![[r#"
        `SHA256SUMS` names `tool-x86_64-unknown-linux-musl.tar.gz`, but the manifest does not
        the image for linux/amd64: `/bin/tool` is not the `tool` of any x86_64 archive"#]]);
}

#[test]
fn a_manifest_with_other_sizes() {
    let published = Published::new();
    published.forge_manifest(|manifest| {
        let artifacts = manifest["artifacts"].as_array_mut().unwrap();
        let artifact = artifacts.iter_mut().find(|artifact| artifact["file"] == ARCHIVE).unwrap();
        artifact["size"] = 7.into();
        artifact["binaries"][0]["size"] = 7.into();
    });
    published.problems(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` has 362 bytes, but the manifest says 7
        `tool-x86_64-unknown-linux-musl/tool` in `tool-x86_64-unknown-linux-musl.tar.gz` is not the binary the manifest names"#]]);
}

#[test]
fn a_manifest_that_forgets_the_image() {
    let published = Published::new();
    published.forge_manifest(|manifest| drop(manifest.as_object_mut().unwrap().remove("image")));
    // Checksums and manifest that were forged together are consistent; only a signature would show it.
    let outcome = published.scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    assert!(!outcome.stdout.contains("image"), "{}", outcome.stdout);
}

/// Changes the repository of the image.
fn edit<T>(published: &Published, edit: impl FnOnce(&mut StoredRepository) -> T) {
    let registry = &published.scenario.registry;
    registry.edit(|stored| edit(stored.repositories.get_mut("acme/tool").unwrap())).unwrap();
}

#[test]
fn an_image_tag_that_was_moved() {
    let published = Published::new();
    let platform = published.manifest()["image"]["platforms"][0]["digest"].as_str().unwrap().parse().unwrap();
    edit(&published, |stored| stored.tags.insert("1.4.0".to_owned(), platform));
    published.problems(expect!["`ghcr.io/acme/tool:1.4.0` is sha256:<0>, but the manifest says sha256:<1>"]);
    edit(&published, |stored| stored.tags.remove("1.4.0"));
    published.problems(expect!["`ghcr.io/acme/tool:1.4.0` is not there, but the manifest says sha256:<0>"]);
}

#[test]
fn a_layer_that_rotted_in_the_registry() {
    let published = Published::new();
    let amd64 = published.document(&published.manifest()["image"]["platforms"][0]["digest"]);
    flip_bit(&published.blob(&amd64["layers"][0]["digest"]));
    published.problems(expect!["the image is broken: blob `sha256:<0>` is sha256:<1> in the registry"]);
}

#[test]
fn a_manifest_that_rotted_in_the_registry() {
    let published = Published::new();
    flip_bit(&published.blob(&published.manifest()["image"]["platforms"][1]["digest"]));
    published.problems(expect!["the image is broken: manifest `sha256:<0>` is sha256:<1> in the registry"]);
}

#[test]
fn an_image_that_is_gone() {
    let published = Published::new();
    edit(&published, |stored| stored.manifests.clear());
    published.problems(expect![[r#"
        `ghcr.io/acme/tool:1.4.0` is not there, but the manifest says sha256:<0>
        the image is broken: manifest `sha256:<0>` is not in the registry"#]]);
}

#[test]
fn a_git_tag_that_was_moved() {
    let published = Published::new();
    let commit = "00000000000000000000000000000000000000e1".parse().unwrap();
    let other = StoredRef { commit, annotated: true };
    published.scenario.github.push_tag(&published.repo(), "v1.4.0", other).unwrap();
    published.problems(expect!["the tag points to commit 0000000, but the manifest names 3f9ac21"]);
    published.scenario.github.delete_tag(&published.repo(), "v1.4.0").unwrap();
    published.problems(expect!["the tag is gone, so nothing proves that commit 3f9ac21 was released"]);
}

#[test]
fn a_draft_is_no_release() {
    let scenario = Scenario::empty("1.4.0");
    scenario.github.add_draft(&scenario.repo(), "v1.4.0").unwrap();
    Published { scenario }.fails(expect![[r#"
        error: release `v1.4.0` of `acme/tool` could not be checked
          caused by: it is not published

        hint: check the tag; `floe plan` shows a draft
    "#]]);
}

#[test]
fn a_private_repository_is_seen_with_a_token_only() {
    let mut published = Published::new();
    published.scenario.github.edit(&published.repo(), |stored| stored.private = true).unwrap();
    published.scenario.registry.options().public.clear();
    published.fails(expect![[r#"
        error: release `v1.4.0` of `acme/tool` could not be checked
          caused by: GitHub knows no repository `acme/tool`

        hint: if it is private, set GITHUB_TOKEN; if the name is wrong, give `--repo owner/name`
    "#]]);
    for token in [READER, TOKEN] {
        published.scenario = published.scenario.token(Some(token));
        published.scenario.run(["verify", "--release", "v1.4.0"]).exit(0).no_writes();
    }
    flip_bit(&published.asset_file(ARCHIVE));
    published.problems(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but GitHub's own digest says sha256:<1>
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but `SHA256SUMS` says sha256:<1>
        `tool-x86_64-unknown-linux-musl.tar.gz` is sha256:<0>, but the manifest says sha256:<1>
        `tool-x86_64-unknown-linux-musl.tar.gz` is not a valid archive: failed to read its end: corrupt gzip stream does not have a matching checksum"#]]);
}

/// Every form in which the registry's token could be sent.
fn registry_secrets() -> Vec<String> {
    // `tester:` and the token (RFC 7617).
    vec![TOKEN.to_owned(), "dGVzdGVyOnRva2VuLXRoYXQtbWF5LXB1c2g=".to_owned()]
}

/// A release of a private repository whose image is at another registry than the project's, and a user with secrets for both.
fn published_elsewhere() -> (Scenario, Leaks) {
    let published = Published::new();
    published.scenario.github.edit(&published.repo(), |stored| stored.private = true).unwrap();
    published.forge_manifest(|manifest| manifest["image"]["name"] = "registry.example/acme/tool".into());
    let leaks = Leaks::default();
    leaks.forbid(published.scenario.registry_interceptor(), registry_secrets());
    (published.scenario.token(Some(TOKEN)), leaks)
}

#[test]
fn a_token_goes_to_no_registry_that_only_a_manifest_names() {
    // The registry allows anonymous pulls, and refuses a user that it does not know.
    let scenario = published_elsewhere().0.without_registry_secret();
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0).no_writes();
    let (scenario, leaks) = published_elsewhere();
    for host in ["", "ghcr.io", "other.example", "registry.example:5000", "evil.registry.example"] {
        let scenario = scenario.run_with(&[("FLOE_REGISTRY_HOST", host)], &["verify", "--release", "v1.4.0"]);
        scenario.exit(0).no_writes();
    }
    scenario.registry.options().public.clear();
    scenario.run(["verify", "--release", "v1.4.0"]).exit(1).says("does not allow anonymous pulls");
    assert_eq!(leaks.count(), 0);
    let bound = [("FLOE_REGISTRY_HOST", "registry.example")];
    scenario.run_with(&bound, &["verify", "--release", "v1.4.0"]).exit(0);
    assert!(leaks.count() > 0);
    // The same of a public repository.
    scenario.github.edit(&scenario.repo(), |stored| stored.private = false).unwrap();
    scenario.run(["verify", "--release", "v1.4.0"]).exit(1).says("does not allow anonymous pulls");
    scenario.run_with(&bound, &["verify", "--release", "v1.4.0"]).exit(0);
}

#[test]
fn a_token_is_used_only_where_anonymous_requests_are_denied() {
    let verify = ["verify", "--release", "v1.4.0"];
    // A public image of a private repository.
    let published = Published::new();
    published.scenario.github.edit(&published.repo(), |stored| stored.private = true).unwrap();
    let leaks = Leaks::default();
    leaks.forbid(published.scenario.registry_interceptor(), registry_secrets());
    let scenario = published.scenario.token(Some(TOKEN));
    scenario.run(verify).exit(0);
    assert_eq!(leaks.count(), 0);
    // A server's error says nothing about who may see the repository.
    for status in [500, 502, 400, 418] {
        let down = Fault::route("GET", "/repos/acme/tool$", 0, 100, What::answer(status, "no"));
        let scenario = Published::new().scenario.token(Some(TOKEN)).disturb_github(down);
        let leaks = Leaks::default();
        leaks.forbid(scenario.registry_interceptor(), registry_secrets());
        leaks.forbid(scenario.github_interceptor(), vec![TOKEN.to_owned()]);
        scenario.run(verify).exit(1).says(&format!("GitHub answered {status}"));
        assert_eq!(leaks.count(), 0, "{status}");
    }
}

#[test]
fn the_limit_of_anonymous_requests_is_lifted_by_githubs_token_alone() {
    let headers = vec![("retry-after".to_owned(), "1800".to_owned())];
    let limited = What::Answer { status: 403, headers, body: "{}".to_owned() };
    let limit = |times| Fault::route("GET", "/repos/acme/tool$", 0, times, limited.clone());
    let scenario = Published::new().scenario.token(Some(TOKEN)).disturb_github(limit(1));
    let leaks = Leaks::default();
    leaks.forbid(scenario.registry_interceptor(), registry_secrets());
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0).no_writes();
    assert_eq!(leaks.count(), 0);
    let scenario = Published::new().scenario.disturb_github(limit(100));
    let outcome = scenario.run(["verify", "--release", "v1.4.0"]).exit(1);
    outcome.says("the server asks to wait 30 min 00 s, until ").says("hint: set GITHUB_TOKEN");
}

#[test]
fn an_asset_that_storage_does_not_have_yet_is_asked_for_again() {
    let missing = Fault::next("GET", "/storage/", What::answer(404, "Not Found"));
    Published::new().scenario.disturb_github(missing).run(["verify", "--release", "v1.4.0"]).exit(0);
}

#[test]
fn a_download_that_breaks_off_is_begun_again() {
    let cut = || What::CutAnswer { after: 100 };
    let published = Published::new();
    let scenario = published.scenario.disturb_registry(Fault::route("GET", "/blobs/", 1, 2, cut()));
    let scenario = scenario.disturb_github(Fault::next("GET", "/storage/", cut()));
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
}

#[test]
fn a_registry_that_is_down_means_that_the_release_could_not_be_checked() {
    let Published { scenario } = Published::new();
    let down = What::answer(503, "");
    let scenario = scenario.disturb_registry(Fault::route("GET", "/blobs/", 1, 100, down));
    Published { scenario }.fails(expect![[r#"
        error: release `v1.4.0` of `acme/tool` could not be checked
          caused by: failed to pull blob `sha256:<0>` of `ghcr.io/acme/tool` anonymously
          caused by: the registry answered 503 Service Unavailable (5 tries)
    "#]]);
}

#[test]
fn an_image_that_cannot_be_pulled_anonymously() {
    let published = Published::new();
    published.scenario.registry.options().public.clear();
    published.fails(expect![[r#"
        error: release `v1.4.0` of `acme/tool` could not be checked
          caused by: failed to pull tag `1.4.0` of `ghcr.io/acme/tool` anonymously
          caused by: the registry does not allow anonymous pulls (requested access to the resource is denied (DENIED))

        hint: the image is private: the owner of `ghcr.io/acme/tool` must make it public, unless the repository is private too
    "#]]);
}

/// Elsewhere the system is asked, which always has some.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_certificates() {
    let Published { scenario } = Published::new();
    // Certificates are only read for a server over TLS.
    let scenario = scenario.registry_at("https://127.0.0.1:1").environment("SSL_CERT_FILE", "/dev/null");
    Published { scenario }.fails(expect![[r#"
        error: release `v1.4.0` of `acme/tool` could not be checked
          caused by: failed to pull tag `1.4.0` of `ghcr.io/acme/tool` anonymously
          caused by: this machine has no CA certificates
          caused by: builder error
          caused by: unexpected error: No CA certificates were loaded from the system

        hint: install your distribution's `ca-certificates`, or name a file of CA certificates (PEM) in `SSL_CERT_FILE`
    "#]]);
}
