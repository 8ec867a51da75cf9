//! Who signed a published release: the truth, what is missing, and what cannot be checked.

use expect_test::expect;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Commit, Digest, Tag};
use floe_rehearsal::faults::{AttestationFault, VerifyOutcome};
use floe_rehearsal::github::StoredRepo;
use floe_rehearsal::interceptor::{Fault, What};
use serde_json::{Value, json};

use super::release::Published;
use crate::support::attestation::{Claims, root, sign, sign_subjects};
use crate::support::scenario::{Scenario, TOKEN};
use crate::support::words::{error_of, problems};

pub const NAME: &str = "SHA256SUMS.sigstore.json";

/// A published release with its attestation.
pub fn signed() -> Published {
    let scenario = Scenario::new("1.4.0");
    let bundle = sign(&Claims::of("1.4.0"), &scenario.subjects(true));
    std::fs::write(scenario.path().join("bundle.json"), bundle).unwrap();
    scenario.github.options().immutable = true;
    let published = scenario.run(["publish", "--attestation", "bundle.json", "--trusted-root", &root()]);
    published.exit(0);
    let scenario = scenario.token(None).environment("FLOE_TRUSTED_ROOT", &root());
    Published { scenario }
}

/// The exit code, and the problems or the first line of the error.
pub fn said(published: &Published, arguments: &[&str]) -> String {
    let verify = [&["verify", "--release", "v1.4.0"][..], arguments].concat();
    let outcome = published.scenario.run(&*verify).no_writes();
    let code = outcome.code().unwrap();
    if code == 0 {
        return format!(
            "0: {}",
            outcome.stdout.lines().find(|line| line.starts_with("  signed ")).unwrap().trim()
        );
    }
    let problems = problems(&outcome.stderr);
    match problems.is_empty() {
        true => format!("{code}: {}", error_of(&outcome.stderr).lines().next().unwrap()),
        false => {
            format!("{code}: {}", problems.replace('\n', "; ").replace("the attestation is wrong: ", ""))
        }
    }
}

/// GitHub's own attestation of the published release.
fn by_github(published: &Published, lie: impl FnOnce(&mut Claims, &mut Vec<Value>)) {
    let release = published.scenario.github.releases(&published.repo()).remove(0);
    let mut subjects = vec![json!({
        "uri": "pkg:github/acme/tool@v1.4.0",
        "digest": { "sha1": crate::support::scenario::COMMIT },
    })];
    subjects.extend(release.assets.iter().map(|asset| {
        let digest = asset.digest.unwrap();
        json!({ "name": asset.name, "digest": { "sha256": digest.hex() } })
    }));
    let mut claims = Claims::of_github("1.4.0");
    lie(&mut claims, &mut subjects);
    let bundle = serde_json::from_str(&sign_subjects(&claims, &subjects)).unwrap();
    let sums = Digest::of(&std::fs::read(published.asset_file("SHA256SUMS")).unwrap());
    let add = |stored: &mut StoredRepo| stored.attestations.entry(sums.to_string()).or_default().push(bundle);
    published.scenario.github.edit(&published.repo(), add).unwrap();
}

