//! `floe verify FILE… --attestation BUNDLE`: single files, without a network, and everything that people give by mistake.

use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::expect;

use crate::attest::{data, read};
use crate::support::attestation::root;
use crate::support::peers::peer;

/// A folder with the files of `tests/it/attest/data`, and bundles that are none.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let line = |name: &str| {
        let value: serde_json::Value = serde_json::from_slice(&read(name)).unwrap();
        format!("{value}\n")
    };
    let good = String::from_utf8(read("bundles/good.json")).unwrap();
    write("tool.txt", &read("tool.txt"));
    write("other.bin", &read("tool.txt"));
    write("good.json", good.as_bytes());
    write("empty", b"");
    write(
        "lines.jsonl",
        [line("bundles/next.json"), "\n".to_owned(), line("bundles/good.json")].concat().as_bytes(),
    );
    write(
        "next.jsonl",
        [line("bundles/next.json"), line("bundles/other-repository.json")].concat().as_bytes(),
    );
    write("many.jsonl", "{}\n".repeat(65).as_bytes());
    write("future.json", good.replacen("bundle.v0.3+json", "bundle.v0.9+json", 1).as_bytes());
    write("huge.json", &vec![b' '; 3 << 20]);
    write("cut.json", &good.as_bytes()[..good.len() / 2]);
    write("cosign.json", br#"{"base64Signature":"","cert":"","rekorBundle":{}}"#);
    write("envelope.json", br#"{"payloadType":"application/vnd.in-toto+json","payload":"","signatures":[]}"#);
    write("statement.json", br#"{"_type":"https://in-toto.io/Statement/v1","subject":[]}"#);
    write("tool.asc", b"-----BEGIN PGP SIGNATURE-----\n");
    write("tool.minisig", b"untrusted comment: signature\nRUQ\n");
    folder
}

/// The exit code, and stdout and stderr as one line each.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let mut floe = Command::new(env!("CARGO_BIN_EXE_floe"));
    floe.current_dir(folder).env("FLOE_TRUSTED_ROOT", root()).env_remove("GITHUB_TOKEN");
    let output = floe.arg("verify").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        text.lines().filter(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join("; ")
    };
    let said = format!("{}: {}{}", output.status.code().unwrap(), text(output.stdout), text(output.stderr));
    // Each system has its own words.
    let gone = std::io::Error::from(fs::read("gone").unwrap_err().kind()).to_string();
    said.replace(&fs::read("gone").unwrap_err().to_string(), &gone)
}

#[test]
fn what_is_no_attestation_is_named() {
    let folder = folder();
    let mut lines = String::new();
    for bundle in [
        "tool.txt",
        "empty",
        "cut.json",
        "cosign.json",
        "envelope.json",
        "statement.json",
        "tool.asc",
        "tool.minisig",
        "future.json",
        "huge.json",
        "many.jsonl",
        ".",
        "gone.json",
    ] {
        let said = said(folder.path(), &["tool.txt", "--attestation", bundle, "--repo", "acme/tool"]);
        let hint = "; hint: give the bundle that lies beside the files of the release: `--attestation SHA256SUMS.sigstore.json`";
        lines.push_str(&format!("{}\n", said.replace(hint, "; …")));
    }
    expect![[r#"
        3: error: `tool.txt` is not an attestation; it is not JSON: expected value at line 1 column 1; …
        3: error: `empty` is not an attestation; it is empty; …
        3: error: `cut.json` is not an attestation; it is cut off: its JSON has no end; …
        3: error: `cosign.json` is not an attestation; it is not a Sigstore bundle: missing field `mediaType` at line 1 column 49; …
        3: error: `envelope.json` is not an attestation; it is not a Sigstore bundle: missing field `mediaType` at line 1 column 75; …
        3: error: `statement.json` is not an attestation; it is not a Sigstore bundle: missing field `mediaType` at line 1 column 56; …
        3: error: `tool.asc` is not an attestation; it is not JSON: invalid number at line 1 column 2; …
        3: error: `tool.minisig` is not an attestation; it is not JSON: expected value at line 1 column 1; …
        1: error: the attestation `future.json` could not be checked: its format is `application/vnd.dev.sigstore.bundle.v0.9+json`, not `application/vnd.dev.sigstore.bundle.v0.3+json`; hint: update floe: it reads version 0.3 of the format
        1: error: failed to read the attestation `huge.json`; caused by: it is larger than 2.0 MiB
        1: error: failed to read the attestation `many.jsonl`; caused by: it holds more than 64 bundles
        2: error: invalid value '.' for '--attestation <FILE>': it is a folder, not a file; hint: name a file in it
        2: error: invalid value 'gone.json' for '--attestation <FILE>': it is not there; hint: check its spelling; a relative path begins in the folder that floe is run in
    "#]].assert_eq(&lines);
}

#[test]
fn of_several_bundles_in_a_file_one_must_fit() {
    let folder = folder();
    let verify = |arguments: &[&str]| said(folder.path(), &[arguments, &["--repo", "acme/tool"]].concat());
    let fits = ["tool.txt", "--attestation", "lines.jsonl", "--tag", "v1.4.0"];
    expect!["0: acme/tool at 3f9ac21c0ffee0000000000000000000000000aa; bytes      1 file as the attestation says; signed     by OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0 (c30b838), for acme/tool at refs/tags/v1.4.0; run 77, github-hosted, 2026-01-15 12:00 UTC, in the log of the given root (9895427)"].assert_eq(&verify(&fits));
    expect!["3: error: the attestation `next.jsonl` does not prove this file to be of `acme/tool`; bundle 1: it is for the ref `refs/tags/v1.5.0`, not for `refs/tags/v1.4.0`; bundle 2: it is for `https://github.com/evil/tool`, not for `https://github.com/acme/tool`; hint: do not use the files; download them and the attestation from the release again"].assert_eq(&verify(&["tool.txt", "--attestation", "next.jsonl", "--tag", "v1.4.0"]));
}

#[test]
fn files_that_are_not_what_they_are_called_are_named() {
    let folder = folder();
    let verify = |files: &[&str]| {
        said(folder.path(), &[files, &["--attestation", "good.json", "--repo", "acme/tool"]].concat())
    };
    let lines = [
        verify(&["other.bin"]),
        verify(&["empty"]),
        verify(&["tool.txt", ".", "gone"]),
        verify(&["tool.txt", "."]),
        said(folder.path(), &["tool.txt", "--repo", "acme/tool"]),
        said(
            folder.path(),
            &["tool.txt", "--attestation", "good.json", "--repo", "https://github.com/acme/tool"],
        ),
        said(folder.path(), &["--release", "v1.4.0", "--attestation", "good.json", "--repo", "acme/tool"]),
    ];
    expect![[r#"
        0: acme/tool at 3f9ac21c0ffee0000000000000000000000000aa; bytes      1 file as the attestation says; `other.bin` is `tool.txt` in the attestation; signed     by OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0 (c30b838), for acme/tool at refs/tags/v1.4.0; run 77, github-hosted, 2026-01-15 12:00 UTC, in the log of the given root (9895427)
        3: error: the attestation `good.json` does not prove this file to be of `acme/tool`; it does not name `empty` (sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855); hint: do not use the files; download them and the attestation from the release again
        2: error: invalid value 'gone' for '[DIST]...': it is not there; hint: check its spelling, or make a dist first: `floe package native/ --out dist`
        2: error: `.` is a folder; name the files in it
        2: error: `tool.txt` is a file: a dist is a folder, and a file is checked by its attestation; hint: `floe verify tool.txt --attestation SHA256SUMS.sigstore.json --repo OWNER/NAME`
        2: error: invalid value 'https://github.com/acme/tool' for '--repo <OWNER/NAME>': `https://github.com/acme/tool` is an address; write the repository as acme/tool
        2: error: the argument '--release <TAG>' cannot be used with '--attestation <FILE>'; Usage: floe verify [OPTIONS] <DIST>...; floe verify [OPTIONS] --release <TAG>; floe verify [OPTIONS] --attestation <FILE> <FILE>...; For more information, try '--help'."#]].assert_eq(&lines.join("\n"));
}

/// Linux can take the network away from a program.
#[cfg(target_os = "linux")]
#[test]
fn no_network_is_needed() {
    let Some(unshare) = peer("unshare") else { return };
    let folder = folder();
    // Containers may not make namespaces.
    let can = Command::new(&unshare).args(["-rn", "true"]).status().is_ok_and(|status| status.success());
    let required = std::env::var_os("FLOE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(can || !required, "FLOE_REQUIRE_PEERS=1, but `unshare -rn` is refused");
    if !can {
        return;
    }
    let alone = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(&unshare);
        command.current_dir(folder.path()).env("FLOE_TRUSTED_ROOT", root()).arg("-rn").arg(program);
        command.args(arguments).output().unwrap()
    };
    let verify = ["verify", "tool.txt", "--repo", "acme/tool", "--attestation"];
    let floe = Path::new(env!("CARGO_BIN_EXE_floe"));
    let with = |bundle: &Path| alone(floe, &[&verify[..], &[bundle.to_str().unwrap()]].concat());
    for bundle in fs::read_dir(data("bundles")).unwrap() {
        let path = bundle.unwrap().path();
        let expected = said(folder.path(), &[&verify[1..], &[path.to_str().unwrap()]].concat());
        assert_eq!(
            with(&path).status.code().unwrap().to_string(),
            expected.split(':').next().unwrap(),
            "{path:?}"
        );
    }
    // The tests of the verification itself, on this machine and without its network.
    let tests = alone(&std::env::current_exe().unwrap(), &["attest::"]);
    let stdout = String::from_utf8(tests.stdout).unwrap();
    assert!(tests.status.success() && !stdout.contains("running 0 tests"), "{stdout}");
}
