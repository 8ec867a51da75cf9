//! The command line itself: its help, its completions, its exit codes for wrong usage.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use clap::{CommandFactory, ValueEnum as _};
use clap_complete::Shell;
use floe::cli::Cli;

use crate::support::binaries::binary;
use crate::support::sample::{Sample, floe};

#[test]
fn the_command_line_is_well_formed_and_every_verb_has_an_example() {
    let mut command = Cli::command();
    command.build();
    command.clone().debug_assert();
    for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        let help = verb.render_long_help().to_string();
        assert!(help.contains("Example"), "`floe {} --help` shows no example:\n{help}", verb.get_name());
    }
}

/// `UPDATE_EXPECT=1` writes them anew.
#[test]
fn completions_and_man_pages_in_the_repository_are_those_of_this_command_line() {
    let fresh = tempfile::tempdir().unwrap();
    write_documents(fresh.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        write_documents(root);
    }
    for folder in ["completions", "man"] {
        let (made, kept) = (files(&fresh.path().join(folder)), files(&root.join(folder)));
        assert!(!made.is_empty());
        for name in made.keys().chain(kept.keys()) {
            assert!(
                made.get(name) == kept.get(name),
                "`{folder}/{name}` is out of date: run `UPDATE_EXPECT=1 cargo test --test it cli::`"
            );
        }
    }
}

#[test]
fn wrong_usage_ends_with_2_and_a_help_ends_with_0() {
    let code = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_floe")).args(arguments).output().unwrap().status.code()
    };
    assert_eq!(code(&["no-such-verb"]), Some(2));
    assert_eq!(code(&["package", "--target", "sparc"]), Some(2));
    assert_eq!(code(&["publish"]), Some(2));
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["publish", "--help"]), Some(0));
}

#[test]
fn strict_makes_warnings_errors_before_anything_is_written() {
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n";
    let sample = Sample::with_manifest(manifest).file("src/main.rs", "fn main() {}\n");
    let native = "native/x86_64-musl/tool";
    let sample = sample.file(native, binary("x86_64-musl".parse().unwrap(), b"tool"));
    let run = |arguments: &[&str]| {
        let output = floe(sample.path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, stderr) = run(&["package", "native", "--strict", "--quiet"]);
    expect_test::expect![[r#"
             warning the records name no commit: a tracked file is modified, or git has none; see `--commit`
             warning `tool` has no LICENSE file to put into the archives: add one, or set `license-file` in Cargo.toml
        error: 2 warnings are errors because of `--strict`

        hint: fix what the warnings name, or run the command without `--strict`
    "#]]
    .assert_eq(&stderr);
    assert_eq!(code, Some(1));
    assert!(!sample.path().join("dist").exists());
    assert_eq!(run(&["package", "native", "--quiet"]), (Some(0), String::new()));

    let (code, stderr) = run(&["init", "--yes", "--strict"]);
    assert!(stderr.contains("errors because of `--strict`"), "{stderr}");
    assert_eq!(code, Some(1));
    assert!(!sample.path().join("flake.nix").exists());
}

/// Writes `completions/` and `man/` below a folder, under the names that shells and `man` look for.
fn write_documents(folder: &Path) {
    let (completions, man) = (folder.join("completions"), folder.join("man"));
    std::fs::create_dir_all(&completions).unwrap();
    std::fs::create_dir_all(&man).unwrap();
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut Cli::command(), "floe", &completions).unwrap();
    }
    clap_mangen::generate_to(Cli::command(), &man).unwrap();
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}
