//! The record beside an archive, byte for byte.

use expect_test::expect;
use floe::cli::{PackageArgs, SourceArgs};
use floe::project::cargo;

use super::{Case, EPOCH};
use crate::project::git;
use crate::support::peers::peer;
use crate::support::sample::Sample;

/// The record is a contract that every later floe must read.
#[test]
fn a_record_holds_facts_and_nothing_of_the_machine() {
    let case = Case::new(Sample::tool()).tool("x86_64-windows");
    let commit = Some("0123456789abcdef0123456789abcdef01234567".parse().unwrap());
    let args = PackageArgs { source: SourceArgs { tag: None, commit, epoch: Some(EPOCH) }, ..case.args() };
    let records = case.pack_args(&args).unwrap();
    expect![[r#"
        {
          "schema": 1,
          "name": "tool",
          "version": "1.4.0",
          "target": "x86_64-pc-windows-msvc",
          "source": {
            "commit": "0123456789abcdef0123456789abcdef01234567",
            "epoch": 1709210096
          },
          "archive": {
            "file": "tool-x86_64-pc-windows-msvc.zip",
            "size": 782,
            "digest": "sha256:966c4872e83ae68cb6673e6b7f792ad05d5d5d71cb472d7c2180393ab757bb10"
          },
          "binaries": [
            {
              "name": "tool",
              "path": "tool-x86_64-pc-windows-msvc/tool.exe",
              "size": 1024,
              "digest": "sha256:c89c2e47ec09cdaa4824b77029a749275239a603d89609acb064414c0682f1bc",
              "format": "pe",
              "arch": "x86_64",
              "facts": {
                "format": "pe",
                "arches": [
                  "x86_64"
                ],
                "bits": 64,
                "size": 1024,
                "kind": "executable",
                "stripped": true,
                "debug_info": false,
                "paths": {
                  "total": 0,
                  "found": []
                },
                "pe": {
                  "subsystem": "windows_cui",
                  "subsystem_version": "6.0",
                  "imports": [],
                  "delay_imports": [],
                  "crt": "static",
                  "crt_dlls": [],
                  "debug_directory": [],
                  "timestamp": {
                    "reproducible": true,
                    "value": 0
                  },
                  "aslr": true,
                  "high_entropy_va": true,
                  "dep": true,
                  "cfg": false,
                  "authenticode": false
                }
              }
            }
          ],
          "contents": [
            {
              "path": "tool-x86_64-pc-windows-msvc/CHANGELOG.md",
              "size": 12,
              "mode": "0644",
              "digest": "sha256:3e79c4cafb504a21f8913e4e0e66f2ff7b1192a127c6f564aab379c8b5fa9bdd"
            },
            {
              "path": "tool-x86_64-pc-windows-msvc/LICENSE-MIT",
              "size": 30,
              "mode": "0644",
              "digest": "sha256:dbdea559ed4ac91681d4f3ba90e01e08e13d202a7abea5ed57ac4ae303ec8ac3"
            },
            {
              "path": "tool-x86_64-pc-windows-msvc/README.md",
              "size": 7,
              "mode": "0644",
              "digest": "sha256:a4e3ab8f4f4eefdb107e6e788dcf12f96aaac7e9c31cbe39d0bb4eab0d16c269"
            },
            {
              "path": "tool-x86_64-pc-windows-msvc/tool.exe",
              "size": 1024,
              "mode": "0755",
              "digest": "sha256:c89c2e47ec09cdaa4824b77029a749275239a603d89609acb064414c0682f1bc"
            }
          ]
        }
    "#]]
    .assert_eq(&floe_core::model::to_json(&records[0]));
}

/// A replacement is only in the repository of this machine, so other machines would pack other bytes.
#[test]
fn a_replaced_commit_does_not_change_the_source() {
    if peer("git").is_none() {
        return;
    }
    let sample = Sample::tool();
    git(sample.path(), &["init", "--quiet"]);
    for text in ["fn main() {}", "fn main() { loop {} }"] {
        std::fs::write(sample.path().join("src/main.rs"), text).unwrap();
        git(sample.path(), &["add", "."]);
        git(sample.path(), &["commit", "--quiet", "-m", text]);
    }
    let source = || cargo::source(&sample.load().unwrap(), None, None).unwrap();
    let before = source();
    assert!(before.commit.is_some());
    git(sample.path(), &["replace", "HEAD", "HEAD~1"]);
    assert_eq!(source(), before);
}
