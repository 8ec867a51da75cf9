//! `--run`: the programs of a release that was verified, with almost no environment and within limits.

use std::fs;

use super::release::Published;
use crate::support::words::flip_bit;

const GNU: &str = "tool-x86_64-unknown-linux-gnu.tar.gz";
const RUN: [&str; 4] = ["verify", "--release", "v1.4.0", "--run=--version"];

/// A release whose program for glibc is this script; that for musl is as it was.
fn with_script(script: &str) -> Published {
    let published = Published::new();
    published.forge_program(GNU, format!("#!/bin/sh\n{script}\n").as_bytes());
    published
}

/// floe runs only programs for this machine, so the test replaces one of them with the script.
fn is_here() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
}

#[test]
fn a_program_gets_an_empty_folder_and_almost_no_environment() {
    if !is_here() {
        return;
    }
    let mut published =
        with_script(r#"echo "in $(ls -A | wc -l) $HOME $TMPDIR" $(env | cut -d= -f1 | sort)"#);
    for name in ["DATABASE_URL", "GITHUB_ENV", "GITHUB_PATH", "NIX_CONFIG", "SSH_AUTH_SOCK", "LD_PRELOAD_X"] {
        published.scenario = published.scenario.environment(name, "x");
    }
    let outcome = published.scenario.run(RUN).exit(0);
    let line = outcome.stderr.lines().find(|line| line.contains("Ran tool for x86_64-gnu: ")).unwrap();
    let words: Vec<&str> = line.split_once(": in ").unwrap().1.split(' ').collect();
    assert_eq!((words[0], words[1]), ("0", words[2]), "{line}");
    let own = ["HOME", "PATH", "TEMP", "TMP", "TMPDIR", "USERPROFILE", "XDG_RUNTIME_DIR"];
    let shell = ["OLDPWD", "PWD", "SHLVL", "_"];
    let given: Vec<&&str> = words[3..].iter().filter(|name| !shell.contains(name)).collect();
    assert_eq!(given, own.iter().collect::<Vec<_>>());
    assert!(!std::path::Path::new(words[1]).exists(), "{line}");
}

#[test]
fn an_endless_output_or_a_failure_is_wrong() {
    if !is_here() {
        return;
    }
    for (script, said) in [
        ("yes", "it wrote more than 64.0 KiB"),
        ("yes >&2", "it wrote more than 64.0 KiB"),
        ("echo no such option >&2; exit 7", "it ended with exit code 7: no such option"),
        ("kill -s KILL $$", "it ended with a signal"),
    ] {
        let outcome = with_script(script).scenario.run(RUN).exit(3);
        outcome.says(&format!("error: `tool` of `{GNU}` does not run here: {said}\n"));
    }
}

#[test]
fn a_program_that_cannot_be_started_was_not_checked() {
    if !is_here() {
        return;
    }
    let published = Published::new();
    published.forge_program(GNU, b"#!/no/such/loader\n");
    published.scenario.run(RUN).exit(1).says("the program could not be checked");
}

#[test]
fn nothing_is_run_before_everything_was_verified() {
    if !is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("ran");
    let published = with_script(&format!("touch '{}'", trace.display()));
    flip_bit(&published.asset_file("tool-x86_64-apple-darwin.tar.gz"));
    published.scenario.run(RUN).exit(3).says("error: release `v1.4.0` of `acme/tool` is wrong\n");
    assert!(!trace.exists());
    flip_bit(&published.asset_file("tool-x86_64-apple-darwin.tar.gz"));
    published.scenario.run(RUN).exit(0);
    assert!(fs::exists(&trace).unwrap());
}
