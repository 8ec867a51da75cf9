//! gh, cosign and sigstore-python on the attestations that floe accepts and refuses, without a network.

use std::path::Path;

use expect_test::expect;

use crate::attest::mutations::{accepted_of_others, mutants};
use crate::attest::{data, mock_roots, read, verdict};
use crate::support::attestation::{Claims, root, sign};
use crate::support::peers::{self, peer};
use crate::support::scenario::Scenario;

const SIGNER: &str = "https://github.com/OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0";
const OWN_SIGNER: &str = "https://github.com/acme/tool/.github/workflows/ship.yml@refs/tags/v1.4.0";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const COMMIT: &str = crate::support::scenario::COMMIT;

/// The commands in the release notes, with the root of the tests.
fn by_gh(gh: &Path, home: &Path, bundle: &Path) -> bool {
    by_gh_for(gh, home, bundle, SIGNER)
}

fn by_gh_for(gh: &Path, home: &Path, bundle: &Path, signer: &str) -> bool {
    let workflow = signer.trim_start_matches("https://github.com/").split('@').next().unwrap();
    let (file, root) = (data("tool.txt"), data("root.json"));
    let arguments = [
        ["attestation", "verify", file.to_str().unwrap(), "--repo", "acme/tool"].as_slice(),
        &["--bundle", bundle.to_str().unwrap(), "--custom-trusted-root", root.to_str().unwrap()],
        &["--signer-workflow", workflow],
        &["--source-ref", "refs/tags/v1.4.0", "--source-digest", COMMIT],
    ]
    .concat();
    peers::command(gh, home)
        .env("GH_NO_UPDATE_NOTIFIER", "1")
        .args(arguments)
        .output()
        .unwrap()
        .status
        .success()
}

fn by_cosign(cosign: &Path, home: &Path, bundle: &Path) -> bool {
    let (file, root) = (data("tool.txt"), data("root.json"));
    let arguments = [
        ["verify-blob-attestation", "--new-bundle-format", "--bundle", bundle.to_str().unwrap()].as_slice(),
        &["--trusted-root", root.to_str().unwrap(), "--type", "slsaprovenance1"],
        &["--certificate-identity", SIGNER, "--certificate-oidc-issuer", ISSUER, file.to_str().unwrap()],
    ]
    .concat();
    peers::command(cosign, home).args(arguments).output().unwrap().status.success()
}

fn by_sigstore(sigstore: &Path, home: &Path, bundle: &Path) -> bool {
    by_sigstore_for(sigstore, home, bundle, SIGNER)
}

fn by_sigstore_for(sigstore: &Path, home: &Path, bundle: &Path, signer: &str) -> bool {
    let root: serde_json::Value = serde_json::from_slice(&read("root.json")).unwrap();
    let config = serde_json::json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": root,
        "signingConfig": { "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json" },
    });
    let path = home.join("config.json");
    std::fs::write(&path, config.to_string()).unwrap();
    let file = data("tool.txt");
    let arguments = [
        ["--trust-config", path.to_str().unwrap(), "verify", "github", "--bundle", bundle.to_str().unwrap()]
            .as_slice(),
        &[
            "--cert-identity",
            signer,
            "--repository",
            "acme/tool",
            "--ref",
            "refs/tags/v1.4.0",
            "--sha",
            COMMIT,
        ],
        &[file.to_str().unwrap()],
    ]
    .concat();
    let tools = std::env::var_os("FLOE_TOOLS").unwrap_or_default();
    peers::command(sigstore, home).env("PYTHONPATH", tools).args(arguments).output().unwrap().status.success()
}