#[test]
fn a_signed_release_says_who_built_it_from_which_commit() {
    let published = signed();
    by_github(&published, |_, _| ());
    let outcome = published
        .scenario
        .run(["verify", "--release", "v1.4.0", "--require-attestation", "--strict"])
        .exit(0);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].ends_with(": verified, signed"), "{}", outcome.stdout);
    expect![[r#"
        v1.4.0 of acme/tool at 3f9ac21
          bytes      11 of 11 assets and the image match SHA256SUMS and the manifest
          signed     by OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0 (c30b838), for acme/tool at refs/tags/v1.4.0
                     run 77, github-hosted, 2026-01-15 12:00 UTC, in the log of the given root (9895427)
          immutable  GitHub signed this release: these assets, this tag, this commit
          sbom       none: nothing says which crates are in the binaries"#]].assert_eq(&lines[1..].join("\n"));
    let json = published.scenario.run(["verify", "--release", "v1.4.0", "--json"]).exit(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["signature"]["state"], "signed");
    // A rebuild is compared with a signed release as with any other.
    published.scenario.run(["reproduce", "v1.4.0", "--rebuilt", "dist"]).exit(0);
}

#[test]
fn a_missing_attestation_is_an_error_if_it_is_promised_or_required() {
    let published = signed();
    let [release] = &published.scenario.github.releases(&published.repo())[..] else { panic!("one release") };
    published.scenario.github.remove_asset(&published.repo(), published.asset(NAME).id).unwrap();
    assert_eq!(release.tag_name, "v1.4.0");
    let mut lines = vec![said(&published, &[])];
    let unsigned = Published::new();
    lines.push(said(&unsigned, &[]));
    lines.push(said(&unsigned, &["--require-attestation"]));
    lines.push(said(&unsigned, &["--attest", "required"]));
    lines.push(said(&unsigned, &["--signer", "acme/tool/.github/workflows/release.yml"]));
    // Another root: nothing is called wrong, and nothing green.
    let signed = signed();
    let embedded = |published: &Published, arguments: &[&str]| {
        let verify = [&["verify", "--release", "v1.4.0"][..], arguments].concat();
        let outcome = published.scenario.run_with(&[("FLOE_TRUSTED_ROOT", "")], &verify);
        let log = outcome.stderr.find("log, `").map(|at| outcome.stderr[at + 6..at + 50].to_owned());
        (outcome.code().unwrap(), outcome.stdout + &outcome.stderr.replace(&log.unwrap_or_default(), "<log>"))
    };
    let (code, text) = embedded(&signed, &[]);
    assert_eq!(code, 1, "{text}");
    lines.push(
        text.lines()
            .filter(|line| line.starts_with("error") || line.starts_with("hint"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    expect![[r#"
        3: the manifest promises a signature that is not there: `SHA256SUMS.sigstore.json` is missing
        0: signed     not signed: nothing proves who built these files
        3: the release is not signed: it has no `SHA256SUMS.sigstore.json`
        3: the release is not signed: it has no `SHA256SUMS.sigstore.json`
        3: the release is not signed: it has no `SHA256SUMS.sigstore.json`
        error: who signed `v1.4.0` of `acme/tool` could not be checked: its transparency log, `<log>`, is in no trusted root
        hint: update floe, or give the current roots: `gh attestation trusted-root > roots.jsonl`, then `--trusted-root roots.jsonl`"#]].assert_eq(&lines.join("\n"));

    // Best effort: the manifest promises nothing, so it is a warning.
    let scenario = Scenario::new("1.4.0");
    std::fs::write(
        scenario.path().join("bundle.json"),
        sign(&Claims::of("1.4.0"), &scenario.subjects(false)),
    )
    .unwrap();
    let publish =
        ["publish", "--attest", "best-effort", "--attestation", "bundle.json", "--trusted-root", &root()];
    scenario.run(publish).exit(0);
    let best_effort = Published { scenario: scenario.token(None) };
    let (code, text) = embedded(&best_effort, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("verified, but the signature was not checked"), "{text}");
    assert!(text.contains("  signed     not checked: its transparency log, `"), "{text}");
    assert!(text.contains("warning who signed this release was not checked: "), "{text}");
    assert_eq!(embedded(&best_effort, &["--require-attestation"]).0, 1);
}

#[test]
fn the_signer_can_be_another_workflow_if_it_is_named() {
    let published = signed();
    let sign_by = |signer: &str| {
        let claims = Claims { signer: signer.to_owned(), ..Claims::of("1.4.0") };
        published.replace(NAME, sign(&claims, &published.scenario.subjects(true)).as_bytes());
    };
    sign_by("acme/tool/.github/workflows/ship.yml@refs/tags/v1.4.0");
    let mut lines = vec![said(&published, &[])];
    sign_by("acme/pipelines/.github/workflows/ship.yml@refs/tags/v2.0.0");
    for signer in [
        "acme/pipelines/.github/workflows/ship.yml",
        "acme/pipelines/.github/workflows/ship.yml@v2.0.0",
        "acme/pipelines/.github/workflows/ship.yml@refs/tags/v1.9.0",
        "acme/pipelines/.github/workflows/other.yml",
    ] {
        lines.push(said(&published, &["--signer", signer]));
    }
    expect![[r#"
        0: signed     by acme/tool/.github/workflows/ship.yml@refs/tags/v1.4.0 (c30b838), for acme/tool at refs/tags/v1.4.0
        0: signed     by acme/pipelines/.github/workflows/ship.yml@refs/tags/v2.0.0 (c30b838), for acme/tool at refs/tags/v1.4.0
        0: signed     by acme/pipelines/.github/workflows/ship.yml@refs/tags/v2.0.0 (c30b838), for acme/tool at refs/tags/v1.4.0
        3: signed by acme/pipelines/.github/workflows/ship.yml@refs/tags/v2.0.0, not by acme/pipelines/.github/workflows/ship.yml@refs/tags/v1.9.0
        3: signed by acme/pipelines/.github/workflows/ship.yml, not by acme/pipelines/.github/workflows/other.yml"#]].assert_eq(&lines.join("\n"));
    let outcome = published.scenario.run(["verify", "--release", "v1.4.0", "--signer", "acme"]).exit(2);
    outcome.says("`acme` is not a workflow");
}

#[test]
fn what_github_says_of_an_immutable_release_is_checked() {
    type Lie = dyn Fn(&mut Claims, &mut Vec<Value>);
    let lies: [(&str, &Lie); 8] = [
        ("the truth", &|_, _| ()),
        ("another tag", &|claims, _| claims.predicate["tag"] = json!("v1.3.0")),
        ("another repository", &|claims, _| claims.predicate["repository"] = json!("evil/tool")),
        ("another commit", &|_, subjects| {
            subjects[0]["digest"]["sha1"] = json!("0000000000000000000000000000000000000bad")
        }),
        ("another digest", &|_, subjects| {
            let sums = subjects.iter_mut().find(|subject| subject["name"] == CHECKSUMS).unwrap();
            sums["digest"]["sha256"] = json!("00".repeat(32));
        }),
        ("an asset too few", &|_, subjects| subjects.retain(|subject| subject["name"] != CHECKSUMS)),
        ("another signer", &|claims, _| claims.identity = Some("https://evil.example".to_owned())),
        ("a provenance", &|claims, _| claims.predicate_type = "https://slsa.dev/provenance/v1".to_owned()),
    ];
    let mut lines = String::new();
    for (lie, tell) in lies {
        let published = signed();
        by_github(&published, tell);
        lines.push_str(&format!(
            "{lie}: {}\n",
            said(&published, &[]).replace("GitHub's signature of the release is wrong: ", "")
        ));
    }
    expect![[r#"
        the truth: 0: signed     by OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0 (c30b838), for acme/tool at refs/tags/v1.4.0
        another tag: 3: it is for the tag `v1.3.0`, not for `v1.4.0`
        another repository: 3: it is for `evil/tool`, not for `acme/tool`
        another commit: 3: it is for commit 0000000000000000000000000000000000000bad, not for 3f9ac21c0ffee0000000000000000000000000aa
        another digest: 3: `SHA256SUMS` is sha256:<0>, but GitHub signed sha256:<1>
        an asset too few: 3: it does not name the asset `SHA256SUMS`
        another signer: 3: signed by `https://evil.example`, not by GitHub (`https://dotcom.releases.github.com`)
        a provenance: 3: it is an attestation of type `https://slsa.dev/provenance/v1`, not `https://in-toto.io/attestation/release/v0.2`
    "#]].assert_eq(&lines);
}

#[test]
fn a_server_that_does_not_say_what_it_signed_makes_nothing_green_or_wrong() {
    let mut lines = String::new();
    let cut = || What::Answer {
        status: 200,
        headers: Vec::new(),
        body: "{\"attestations\": [{\"bundle\": {".to_owned(),
    };
    for (fault, what) in [
        ("404", What::answer(404, "Not Found")),
        ("403", What::answer(403, "Resource not accessible")),
        ("429", What::answer(429, "Too many requests")),
        ("truncated", cut()),
        ("none", What::answer(500, "")),
    ] {
        let published = signed();
        by_github(&published, |_, _| ());
        let scenario = published.scenario;
        let scenario = match fault {
            "none" => scenario,
            _ => scenario.disturb_github(Fault::route("GET", "/attestations/", 0, 100, what)),
        };
        let outcome = scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
        let line = outcome.stdout.lines().find(|line| line.starts_with("  immutable")).unwrap().trim();
        lines.push_str(&format!("{fault}: {line}\n"));
        let asked = scenario.github_interceptor().log();
        let asked = asked.iter().filter(|seen| seen.path.contains("/attestations/")).count();
        assert!(asked == 1 || fault != "none", "{asked} requests");
    }
    expect![[r#"
        404: immutable  not checked: GitHub has no signature of this immutable release
        403: immutable  not checked: failed to read its signature of the release from GitHub: GitHub answered 403 Forbidden: Resource not accessible
        429: immutable  not checked: failed to read its signature of the release from GitHub: GitHub answered 429 Too Many Requests: Too many requests (5 tries)
        truncated: immutable  not checked: failed to read its signature of the release from GitHub: GitHub's answer cannot be parsed: attestations[0].bundle.?: EOF while parsing an object at line 1 column 30
        none: immutable  GitHub signed this release: these assets, this tag, this commit
    "#]].assert_eq(&lines);
}

/// The faults of `floe rehearse --faults`, with attestations that are signed: nothing but the claims is wrong.
#[test]
fn no_fault_of_githubs_attestation_makes_a_release_green_or_wrong() {
    for fault in AttestationFault::ALL.iter().copied() {
        let published = signed();
        by_github(&published, |_, _| ());
        let scenario = &published.scenario;
        let (tag, commit) = ("v1.4.0".parse().unwrap(), crate::support::scenario::COMMIT.parse().unwrap());
        let sign = |(tag, commit): (&Tag, &Commit)| {
            let release = scenario.github.releases(&published.repo()).remove(0);
            let assets = release.assets.iter().map(
                |asset| json!({ "name": asset.name, "digest": { "sha256": asset.digest.unwrap().hex() } }),
            );
            let subject = json!({ "uri": "pkg:github/acme/tool", "digest": { "sha1": commit.as_str() } });
            let mut claims = Claims::of_github("1.4.0");
            claims.predicate["tag"] = json!(tag.as_str());
            let subjects: Vec<Value> = [subject].into_iter().chain(assets).collect();
            serde_json::from_str(&sign_subjects(&claims, &subjects)).unwrap()
        };
        fault.arm(scenario.github_interceptor(), (&tag, &commit), sign);
        let outcome = scenario.run(["verify", "--release", "v1.4.0"]);
        let found = match outcome.code().unwrap() {
            0 if outcome.stdout.contains("  immutable  GitHub signed") => VerifyOutcome::Signed,
            0 if outcome.stdout.contains("  immutable  not checked: ") => VerifyOutcome::NotChecked,
            3 => VerifyOutcome::Refused,
            _ => VerifyOutcome::Failed,
        };
        assert_eq!(fault.violation(found), None, "{}{}", outcome.stdout, outcome.stderr);
        if fault == AttestationFault::Limited {
            assert_eq!(found, VerifyOutcome::Signed, "it was asked again");
        }
    }
}

#[test]
fn files_are_checked_alone_and_without_a_network() {
    let published = signed();
    let scenario = published.scenario.token(Some(TOKEN));
    let file = "dist/tool-x86_64-unknown-linux-musl.tar.gz";
    let verify = ["verify", file, "dist/tool-x86_64-pc-windows-msvc.zip", "--attestation", "bundle.json"];
    let before = scenario.github_interceptor().log().len();
    let outcome = scenario.run(&*[&verify[..], &["--tag", "v1.4.0"]].concat()).exit(0);
    expect![[r#"
        acme/tool at 3f9ac21c0ffee0000000000000000000000000aa
          bytes      2 files as the attestation says
          signed     by OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0 (c30b838), for acme/tool at refs/tags/v1.4.0
                     run 77, github-hosted, 2026-01-15 12:00 UTC, in the log of the given root (9895427)
    "#]].assert_eq(&outcome.stdout);
    assert_eq!(scenario.github_interceptor().log().len(), before);
    for (arguments, words) in [
        (&["--tag", "v1.3.0"][..], "it is for the ref `refs/tags/v1.4.0`, not for `refs/tags/v1.3.0`"),
        (&["--commit", "0000000000000000000000000000000000000bad"], "it is for commit 3f9ac21"),
        (
            &["--signer", "evil/fork/.github/workflows/release.yml"],
            "not by evil/fork/.github/workflows/release.yml",
        ),
    ] {
        scenario.run(&*[&verify[..], arguments].concat()).exit(3).says(words);
    }
    let fork = scenario.instead("--repo", "evil/tool");
    fork.run(verify)
        .exit(3)
        .says("it is for `https://github.com/acme/tool`, not for `https://github.com/evil/tool`");
    let scenario = fork.instead("--repo", "acme/tool");
    std::fs::write(scenario.path().join(file), "another file").unwrap();
    let wrong = scenario.run(verify).exit(3);
    wrong
        .says("`dist/tool-x86_64-unknown-linux-musl.tar.gz` is sha256:")
        .says("but the attestation says sha256:");
}