#[test]
fn other_verifiers_agree_about_each_bundle() {
    let (Some(gh), Some(cosign), Some(sigstore)) = (peer("gh"), peer("cosign"), peer("sigstore")) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut names: Vec<_> =
        std::fs::read_dir(data("bundles")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut lines = String::new();
    for path in names {
        let floe = verdict(&std::fs::read(&path).unwrap(), &mock_roots()).is_empty();
        let said = [
            ("gh", by_gh(&gh, home.path(), &path)),
            ("cosign", by_cosign(&cosign, home.path(), &path)),
            ("sigstore-python", by_sigstore(&sigstore, home.path(), &path)),
        ];
        let yes: Vec<&str> = said.iter().filter(|(_, yes)| *yes).map(|(name, _)| *name).collect();
        if floe || !yes.is_empty() {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let yes = if yes.is_empty() { "no other".to_owned() } else { yes.join(", ") };
            lines.push_str(&format!("{name}: floe {floe}, {yes}\n"));
        }
    }
    // cosign checks neither the source nor the commit unless it is asked to. The default of floe accepts a workflow of the
    // repository itself, which the commands here do not name.
    expect![[r#"
        good: floe true, gh, cosign, sigstore-python
        next: floe false, cosign
        other-commit: floe false, cosign
        other-predicate: floe false, cosign, sigstore-python
        other-ref: floe false, cosign
        other-repository: floe false, cosign
        other-tag: floe false, cosign
        own-workflow: floe true, no other
        self-hosted: floe true, gh, cosign, sigstore-python
    "#]]
    .assert_eq(&lines);
}

/// A wrong bundle with a part of the right one is accepted only if another verifier accepts it, too.
#[test]
fn another_verifier_accepts_every_mended_bundle_that_floe_accepts() {
    let (Some(gh), Some(sigstore)) = (peer("gh"), peer("sigstore")) else { return };
    let home = tempfile::tempdir().unwrap();
    for (name, mutant, json) in accepted_of_others() {
        let path = home.path().join("mutant.json");
        std::fs::write(&path, json).unwrap();
        let signer = match name.as_str() {
            "own-workflow.json" => OWN_SIGNER,
            _ => SIGNER,
        };
        let is_accepted = by_gh_for(&gh, home.path(), &path, signer)
            || by_sigstore_for(&sigstore, home.path(), &path, signer);
        assert!(is_accepted, "{name}: {mutant}: floe accepts what both others refuse");
    }
}

#[test]
fn gh_still_says_what_is_recorded_of_mutants() {
    let Some(gh) = peer("gh") else { return };
    let home = tempfile::tempdir().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&read("peers.json")).unwrap();
    let bundle = serde_json::from_slice(&read("bundles/good.json")).unwrap();
    for (name, mutant) in mutants(&bundle).into_iter().step_by(5) {
        let path = home.path().join("mutant.json");
        std::fs::write(&path, mutant.to_string()).unwrap();
        let recorded = said["bundles/good.json"][&name].as_array().unwrap().iter().any(|one| one == "gh");
        assert_eq!(by_gh(&gh, home.path(), &path), recorded, "{name}");
    }
}

/// The commands in the notes of a signed release, each run on each of its files.
#[test]
fn the_commands_in_the_notes_are_right() {
    let (Some(_), Some(_)) = (peer("gh"), peer("cosign")) else { return };
    let scenario = Scenario::new("1.4.0");
    let bundle = sign(&Claims::of("1.4.0"), &scenario.subjects(true));
    std::fs::write(scenario.path().join("bundle.json"), bundle).unwrap();
    let scenario = scenario.environment("FLOE_TRUSTED_ROOT", &root());
    scenario.run(["publish", "--attestation", "bundle.json"]).exit(0);
    scenario.run(["verify", "--release", "v1.4.0", "--keep", "kept"]).exit(0);
    let release = scenario.github.releases(&scenario.repo()).remove(0);
    let body = release.body.unwrap();
    let block = body.rsplit("```sh\n").next().unwrap().split("\n```").next().unwrap();
    expect![[r#"
        FILE=tool-aarch64-apple-darwin.tar.gz
        floe verify "$FILE" --attestation SHA256SUMS.sigstore.json --repo acme/tool --tag v1.4.0
        gh attestation verify "$FILE" --bundle SHA256SUMS.sigstore.json --repo acme/tool --signer-workflow OWNER/floe/.github/workflows/release.yml --source-ref refs/tags/v1.4.0
        cosign verify-blob-attestation "$FILE" --bundle SHA256SUMS.sigstore.json --new-bundle-format --type slsaprovenance1 --certificate-oidc-issuer https://token.actions.githubusercontent.com --certificate-identity https://github.com/OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0"#]].assert_eq(block);
    let commands: Vec<&str> = block.lines().filter(|line| !line.starts_with("FILE=")).collect();
    assert_eq!(commands.len(), 3);
    let home = scenario.path().join("kept/assets");
    let floe = Path::new(env!("CARGO_BIN_EXE_floe")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let path =
        std::env::join_paths(std::iter::once(floe.to_owned()).chain(std::env::split_paths(&path))).unwrap();
    let mut failed = Vec::new();
    for asset in release.assets.iter().filter(|asset| !asset.name.ends_with(".sigstore.json")) {
        for command in &commands {
            let with_root = match command.split(' ').next() {
                Some("gh") => format!("{command} --custom-trusted-root {}", root()),
                Some("cosign") => format!("{command} --trusted-root {}", root()),
                _ => (*command).to_owned(),
            };
            let mut shell = peers::command(Path::new("/bin/sh"), &home);
            shell.env("PATH", &path).env("FILE", &asset.name).env("FLOE_TRUSTED_ROOT", root());
            let output = shell.args(["-c", &with_root]).output().unwrap();
            if !output.status.success() {
                failed.push(format!(
                    "{}: {command}: {}",
                    asset.name,
                    String::from_utf8_lossy(&output.stderr)
                ));
            }
        }
    }
    assert_eq!(failed, Vec::<String>::new());
}
